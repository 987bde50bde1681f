import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readStored, writeStored } from "../../cli/settings.ts";
import { commandLine, commandProcess } from "../support/command-line.ts";

const launcher = fileURLToPath(new URL("../../cli/tranche.js", import.meta.url));
const nowhere = "http://127.0.0.1:9";

let home: string;
const servers: Server[] = [];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "tranche-bad-days-"));
});
afterAll(async () => {
  for (const server of servers) server.close();
  await rm(home, { recursive: true, force: true });
});

const listen = async (answer: Parameters<typeof createServer>[1]): Promise<string> => {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe("a token that no header holds", () => {
  it.each([["trn_se\ncret"], ["trn_se\u0000cret"], ["trn_secret€"], ["trn_se cret"]])(
    "is refused by its rule, and not shown: %j",
    async (token) => {
      const { code, out, err } = await commandLine(["status"], { env: { HOME: home, TRANCHE_URL: nowhere, TRANCHE_TOKEN: token } });
      expect([code, out]).toEqual([2, ""]);
      expect(err).toBe("tranche: TRANCHE_TOKEN must be one word of printable ASCII: nothing else was typed or given\n");
    },
  );
});

describe("credentials.json as somebody edited it", () => {
  const kept = async (text: string) => {
    const env = { HOME: home, XDG_CONFIG_HOME: join(home, "edited") };
    await mkdir(join(env.XDG_CONFIG_HOME, "tranche"), { recursive: true });
    await writeFile(join(env.XDG_CONFIG_HOME, "tranche", "credentials.json"), text, { mode: 0o600 });
    return await commandLine(["services"], { env });
  };

  it("is read with a byte order mark, and with line ends of another system, in the token too", async () => {
    const heard: (string | undefined)[] = [];
    const url = await listen((request, response) => {
      heard.push(request.headers.authorization);
      response.setHeader("content-type", "application/json").end("[]");
    });
    const { code, err } = await kept(`\uFEFF{\r\n"url": "${url}/",\r\n"token": "trn_kept\\r\\n"\r\n}\r\n`);
    expect([code, err, heard]).toEqual([0, "", ["Bearer trn_kept"]]);
  });

  it.each([
    ['{"url": "nonsense", "token": "trn_kept"}'],
    ['{"url": "http://tranche.example.com", "token": "trn_kept"}'],
    [`{"url": "${nowhere}", "token": "trn_\\u20AC"}`],
    [`{"url": "${nowhere}", "token": ""}`],
    ["null"],
  ])("is none of ours where it is %s", async (text) => {
    const { code, err } = await kept(text);
    expect([code, err]).toEqual([3, expect.stringMatching(/credentials\.json does not hold what tranche login writes: sign in again\n$/)]);
    expect(err).not.toContain("trn_");
  });
});

it.skipIf(process.platform !== "linux")("a home where no directory can be made is told at once, and keeps nothing waiting", async () => {
  const env = { HOME: "/proc", TRANCHE_TOKEN: "trn_x" };
  const { code, err } = await commandProcess(["login", "--url", nowhere, "--no-check"], { env });
  expect([code, err]).toEqual([1, expect.stringMatching(/^tranche: it can not be kept: \/proc\/\.config\/tranche\/credentials\.json /)]);
});

it("directories are made down to the last, as often as one likes", async () => {
  const env = { XDG_CONFIG_HOME: join(home, "a", "b", "c") };
  const stored = { url: nowhere, token: "trn_x" };
  await Promise.all([writeStored(env, stored), mkdir(join(home, "a"), { recursive: true })]);
  await writeStored(env, stored);
  expect(await readStored(env)).toEqual(stored);
});

describe("an answer that is none", () => {
  it.each([
    ["cut", /can not be reached: /],
    ["broken", /answers 200 with what is no JSON/],
    ["broken error", /answers 502 with what is no JSON/],
    ["null", /the answer is none that tranche [^ ]+ knows/],
    ["object", /the answer is none that tranche [^ ]+ knows/],
    ["web page", /the answer is none that tranche [^ ]+ knows/],
    ["circle", /the next page of the list is the same one/],
    ["bad link", /the answer is none that tranche [^ ]+ knows/],
  ])("is told as such: %s", async (kind, words) => {
    const url = await listen((_, response) => {
      response.statusCode = kind === "broken error" ? 502 : 200;
      response.setHeader("content-type", kind === "web page" ? "text/html" : "application/json");
      if (kind === "circle") response.setHeader("link", '</v1/fleet?cursor=x>; rel="next"');
      if (kind === "bad link") response.setHeader("link", '<http://[bad>; rel="next"');
      if (kind === "cut") {
        response.setHeader("content-length", "100");
        response.write("[{", () => response.destroy());
      } else response.end({ null: "null", object: "{}", circle: "[]", "bad link": "[]", "web page": "<p>hello</p>" }[kind] ?? "[{");
    });
    const { code, out, err } = await commandLine(["services"], { env: { HOME: home, TRANCHE_URL: url, TRANCHE_TOKEN: "trn_x" } });
    expect([code, out]).toEqual([4, ""]);
    expect(err).toMatch(words);
  });
});

it("whoever has read enough of an answer changes nothing of how it ends", async () => {
  const env = { PATH: process.env["PATH"], TRANCHE_URL: nowhere, HOME: home };
  const child = spawn(process.execPath, [launcher, "doctor"], { env, stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.destroy();
  expect(await once(child, "close")).toEqual([1, null]);
});

it("that nobody reads what is said beside the answer changes nothing of how it ends", async () => {
  const child = spawn(process.execPath, [launcher, "bogus"], { env: { PATH: process.env["PATH"] }, stdio: ["ignore", "pipe", "pipe"] });
  child.stderr.destroy();
  expect(await once(child, "close")).toEqual([2, null]);
});

it("a Node that reads no TypeScript ends with the one that it started", async () => {
  let asked = (): void => undefined;
  const isAsked = new Promise<void>((done) => (asked = done));
  const gone = Promise.withResolvers<void>();
  const url = await listen((request) => {
    request.socket.on("close", () => gone.resolve());
    asked();
  });
  const env = { PATH: process.env["PATH"], HOME: home, TRANCHE_URL: url, TRANCHE_TOKEN: "trn_x" };
  const child = spawn(process.execPath, ["--no-strip-types", launcher, "services"], { env, stdio: "ignore" });
  await isAsked;
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([143, null]);
  await gone.promise;
});

it("a deployment of another version is diagnosed by what it tells", async () => {
  const origin = nowhere;
  const heartbeat = { name: "local", heartbeat_at: new Date().toISOString(), last_round_at: null, public_ok: null };
  const answers: Readonly<Record<string, unknown>> = {
    "/readyz": { status: "ok", providers: [heartbeat], leases: [], warnings: [], failing_shards: [] },
    "/v1/status": { warnings: [], providers: [] },
    "/v1/fleet": [],
    "/v1/operator/notifications": [],
    "/v1/operator/channels": [],
    "/v1/channels": [],
    "/v1/dns-accounts": [],
  };
  const url = await listen((request, response) => {
    const path = new URL(request.url ?? "", origin).pathname;
    if (path === "/healthz") response.end("ok");
    else response.setHeader("content-type", "application/json").end(JSON.stringify(answers[path] ?? {}));
  });
  const { code, out, err } = await commandLine(["doctor", "--json"], { env: { HOME: home, TRANCHE_URL: url, TRANCHE_TOKEN: "tra_x" } });
  expect([code, err]).toEqual([0, ""]);
  const { findings } = JSON.parse(out) as { findings: { check: string; result: string }[] };
  const named = Object.fromEntries(findings.map(({ check, result }) => [check, result]));
  expect(named).toMatchObject({ "cron of local": "pass", inside: "skipped", jobs: "skipped", peer: "warn", services: "warn" });
});

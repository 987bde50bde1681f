import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ControlPlane } from "../../local/control-plane.ts";
import { startControlPlane } from "../../local/control-plane.ts";

const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
const adminToken = "admin-token-for-the-readme-0123456789";

/** The commands of the first `sh` block under a heading, continued lines joined, comments and blank lines left out. */
const commandsUnder = (heading: string): string[] => {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const block = /```sh\n(.*?)```/s.exec(section)?.[1] ?? "";
  return block.replaceAll("\\\n", " ").split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
};

const commands = commandsUnder("The API in one minute");

let plane: ControlPlane;
/** What has been exported so far. */
const exported: Record<string, string> = {};
/** The last answer, for what is to be copied out of it. */
let lastAnswer = "";

beforeAll(async () => {
  plane = await startControlPlane({ env: { DOMAIN_VERIFICATION: "off", ALLOW_PRIVATE_TARGETS: "true", ADMIN_TOKEN: adminToken, PROBE_INTERVAL: "1s" } });
});

afterAll(() => plane.close());

/** Lets bash do the quoting and the variables, and takes what curl would be called with: curl need not be there. */
const argumentsOf = async (command: string): Promise<string[]> => {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  const { stdout } = await promisify(execFile)("bash", ["-euc", script], { env: { PATH: process.env["PATH"], ...exported } });
  return stdout.split("\0").slice(0, -1);
};

/** The few options of curl that a README needs. @throws on any other */
const asRequest = (args: readonly string[]): { url: string; init: RequestInit } => {
  const headers = new Headers();
  const urls: string[] = [];
  const init: RequestInit = { headers };
  for (let at = 0; at < args.length; at += 1) {
    const option = args[at] ?? "";
    const value = args[at + 1] ?? "";
    if (!option.startsWith("-")) {
      urls.push(option);
      continue;
    }
    at += 1;
    if (option === "-X") init.method = value;
    else if (option === "-H") headers.append(value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1).trim());
    else if (option === "-d") init.body = value;
    else throw new Error(`the walk uses curl ${option}, which this test does not know`);
  }
  if (urls.length !== 1) throw new Error(`curl with ${urls.length} URLs`);
  // As curl: a body alone makes a POST, and is a form unless a header says otherwise.
  if (init.body !== undefined) init.method ??= "POST";
  if (init.body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/x-www-form-urlencoded");
  return { url: urls[0] ?? "", init };
};

/** What a reader puts in the place of `...`: what `npm start` has printed, or the secret of the answer before. */
const filledIn = (name: string, printed: string): string => {
  if (name === "URL") return plane.worker.url;
  if (name === "ADMIN_TOKEN") return adminToken;
  if (!printed.endsWith("...")) return printed;
  const { token } = JSON.parse(lastAnswer) as { token?: string };
  if (token?.startsWith(printed.slice(0, -3)) !== true) throw new Error(`nothing answered ${name}=${printed}`);
  return token;
};

const exportAll = (command: string): void => {
  for (const [, name = "", value = ""] of command.replace(/\s#.*$/, "").matchAll(/(\w+)=(\S+)/g)) exported[name] = filledIn(name, value);
};

it("is a walk from the admin token to the first storm policy and on to what is to be watched", () => {
  const walk = commands.join("\n");
  for (const step of ["/v1/customers ", "/tokens ", "/v1/services ", "/domains ", "/storm-policies ", "/v1/storms", "/routing", "/v1/invoices"]) {
    expect(walk).toContain(step);
  }
});

// In the order of the page: each step needs those before it.
it("runs as printed, each command answered with 2xx", async () => {
  const refused: string[] = [];
  for (const command of commands) {
    if (command.startsWith("export ")) {
      exportAll(command);
      continue;
    }
    expect(command).toMatch(/^curl /);
    const { url, init } = asRequest(await argumentsOf(command));
    expect(url.startsWith(plane.worker.url), command).toBe(true);
    const response = await fetch(url, init);
    lastAnswer = await response.text();
    if (!response.ok) refused.push(`${response.status} ${command}\n${lastAnswer}`);
  }
  expect(refused).toEqual([]);
  expect(commands.length).toBeGreaterThan(12);
});

it("begins no storm: what it sets up answers", async () => {
  // The rounds of this minute; they end with the control plane.
  void plane.worker.trigger("* * * * *").catch(() => undefined);
  const headers = { authorization: `Bearer ${exported["TOKEN"]}` };
  const read = async (path: string): Promise<unknown> => (await fetch(`${plane.worker.url}${path}`, { headers })).json();
  const points = async () => ((await read("/v1/services/1/availability?step=60")) as { points: { samples: number; ok: number }[] }).points;
  const sum = (of: readonly { samples: number; ok: number }[], key: "samples" | "ok") => of.reduce((total, point) => total + point[key], 0);
  // More than the policy asks for before it judges.
  await expect.poll(async () => sum(await points(), "samples"), { timeout: 60_000, interval: 200 }).toBeGreaterThan(8);
  const seen = await points();
  expect(sum(seen, "ok")).toBe(sum(seen, "samples"));
  expect(await read("/v1/storms?service_id=1")).toEqual([]);
});

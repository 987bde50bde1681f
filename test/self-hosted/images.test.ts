import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programOf, ran, warnWithout } from "../support/self-hosted/tools.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "self-hosted");
const dockerfile = readFileSync(join(folder, "Dockerfile"), "utf8");

type Instruction = { readonly name: string; readonly rest: string };
type Stage = { readonly base: string; readonly name: string; readonly instructions: readonly Instruction[] };

/** The stages of the Dockerfile, each with its instructions; comments and continued lines are put aside. */
const stages = dockerfile
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll(/\\\n\s*/g, "")
  .split("\n")
  .filter((line) => line !== "")
  .map((line): Instruction => ({ name: line.split(" ")[0] ?? "", rest: line.slice(line.indexOf(" ") + 1) }))
  .reduce<Stage[]>((found, instruction) => {
    const [, base = "", name = ""] = instruction.name === "FROM" ? (/^(\S+) AS (\S+)$/.exec(instruction.rest) ?? []) : [];
    const last = found.at(-1);
    if (instruction.name === "FROM") return [...found, { base, name, instructions: [] }];
    return last === undefined ? found : [...found.slice(0, -1), { ...last, instructions: [...last.instructions, instruction] }];
  }, []);

const stage = (name: string): Stage => stages.find((one) => one.name === name) ?? { base: "", name: "", instructions: [] };
const valuesOf = (name: string, instruction: string) =>
  stage(name)
    .instructions.filter((one) => one.name === instruction)
    .map(({ rest }) => rest);

describe("Dockerfile", () => {
  it("builds on exact versions: of Node that which the tests run on", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { devDependencies: Record<string, string> };
    expect(stages.map(({ base, name }) => [name, base])).toEqual([
      ["build", `node:${devDependencies["node"]}-alpine`],
      ["tranche", `node:${devDependencies["node"]}-alpine`],
      ["proxy", expect.stringMatching(/^caddy:\d+\.\d+\.\d+-alpine$/)],
    ]);
  });

  it("keeps nothing of the build but the bundle, the migrations and the licence", () => {
    const copies = valuesOf("tranche", "COPY");
    expect(copies.every((copy) => copy.startsWith("--from=build /build/"))).toBe(true);
    expect(copies.flatMap((copy) => copy.split(" ").slice(1, -1))).toEqual(["/build/dist/self-hosted", "/build/LICENSE", "/build/NOTICE"]);
    expect(valuesOf("tranche", "RUN").join(" ")).not.toMatch(/apk|npm|curl|wget/);
  });

  it.each(["tranche", "proxy"])("ends %s as somebody by number, not as root", (name) => {
    const [user = ""] = valuesOf(name, "USER");
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it("serves where it is run without a command, and knows its own health", () => {
    expect(valuesOf("tranche", "CMD")).toEqual(['["node", "tranche.js", "serve"]']);
    expect(valuesOf("tranche", "HEALTHCHECK")[0]).toContain('CMD ["node", "tranche.js", "health"]');
    expect(valuesOf("tranche", "ENV")[0]).toContain("NODE_ENV=production");
  });

  it("copies files that there are", () => {
    for (const copy of valuesOf("build", "COPY")) {
      for (const source of copy.split(" ").slice(0, -1)) expect(existsSync(join(root, source)), source).toBe(true);
    }
  });
});

describe("Dockerfile.dockerignore", () => {
  const lines = readFileSync(join(folder, "Dockerfile.dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

  it("lets nothing in that is not named, and what is named is there", () => {
    expect(lines[0]).toBe("*");
    for (const line of lines.filter((one) => one.startsWith("!"))) expect(existsSync(join(root, line.slice(1))), line).toBe(true);
  });

  it("keeps secrets, data and history out of the build", () => {
    for (const secret of ["self-hosted/.env*", "self-hosted/backups", "self-hosted/.state", "self-hosted/certs"])
      expect(lines).toContain(secret);
    expect(lines).not.toContain("!.git");
    expect(lines).not.toContain("!test");
  });

  it("lets in what tsconfig and the bundle need", () => {
    for (const needed of ["!src", "!drizzle", "!self-hosted", "!package.json", "!package-lock.json", "!tsconfig.json"])
      expect(lines).toContain(needed);
  });
});

const caddy = programOf("caddy", "CADDY_PATH");
warnWithout(caddy, "self-hosted/Caddyfile: there is no caddy on this machine (apt-get install caddy, or set CADDY_PATH)");

describe.skipIf(caddy === null)("Caddyfile", () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "tranche-caddy-"));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const run = (command: string, env: Readonly<Record<string, string>>) =>
    ran(caddy ?? "", [command, "--config", join(folder, "Caddyfile"), "--adapter", "caddyfile"], {
      env: { PATH: process.env["PATH"], HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, ...env },
    });

  it.each([
    ["a name and nobody to write to", { TRANCHE_HOST: "tranche.example.com", ACME_EMAIL: "" }],
    ["a name and an address", { TRANCHE_HOST: "tranche.example.com", ACME_EMAIL: "ops@example.com" }],
    ["this machine alone", { TRANCHE_HOST: "localhost", ACME_EMAIL: "" }],
  ])("is valid for %s", (_, env) => {
    const { code, output } = run("validate", env);
    expect(code, output).toBe(0);
    expect(output).toContain("Valid configuration");
  });

  it("is laid out as Caddy does", () => {
    expect(ran(caddy ?? "", ["fmt", join(folder, "Caddyfile")], {}).output).toBe(readFileSync(join(folder, "Caddyfile"), "utf8"));
  });

  it("leads the console and status pages to the dashboard, shards to the rounds, all else to the API", async () => {
    const answers = new Map<string, number>();
    const servers = await Promise.all(
      ["dashboard", "rounds", "api"].map(
        (name) =>
          new Promise<ReturnType<typeof createServer>>((done) => {
            const server = createServer((_, response) => response.end(name));
            server.listen(0, "127.0.0.1", () => {
              answers.set(name, (server.address() as AddressInfo).port);
              done(server);
            });
          }),
      ),
    );
    // The very rules, on a port of this machine and without TLS: certificates are Caddy's own business.
    const port = await new Promise<number>((done) => {
      const probe = createServer().listen(0, "127.0.0.1", () => {
        const { port: free } = probe.address() as AddressInfo;
        probe.close(() => done(free));
      });
    });
    const adapted = run("adapt", { TRANCHE_HOST: `http://127.0.0.1:${port}`, ACME_EMAIL: "" }).output;
    let config = adapted.slice(adapted.indexOf('{"admin"')).replaceAll("127.0.0.1:2019", "off");
    config = config.replace('{"listen":"off"}', '{"disabled":true}');
    for (const [name, at] of answers) config = config.replaceAll(`"dial":"${name}:8080"`, `"dial":"127.0.0.1:${at}"`);
    const running = spawn(caddy ?? "", ["run", "--config", "-"], {
      stdio: ["pipe", "ignore", "pipe"],
      env: { PATH: process.env["PATH"], HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
    });
    let said = "";
    const started = new Promise<void>((done, fail) => {
      running.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("serving initial configuration")) done();
      });
      running.once("exit", () => fail(new Error(said)));
    });
    running.stdin.end(config);
    try {
      await started;
      const ask = (path: string) =>
        new Promise<string>((done, fail) => {
          request({ host: "127.0.0.1", port, path }, (response) => {
            let body = "";
            response.on("data", (chunk: Buffer) => (body += chunk.toString()));
            response.on("end", () => done(`${body} ${response.headers["strict-transport-security"] ?? ""}`));
          })
            .on("error", fail)
            .end();
        });
      const expected = {
        "/": "dashboard",
        "/console": "dashboard",
        "/console/services/1": "dashboard",
        "/status/acme": "dashboard",
        "/status/acme/history": "dashboard",
        "/internal/shards/0/rounds": "rounds",
        "/v1/status": "api",
        "/healthz": "api",
        "/readyz": "api",
        "/i/token": "api",
        "/consoles": "api",
        "/docs": "api",
      };
      for (const [path, name] of Object.entries(expected)) expect(await ask(path), path).toBe(`${name} max-age=31536000`);
    } finally {
      running.kill("SIGKILL");
      for (const server of servers) server.close();
    }
  });
});

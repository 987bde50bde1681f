import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";

let dir: string;
let made = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tranche-secrets-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const file = (): string => join(dir, `${(made += 1)}.json`);
const read = async (path: string): Promise<Record<string, string>> => JSON.parse(await readFile(path, "utf8")) as Record<string, string>;

type Ended = { readonly code: number; readonly out: string };

const run = (program: string, args: readonly string[], input = "", env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((done) => {
    const child = execFile(process.execPath, [program, ...args], { env: { ...process.env, ...env } }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code ?? 1), out: out + err }),
    );
    child.stdin?.end(input);
  });

const generate = (args: readonly string[], input = ""): Promise<Ended> => run("local/generate-secrets.ts", args, input);

const url = "postgresql://user:a-password-of-the-database@db.example.com/tranche";

describe("npm run secrets:generate", () => {
  it("makes everything that a deployment needs of its own, shows none of it, and lets nobody else read it", async () => {
    const path = file();
    const { code, out } = await generate([path]);
    const secrets = await read(path);
    expect(code).toBe(0);
    expect(Object.keys(secrets)).toEqual(["ADMIN_TOKEN", "CRON_SECRET", "METRICS_TOKEN", "SECRETS_KEY", "EVIDENCE_SIGNING_KEY"]);
    for (const secret of Object.values(secrets)) expect(out).not.toContain(secret);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe("600");
    expect(out).toContain("would not start yet: DATABASE_URL is required");
    expect(() => parseConfig({ PROVIDER: "cloudflare", DATABASE_URL: url, ...secrets })).not.toThrow();
  });

  it("gives both deployments the same, makes new ones each time, and changes nothing that is there", async () => {
    const [first, second, other] = [file(), file(), file()];
    await generate([first]);
    const before = await read(first);
    await writeFile(second, JSON.stringify({ CRON_SECRET: "of-the-second-deployment-0123", PROBE_INTERVAL: "20s" }));
    const { out } = await generate([first, second]);
    expect(out).toContain(`${first}: has all of it already`);
    expect(await read(first)).toEqual(before);
    expect(await read(second)).toEqual({ ...before, CRON_SECRET: "of-the-second-deployment-0123", PROBE_INTERVAL: "20s" });
    await generate([other]);
    const shared = Object.values(await read(other)).filter((secret) => Object.values(before).includes(secret));
    expect(shared).toEqual([]);
  });

  it("sets what is on standard input, and says what a deployment would refuse, never a value", async () => {
    const path = file();
    const given = { DATABASE_URL: url, AWS_ACCESS_KEY_ID: "AKIAEXAMPLE000000000", PEER_URL: "http://tranche.example.com" };
    const first = await generate(["--set", path], JSON.stringify(given));
    expect([first.code, first.out]).toEqual([0, expect.stringContaining("AWS_SECRET_ACCESS_KEY is required with AWS_ACCESS_KEY_ID")]);
    expect(first.out).toContain("PEER_URL must be https");
    expect(first.out).not.toContain("a-password-of-the-database");
    const second = await generate(
      ["--set", path],
      JSON.stringify({ AWS_SECRET_ACCESS_KEY: "Zq7mWx0aPfT4dKc9LhB2sYv6NuJ1gRe8", PEER_URL: "https://a.example.com" }),
    );
    expect([second.code, second.out]).toEqual([0, expect.not.stringContaining("would not start")]);
    expect(await read(path)).toMatchObject({ ...given, PEER_URL: "https://a.example.com" });
  });

  it.each([
    [[], "", "it takes a FILE"],
    [["a.json", "a.json"], "", "a FILE is named twice"],
    [["--force", "a.json"], "", "Unknown option '--force'"],
    [["--set", "a.json"], "ADMIN_TOKEN=x", "standard input is not JSON"],
    [["--set", "a.json"], "[]", "standard input is not an object"],
    [["--set", "a.json"], '{"ADMIN_TOKN": "x"}', "standard input: there is no variable ADMIN_TOKN"],
    [["--set", "a.json"], '{"ADMIN_TOKEN": ""}', "standard input: ADMIN_TOKEN must be a text, and not empty"],
    [["package.json/a.json"], "", "package.json/a.json can not be read (ENOTDIR)"],
  ])("refuses %j with %j", async (args, input, says) => {
    const { code, out } = await generate(args, input);
    expect([code, out]).toEqual([1, expect.stringContaining(says)]);
    await expect(stat("a.json")).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("writes nothing where one of the files can not be read as one", async () => {
    const [good, bad] = [file(), file()];
    await writeFile(bad, "not JSON, with a secret-in-it");
    const { code, out } = await generate([good, bad]);
    expect([code, out]).toEqual([1, `${bad} is not JSON: it has to be an object such as {"ADMIN_TOKEN": "..."}\n`]);
    await expect(stat(good)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readFile(bad, "utf8")).toBe("not JSON, with a secret-in-it");
  });
});

describe("npm run db:migrate -- --role NAME --to FILE", () => {
  let base: TestDatabase;
  const role = `tranche_to_${process.pid}`;
  beforeAll(async () => {
    base = await freshDatabase();
  });
  afterAll(async () => {
    await base.sql(`drop role if exists ${role}`);
    await base.close();
  });
  const migrate = (...args: string[]): Promise<Ended> => run("local/migrate.ts", args, "", { DATABASE_URL: base.url });

  it("writes the login's DATABASE_URL beside the other secrets, and shows it nowhere", async () => {
    const path = file();
    await generate([path]);
    const before = await read(path);
    const { code, out } = await migrate("--role", role, "--to", path);
    const { DATABASE_URL = "", ...others } = await read(path);
    expect([code, others]).toEqual([0, before]);
    expect(new URL(DATABASE_URL).username).toBe(role);
    expect(out).not.toContain(new URL(DATABASE_URL).password);
    expect(out).toContain(`in ${path}`);
    await migrate("--role", role, "--to", path);
    expect((await read(path))["DATABASE_URL"]).toBe(DATABASE_URL);
    await migrate("--role", role, "--new-password", "--to", path);
    expect((await read(path))["DATABASE_URL"]).not.toBe(DATABASE_URL);
  });

  it("makes no login whose password it could not write down", async () => {
    const path = file();
    await writeFile(path, "not JSON");
    const { code, out } = await migrate("--role", `${role}_lost`, "--to", path);
    expect([code, out]).toEqual([1, expect.stringContaining(`${path} is not JSON`)]);
    expect(await base.sql(`select 1 from pg_roles where rolname = '${role}_lost'`)).toEqual([]);
    for (const args of [
      ["--role", role, "--to"],
      ["--to", path],
      ["--role", role, "--to", "--lock"],
    ]) {
      expect(await migrate(...args)).toEqual({ code: 1, out: expect.stringContaining("it takes --role NAME") });
    }
  });
});

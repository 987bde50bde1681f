import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { startPostgres } from "../../local/postgres.ts";

const ask = async (url: string, text: string): Promise<unknown> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows[0]?.[0];
  } finally {
    await client.end();
  }
};

const dirs: string[] = [];
const tempDir = async () => {
  const dir = await mkdtemp(join(tmpdir(), "tranche-test-"));
  dirs.push(dir);
  return dir;
};

afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

describe("startPostgres", () => {
  it("starts PostgreSQL 18 on 127.0.0.1 with a password, and leaves nothing behind", async () => {
    const postgres = await startPostgres();
    const url = postgres.urlFor("postgres");
    expect(await ask(url, "show server_version")).toMatch(/^18\./);
    expect(await ask(url, "show fsync")).toBe("off");
    expect(await ask(url, "show max_connections")).toBe("100");
    const data = String(await ask(url, "show data_directory"));
    const wrong = new URL(url);
    wrong.password = "wrong";
    await expect(ask(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    await postgres.close();
    await postgres.close();
    await expect(stat(data)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(ask(url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("keeps data and password in dataDir, durably", async () => {
    const dataDir = join(await tempDir(), "deeper", "db");
    const first = await startPostgres({ dataDir });
    expect(await ask(first.urlFor("postgres"), "show fsync")).toBe("on");
    await ask(first.urlFor("postgres"), "create table kept as select 42 as n");
    const password = new URL(first.urlFor("x")).password;
    await first.close();
    const second = await startPostgres({ dataDir });
    expect(new URL(second.urlFor("x")).password).toBe(password);
    expect(await ask(second.urlFor("postgres"), "select n from kept")).toBe(42);
    await second.close();
  });

  it("refuses a directory that another server uses, and says which", async () => {
    const dataDir = await tempDir();
    const first = await startPostgres({ dataDir });
    await expect(startPostgres({ dataDir })).rejects.toThrow(/in use by another process/);
    expect(await ask(first.urlFor("postgres"), "select 1")).toBe(1);
    await first.close();
  });

  it("starts over a lock file whose process is gone or is somebody else", async () => {
    const dataDir = await tempDir();
    const first = await startPostgres({ dataDir });
    const lock = join(dataDir, "cluster", "postmaster.pid");
    const content = await readFile(lock, "utf8");
    await first.close();
    // The number of a living process that is no Postgres: this one.
    await writeFile(lock, content.replace(/^\d+/, String(process.pid)), { mode: 0o600 });
    const second = await startPostgres({ dataDir });
    expect(await ask(second.urlFor("postgres"), "select 1")).toBe(1);
    await second.close();
  });

  it("repeats an interrupted initdb", async () => {
    const dataDir = await tempDir();
    await mkdir(join(dataDir, "cluster.new", "base"), { recursive: true });
    const postgres = await startPostgres({ dataDir });
    expect(await ask(postgres.urlFor("postgres"), "select 1")).toBe(1);
    await postgres.close();
    expect((await readdir(dataDir)).toSorted()).toEqual(["cluster", "lock", "password"]);
  });

  it("makes one cluster where two start at once, and refuses the other", async () => {
    const dataDir = await tempDir();
    const both = await Promise.allSettled([startPostgres({ dataDir }), startPostgres({ dataDir })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    for (const one of both) {
      if (one.status === "rejected") expect(String(one.reason)).toContain("is in use by another process");
      else {
        expect(await ask(one.value.urlFor("postgres"), "select 1")).toBe(1);
        await one.value.close();
      }
    }
  });

  it.each([
    ["the password", "password"],
    ["what makes it a cluster", join("cluster", "PG_VERSION")],
  ])("says what to do where %s is missing", async (_, name) => {
    const dataDir = await tempDir();
    await (await startPostgres({ dataDir })).close();
    await rm(join(dataDir, name));
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      `${join(dataDir, name)} is missing: remove ${dataDir} to begin with an empty one`,
    );
  });

  it("tells why it did not start", async () => {
    const dataDir = await tempDir();
    const first = await startPostgres({ dataDir });
    await first.close();
    await writeFile(join(dataDir, "cluster", "postgresql.auto.conf"), "shared_buffers = nonsense\n");
    await expect(startPostgres({ dataDir })).rejects.toThrow(/did not start.*shared_buffers/s);
  });

  it.each(["SIGKILL", "SIGINT", "SIGTERM"] as const)("ends with its process on %s", async (signal) => {
    const script = `
      import { startPostgres } from "./local/postgres.ts";
      const postgres = await startPostgres();
      console.log(postgres.urlFor("postgres"));
      setInterval(() => undefined, 1_000);`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const url = await new Promise<string>((done) => child.stdout.once("data", (chunk) => done(String(chunk).trim())));
    const data = String(await ask(url, "show data_directory"));
    child.kill(signal);
    await expect
      .poll(
        () =>
          stat(data).then(
            () => "there",
            () => "gone",
          ),
        { timeout: 60_000 },
      )
      .toBe("gone");
    await expect(ask(url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

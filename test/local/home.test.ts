import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openHome, StartRefusal } from "../../local/start/home.ts";

const isRoot = process.getuid?.() === 0;

let top: string;
let dir: string;
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), "tranche-test-"));
  dir = join(top, "home");
});
afterEach(() => rm(top, { recursive: true, force: true }));

const opened = async () => {
  const home = await openHome(dir);
  if ("running" in home) throw new Error("somebody has it");
  return home;
};

/** One sentence, with what to do. */
const refusal = async (): Promise<string> => {
  const error = await openHome(dir).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StartRefusal);
  const { message } = error as StartRefusal;
  expect(message).not.toContain("\n");
  expect(message).toContain("TRANCHE_HOME");
  return message;
};

describe("the directory of npm start", () => {
  it("is made, held, and tells where its tranche answers", async () => {
    const home = await opened();
    expect((await stat(join(dir, "admin-token"))).mode & 0o777).toBe(0o600);
    expect(await openHome(dir)).toEqual({ running: { pid: process.pid, url: null } });
    await home.announce("http://127.0.0.1:1");
    expect(await openHome(dir)).toEqual({ running: { pid: process.pid, url: "http://127.0.0.1:1" } });
    await home.release();
    const again = await opened();
    expect(again.adminToken).toBe(home.adminToken);
    await again.release();
  });

  it("waits for the one who has just taken it to say so", async () => {
    const home = await opened();
    await rm(join(dir, "running.json"));
    const asked = openHome(dir);
    await home.announce("http://127.0.0.1:1");
    expect(await asked).toEqual({ running: { pid: process.pid, url: "http://127.0.0.1:1" } });
    await home.release();
  });

  it("is taken over as a process that was killed has left it", async () => {
    await mkdir(dir);
    await writeFile(join(dir, "running.json"), JSON.stringify({ pid: process.pid, url: "http://127.0.0.1:1" }));
    await writeFile(join(dir, "running.json.new"), "{");
    await writeFile(join(dir, "lock"), "");
    await writeFile(join(dir, "admin-token"), "cut sho");
    const home = await opened();
    expect(home.adminToken.length).toBeGreaterThanOrEqual(32);
    expect(JSON.parse(await readFile(join(dir, "running.json"), "utf8"))).toEqual({ pid: process.pid, url: null });
    await home.release();
  });

  it("is refused where it is a file, or a part of it is", async () => {
    await writeFile(dir, "");
    expect(await refusal()).toMatch(/home is a file, and has to be a directory: move it away/);
    await rm(dir);
    await mkdir(dir);
    await writeFile(join(dir, "postgres"), "");
    expect(await refusal()).toMatch(/home\/postgres is a file/);
    await rm(join(dir, "postgres"));
    await mkdir(join(dir, "admin-token"));
    expect(await refusal()).toMatch(/admin-token can not be used \(EISDIR\): remove it and start again/);
    await rm(join(dir, "admin-token"), { recursive: true });
    await writeFile(join(dir, "lock"), "no database at all, but long enough to be looked at".repeat(40));
    expect(await refusal()).toMatch(/home\/lock can not be used .*: remove it/);
  });

  it("is refused where it can not be made", async () => {
    await symlink(join(top, "nowhere", "at-all"), dir);
    expect(await refusal()).toMatch(/home can not be made \(\w+\)/);
    await rm(dir);
    await writeFile(join(top, "file"), "");
    dir = join(top, "file", "home");
    expect(await refusal()).toMatch(/can not be looked at \(ENOTDIR\)|can not be made/);
  });

  it.runIf(isRoot)("is refused where it belongs to somebody else, who is named", async () => {
    await mkdir(dir);
    await chown(dir, 1, 1);
    expect(await refusal()).toMatch(
      /home belongs to daemon, not to root: start as the one who made it, hand it over \(sudo chown -R root .*home\)/,
    );
    await chown(dir, 0, 0);
    await mkdir(join(dir, "postgres", "cluster"), { recursive: true });
    await chown(join(dir, "postgres"), 1, 1);
    expect(await refusal()).toMatch(/home\/postgres belongs to daemon/);
  });

  /** As somebody who is not root: to root everything is writable. */
  const asNobody = async (): Promise<string> => {
    const script = `import { openHome } from ${JSON.stringify(new URL("../../local/start/home.ts", import.meta.url).href)};
      try { await openHome(process.argv[1]); console.log("opened"); } catch (error) { console.log(error.message); }`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script, dir], {
      cwd: "/",
      stdio: ["ignore", "pipe", "inherit"],
      ...(isRoot && { uid: 65_534, gid: 65_534 }),
      env: { PATH: process.env["PATH"] },
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await once(child, "close");
    return text.trim();
  };

  it("is refused where it can not be written", async () => {
    await chmod(top, 0o755);
    await mkdir(dir);
    if (isRoot) await chown(dir, 65_534, 65_534);
    await chmod(dir, 0o555);
    expect(await asNobody()).toMatch(/home can not be written: chmod u\+rwx .*home, or give another directory with TRANCHE_HOME$/);
    await chmod(dir, 0o755);
    await rm(dir, { recursive: true });
    await chmod(top, 0o555);
    expect(await asNobody()).toMatch(/home can not be made \(EACCES\): make the directory above it writable for you/);
    await chmod(top, 0o755);
  });
});

import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openScratch } from "../../local/scratch.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "tranche-test-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A process that opens a scratch, adopts two of its children, and then only waits. The second one is noted under a name that it has not. */
const script = `
  import { spawn } from "node:child_process";
  import { writeFileSync } from "node:fs";
  import { openScratch } from "./local/scratch.ts";
  const scratch = await openScratch("tranche-scratch-");
  const children = [0, 1].map(() => spawn("sleep", ["600"], { detached: true, stdio: "ignore" }));
  scratch.adopt(children[0].pid, "sleep 600");
  scratch.adopt(children[1].pid, "somebody else");
  writeFileSync(scratch.dir + "/file", "");
  console.log(JSON.stringify([scratch.dir, ...children.map(({ pid }) => pid)]));
  setInterval(() => undefined, 1_000);`;

const running = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("ends what was adopted and removes the directory when its process is killed, and leaves strangers alone", async () => {
  const owner = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: dir },
  });
  const line = await new Promise<string>((done) => owner.stdout.once("data", (chunk: Buffer) => done(chunk.toString())));
  const [scratch, adopted, stranger] = JSON.parse(line) as [string, number, number];
  try {
    expect(await exists(join(scratch, "file"))).toBe(true);
    owner.kill("SIGKILL");
    await expect.poll(() => exists(scratch), { timeout: 30_000 }).toBe(false);
    await expect.poll(() => running(adopted), { timeout: 30_000 }).toBe(false);
    expect(running(stranger)).toBe(true);
    expect(await readdir(dir)).toEqual([]);
  } finally {
    for (const pid of [adopted, stranger]) if (running(pid)) process.kill(pid, "SIGKILL");
  }
});

it("goes in order, twice if need be, and kills nobody then", async () => {
  const scratch = await openScratch("tranche-scratch-");
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  try {
    scratch.adopt(child.pid ?? 0, "sleep 600");
    await writeFile(join(scratch.dir, "file"), "");
    await scratch.close();
    await scratch.close();
    expect(await exists(scratch.dir)).toBe(false);
    expect(child.exitCode ?? child.signalCode).toBe(null);
  } finally {
    child.kill("SIGKILL");
  }
});

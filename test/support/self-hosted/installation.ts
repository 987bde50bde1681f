import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSelfHosted } from "../../../local/build-self-hosted.ts";
import type { Cluster } from "./cluster.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const stubs = join(root, "test", "self-hosted", "stubs");

/** What install.sh has said, and how it ended: its exit code, or the signal. */
export type Ran = { readonly code: number | string; readonly output: string };

/** For what a test begins with. @throws Error with all that was said where it did not end well */
export const mustEndWell = (ran: Ran): Ran => {
  if (ran.code !== 0) throw new Error(`${ran.code}: ${ran.output}`);
  return ran;
};

/** How one call of the stub of Docker goes wrong (stubs/docker). */
export type Mishap = "fail" | "before" | "during" | "after" | "orphan";

/** Two versions of the sources and their images: `old` is this one, `new` a later one with more migrations. */
export type Version = "old" | "new";

/** A clone of the sources on a machine whose Docker is a stub over a real PostgreSQL. */
export type Installation = {
  /** `self-hosted/` of the clone. */
  readonly folder: string;
  /** What the stub keeps. */
  readonly stub: string;
  /** @param killAfterMs ends the whole process group then, unless it has ended before */
  readonly run: (args?: readonly string[], env?: Readonly<Record<string, string>>, killAfterMs?: number) => Promise<Ran>;
  /** Lets the call of that number, counted from now, go wrong. */
  readonly plan: (number: number, mishap: Mishap, delaySeconds?: number) => void;
  /** Without a plan from now on; calls are counted anew. */
  readonly calm: () => void;
  /** The calls of Docker since then, in order. */
  readonly calls: () => readonly string[];
  readonly checkOut: (version: Version) => void;
  /** The text of a file below `self-hosted/`; "" where there is none. */
  readonly read: (path: string) => string;
  readonly env: () => ReadonlyMap<string, string>;
  readonly dumps: () => readonly string[];
  /** Puts a program in front of the machine's own. */
  readonly program: (name: string, script: string) => void;
  /** Keeps all files as they are now. @returns what puts them back */
  readonly keep: () => Promise<() => Promise<void>>;
  readonly close: () => Promise<void>;
};

/** The migrations of `new`. They take a moment, in which one can be killed. */
const newer = [
  { tag: "9001_later", sql: "ALTER TABLE customers ADD COLUMN later text;--> statement-breakpoint\nSELECT pg_sleep(0.1);" },
  { tag: "9002_even_later", sql: "CREATE TABLE later (id bigint PRIMARY KEY);--> statement-breakpoint\nSELECT pg_sleep(0.1);" },
] as const;
export const newerMigrations = newer.length;

type Entry = { readonly idx: number; readonly version: string; readonly when: number; readonly tag: string; readonly breakpoints: boolean };

const copied = ["install.sh", "database.sh", "compose.yaml", "Caddyfile", "Dockerfile", "env.example"];

/** The program of the image, and the migrations of each version; kept for as many installations as a test file has. */
export type Versions = { readonly folder: string; readonly close: () => Promise<void> };

export const openVersions = async (): Promise<Versions> => {
  const folder = await mkdtemp(join(tmpdir(), "tranche-self-hosted-versions-"));
  const built = join(folder, "built");
  await buildSelfHosted(built);
  const program = await readFile(join(built, "tranche.js"), "utf8");
  const journalFile = join("drizzle", "meta", "_journal.json");
  const journal = JSON.parse(await readFile(join(built, journalFile), "utf8")) as { entries: readonly Entry[] };
  const last = journal.entries.at(-1);
  if (last === undefined) throw new Error("there are no migrations");
  await rename(built, join(folder, "old"));
  const home = join(folder, "new");
  await cp(join(folder, "old"), home, { recursive: true });
  const added = newer.map(({ tag }, at): Entry => ({ ...last, idx: last.idx + at + 1, when: last.when + at + 1, tag }));
  // The program has the list of its migrations, too (src/adapters/db/coordination/readiness.ts).
  const known = new RegExp(`\\{[^{}]*tag:"${last.tag}"[^{}]*\\}`);
  if (!known.test(program)) throw new Error("the bundle has no list of migrations as it is looked for here");
  await writeFile(
    join(home, "tranche.js"),
    program.replace(known, (entry) => [entry, ...added.map((one) => JSON.stringify(one))].join(",")),
  );
  for (const { tag, sql } of newer) await writeFile(join(home, "drizzle", `${tag}.sql`), sql);
  await writeFile(join(home, journalFile), JSON.stringify({ ...journal, entries: [...journal.entries, ...added] }, null, 1));
  return { folder, close: () => rm(folder, { recursive: true, force: true }) };
};

/** As a power cut does it. */
const kill = (group: number): void => {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It has ended just now.
  }
};

export const openInstallation = async (cluster: Cluster, versions: Versions): Promise<Installation> => {
  const home = await mkdtemp(join(tmpdir(), "tranche-self-hosted-"));
  const [folder, stub, bin] = [join(home, "clone", "self-hosted"), join(home, "stub"), join(home, "bin")];
  for (const made of [folder, bin, ...["images", "running", "volumes"].map((name) => join(stub, name))])
    await mkdir(made, { recursive: true });
  for (const name of copied) {
    if (existsSync(join(root, "self-hosted", name))) await cp(join(root, "self-hosted", name), join(folder, name));
  }
  const checkOut = (version: Version) => {
    writeFileSync(join(folder, "..", "VERSION"), version);
    writeFileSync(join(folder, "..", "package.json"), JSON.stringify({ name: "tranche", version }));
  };
  checkOut("new");
  const path = [bin, stubs, cluster.programs, "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].join(":");
  const run: Installation["run"] = (args = [], env = {}, killAfterMs) =>
    new Promise((done, fail) => {
      const child = spawn("/bin/sh", ["install.sh", ...args], {
        cwd: folder,
        // A group of its own: the stub kills all of it, as a power cut would.
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: path,
          HOME: home,
          LC_ALL: "C",
          STUB: stub,
          STUB_NODE: process.execPath,
          STUB_VERSIONS: versions.folder,
          STUB_PGPORT: String(cluster.port),
          READY_TIMEOUT: "1",
          POLL_SECONDS: "1",
          CERTIFICATE_TIMEOUT: "0",
          ...env,
        },
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.once("error", fail);
      const killing = killAfterMs === undefined ? null : setTimeout(() => kill(child.pid ?? 0), killAfterMs);
      // Not "close": who goes on behind install.sh's back holds its streams.
      child.once("exit", (code, signal) => {
        if (killing !== null) clearTimeout(killing);
        setImmediate(() => done({ code: code ?? signal ?? "unknown", output }));
      });
    });
  const calm = () => {
    for (const name of ["plan", "number", "calls"]) rmSync(join(stub, name), { force: true });
  };
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "");
  return {
    folder,
    stub,
    run,
    calm,
    checkOut,
    read,
    plan: (number, mishap, delaySeconds = 0) => {
      calm();
      writeFileSync(join(stub, "plan"), `${number} ${mishap} ${delaySeconds}\n`);
    },
    calls: () => (existsSync(join(stub, "calls")) ? readFileSync(join(stub, "calls"), "utf8").trim().split("\n") : []),
    env: () =>
      new Map(
        read(".env")
          .split("\n")
          .filter((line) => /^[A-Z]/.test(line))
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      ),
    dumps: () => {
      const backups = join(folder, "backups");
      return existsSync(backups) && statSync(backups).isDirectory() ? readdirSync(backups).toSorted() : [];
    },
    program: (name, script) => {
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    },
    keep: async () => {
      const kept = join(home, "kept");
      for (const one of [folder, stub]) await cp(one, join(kept, basename(one)), { recursive: true, preserveTimestamps: true });
      return async () => {
        for (const one of [folder, stub]) {
          await rm(one, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
          await cp(join(kept, basename(one)), one, { recursive: true, preserveTimestamps: true });
        }
      };
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
};

/** What the stub has of containers that run, by service, with the version of their image. */
export const runningOf = async (installation: Installation): Promise<ReadonlyMap<string, string>> => {
  const folder = join(installation.stub, "running");
  const names = await readdir(folder);
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const)));
};

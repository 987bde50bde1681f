import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { answerHelp } from "./help.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const drizzleKit = join(root, "node_modules", "drizzle-kit", "bin.cjs");

/**
 * Compares the schema with the migrations: drizzle-kit must find the folder consistent, and nothing left to generate.
 * Works on a copy, so it writes nothing.
 * @returns what is wrong, null when they agree
 */
export const checkMigrations = async (migrations: string, schema: string): Promise<string | null> => {
  const home = await mkdtemp(join(tmpdir(), "tranche-migrations-"));
  try {
    const copy = join(home, "drizzle");
    await cp(migrations, copy, { recursive: true });
    const before = await sqlFiles(copy);
    // drizzle-kit writes its "out" below the working directory, absolute or not.
    const place = ["--dialect=postgresql", `--out=${relative(root, copy)}`];
    const broken = (await run(["check", ...place])) ?? (await run(["generate", ...place, `--schema=${schema}`]));
    if (broken !== null) return broken;
    const added = (await sqlFiles(copy)).filter((file) => !before.includes(file));
    return added.length === 0 ? null : "the schema has changes that no migration makes: run npm run db:generate";
  } finally {
    await rm(home, { recursive: true, force: true });
  }
};

const sqlFiles = async (folder: string): Promise<string[]> => (await readdir(folder)).filter((file) => file.endsWith(".sql"));

/** @returns what drizzle-kit complains about; it asks about renames: without an answer it fails, which counts too */
const run = async (args: readonly string[]): Promise<string | null> => {
  const running = promisify(execFile)(process.execPath, [drizzleKit, ...args], { cwd: root, timeout: 60_000 });
  running.child.stdin?.end();
  try {
    await running;
    return null;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return `drizzle-kit ${args[0]} failed:\n${stdout}${stderr}`;
  }
};

if (import.meta.main) {
  answerHelp("Usage: node local/check-migrations.ts\n\nCompares the schema with the migrations; writes nothing.");
  const problem = await checkMigrations(join(root, "drizzle"), "./src/adapters/db/schema/*.ts");
  if (problem !== null) console.error(problem);
  else console.log("schema and migrations agree");
  process.exitCode = problem === null ? 0 : 1;
}

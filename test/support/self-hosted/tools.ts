import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A program of this machine, by its name or where the variable says; null where there is none. */
export const programOf = (name: string, variable: string): string | null =>
  [process.env[variable] ?? "", ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name))].find(
    (path) => path !== "" && existsSync(path),
  ) ?? null;

/**
 * Says loudly that nobody looked; for the head of a test file.
 * @param isSure whether .ci/run has it for certain
 * @throws Error in CI then: what nobody looks at there, nobody looks at
 */
export const warnWithout = (path: string | null, what: string, isSure = true): void => {
  if (path !== null) return;
  if (isSure && process.env["CI"] === "true") throw new Error(what);
  process.stderr.write(`\n*** SKIPPED: ${what} ***\n\n`);
};

/** Runs a program to its end. @returns its exit code, and all that it said */
export const ran = (
  path: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
) => {
  const { status, stdout, stderr, error } = spawnSync(path, args, { encoding: "utf8", ...options });
  if (error !== undefined) throw error;
  return { code: status, output: `${stdout}${stderr}` };
};

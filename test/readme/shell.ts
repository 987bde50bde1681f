import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";
import { root } from "./documents.ts";

/** The directories in which a reader's shell finds programs: nothing of the npm that runs these tests. */
const readersPath = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => !directory.includes("node_modules"));

/** Where `node` comes from for a reader: the machine's own (20 or later), and the 24 of the packages in its place. */
export const shells: readonly { readonly node: string; readonly path: string }[] = [
  { node: "the machine's Node", path: readersPath.join(delimiter) },
  { node: "Node 24", path: [join(root, "node_modules/node/bin"), ...readersPath].join(delimiter) },
];

/** What a command printed, to both, and how it ended. */
export type Ended = { readonly code: number; readonly output: string };

/** Runs a command as a reader does who has just opened a shell. */
export const inShell = async (
  command: string,
  options: { readonly path: string; readonly cwd?: string; readonly variables?: Readonly<Record<string, string>> },
): Promise<Ended> => {
  const { HOME = "/", TMPDIR = "/tmp" } = process.env;
  const env = { HOME, TMPDIR, PATH: options.path, npm_config_audit: "false", npm_config_update_notifier: "false", ...options.variables };
  return await new Promise((resolve) => {
    execFile("bash", ["-c", command], { cwd: options.cwd ?? root, env, maxBuffer: 16 * 2 ** 20 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
};

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Readable } from "node:stream";
import { unstable_readConfig } from "wrangler";
import type { Scratch } from "../local/scratch.ts";
import { workerdPath } from "../local/worker.ts";

/** A bundled script, in a scratch directory of its own. `objects`: its Durable Object class, by binding. */
export type Script = {
  readonly scratch: Scratch;
  readonly scriptPath: string;
  readonly env: Readonly<Record<string, string>>;
  readonly objects: Readonly<Record<string, string>>;
};

/** Strings of Cap'n Proto's text format are escaped as those of JSON are, as far as variables and names go. */
const text = (value: string): string => JSON.stringify(value);

/** One Worker on one socket, as workerd reads it: with what miniflare puts around a Worker its own would be lost in the figures. */
const configOf = ({ scratch, scriptPath, env, objects }: Script): string => {
  const { compatibility_date: date = "", compatibility_flags: flags } = unstable_readConfig({
    config: join(import.meta.dirname, "..", "wrangler.toml"),
  });
  const classes = Object.values(objects).map(
    (className) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`,
  );
  const bindings = [
    ...Object.entries(env).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...Object.entries(objects).map(([name, className]) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["public", "private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed ${text(relative(scratch.dir, scriptPath))})],
  compatibilityDate = ${text(date)},
  compatibilityFlags = [${flags.map(text).join(", ")}],
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${classes.join(", ")}],
  durableObjectStorage = (inMemory = void),
);
`;
};

/** The port in what workerd writes to its control descriptor, a JSON message a line; null: not yet. */
export const portIn = (control: string): number | null => {
  for (const line of control.split("\n").slice(0, -1)) {
    const { event, port } = JSON.parse(line) as { readonly event?: unknown; readonly port?: unknown };
    if (event === "listen" && typeof port === "number") return port;
  }
  return null;
};

/** A workerd that has just begun to listen, with nothing but this script in it. @throws Error with what it said where it ends before */
export const startFresh = async (
  script: Script,
): Promise<{ readonly pid: number; readonly url: string; readonly end: () => Promise<void> }> => {
  const config = join(script.scratch.dir, "config.capnp");
  await writeFile(config, configOf(script));
  const child = spawn(workerdPath, ["serve", config, "--control-fd=3"], { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  if (child.pid !== undefined) script.scratch.adopt(child.pid, "workerd");
  let complaints = "";
  child.stderr?.on("data", (chunk: Buffer) => void (complaints += chunk.toString()));
  let control = "";
  for await (const chunk of child.stdio[3] as Readable) {
    control += String(chunk);
    if (portIn(control) !== null) break;
  }
  const port = portIn(control);
  if (port === null || child.pid === undefined) throw new Error(`workerd did not start: ${complaints}`);
  const end = async (): Promise<void> => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  return { pid: child.pid, url: `http://127.0.0.1:${port}`, end };
};

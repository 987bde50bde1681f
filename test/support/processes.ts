import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export type Process = { readonly pid: number; readonly parent: number; readonly command: string };

/** Every process of this machine. */
const processes = (): readonly Process[] =>
  execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8", maxBuffer: 2 ** 26 })
    .split("\n")
    .flatMap((line) => {
      const [, pid, parent, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });

/** Everything that this process has started, and what that has started. */
const descendantsOf = (pid: number): readonly Process[] => {
  const all = processes();
  const found: Process[] = [];
  for (let parents = new Set([pid]); parents.size > 0;) {
    const children = all.filter(({ parent }) => parents.has(parent));
    found.push(...children);
    parents = new Set(children.map((child) => child.pid));
  }
  return found;
};

/** Those of them that still run: under the same number the same command; a process that only waits to be reaped runs no more. */
export const alive = (some: readonly Process[]): readonly string[] => {
  const now = new Map(processes().map((one) => [one.pid, one.command]));
  return some
    .filter(({ pid, command }) => now.get(pid) === command && !command.includes("<defunct>"))
    .map(({ pid, command }) => `${pid} ${command.slice(0, 120)}`);
};

/** Whether a process works with files below this directory, by its command line or, where the system shows it, its environment. */
const mentions = ({ pid, command }: Process, dir: string): boolean => {
  if (command.includes(dir)) return true;
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").includes(dir);
  } catch {
    return false;
  }
};

/** A command of package.json, run as somebody would: by npm, with the node of this machine. */
export type Started = {
  readonly npm: ChildProcess;
  /** The node that npm has started. @throws where there is none (yet) */
  readonly node: () => Process;
  /** Everything below npm. */
  readonly all: () => readonly Process[];
  /** All that it has printed so far, on both streams. */
  readonly output: () => string;
  /** Resolves with the match. @throws where it ends without ever having printed that */
  readonly prints: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Resolves to its exit code, or the signal. */
  readonly ended: Promise<number | string>;
  /** To the whole group, as the terminal does on Ctrl-C and when it is closed. */
  readonly signalGroup: (signal: NodeJS.Signals) => void;
};

/** Processes for one test file, with a temporary directory of their own. */
export type Bench = {
  /** Where everything that is started has its temporary files. */
  readonly temporary: string;
  readonly run: (script: string, args?: readonly string[], env?: Readonly<Record<string, string>>) => Started;
  /** Whatever still runs of what was started here, whoever its parent is by now. */
  readonly strays: () => readonly string[];
  /** What lies in the temporary directory and is of ours. npm and its like keep a cache of compiled code there. */
  readonly leftovers: () => Promise<readonly string[]>;
  /** Ends whatever is left of a test that failed. */
  readonly clear: () => Promise<void>;
};

export const openBench = async (): Promise<Bench> => {
  const temporary = await mkdtemp(join(tmpdir(), "tranche-bench-"));
  // Without what vitest, itself run by npm, has put there: the machine's own node runs npm.
  const path = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((dir) => !dir.includes("node_modules"))
    .join(delimiter);
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_|INIT_CWD|CI$|ADMIN_TOKEN|AWS_|CLOUDFLARE_)/.test(name)),
  );
  const run: Bench["run"] = (script, args = [], env = {}) => {
    const npm = spawn("npm", ["run", "--silent", script, ...(args.length === 0 ? [] : ["--", ...args])], {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...clean, PATH: path, TMPDIR: temporary, NO_UPDATE_NOTIFIER: "1", ...env },
    });
    let text = "";
    const listeners = new Set<() => void>();
    const take = (chunk: Buffer) => {
      text += chunk.toString();
      for (const listener of listeners) listener();
    };
    npm.stdout.on("data", take);
    npm.stderr.on("data", take);
    const ended = once(npm, "close").then(([code, signal]) => (code ?? signal) as number | string);
    const all = () => descendantsOf(npm.pid ?? 0);
    return {
      npm,
      ended,
      all,
      output: () => text,
      node: () => {
        const node = all().find(({ parent, command }) => parent === npm.pid && /(^|\/)node /.test(command));
        if (node === undefined)
          throw new Error(
            `npm has started no node of its own:\n${all()
              .map(({ command }) => command)
              .join("\n")}\n${text}`,
          );
        return node;
      },
      prints: (pattern) =>
        new Promise((found, failed) => {
          const look = () => {
            const match = pattern.exec(text);
            if (match === null) return;
            listeners.delete(look);
            found(match);
          };
          listeners.add(look);
          look();
          void ended.then((code) => failed(new Error(`ended with ${code} before it printed ${String(pattern)}:\n${text}`)));
        }),
      signalGroup: (signal) => process.kill(-(npm.pid ?? 0), signal),
    };
  };
  const strays = () => processes().filter((one) => !one.command.includes("<defunct>") && mentions(one, temporary));
  return {
    temporary,
    run,
    strays: () => strays().map(({ pid, command }) => `${pid} ${command.slice(0, 120)}`),
    leftovers: async () => (await readdir(temporary)).filter((name) => name !== "node-compile-cache"),
    clear: async () => {
      for (let left = strays(); left.length > 0; left = strays()) {
        for (const { pid } of left) {
          try {
            process.kill(pid, "SIGKILL");
          } catch {
            // It has just ended.
          }
        }
      }
      await rm(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
};

/** A port that is free now. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
};

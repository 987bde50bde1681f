import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { wrapped } from "./identity.ts";
import type { Identity } from "./identity.ts";

/** A child process and the last of what it said, on whichever stream. */
export interface Running {
  child: ChildProcess;
  output(): string;
  /** Its exit code, the signal that ended it, or why it never ran. */
  ended: Promise<number | string>;
  /** Resolves once its output contains this text. */
  says(text: string): Promise<true>;
}

const keptOutput = 8_192;

/** Detached: a Ctrl-C in the terminal reaches the caller only, who may still need the database to end in order. */
export const launch = (command: readonly [string, ...string[]], identity: Identity): Running => {
  const [file, ...args] = wrapped(command, identity);
  const ids = identity === null || identity.viaSetpriv ? {} : { uid: identity.uid, gid: identity.gid };
  // The fourth pipe is for the watcher of the server: it sees that pipe close when this process is gone.
  const child = spawn(file, args, { ...ids, cwd: "/", detached: true, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  let text = "";
  const listeners = new Set<() => void>();
  const append = (chunk: Buffer | string) => {
    text = (text + chunk.toString()).slice(-keptOutput);
    for (const listener of listeners) listener();
  };
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  const ended = new Promise<number | string>((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => done(code ?? signal ?? "unknown"));
  });
  const says = (wanted: string) =>
    new Promise<true>((done) => {
      const look = () => {
        if (!text.includes(wanted)) return;
        listeners.delete(look);
        done(true);
      };
      listeners.add(look);
      look();
    });
  return { child, output: () => text.trim(), ended, says };
};

import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary directory, and the processes that are to end with it. */
export type Scratch = {
  readonly dir: string;
  /** This process is killed if the caller ends before it. @param command a part of its command line: process ids are reused */
  readonly adopt: (pid: number, command: string) => void;
  /** Removes the directory. What was adopted is to have ended by then. Safe to call twice. */
  readonly close: () => Promise<void>;
};

/** Where adopted processes are noted, below the directory: one file per process, named by its number, with its command in it. */
const adoptedIn = "pids";

/**
 * Reads until the other end of its stdin is closed, which it is however the caller ends, kill -9 included. Whoever comes to be
 * noted after the notes were moved away finds no place for it, and does not start (see workerd.sh). The second removal is for
 * what somebody wrote who was just being killed.
 */
const watchdog = `
command_of() { if [ -r "/proc/$1/cmdline" ]; then tr '\\0' ' ' <"/proc/$1/cmdline"; else ps -o args= -p "$1"; fi; }
while read -r _; do :; done
mv "$1/${adoptedIn}" "$1/ended" || exit 0
for note in "$1"/ended/*; do
  pid=\${note##*/}
  case "$(command_of "$pid")" in *"$(cat "$note")"*) kill -KILL "$pid" ;; esac
done
rm -rf "$1"
sleep 0.2
rm -rf "$1"`;

/**
 * A temporary directory that goes with this process, however that ends; so do adopted processes. A child process watches,
 * in a session of its own: neither Ctrl-C nor the end of the terminal reaches it.
 * @param prefix of its name
 */
export const openScratch = async (prefix: string): Promise<Scratch> => {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  const child = spawn("/bin/sh", ["-c", watchdog, "watchdog", dir], { cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise<void>((done) => child.once("exit", () => done()).once("error", () => done()));
  child.stdin.on("error", () => undefined);
  child.unref();
  // A pipe to a child is a socket: it must not keep this process alive either.
  (child.stdin as { unref?: () => void }).unref?.();
  try {
    mkdirSync(join(dir, adoptedIn));
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
  return {
    dir,
    adopt: (pid, command) => writeFileSync(join(dir, adoptedIn, String(pid)), command),
    close: async () => {
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      child.stdin.end();
      await ended;
    },
  };
};

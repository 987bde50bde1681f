import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "../command.ts";
import { CommandError, exit } from "../exit.ts";

/** Where the drill is in a checkout: from the source of this file as from its bundle. */
const script = fileURLToPath(new URL("../../local/drill/main.ts", import.meta.url));

export const drill: Command = {
  name: "drill",
  summary: "stages a storm on this machine, end to end: in a checkout of the repository",
  offline: true,
  own: true,
  flags: {
    fault: { value: "FAULT", says: "the outage of the whole story: 5xx, hang, refuse, oscillate, partial" },
    scenario: { value: "NAME", says: "another story; README.md lists them" },
  },
  run: async ({ args, io }) => {
    if (!existsSync(script))
      throw new CommandError(exit.wrong, "the drill is in the repository, not in this package: clone it, then npm ci and npm run drill");
    // As under npm: it ends with its parent, whatever ends that.
    const child = spawn(process.execPath, [script, ...args], { stdio: "inherit", env: { ...io.env, npm_lifecycle_event: "drill" } });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    // The terminal sends its own to both.
    process.on("SIGINT", () => undefined);
    process.on("SIGTERM", forward);
    const code = await new Promise<number>((ended, failed) => {
      child.once("error", failed);
      child.once("exit", (status) => ended(status ?? 1));
    });
    return code === 0 ? exit.ok : code === 2 ? exit.usage : exit.wrong;
  },
};

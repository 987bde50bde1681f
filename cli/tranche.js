#!/usr/bin/env node
// Starts the command line on Node 20 or later: built, as the package has it, or in a checkout from its sources.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const source = new URL("main.ts", import.meta.url);

if (!existsSync(source)) await import("../dist/cli/main.js");
else if (process.features.typescript) await import(source.href);
else {
  // This Node does not read TypeScript; the one among the packages of the checkout does.
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write("tranche: this Node does not read TypeScript: run `npm ci` in the checkout, which installs one that does\n");
    process.exit(2);
  }
  const child = spawn(node, [fileURLToPath(source), ...process.argv.slice(2)], { stdio: "inherit" });
  // Whoever ends this one means that one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (status, signal) => process.exit(status ?? 128 + constants.signals[signal]));
}

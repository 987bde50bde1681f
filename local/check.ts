import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { answerHelp } from "./help.ts";

/** What `npm run check` runs, in this order; executables of node_modules/.bin, which npm puts on the path. */
const steps = [
  "tsc --noEmit",
  "tsc --noEmit --project src/console/islands",
  "oxlint --type-aware",
  "oxfmt --check",
  "knip --no-progress",
  "node local/check-migrations.ts",
];

answerHelp(
  `Usage: npm run check\n\nTypes, linter with the import rules, layout, what nobody uses, schema against migrations; stops at the first that fails:\n${steps.map((step) => `  ${step}`).join("\n")}`,
);

const root = fileURLToPath(new URL("..", import.meta.url));
for (const step of steps) {
  const [command = "", ...args] = step.split(" ");
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error !== undefined) process.stderr.write(`${step}: ${error.message}; run it as npm run check\n`);
  if (status !== 0) process.exit(status ?? 1);
}

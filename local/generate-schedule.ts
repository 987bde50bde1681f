import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { schedule } from "../src/cron/schedule.ts";
import { answerHelp } from "./help.ts";

const wranglerFile = fileURLToPath(new URL("../wrangler.toml", import.meta.url));
const vercelFile = fileURLToPath(new URL("../rollback-vercel/vercel.json", import.meta.url));

/** `wrangler.toml` with the triggers of the schedule. @throws where it has no single line for them */
export const withTriggers = (toml: string): string => {
  const line = /^crons = \[.*\]$/gm;
  if (toml.match(line)?.length !== 1) throw new Error("wrangler.toml must have one line crons = [...]");
  return toml.replace(
    line,
    () =>
      `crons = [${Object.keys(schedule)
        .map((cron) => JSON.stringify(cron))
        .join(", ")}]`,
  );
};

/** `vercel.json` with a cron for each job: there a cron is a path to request. */
export const withCrons = (text: string): string => {
  const crons = Object.entries(schedule).flatMap(([cron, jobs]) => jobs.map((job) => ({ path: `/internal/cron/${job}`, schedule: cron })));
  return `${JSON.stringify({ ...(JSON.parse(text) as object), crons }, null, 2)}\n`;
};

/** Each generated file with what it should hold. */
export const generated = [
  { file: wranglerFile, generate: withTriggers },
  { file: vercelFile, generate: withCrons },
] as const;

if (import.meta.main) {
  answerHelp(
    "Usage: npm run schedule:generate\n\nWrites the crons of src/cron/schedule.ts into wrangler.toml and rollback-vercel/vercel.json.",
  );
  for (const { file, generate } of generated) {
    const before = await readFile(file, "utf8");
    const after = generate(before);
    if (after !== before) await writeFile(file, after);
    process.stdout.write(`${file}: ${after === before ? "unchanged" : "written"}\n`);
  }
}

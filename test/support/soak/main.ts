import { parseArgs } from "node:util";
import { answerHelp } from "../../../local/help.ts";
import { migrate } from "../../../local/migrate.ts";
import { startPostgres } from "../../../local/postgres.ts";
import { judge } from "./judge.ts";
import { judgePending } from "./judge-rows.ts";
import { planSoak } from "./plan.ts";
import { reportOf } from "./report.ts";
import { play } from "./world.ts";

answerHelp(`Usage: npm run soak [-- --hours 24 --domains 300 --seed 1 --interval 20]

A day of two providers in simulated time, with everything going wrong that can. --interval: seconds between rounds, 20 at most.
SOAK_LOG=1 prints what was logged.`);

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    hours: { type: "string", default: "24" },
    domains: { type: "string", default: "300" },
    // The longest that two providers allow (`config.ts`), with a lease of three times as long: a day of it fits a coffee break.
    interval: { type: "string", default: "20" },
  },
});

const postgres = await startPostgres();
try {
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const plan = planSoak({
    seed: Number(values.seed),
    minutes: Number(values.hours) * 60,
    domains: Number(values.domains),
    intervalMs: Number(values.interval) * 1_000,
  });
  const startedAtMs = performance.now();
  const seconds = () => ((performance.now() - startedAtMs) / 1_000).toFixed(0);
  const underway: Awaited<ReturnType<typeof judgePending>>["violations"][number][] = [];
  const played = await play(plan, url, async (hour, sql, nowMs) => {
    underway.push(...(await judgePending(sql, nowMs)).violations);
    process.stderr.write(`hour ${hour} after ${seconds()} s\n`);
  });
  const last = await judge(played);
  const judgement = { ...last, violations: [...underway, ...last.violations] };
  console.log(`${reportOf(played, judgement)}\nreal time: ${seconds()} s`);
  if (process.env["SOAK_LOG"] !== undefined) console.log(played.logged, played.examples);
  await played.close();
  process.exitCode = judgement.violations.length === 0 ? 0 : 1;
} finally {
  await postgres.close();
}

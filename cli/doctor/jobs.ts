import type { Client, Result } from "../../src/client/client.ts";
import { lengthText } from "../text.ts";
import type { Finding } from "./finding.ts";
import { fail, pass } from "./finding.ts";

type Told = { readonly job: string; readonly at: string; readonly fails: boolean };

/** The newest of a kind, as they are told of: `bill fails on vercel`. */
const told = async (client: Client, kind: "job.failing" | "job.recovered"): Promise<readonly Told[]> =>
  (await client.request("GET /v1/operator/notifications", { query: { kind, limit: 100 } })).flatMap(({ title, occurred_at: at }) => {
    const [, job, provider] = /^(.+) (?:fails|works again) on (.+)$/.exec(title) ?? [];
    return job === undefined ? [] : [{ job: `${job} on ${provider ?? "?"}`, at, fails: kind === "job.failing" }];
  });

type Status = Result<"GET /v1/status">;
type Job = Status["jobs"][number];

const byHand = (job: string): string => `by hand: GET /internal/cron/${job} with CRON_SECRET says what fails`;

const agoText = ({ last_succeeded_at: at }: Job, nowMs: number): string =>
  at === null ? "it has never run well" : `it ran well ${lengthText((nowMs - Date.parse(at)) / 1_000)} ago`;

/** A cron of which every job is overdue does not come at all; of another one the job itself is at fault. */
const overdue = (jobs: readonly Job[], failing: readonly string[], nowMs: number): Finding[] => {
  const ofCron = Map.groupBy(jobs, ({ cron }) => cron);
  return jobs
    .filter((job) => job.overdue && !failing.includes(job.name))
    .map((job) => {
      const dead = (ofCron.get(job.cron) ?? []).every((one) => one.overdue && one.last_result !== "failed");
      const mend = dead
        ? `the cron "${job.cron}" comes on neither provider: is it in wrangler.toml and vercel.json as deployed (npm run schedule:generate)? ${byHand(job.name)}`
        : `its cron comes, and it does not end well: its log lines say why; ${byHand(job.name)}`;
      return fail(`job ${job.name}`, `${agoText(job, nowMs)}, and is due every ${lengthText(job.every_seconds)}`, mend);
    });
};

/** Jobs whose latest news is that they fail. */
const failures = async (client: Client): Promise<readonly Told[]> => {
  const all = (await Promise.all([told(client, "job.failing"), told(client, "job.recovered")])).flat();
  const latest = new Map<string, Told>();
  for (const one of all.toSorted((a, b) => a.at.localeCompare(b.at))) latest.set(one.job, one);
  return [...latest.values()].filter(({ fails }) => fails);
};

/**
 * Jobs that fail, and jobs that are overdue.
 * @param alive whether any provider's rounds come: where none do, no job does, and their cron is what to mend
 */
export const jobs = async (client: Client, status: Status, alive: boolean, nowMs: number): Promise<Finding[]> => {
  const failing = (await failures(client)).map(({ job, at }) => ({
    name: job.replace(/ on .*$/, ""),
    finding: fail(`job ${job}`, `it has failed since ${at}`, "its log lines say why; by hand: GET /internal/cron/JOB with CRON_SECRET"),
  }));
  const found = [
    ...failing.map(({ finding }) => finding),
    ...(alive
      ? overdue(
          status.jobs,
          failing.map(({ name }) => name),
          nowMs,
        )
      : []),
  ];
  return found.length === 0 ? [pass("jobs", alive ? "none fails, and none is overdue" : "no job fails")] : found;
};

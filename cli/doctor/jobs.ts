import type { Client } from "../../src/client/client.ts";
import type { Finding } from "./finding.ts";
import { fail, pass } from "./finding.ts";

type Told = { readonly job: string; readonly at: string; readonly fails: boolean };

/** The newest of a kind, as they are told of: `bill fails on vercel`. */
const told = async (client: Client, kind: "job.failing" | "job.recovered"): Promise<readonly Told[]> =>
  (await client.request("GET /v1/operator/notifications", { query: { kind, limit: 100 } })).flatMap(({ title, occurred_at: at }) => {
    const [, job, provider] = /^(.+) (?:fails|works again) on (.+)$/.exec(title) ?? [];
    return job === undefined ? [] : [{ job: `${job} on ${provider ?? "?"}`, at, fails: kind === "job.failing" }];
  });

/** Jobs whose latest news is that they fail. */
export const jobs = async (client: Client): Promise<Finding[]> => {
  const all = (await Promise.all([told(client, "job.failing"), told(client, "job.recovered")])).flat();
  const latest = new Map<string, Told>();
  for (const one of all.toSorted((a, b) => a.at.localeCompare(b.at))) latest.set(one.job, one);
  const failing = [...latest.values()].filter(({ fails }) => fails);
  if (failing.length === 0) return [pass("jobs", "no job fails")];
  return failing.map(({ job, at }) =>
    fail(`job ${job}`, `it has failed since ${at}`, "its log lines say why; by hand: GET /internal/cron/JOB with CRON_SECRET"),
  );
};

import type { Duo } from "../duo.ts";
import { cadence } from "../outside.ts";
import type { Stage } from "../stage.ts";

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

const samplesBefore = 8;

/** Waits until the Worker holds the lease and both look at the primary. @returns since when that is so */
export const bothAtWork = async ({ world, until, tell, weights, storms }: Stage<Duo>): Promise<number> => {
  const { watch } = world;
  await until("both providers look at the primary", 90_000, async () => {
    const rows = await watch.query<{ vantage: string }>(
      `select vantage from probe_samples where path = 'primary' and ok group by vantage having count(*) >= ${samplesBefore}`);
    return rows.length === 2 && watch.acted.at(-1)?.provider === "cloudflare" ? true : null;
  });
  tell("calm", weights() === "100/0" && (await storms()).length === 0, "the Worker holds the lease, the fallback is its witness");
  return Date.now();
};

/** When the database says that the storm was declared. */
export const stormDetectedAtMs = async ({ watch }: Duo): Promise<number> =>
  (await watch.query<{ at: number }>("select (extract(epoch from detected_at) * 1000)::float8 as at from storm_events order by id limit 1"))[0]?.at ?? 0;

/** Waits until a provider acts again after that moment. */
export const actsAgain = async ({ world, until, tell }: Stage<Duo>, provider: string, fromMs: number): Promise<void> => {
  const round = await until(`${provider} acts`, 15_000, () => world.watch.acted.find((one) => one.provider === provider && one.atMs > fromMs) ?? null);
  tell(`${provider} acts`, true, `${seconds(round.atMs - fromMs)} later`);
};

/** Runs a job over HTTP on a provider, as its cron does. @returns whether it went well */
const runJob = async (origin: string, cronSecret: string, job: string): Promise<boolean> => {
  const answer = await fetch(`${origin}/internal/cron/${job}`, { headers: { authorization: `Bearer ${cronSecret}` } });
  return (await answer.text()).trimEnd().endsWith(`"ok":true}`);
};

/** Bills the last few windows on both providers at the same moment. @returns how many invoices there are */
export const billedOnce = async ({ world, api, serviceId, tell }: Stage<Duo>): Promise<number> => {
  const lastMs = Math.floor(Date.now() / cadence.usageWindowMs) * cadence.usageWindowMs;
  const windows = [4, 3, 2, 1].map((back) => ({
    window_start: new Date(lastMs - back * cadence.usageWindowMs).toISOString(),
    window_end: new Date(lastMs - (back - 1) * cadence.usageWindowMs).toISOString(),
    primary_bytes: 2_147_483_648,
    backup_bytes: 1_073_741_824,
  }));
  await api.send("PUT", `/v1/services/${serviceId}/usage`, windows);
  const origins = [world.cloudflare.edge.url, world.apiUrl];
  const runs = await Promise.all(origins.map((origin) => runJob(origin, world.cronSecret, "bill")));
  const rows = await world.watch.query<{ invoices: number; lines: number }>(
    "select (select count(*)::int from invoices) as invoices, (select count(distinct snapshot_id)::int from invoice_line_items) as lines");
  const { invoices = 0, lines = 0 } = rows[0] ?? {};
  tell("billed once, though by both at once", runs.every(Boolean) && invoices === 1 && lines === windows.length, `${invoices} invoice, ${lines} windows`);
  return invoices;
};

/** What happened more often than it should have: storms, switches as DNS and as the history know them, invoices. */
export const doubledActions = async (
  { world, switches }: Stage<Duo>,
  expected: { readonly storms: number; readonly switches: number; readonly invoices: number },
): Promise<number> => {
  const rows = await world.watch.query<{ storms: number; history: number; invoices: number; windows: number }>(
    `select (select count(*)::int from storm_events) as storms,
       (select count(*)::int from routing_changes where result in ('accepted', 'insync', 'unconfirmed')) as history,
       (select count(*)::int from invoices) as invoices,
       (select count(*)::int from (select from usage_snapshots group by service_id, window_start having count(*) > 1) d) as windows`);
  const { storms = -1, history = -1, invoices = -1, windows = -1 } = rows[0] ?? {};
  return [storms - expected.storms, switches().length - expected.switches, history - expected.switches, invoices - expected.invoices, windows]
    .reduce((sum, beyond) => sum + Math.abs(beyond), 0);
};

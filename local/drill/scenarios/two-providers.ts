import { setTimeout as sleep } from "node:timers/promises";
import type { Duo } from "../duo.ts";
import { scale } from "../duo.ts";
import { cadence } from "../outside.ts";
import type { Stage } from "../stage.ts";

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

const samplesBefore = 8;

/**
 * Waits until the Worker holds the lease and both have looked at the primary for a while, and then for any moment of a slot.
 * @returns since when both have looked
 */
export const bothAtWork = async ({ world, until, tell, weights, storms }: Stage<Duo>): Promise<number> => {
  const { watch } = world;
  const since = await until("both providers look at the primary", 90_000, async () => {
    const rows = await watch.query<{ first: number }>(
      `select (extract(epoch from min(probed_at)) * 1000)::float8 as first from probe_samples
       where path = 'primary' and ok group by vantage having count(*) >= ${samplesBefore}`,
    );
    return rows.length === 2 && watch.acted.at(-1)?.provider === "cloudflare" ? rows.map(({ first }) => first) : null;
  });
  await sleep(Math.random() * cadence.intervalMs);
  tell("calm", weights() === "100/0" && (await storms()).length === 0, "the Worker holds the lease, the fallback is its witness");
  return Math.max(...since);
};

/** When the database says that the storm was declared. */
export const stormDetectedAtMs = async ({ watch }: Duo): Promise<number> =>
  (
    await watch.query<{ at: number }>("select (extract(epoch from detected_at) * 1000)::float8 as at from storm_events order by id limit 1")
  )[0]?.at ?? 0;

/** Waits until a provider has acted again after that moment. @returns when */
export const actsAgain = async ({ world, until, tell }: Stage<Duo>, provider: string, fromMs: number): Promise<number> => {
  const round = await until(
    `${provider} acts`,
    15_000,
    () => world.watch.acted.find((one) => one.provider === provider && one.atMs > fromMs) ?? null,
  );
  tell(`${provider} acts`, true, `${seconds(round.atMs - fromMs)} later`);
  return round.atMs;
};

/** Waits for the hand-back to Cloudflare. @returns when it was */
export const handedBack = async ({ world, until, tell }: Stage<Duo>, backAtMs: number, since: string): Promise<number> => {
  // The Worker's next cron is up to a minute away, and then it must look good for a while.
  const handed = await until(
    "hand-back",
    90_000,
    async () => (await world.watch.takeovers()).find(({ kind }) => kind === "hand_back") ?? null,
  );
  tell("handed back", handed.to === "cloudflare", `${seconds(handed.atMs - backAtMs)} after ${since}, with no storm active`);
  return handed.atMs;
};

/** Runs a job over HTTP on a provider, as its cron does. @returns whether it went well */
const runJob = async (origin: string, cronSecret: string, job: string): Promise<boolean> => {
  const answer = await fetch(`${origin}/internal/cron/${job}`, { headers: { authorization: `Bearer ${cronSecret}` } });
  return (await answer.text()).trimEnd().endsWith(`"ok":true}`);
};

const gibibyte = 2 ** 30;
/** What is pushed for each window, and what the four of them cost at 12 cents a GiB, before any discount. */
const pushed = { windows: 4, primaryBytes: 2 * gibibyte, backupBytes: gibibyte, subtotalCents: 144 } as const;

/** Bills the last few windows: on both providers at the same moment, and once more on each of them alone. */
export const billedOnce = async ({ world, api, serviceId, tell, until }: Stage<Duo>): Promise<void> => {
  const { watch, cronSecret } = world;
  const lastMs = Math.floor(Date.now() / cadence.usageWindowMs) * cadence.usageWindowMs;
  const windows = Array.from({ length: pushed.windows }, (_, index) => lastMs - (index + 1) * cadence.usageWindowMs).map((startMs) => ({
    window_start: new Date(startMs).toISOString(),
    window_end: new Date(startMs + cadence.usageWindowMs).toISOString(),
    primary_bytes: pushed.primaryBytes,
    backup_bytes: pushed.backupBytes,
  }));
  await api.send("PUT", `/v1/services/${serviceId}/usage`, windows);
  const origins = { cloudflare: world.cloudflare.edge.url, [world.fallbackName]: world.apiUrl };
  /** Runs that were no `held_elsewhere`. */
  const runsOf = async (provider: string): Promise<number> =>
    (await watch.query<{ runs: number }>(`select successes::int as runs from job_runs where job = 'bill' and provider = '${provider}'`))[0]
      ?.runs ?? 0;
  const bill = async (): Promise<{ readonly invoices: number; readonly lines: number; readonly cents: number }> => {
    const rows = await watch.query<{ invoices: number; lines: number; cents: number }>(
      `select count(*)::int as invoices, coalesce(sum(subtotal_cents), 0)::int as cents,
         (select count(*)::int from invoice_line_items) as lines from invoices`,
    );
    return rows[0] ?? { invoices: 0, lines: 0, cents: 0 };
  };
  const isRight = ({ invoices, lines, cents }: Awaited<ReturnType<typeof bill>>): boolean =>
    invoices === 1 && lines === pushed.windows && cents === pushed.subtotalCents;
  const both = await Promise.all(Object.values(origins).map((origin) => runJob(origin, cronSecret, "bill")));
  const first = await bill();
  tell(
    "billed, by both at once",
    both.every(Boolean) && isRight(first),
    `${first.invoices} invoice, ${first.lines} windows, ${first.cents} cents`,
  );
  for (const [provider, origin] of Object.entries(origins)) {
    const before = await runsOf(provider);
    // The provider that ran last is preferred for a while.
    await until(`${provider} bills`, 4 * scale.leaseTtlMs, async () =>
      (await runJob(origin, cronSecret, "bill")) && (await runsOf(provider)) > before ? true : null,
    );
  }
  const last = await bill();
  tell(
    "billed again, by each alone",
    isRight(last),
    `both runs were done; still ${last.invoices} invoice, ${last.lines} windows, ${last.cents} cents`,
  );
};

/** Requests to change records, as Route 53 had them: that compare-and-set refused one does not mean that nobody tried. */
export const dnsRequests = ({ route53 }: Duo): { readonly accepted: number; readonly refused: number } => {
  const changes = route53.requests.filter(({ method, path }) => method === "POST" && /\/rrset\/?$/.test(path));
  const accepted = changes.filter(({ status }) => status === 200).length;
  return { accepted, refused: changes.length - accepted };
};

type Lives = { readonly provider: string; readonly what: string; readonly fromMs: number; readonly toMs: number };

/** Slots without a sample, for each provider while it was there to look. */
export const measureLost = async ({ world, measure }: Stage<Duo>, lives: readonly Lives[]): Promise<void> => {
  for (const { provider, what, fromMs, toMs } of lives) {
    const lost = await world.watch.slotsWithout(provider, fromMs, toMs);
    const slots = Math.floor((toMs - fromMs) / cadence.intervalMs);
    measure(`lost samples: ${what}`, `${lost} of ${slots}`, "0", lost === 0);
  }
};

/** Up to when all rounds must have been stored by now. */
export const storedByNowMs = (): number => Date.now() - 2 * cadence.intervalMs;

/** What happened more often than it should have: storms, switches as DNS and as the history know them, invoices. */
export const measureDoubled = async (
  { world, measure, switches }: Stage<Duo>,
  expected: { readonly storms: number; readonly switches: number; readonly invoices: number },
): Promise<void> => {
  const rows = await world.watch.query<{ storms: number; history: number; invoices: number; lines: number }>(
    `select (select count(*)::int from storm_events) as storms, (select count(*)::int from routing_changes) as history,
       (select count(*)::int from invoices) as invoices, (select count(*)::int from invoice_line_items) as lines`,
  );
  const { storms = -1, history = -1, invoices = -1, lines = -1 } = rows[0] ?? {};
  const { accepted, refused } = dnsRequests(world);
  const beyond = [
    storms - expected.storms,
    accepted - expected.switches,
    switches().length - expected.switches,
    refused,
    history - expected.switches,
    invoices - expected.invoices,
    lines - expected.invoices * pushed.windows,
  ];
  const doubled = beyond.reduce((sum, one) => sum + Math.abs(one), 0);
  measure(
    "requests to change DNS: accepted / refused",
    `${accepted} / ${refused}`,
    `${expected.switches} / 0`,
    accepted === expected.switches && refused === 0,
  );
  measure(
    "storms, switches on record, invoices",
    `${storms}, ${history}, ${invoices}`,
    `${expected.storms}, ${expected.switches}, ${expected.invoices}`,
    storms === expected.storms && history === expected.switches && invoices === expected.invoices,
  );
  measure("doubled actions", `${doubled}`, "0", doubled === 0);
};

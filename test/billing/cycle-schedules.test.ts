import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BillingCycle } from "../../src/domain/billing/billing-cycle.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { bill } from "./run.ts";
import { seed, takeLease } from "./worlds.ts";

/**
 * Random schedules against a referee that walks through them one window at a time: windows of six hours over the turns of
 * a leap February, that arrive late or are corrected, runs that are late, doubled or missing, cycles that change.
 */
let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterAll(() => database.close());

const hourMs = 3_600_000;
const windowMs = 6 * hourMs;
const firstMs = Date.parse("2028-01-30T00:00:00Z");
const windows = 34 * 4;
const lastMs = firstMs + windows * windowMs;
/** Long after all cycles are over. */
const finalMs = Date.parse("2028-05-20T00:00:00Z");
const gib = 2 ** 30;
const iso = (ms: number): string => new Date(ms).toISOString();

type Arrival = { readonly window: number; readonly delayMs: number; readonly gib: number; readonly estimated: boolean };
type Correction = { readonly window: number; readonly atMs: number; readonly gib: number };
type Schedule = {
  readonly arrivals: readonly Arrival[];
  readonly corrections: readonly Correction[];
  readonly cycles: readonly { readonly fromMs: number; readonly cycle: BillingCycle | null }[];
};
type Plan = {
  readonly graceMs: number;
  readonly cycle: BillingCycle;
  readonly runs: readonly number[];
  readonly schedules: readonly Schedule[];
};

const arrivesMs = ({ window, delayMs }: Arrival): number => firstMs + (window + 1) * windowMs + delayMs;

const lookbackMs = 12 * hourMs;
const periodMs = 24 * hourMs;
const customers = 40;

const moment = fc.integer({ min: 0, max: (lastMs - firstMs) / hourMs }).map((hours) => firstMs + hours * hourMs);
/** Mostly nothing, so that there are cycles of nothing too. */
const size = fc.constantFrom(0, 0, 0, 1, 2, 5);

const arrivalsArb = fc.uniqueArray(
  fc.record({
    window: fc.oneof(fc.nat(windows - 1), fc.integer({ min: 4, max: 11 }), fc.integer({ min: windows - 20, max: windows - 10 })),
    delayMs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 40 * 24 }).map((hours) => hours * hourMs),
    ),
    gib: size,
    estimated: fc.boolean(),
  }),
  { minLength: 4, maxLength: 16, selector: ({ window }) => window },
);

const correctionsOf = (arrivals: readonly Arrival[]): fc.Arbitrary<Correction[]> =>
  fc
    .array(fc.record({ of: fc.constantFrom(...arrivals), hours: fc.integer({ min: 1, max: 20 * 24 }), gib: size }), { maxLength: 8 })
    .map((all) =>
      all
        .map(({ of, hours, gib: corrected }) => ({ window: of.window, atMs: arrivesMs(of) + hours * hourMs, gib: corrected }))
        .toSorted((x, y) => x.atMs - y.atMs),
    );

const cyclesArb = fc.uniqueArray(fc.record({ fromMs: moment, cycle: fc.constantFrom<BillingCycle | null>("run", "day", "month", null) }), {
  maxLength: 4,
  selector: ({ fromMs }) => fromMs,
});

const scheduleArb: fc.Arbitrary<Schedule> = arrivalsArb.chain((arrivals) =>
  fc.record({ arrivals: fc.constant(arrivals), corrections: correctionsOf(arrivals), cycles: cyclesArb }),
);

const planArb: fc.Arbitrary<Plan> = fc.record({
  graceMs: fc.constantFrom(0, 6 * hourMs, 30 * hourMs),
  cycle: fc.constantFrom<BillingCycle>("run", "day", "month"),
  // Some close together, some days apart, some twice; minutes after the hour, as cron does it.
  runs: fc
    .array(fc.tuple(moment, fc.constantFrom(0, 7 * 60_000), fc.boolean()), { minLength: 6, maxLength: 12 })
    .map((runs) => runs.flatMap(([ms, late, twice]) => (twice ? [ms + late, ms + late] : [ms + late])).toSorted((a, b) => a - b)),
  schedules: fc.array(scheduleArb, { minLength: customers, maxLength: customers }),
});

/** `issuedAt kind window gib arrears estimated`, of every line of a customer. */
type Line = string;
const line = (issuedAtMs: number, kind: string, window: number, size_: number, arrears: boolean, estimated: boolean): Line =>
  `${iso(issuedAtMs)} ${kind} ${window} ${size_}${arrears ? " arrears" : ""}${estimated ? " estimated" : ""}`;

const startOf = (cycle: "day" | "month", ms: number): number =>
  Date.parse(cycle === "day" ? `${iso(ms).slice(0, 10)}T00:00:00Z` : `${iso(ms).slice(0, 7)}-01T00:00:00Z`);

/** One gibibyte costs one cent. */
const judge = (schedule: Schedule, plan: Plan): Line[] => {
  const lines: Line[] = [];
  const billedGib = new Map<number, number>();
  let closed: number | null = null;
  for (const nowMs of [...plan.runs, finalMs]) {
    const terms = schedule.cycles.filter(({ fromMs }) => fromMs <= nowMs).toSorted((a, b) => b.fromMs - a.fromMs)[0];
    const cycle: BillingCycle = terms?.cycle ?? plan.cycle;
    let until = nowMs - plan.graceMs;
    let arrearsUntil = nowMs - periodMs;
    if (cycle !== "run") {
      until = startOf(cycle, until);
      if (closed !== null && until <= closed) continue;
      arrearsUntil = Math.max(startOf(cycle, until - 1), closed ?? 0);
      closed = until;
    }
    const found: { cents: number; text: Line; window: number; gib: number }[] = [];
    for (const arrival of schedule.arrivals) {
      if (arrivesMs(arrival) > nowMs) continue;
      const { window } = arrival;
      const endMs = firstMs + (window + 1) * windowMs;
      const known = schedule.corrections
        .filter((one) => one.window === window && one.atMs >= arrivesMs(arrival) && one.atMs <= nowMs)
        .reduce((_latest, { gib: corrected }) => corrected, arrival.gib);
      const before = billedGib.get(window);
      if (before === undefined) {
        if (endMs > until || (arrival.estimated && endMs > nowMs - lookbackMs)) continue;
        found.push({
          window,
          gib: known,
          cents: known,
          text: line(nowMs, "usage", window, known, endMs <= arrearsUntil, arrival.estimated),
        });
      } else if (known !== before) {
        found.push({
          window,
          gib: known,
          cents: known - before,
          text: line(nowMs, "adjustment", window, known - before, false, arrival.estimated),
        });
      }
    }
    if (found.every(({ cents }) => cents === 0)) continue;
    for (const { window, gib: size_, text } of found) {
      billedGib.set(window, size_);
      lines.push(text);
    }
  }
  return lines.toSorted();
};

/** Puts into the database what happened after one moment and by another. */
const happen = async (ids: readonly number[], schedules: readonly Schedule[], afterMs: number, untilMs: number): Promise<void> => {
  const within = (ms: number) => ms > afterMs && ms <= untilMs;
  const rows = schedules.flatMap((schedule, index) =>
    schedule.arrivals
      .filter((arrival) => within(arrivesMs(arrival)))
      .map((arrival) => ({
        customer: ids[index],
        start: iso(firstMs + arrival.window * windowMs),
        bytes: arrival.gib * gib,
        incomplete: arrival.estimated,
      })),
  );
  await database.sql(
    `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, primary_incomplete)
     select s.id, x.start, x.start + interval '6 hours', x.bytes, x.incomplete
     from jsonb_to_recordset($1::jsonb) as x(customer bigint, start timestamptz, bytes bigint, incomplete boolean)
     join services s on s.customer_id = x.customer`,
    [JSON.stringify(rows)],
  );
  // In the order in which they were made: of several of one window the last one holds.
  const corrections = schedules.flatMap((schedule, index) =>
    schedule.corrections
      .filter(({ atMs }) => within(atMs))
      .map((correction, place) => ({
        customer: ids[index],
        start: iso(firstMs + correction.window * windowMs),
        bytes: correction.gib * gib,
        place,
      })),
  );
  await database.sql(
    `with x as (
       select distinct on (u.id) u.id, u.service_id, u.window_start, u.window_end, u.invoice_id, u.primary_incomplete, x.bytes
       from jsonb_to_recordset($1::jsonb) as x(customer bigint, start timestamptz, bytes bigint, place int)
       join services s on s.customer_id = x.customer
       join usage_snapshots u on u.service_id = s.id and u.window_start = x.start
       order by u.id, x.place desc
     ), replaced as (
       update usage_snapshots u set primary_bytes = x.bytes from x where u.id = x.id and x.invoice_id is null
     ), corrected as (
       insert into usage_corrections (snapshot_id, primary_bytes, backup_bytes, primary_incomplete)
       select id, bytes, 0, primary_incomplete from x where invoice_id is not null
       on conflict (snapshot_id) do update set primary_bytes = excluded.primary_bytes
     )
     insert into adjustment_causes (service_id, cause, from_at, to_at) select service_id, 'usage', window_start, window_end from x where invoice_id is not null`,
    [JSON.stringify(corrections)],
  );
};

const issuedLines = async (ids: readonly number[]): Promise<Map<number, Line[]>> => {
  const rows = await database.sql<{
    customer: string;
    issued_at: Date;
    kind: string;
    window_start: Date;
    bytes: string;
    arrears: boolean;
    estimated: boolean;
  }>(
    `select i.customer_id as customer, i.issued_at, l.kind, l.window_start, l.primary_bytes as bytes, l.arrears, l.estimated
     from invoice_line_items l join invoices i on i.id = l.invoice_id where i.customer_id = any($1::bigint[])`,
    [ids],
  );
  const grouped = Map.groupBy(rows, ({ customer }) => Number(customer));
  return new Map(
    ids.map((id) => [
      id,
      (grouped.get(id) ?? [])
        .map((row) =>
          line(
            row.issued_at.getTime(),
            row.kind,
            (row.window_start.getTime() - firstMs) / windowMs,
            Number(row.bytes) / gib,
            row.arrears,
            row.estimated,
          ),
        )
        .toSorted(),
    ]),
  );
};

const plans = Number(process.env["CYCLE_PLANS"] ?? 4);

describe("random schedules", () => {
  it(`${plans * customers} of them are billed on the close on which the referee wants each window, and never again`, async () => {
    const count = { lines: 0, adjustments: 0, arrears: 0, estimated: 0 };
    await fc.assert(
      fc.asyncProperty(planArb, async (plan) => {
        const world = {
          snapshots: [],
          storms: [{ service: 1, state: "ended" as const, startedAt: iso(0), recoveringSince: null, endedAt: iso(1), factor: "1" }],
        };
        const ids = await seed(
          database,
          plan.schedules.map(() => world),
        );
        const terms = plan.schedules.flatMap((schedule, index) =>
          schedule.cycles.map(({ fromMs, cycle }) => ({ customer: ids[index], from: iso(fromMs), cycle })),
        );
        await database.sql(
          `insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency, cycle)
           select x.customer, x.from, 1, 0, 'USD', x.cycle from jsonb_to_recordset($1::jsonb) as x(customer bigint, "from" timestamptz, cycle text)`,
          [JSON.stringify(terms)],
        );
        let afterMs = 0;
        for (const nowMs of [...plan.runs, finalMs]) {
          await happen(ids, plan.schedules, afterMs, nowMs);
          afterMs = nowMs;
          const report = await bill(database.db, nowMs, {
            cycle: plan.cycle,
            graceMs: plan.graceMs,
            periodMs,
            lookbackMs,
            terms: { rateCentsPerGb: "1", discountRate: "0" },
          });
          expect(report.failures).toBe(0);
        }
        const issued = await issuedLines(ids);
        plan.schedules.forEach((schedule, index) => {
          const lines = issued.get(ids[index] ?? 0) ?? [];
          expect(lines, JSON.stringify({ ...plan, schedules: [schedule], runs: plan.runs.map(iso) })).toEqual(judge(schedule, plan));
          count.lines += lines.length;
          for (const kind of ["adjustment", "arrears", "estimated"] as const)
            count[kind === "adjustment" ? "adjustments" : kind] += lines.filter((text) => text.includes(kind)).length;
        });
      }),
      { numRuns: plans, endOnFailure: true },
    );
    expect(count.lines).toBeGreaterThan(plans * customers * 3);
    for (const kind of ["adjustments", "arrears", "estimated"] as const) expect(count[kind], kind).toBeGreaterThan(plans * 5);
  });
});

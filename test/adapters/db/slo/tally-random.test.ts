import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tallies, talliesOf } from "../../../../src/adapters/db/slo/tally.ts";
import type { TallyRow } from "../../../../src/adapters/db/slo/tally.ts";
import { microsecondText } from "../../../../src/domain/slo/avoided.ts";
import type { SpanUs } from "../../../../src/domain/slo/objective.ts";
import type { StateSpan, Tallies } from "../../../../src/domain/slo/tally.ts";
import { recorded, talliesOf as referee } from "../../../../src/domain/slo/tally.ts";
import { chance } from "../../../domain/slo/chance.ts";
import type { Chance } from "../../../domain/slo/chance.ts";
import { cdns, randomLife, spansOfLife } from "../../../domain/slo/life.ts";
import { terms } from "../../../domain/slo/terms.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";

const services = 400;
const perService = 2;
const shards = 3;
/** In a week that began an hour and a half before, as did a month; of no round number. */
const atUs = Date.UTC(2026, 5, 1, 1, 33, 7) * 1_000 + 123_457;
/** Shard 1 was judged last so long before; shard 2 by nobody who says so, as the others then. */
const silentUs = 300_000_000;

let world: TestDatabase;
beforeAll(async () => {
  world = await freshDatabase();
});
afterAll(() => world.close());

const randomTerms = (random: Chance) =>
  terms({
    window: random.one([
      { days: 1 },
      { days: 2 },
      { days: 6 },
      { days: 7 },
      { days: 30 },
      { days: 400 },
      { calendar: "week" },
      { calendar: "month" },
    ] as const),
    dependencyExclusion: random.one(["strict", "self-only", "self-only"] as const),
    excludedUpstreams: random.one([[], ["fastly"], ["cloudflare"], [...cdns]]),
  });

/** Edges are in whole seconds: each is moved by microseconds of its own, wherever it occurs. */
const finely = (seed: number) => (us: number) => us + (((us / 1e6) * 7_919 + seed * 104_729) % 1_000_000);

const randomHistory = (seed: number, random: Chance) => {
  const fine = finely(seed);
  const until = Math.floor(atUs / 1e6) - random.one([0, 0, 1, 200, 5_000]);
  const length = random.is(5) ? random.between(400_000, 900_000) : random.between(60, random.one([7_200, 100_000]));
  const life = randomLife(random, until - length, length);
  const spans: readonly StateSpan[] = recorded(spansOfLife(life)).map((span) => ({
    ...span,
    fromUs: fine(span.fromUs),
    toUs: span.toUs === null ? null : fine(span.toUs),
    outageAtUs: span.outageAtUs === null ? null : fine(span.outageAtUs),
    reconstructed: random.is(10),
  }));
  const corrections: SpanUs[] = Array.from({ length: random.one([0, 0, 1, 2, 5]) }, () => {
    const fromUs = (life.from + random.between(-3_600, length)) * 1e6 + random.below(1e6);
    return { fromUs, toUs: fromUs + random.one([1, random.below(6e7) + 1, random.below(2e10) + 1]) };
  });
  return { spans, corrections };
};

it(`adds up ${services} random histories to the microsecond, in one statement: now, and at moments that are past`, async () => {
  const made = Array.from({ length: services }, (_, nth) => {
    const random = chance(nth + 1);
    return { id: nth + 1, ...randomHistory(nth + 1, random), objectives: Array.from({ length: perService }, () => randomTerms(random)) };
  });
  const insert = async (statement: string, rows: readonly object[]) => await world.sql(statement, [JSON.stringify(rows)]);
  await world.sql("insert into customers (name) values ('acme')");
  await world.sql("update settings set shards = $1", [shards]);
  await world.sql(
    `insert into leases (name, holder, provider, acquired_at, expires_at, judged_at) select 'shard:' || x.nth, 'h', 'local', now(), now(), x.at
    from (values (0, $1::timestamptz), (1, $2::timestamptz), (2, null)) x(nth, at)`,
    [microsecondText(atUs), microsecondText(atUs - silentUs)],
  );
  await insert(
    `insert into services (id, customer_id, name, primary_cdn, backup_cdn) overriding system value
    select x.id, 1, 's' || x.id, 'fastly', 'cloudflare' from jsonb_to_recordset($1::jsonb) as x(id bigint)`,
    made,
  );
  const text = (us: number | null) => (us === null ? null : microsecondText(us));
  await insert(
    `insert into service_states (service_id, started_at, ended_at, state, serving, attribution, upstream_cdn, avoided, outage_at, reconstructed)
    select x.id, x.started, x.ended, x.state, 'primary', case when x.state = 'down' then case when x.cdn is null then 'self' else 'upstream' end end, x.cdn,
      x.avoided, x.outage, x.reconstructed
    from jsonb_to_recordset($1::jsonb) as x(id bigint, started timestamptz, ended timestamptz, state text, cdn text, avoided boolean, outage timestamptz, reconstructed boolean)`,
    made.flatMap(({ id, spans }) =>
      spans.map((one) => ({
        id,
        started: text(one.fromUs),
        ended: text(one.toUs),
        state: one.state,
        cdn: one.upstreamCdn,
        avoided: one.avoided,
        outage: text(one.outageAtUs),
        reconstructed: one.reconstructed,
      })),
    ),
  );
  await insert(
    `insert into slo_corrections (service_id, from_at, to_at, reason, actor)
    select x.id, x.begins, x.ends, 'r', 'a' from jsonb_to_recordset($1::jsonb) as x(id bigint, begins timestamptz, ends timestamptz)`,
    made.flatMap(({ id, corrections }) => corrections.map(({ fromUs, toUs }) => ({ id, begins: text(fromUs), ends: text(toUs) }))),
  );
  const objectives = made.flatMap(({ id, objectives: all }) =>
    all.map((one, nth) => ({
      id: id * perService + nth,
      service_id: id,
      window_days: "days" in one.window ? one.window.days : null,
      calendar: "calendar" in one.window ? one.window.calendar : null,
      dependency_exclusion: one.dependencyExclusion,
      excluded_upstreams: one.excludedUpstreams,
    })),
  );

  const met = { down: 0, forgiven: 0, avoided: 0, corrected: 0, open: 0, unknown: 0, reconstructed: 0 };
  for (const moment of [atUs, atUs - 1_234_567_891, atUs - 50_000_000_003, atUs + 119_999_999]) {
    const rows = await world.db.rows<TallyRow>(
      tallies(
        sql`select * from jsonb_to_recordset(${JSON.stringify(objectives)}::jsonb) as o(id bigint, service_id bigint, window_days int, calendar text,
          dependency_exclusion text, excluded_upstreams text[])`,
        sql`${microsecondText(moment)}::timestamptz`,
        sql`true`,
      ),
    );
    expect(rows.length).toBe(services * perService);
    const found = new Map(rows.map((row) => [row.objectiveId, talliesOf(row)]));
    for (const { id, spans, corrections, objectives: all } of made) {
      // What begins later than the moment is not asked for, and cuts nothing from it.
      const known = corrections.filter(({ fromUs }) => fromUs < moment);
      const judgedUs = id % shards === 1 ? atUs - silentUs : atUs;
      for (const [nth, one] of all.entries()) {
        const expected: Tallies = referee({ spans, corrections: known, judgedUs }, one, moment);
        const key = id * perService + nth;
        expect([moment - atUs, key, found.get(key)]).toEqual([moment - atUs, key, expected]);
        const { elapsedUs, measuredUs, downUs, consumedUs } = expected.window;
        met.down += Number(downUs > 0);
        met.forgiven += Number(consumedUs < downUs);
        met.unknown += Number(measuredUs < elapsedUs);
        met.avoided += Number(expected.avoidedUs > 0);
        met.corrected += Number(known.length > 0 && elapsedUs > 0);
        met.open += Number(expected.openSinceUs !== null);
        met.reconstructed += Number(expected.reconstructed);
      }
    }
  }
  // Nothing of it is rare.
  for (const [what, times] of Object.entries(met)) expect([what, times > services / 4]).toEqual([what, true]);
});

it("knows each microsecond of the years to come", async () => {
  const { from, to } = { from: Date.UTC(2020, 0, 1) / 1_000, to: Date.UTC(2100, 0, 1) / 1_000 };
  const [row] = await world.sql<{ wrong: string }>(
    `select count(*) as wrong from (
      select to_timestamp(0) + (($1::bigint + mod(i * 48271, $2::bigint)) * 1000000 + mod(i * 16807, 1000000)) * interval '1 microsecond' as t
      from generate_series(1::bigint, 300000) i) x
    where round(date_part('epoch', t) * 1000000)::bigint <> (extract(epoch from t) * 1000000)::bigint`,
    [from, to - from],
  );
  expect(row?.wrong).toBe("0");
});

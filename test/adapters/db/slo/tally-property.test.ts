import { afterAll, beforeAll, expect, test } from "vitest";
import { createObjectiveMeasures } from "../../../../src/adapters/db/slo/measures.ts";
import type { ObjectiveTerms } from "../../../../src/domain/slo/objective.ts";
import type { Tallies } from "../../../../src/domain/slo/tally.ts";
import { chance } from "../../../domain/slo/chance.ts";
import type { Chance } from "../../../domain/slo/chance.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";
import { ordinaryTerms } from "../../../support/slo-seed.ts";

/**
 * The statement that adds up what is recorded, against a referee that knows neither windows nor sums: it cuts time at every instant
 * at which anything changes, and asks of each piece by itself what it was.
 */

let world: TestDatabase;
beforeAll(async () => {
  world = await freshDatabase();
  await world.sql(`insert into customers (name) values ('acme')`);
  await world.sql(
    `insert into leases (name, provider, holder, acquired_at, expires_at) values ('shard:0', 'local', 'local:1', now(), now())`,
  );
});
afterAll(() => world.close());

const [second, hour, day] = [1_000_000, 3_600_000_000, 86_400_000_000];
const silence = 120 * second;
const us = (text: string): number => Date.parse(text) * 1_000;

/** Ends of weeks, months and years, the leap day, week 53, and what lies just beside them. */
const edges = [
  "2026-11-27T12:00:00Z",
  "2026-11-30T00:00:00Z",
  "2026-12-01T00:00:00Z",
  "2027-01-01T00:00:00Z",
  "2027-01-04T00:00:00Z",
  "2028-02-29T00:00:00Z",
  "2028-02-29T13:37:11Z",
  "2028-03-01T00:00:00Z",
  "2027-03-28T01:30:00Z",
].map(us);

type Span = {
  readonly from: number;
  /** Null: it is the present one. */
  readonly to: number | null;
  readonly state: "up" | "down" | "unknown";
  readonly cdn: string | null;
  readonly avoided: boolean;
  readonly outage: number | null;
  readonly reconstructed: boolean;
};
type Correction = { readonly from: number; readonly to: number; readonly madeAt: number; readonly deletedAt: number | null };
type Life = {
  readonly at: number;
  readonly spans: readonly Span[];
  readonly corrections: readonly Correction[];
  readonly judged: number | null;
};

const cdns = ["fastly", "cloudflare", "quote'\"\\{cdn}", "__proto__"];

const lengths = (random: Chance): number =>
  random.one([
    () => 0,
    () => 1,
    () => random.between(1, 50 * second),
    () => random.between(1, 3 * hour),
    () => random.between(1, 40) * day + random.below(1_000_000),
  ])();

const randomSpans = (random: Chance, at: number): Span[] => {
  const count = random.one([0, 1, 1, 2, 5, 20, 60]);
  const spans: Span[] = [];
  // From the youngest to the oldest: the present one began before, or (by another clock) a moment after.
  let to: number | null = random.is(85) ? null : at - random.one([0, 1, second, 2 * hour]);
  let from = (to ?? at) - random.one([0, 1, -1, -3 * second, 5 * second, 150 * second, hour, 20 * day, 500 * day]);
  for (let nth = 0; nth < count; nth += 1) {
    if (to !== null) from = Math.min(from, to);
    const state = random.one(["up", "up", "down", "down", "unknown"] as const);
    const cdn = state === "down" && random.is(60) ? random.one(cdns) : null;
    const isOutage = state === "down" || (state === "unknown" && random.is(40));
    spans.unshift({
      from,
      to,
      state,
      cdn,
      avoided: state === "up" && random.is(30),
      outage: isOutage ? from - random.one([0, 77]) : null,
      reconstructed: random.is(20),
    });
    to = from;
    from -= lengths(random);
  }
  return spans;
};

const randomLife = (random: Chance): Life => {
  const at = random.one(edges) + random.one([0, 0, -1, 1, 3 * hour + 17, -second]);
  const corrections = Array.from({ length: random.one([0, 0, 1, 2, 6]) }, (): Correction => {
    const from = at - random.one([second, hour, 3 * day, 30 * day, 399 * day]) + random.between(-second, second);
    const to = from + random.one([1, 30 * second, hour, 2 * day, 89 * day, 500 * day]);
    const madeAt = at - random.one([-second, 0, 1, day]);
    return { from, to, madeAt, deletedAt: random.is(30) ? madeAt + random.one([1, day, 2 * day]) : null };
  });
  const judged = random.is(30)
    ? null
    : at - random.one([0, -second, silence, silence + 1, silence - 1, 10 * second, hour, 3 * day, 600 * day]);
  return { at, spans: randomSpans(random, at), corrections, judged };
};

const randomTerms = (random: Chance): ObjectiveTerms => ({
  ...ordinaryTerms,
  window: random.is(30) ? { calendar: random.one(["week", "month"] as const) } : { days: random.one([1, 2, 6, 7, 28, 30, 399, 400]) },
  dependencyExclusion: random.one(["strict", "self-only"] as const),
  excludedUpstreams: random.one([[], [cdns[0] ?? ""], cdns]),
});

/** The first instant of the calendar window that holds a moment, found by walking back day by day. */
const calendarStart = (calendar: "week" | "month", at: number): number => {
  let start = Math.floor(at / day) * day;
  for (;;) {
    const date = new Date(start / 1_000);
    if (calendar === "week" ? date.getUTCDay() === 1 : date.getUTCDate() === 1) return start;
    start -= day;
  }
};

const expected = ({ at, spans, corrections, judged }: Life, terms: ObjectiveTerms): Tallies => {
  const counted = corrections.filter(({ madeAt, deletedAt }) => madeAt < at && (deletedAt === null || deletedAt >= at));
  const isSilent = judged !== null && at - judged > silence;
  const tracked = spans.some(({ from }) => from <= at) ? Math.min(...spans.map(({ from }) => from)) : Infinity;
  const cuts = (from: number): number[] => {
    const all = [
      from,
      at,
      judged ?? at,
      tracked,
      ...spans.flatMap((one) => [one.from, one.to ?? at]),
      ...counted.flatMap((one) => [one.from, one.to]),
    ];
    return [...new Set(all.filter((one) => one >= from && one <= at))].toSorted((a, b) => a - b);
  };
  const stateAt = (time: number): Span | null =>
    spans.find((one) => one.from <= time && time < (one.to !== null && one.to <= at ? one.to : isSilent ? judged : at)) ?? null;
  const add = (from: number) => {
    const sum = {
      elapsedUs: 0,
      measuredUs: 0,
      downUs: 0,
      consumedUs: 0,
      avoidedUs: 0,
      reconstructed: false,
      by: new Map<string, number>(),
    };
    const points = cuts(from);
    for (const [nth, start] of points.entries()) {
      const length = (points[nth + 1] ?? start) - start;
      if (length === 0 || start < tracked || counted.some((one) => one.from <= start && start < one.to)) continue;
      sum.elapsedUs += length;
      const one = stateAt(start);
      if (one?.reconstructed === true) sum.reconstructed = true;
      if (one === null || one.state === "unknown") continue;
      sum.measuredUs += length;
      if (one.avoided) sum.avoidedUs += length;
      if (one.state === "up") continue;
      sum.downUs += length;
      sum.by.set(one.cdn ?? "", (sum.by.get(one.cdn ?? "") ?? 0) + length);
      if (terms.dependencyExclusion === "strict" || one.cdn === null || terms.excludedUpstreams.includes(one.cdn)) sum.consumedUs += length;
    }
    return sum;
  };
  const { window } = terms;
  const { by, avoidedUs, reconstructed, ...sums } = add("days" in window ? at - window.days * day : calendarStart(window.calendar, at));
  const scale = "days" in window && window.days < 7 ? window.days : 30;
  const burn = (minutes: number) => {
    const since = at - (minutes * 60 * second * scale) / 30;
    const { measuredUs, consumedUs } = add(since);
    return { measuredUs: measuredUs + (tracked === Infinity ? 0 : Math.max(0, tracked - since)), consumedUs };
  };
  const open = spans.find((one) => one.from <= at && at < (one.to ?? Infinity));
  return {
    window: sums,
    byUpstream: Object.fromEntries(by),
    burn: { "5m": burn(5), "30m": burn(30), "1h": burn(60), "6h": burn(360), "3d": burn(4_320) },
    openSinceUs: open?.outage ?? null,
    avoidedUs,
    reconstructed,
  };
};

const stored = async ({ at, spans, corrections, judged }: Life, terms: readonly ObjectiveTerms[], name: string): Promise<number> => {
  const objectives = terms.map((one) => ({
    target: one.target,
    days: "days" in one.window ? one.window.days : null,
    calendar: "days" in one.window ? null : one.window.calendar,
    exclusion: one.dependencyExclusion,
    excluded: one.excludedUpstreams,
  }));
  const time = (column: string): string => `to_timestamp(0) + ${column} * interval '1 microsecond'`;
  const [row] = await world.sql<{ id: string }>(
    `with s as (insert into services (customer_id, name, primary_cdn, backup_cdn) values (1, $1, 'fastly', 'cloudflare') returning id),
     states as (
       insert into service_states (service_id, started_at, ended_at, state, serving, attribution, upstream_cdn, avoided, outage_at, reconstructed)
       select s.id, ${time('x."from"')}, ${time('x."to"')}, x.state, 'primary',
         case when x.state = 'down' then case when x.cdn is null then 'self' else 'upstream' end end, x.cdn, x.avoided, ${time("x.outage")}, x.reconstructed
       from s, jsonb_to_recordset($2::jsonb) as x("from" bigint, "to" bigint, state text, cdn text, avoided boolean, outage bigint, reconstructed boolean)),
     corrections as (
       insert into slo_corrections (service_id, from_at, to_at, reason, actor, created_at, deleted_at)
       select s.id, ${time('x."from"')}, ${time('x."to"')}, 'maintenance', 'test', ${time('x."madeAt"')}, ${time('x."deletedAt"')}
       from s, jsonb_to_recordset($3::jsonb) as x("from" bigint, "to" bigint, "madeAt" bigint, "deletedAt" bigint)),
     lease as (update leases set judged_at = ${time("$4::bigint")} where name = 'shard:0'),
     o as (insert into slo_objectives (service_id, name, created_at) select s.id, 'o' || n, ${time("$6::bigint")} from s, generate_series(1, jsonb_array_length($5::jsonb)) n returning id, name),
     v as (insert into slo_objective_versions (objective_id, version, target, window_days, calendar, dependency_exclusion, excluded_upstreams,
         burn_warning_percent, burn_critical_percent, fast_burn_multiplier, created_at)
       select o.id, 1, (x ->> 'target')::numeric, (x ->> 'days')::int, x ->> 'calendar', x ->> 'exclusion', array(select jsonb_array_elements_text(x -> 'excluded')),
         50, 80, 5, ${time("$6::bigint")}
       from jsonb_array_elements($5::jsonb) with ordinality e(x, n) join o on o.name = 'o' || n)
     select id from s`,
    [name, JSON.stringify(spans), JSON.stringify(corrections), judged, JSON.stringify(objectives), at - 500 * day],
  );
  return Number(row?.id);
};

const sorted = (one: Tallies): unknown => ({ ...one, byUpstream: Object.entries(one.byUpstream).toSorted(([a], [b]) => (a < b ? -1 : 1)) });

test("300 lives of a service are added up as they were, to the microsecond", { timeout: 40_000 }, async () => {
  const measures = createObjectiveMeasures(world.db);
  const seen = { down: 0, avoided: 0, corrected: 0, silent: 0 };
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = chance(seed);
    const life = randomLife(random);
    const terms = Array.from({ length: 5 }, () => randomTerms(random));
    const serviceId = await stored(life, terms, `s${seed}`);
    const { atUs, measured } = await measures.measure(
      { customerId: 1, serviceIds: [serviceId], page: { limit: 10, afterId: null } },
      life.at,
    );
    expect(atUs).toBe(life.at);
    const found = measured.toSorted((a, b) => (a.objective.name < b.objective.name ? -1 : 1)).map(({ tallies }) => sorted(tallies));
    const wanted = terms.map((one) => expected(life, one));
    expect({ seed, life, terms, found }).toEqual({ seed, life, terms, found: wanted.map(sorted) });
    for (const { window, avoidedUs } of wanted) {
      if (window.downUs > 0) seen.down += 1;
      if (avoidedUs > 0) seen.avoided += 1;
    }
    if (life.corrections.length > 0) seen.corrected += 1;
    if (life.judged !== null && life.at - life.judged > silence) seen.silent += 1;
  }
  // The lives are worth a test.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
});

test("so are those of many services in one statement", { timeout: 20_000 }, async () => {
  const random = chance(7);
  const at = us("2028-03-01T00:00:00Z");
  await world.sql("delete from service_states");
  const judged = at - 10 * second;
  const lives = Array.from({ length: 40 }, () => ({ ...randomLife(random), at, judged, spans: randomSpans(random, at) }));
  const terms = lives.map(() => [randomTerms(random), randomTerms(random)]);
  const ids: number[] = [];
  for (const [nth, life] of lives.entries()) ids.push(await stored(life, terms[nth] ?? [], `many${nth}`));
  const { measured } = await createObjectiveMeasures(world.db).measure(
    { customerId: 1, serviceIds: ids, page: { limit: 100, afterId: null } },
    at,
  );
  expect(measured).toHaveLength(80);
  for (const { objective, tallies } of measured) {
    const nth = ids.indexOf(objective.serviceId);
    const [life, own] = [lives[nth], terms[nth]?.[Number(objective.name.slice(1)) - 1]];
    if (life === undefined || own === undefined) throw new Error("not one of them");
    expect(sorted(tallies)).toEqual(sorted(expected(life, own)));
  }
});

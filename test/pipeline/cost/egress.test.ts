import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createScoringStore } from "../../../src/adapters/db/cost/scoring.ts";
import { scoreCosts } from "../../../src/cron/cost/score.ts";
import type { CostWorld } from "../../support/cost-world.ts";
import { costWorld, hourMs } from "../../support/cost-world.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";

const thisHourMs = Date.parse("2026-11-26T12:00:00Z");
const nowMs = thisHourMs + 20 * 60_000;
const gb = 1e9;

let database: TestDatabase;
let world: CostWorld;
let customerId: number;
let serviceId: number;
beforeEach(async () => {
  database = await freshDatabase();
  world = costWorld(database);
  customerId = await world.customer("acme");
  serviceId = await world.service(customerId, "downloads");
});
afterEach(() => database.close());

const score = async (atMs = nowMs) =>
  await scoreCosts({
    scoring: createScoringStore(database.db),
    clock: { nowMs: () => atMs, sleep: () => Promise.resolve() },
    log: createMemoryLog().log,
  });

const bothRates = async (): Promise<void> => {
  await world.rate(customerId, "cloudflare", 8);
  await world.rate(customerId, "fastly", 12);
};

/** Twenty days of a daily course on the primary, and a little on the backup, up to an hour before `untilMs`. */
const calm = async (untilMs = thisHourMs, backupGb: number | null = 1): Promise<void> => {
  const hours = Array.from({ length: 20 * 24 }, (_, index) => {
    const atMs = untilMs - (20 * 24 - index) * hourMs;
    const hour = new Date(atMs).getUTCHours();
    const wobble = (index * 7) % 5;
    const gigabytes = (hour >= 8 && hour < 20 ? 60 : 20) + wobble;
    return [atMs, gigabytes * gb, backupGb === null ? null : (backupGb + wobble / 10) * gb] as const;
  });
  await world.usage(serviceId, hours);
};

const storm = async (fromMs: number, toMs: number | null): Promise<void> => {
  const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const state = toMs === null ? "storm" : "ended";
  await world.sql(
    `with policy as (
       insert into storm_policies (service_id, kind) values ($1, 'http_availability') returning id, version
     ) insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
     select $1, id, version, 'http_availability', $2, $3, $3, $4, case when $2 = 'ended' then 'recovered' end, 1.5 from policy`,
    [serviceId, state, time(fromMs), time(toMs)],
  );
};

const labels = async () =>
  (
    await world.sql<{ cdn: string | null; hour: Date; label: string }>(
      "select q.cdn, h.hour, h.label from cost_hours h join cost_series q on q.id = h.series_id where h.label is not null order by h.hour, q.cdn",
    )
  ).map(({ cdn, hour, label }) => [cdn, hour.getTime(), label]);

describe("egress", () => {
  it("has a series for each CDN and one for their sum, in cents where the rates are known", async () => {
    await bothRates();
    await calm();
    await score();
    const { series, anomalies } = await world.state();
    expect(series.map(({ cdn, unit, event_count: hours }) => [cdn, unit, Number(hours)])).toEqual(
      expect.arrayContaining([
        ["cloudflare", "cents", 480],
        ["fastly", "cents", 480],
        [null, "cents", 480],
      ]),
    );
    expect([series.length, anomalies]).toEqual([3, []]);
    // Once more has nothing left to do.
    expect(await score()).toMatchObject({ egress: 0 });
  });

  it("five times the usual in calm is found once its hour is over, and in words", async () => {
    await bothRates();
    await calm(thisHourMs - hourMs);
    await world.usage(serviceId, [[thisHourMs - hourMs, 300 * gb, 1.2 * gb]]);
    // Within a quarter of an hour the CDN may still report of it.
    await score(thisHourMs + 14 * 60_000);
    expect((await world.state()).anomalies).toEqual([]);
    await score(thisHourMs + 16 * 60_000);
    expect((await world.state()).anomalies).toMatchObject([{ kind: "egress", cdn: "cloudflare", severity: "critical", value: 2_400 }]);
    expect((await world.state()).anomalies[0]?.["explanation"]).toMatch(
      /^\$24\.00 an hour, where \$4\.9\d is usual at 11:00 UTC, by (19|20) days/,
    );
  });

  it("that a storm moved to the backup is expected, and teaches neither side anything; a hundred terabytes too", async () => {
    await bothRates();
    await calm(thisHourMs - 3 * hourMs);
    await score(thisHourMs - 3 * hourMs + 20 * 60_000);
    const before = (await world.state()).series;
    await storm(thisHourMs - 3 * hourMs + 60_000, thisHourMs - hourMs - 60_000);
    await world.usage(serviceId, [
      [thisHourMs - 3 * hourMs, 1 * gb, 58 * gb],
      [thisHourMs - 2 * hourMs, 0, 100_000 * gb],
      [thisHourMs - hourMs, 0, 59 * gb],
    ]);
    await score();
    const sides = (rows: readonly Record<string, unknown>[]) =>
      rows.filter(({ cdn }) => cdn !== null).map(({ cdn, memory }) => [cdn, memory]);
    const { series, anomalies } = await world.state();
    expect(sides(series)).toEqual(sides(before));
    expect(await labels()).toEqual(
      [3, 2, 1].flatMap((ago) => ["cloudflare", "fastly"].map((cdn) => [cdn, thisHourMs - ago * hourMs, "expected: storm"])),
    );
    // A hundred terabytes are no shift: the sum says so, once.
    expect(anomalies).toMatchObject([{ cdn: null, severity: "critical", value: 800_000 }]);
  });

  it("that a storm moved, of as much as ever, is no anomaly of anything", async () => {
    // A dearer backup is what was insured.
    await world.rate(customerId, "cloudflare", 8);
    await world.rate(customerId, "fastly", 24);
    await calm(thisHourMs - 2 * hourMs);
    await storm(thisHourMs - 2 * hourMs, null);
    await world.usage(serviceId, [
      [thisHourMs - 2 * hourMs, 0, 62 * gb],
      [thisHourMs - hourMs, 0, 63 * gb],
    ]);
    await score();
    expect((await world.state()).anomalies).toEqual([]);
  });

  it("that somebody moved by an override is expected: override", async () => {
    await bothRates();
    await calm(thisHourMs - hourMs);
    const [domain] = await world.sql<{ id: string }>(
      "insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, created_at) values ($1, $2, 'a.example.test', 'p.example.net', 'b.example.net', 'x', now()) returning id",
      [serviceId, customerId],
    );
    await world.sql(
      `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at, accepted_at)
       values ($1, $2, 100, 0, 0, 100, 'override', 'token:1', 1, 'insync', $3, $3)`,
      [serviceId, domain?.id, new Date(thisHourMs - hourMs - 30 * 60_000).toISOString()],
    );
    await world.usage(serviceId, [[thisHourMs - hourMs, 0, 61 * gb]]);
    await score();
    expect((await labels()).filter(([, hour]) => hour === thisHourMs - hourMs)).toEqual([
      ["cloudflare", thisHourMs - hourMs, "expected: override"],
      ["fastly", thisHourMs - hourMs, "expected: override"],
    ]);
  });

  it("without a rate is scored in bytes, and becomes another series once there is one", async () => {
    await calm(thisHourMs - hourMs, null);
    await world.usage(serviceId, [[thisHourMs - hourMs, 400 * gb, null]]);
    await score();
    const { series, anomalies } = await world.state();
    expect(series.map(({ cdn, unit }) => [cdn, unit])).toEqual(
      expect.arrayContaining([
        ["cloudflare", "bytes"],
        [null, "bytes"],
      ]),
    );
    const open = anomalies.filter(({ state }) => state === "open");
    expect(open).toMatchObject([{ cdn: "cloudflare", value: 400 * gb }]);
    expect(open[0]?.["explanation"]).toMatch(/^In GB: 400, where /);
    await bothRates();
    await world.usage(serviceId, [[thisHourMs, 60 * gb, null]]);
    await score(nowMs + hourMs);
    expect((await world.state()).series.filter(({ unit }) => unit === "cents")).toHaveLength(2);
  });

  it("of a level that lasts is one anomaly until it ends", async () => {
    await calm(thisHourMs - 12 * hourMs, null);
    await world.usage(
      serviceId,
      Array.from({ length: 12 }, (_, index) => [thisHourMs - (12 - index) * hourMs, 500 * gb + index, null] as const),
    );
    await score();
    const open = async () => (await world.state()).anomalies.filter(({ cdn, state }) => cdn === "cloudflare" && state === "open");
    expect(await open()).toHaveLength(1);
    await world.usage(
      serviceId,
      [0, 1, 2, 3].map((index) => [thisHourMs + index * hourMs, 40 * gb, null] as const),
    );
    await score(nowMs + 4 * hourMs);
    expect(await open()).toEqual([]);
  });

  it("of a service that is renamed goes on", async () => {
    await bothRates();
    await calm(thisHourMs - hourMs);
    await score(nowMs - hourMs);
    await world.sql("update services set name = 'files' where id = $1", [serviceId]);
    await world.usage(serviceId, [[thisHourMs - hourMs, 60 * gb, 1 * gb]]);
    await score();
    expect((await world.state()).series.map(({ event_count: hours }) => Number(hours))).toEqual([481, 481, 481]);
  });

  it("waits for an hour that is incomplete, and then goes on without what is not known of it", async () => {
    await bothRates();
    await calm(thisHourMs - hourMs);
    await world.usage(serviceId, [[thisHourMs - hourMs, 2 * gb, 1 * gb]]);
    await world.sql("update usage_snapshots set primary_incomplete = true where window_start = $1", [
      new Date(thisHourMs - hourMs).toISOString(),
    ]);
    await score();
    const counts = async () =>
      Object.fromEntries((await world.state()).series.map(({ cdn, event_count: hours }) => [cdn ?? "sum", Number(hours)]));
    expect(await counts()).toEqual({ cloudflare: 480, fastly: 480, sum: 480 });
    await world.usage(serviceId, [[thisHourMs, 60 * gb, 1 * gb]]);
    await score(nowMs + 3 * hourMs);
    expect(await counts()).toEqual({ cloudflare: 481, fastly: 482, sum: 481 });
  });

  it("of one service that has no end of history keeps nobody waiting", async () => {
    await calm();
    const other = await world.service(await world.customer("globex"), "pages");
    await world.usage(other, [[thisHourMs - hourMs, 1 * gb, null]]);
    const due = await createScoringStore(database.db).egressDue(nowMs, 100);
    expect(due.map((one) => one.serviceId)).toEqual([other]);
  });
});

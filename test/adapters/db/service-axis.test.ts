import { sql } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { createAvailabilityStore } from "../../../src/adapters/db/detection/availability.ts";
import { createRollupStore } from "../../../src/adapters/db/detection/rollups.ts";
import { createServiceAxis } from "../../../src/adapters/db/detection/service-axis.ts";
import type { AxisQuery, ServiceAxis } from "../../../src/adapters/ports/detection/service-axis.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";

const [minuteMs, hourMs] = [60_000, 3_600_000];
const fromMs = Date.parse("2026-11-18T10:00:00Z");
const hour: AxisQuery = { fromMs, toMs: fromMs + hourMs, stepMs: minuteMs, figure: "latency" };
const at = (ms: number) => new Date(fromMs + ms).toISOString();

let database: TestDatabase;
let axis: ServiceAxis;

/** Customer 1 with services 1 (domains 1 and 2, policy 1) and 2 (domain 3), customer 2 with none. */
beforeEach(async () => {
  database = await freshDatabase();
  axis = createServiceAxis(database.db);
  await database.sql("insert into customers (name) values ('acme'), ('globex')");
  await database.sql(
    "insert into services (customer_id, name, primary_cdn, backup_cdn) values (1, 'web', 'cdn-a', 'cdn-b'), (1, 'api', 'cdn-a', 'cdn-b')",
  );
  await database.sql(
    "insert into service_domains (service_id, customer_id, name, challenge_token) select s, 1, i || '.example.com', 'token' from (values (1, 1), (1, 2), (2, 3)) x(s, i)",
  );
  await database.sql("insert into storm_policies (service_id, kind) values (1, 'http_availability')");
});
afterEach(async () => await database.close());

const probe = async (): Promise<void> => {
  await database.sql(
    `insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
     select case d when 3 then 2 else 1 end, d, p, v, t, 0, t + interval '2 seconds', good, 200, 20 + extract(second from t)::int, case when not good then 'timeout' end
     from generate_series(1, 3) d, unnest(array['primary', 'backup']) p, unnest(array['cloudflare', 'vercel']) v,
       generate_series($1::timestamptz, $2::timestamptz, '10 seconds') t, lateral (select p = 'backup' or extract(minute from t)::int % 7 <> d as good) g`,
    [at(-hourMs), at(hourMs - 1)],
  );
};

const storm = async (startMs: number, endMs: number | null): Promise<void> => {
  await database.sql(
    `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
     values (1, 1, 1, 'http_availability', $1, $2, $2, $3, $4, 1.5)`,
    [endMs === null ? "storm" : "ended", at(startMs), endMs === null ? null : at(endMs), endMs === null ? null : "recovered"],
  );
};

const change = async (domainId: number, ms: number, from: readonly number[], to: readonly number[], result = "insync"): Promise<void> => {
  await database.sql(
    `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at)
     values ($1, $2, $3, $4, $5, $6, 'storm', 'tranche', 1, $7, $8)`,
    [domainId === 3 ? 2 : 1, domainId, ...from, ...to, result, at(ms)],
  );
};

describe("the series", () => {
  it("are, path by path and vantage by vantage, those of the availability, from samples as from sums", async () => {
    await probe();
    const availability = createAvailabilityStore(database.db);
    const compare = async (query: AxisQuery) => {
      const view = await axis.read(1, 1, query);
      expect(view?.series?.map(({ path, vantage }) => `${path} ${vantage}`)).toEqual([
        "primary cloudflare",
        "primary vercel",
        "backup cloudflare",
        "backup vercel",
      ]);
      for (const { path, vantage, points } of view?.series ?? []) {
        const expected = await availability.series(1, 1, { ...query, path, vantage });
        expect(points).toEqual(expected?.map(({ samples, ok, p50LatencyMs }, step) => [step, samples, ok, p50LatencyMs]));
      }
      return view?.series;
    };
    const raw = await compare(hour);
    expect(raw?.[0]?.points).toHaveLength(60);
    await compare({ ...hour, toMs: fromMs + 10 * minuteMs, stepMs: 10_000 });

    const fence = await createLeaseStore(database.db).acquire("job:rollup", "local", "local:test");
    if (fence === null) throw new Error("no lease");
    await createRollupStore(database.db).rollMinutes(fence, fromMs - hourMs, fromMs + 40 * minuteMs);
    expect(await compare(hour)).toEqual(raw);
  });

  it("are without medians where these are not asked for", async () => {
    await probe();
    const [medians, none] = [await axis.read(1, 1, hour), await axis.read(1, 1, { ...hour, figure: "success" })];
    const without = medians?.series?.map(({ points, ...one }) => ({
      ...one,
      points: points.map(([step, samples, ok]) => [step, samples, ok, null]),
    }));
    expect(none?.series).toEqual(without);
  });

  it("leave out what was not probed, and are none where nothing was", async () => {
    expect((await axis.read(1, 1, hour))?.series).toEqual([]);
    await database.sql(
      "insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error) values (1, 1, 'direct', 'local', $1, 0, $1, false, null, 9, 'timeout')",
      [at(5 * minuteMs)],
    );
    expect((await axis.read(1, 1, hour))?.series).toEqual([{ path: "direct", vantage: "local", points: [[5, 1, 0, null]] }]);
  });

  it("are null where they take too long; the rest is there", async () => {
    await storm(0, null);
    const { batch } = database.db;
    let isFirst = true;
    const impatient = createServiceAxis({
      ...database.db,
      // The first one is that of the series: the database itself gives it up.
      batch: async (queries) => {
        const given = isFirst ? [sql`set local statement_timeout = 1`, sql`select pg_sleep(1)`] : queries;
        isFirst = false;
        return await batch(given);
      },
    });
    expect(await impatient.read(1, 1, hour)).toMatchObject({ series: null, storms: [{ id: 1 }] });
  });

  it("have a limit of steps", async () => {
    await expect(axis.read(1, 1, { ...hour, stepMs: 5_000 })).rejects.toThrow("an axis has at most 400 steps");
  });
});

describe("what happened", () => {
  it("is of the span: storms that overlap it, switches within it", async () => {
    await storm(-3 * hourMs, -2 * hourMs);
    await storm(-minuteMs, minuteMs);
    await storm(50 * minuteMs, null);
    await change(1, -minuteMs, [100, 0], [0, 100]);
    await change(1, minuteMs, [0, 100], [100, 0]);
    await change(2, 2 * minuteMs, [100, 0], [0, 100], "failed");
    await change(3, 2 * minuteMs, [100, 0], [0, 100]);
    await change(1, hourMs, [100, 0], [0, 100]);
    const view = await axis.read(1, 1, hour);
    expect(
      view?.storms.map(({ startedAtMs, endedAtMs }) => [startedAtMs - fromMs, endedAtMs === null ? null : endedAtMs - fromMs]),
    ).toEqual([
      [-minuteMs, minuteMs],
      [50 * minuteMs, null],
    ]);
    expect(view?.switches.map(({ domainId, atMs, result }) => [domainId, atMs - fromMs, result])).toEqual([
      [1, minuteMs, "insync"],
      [2, 2 * minuteMs, "failed"],
    ]);
    expect(view?.isCut).toBe(false);
  });

  it("begins with the weights of then: those of the first switch since, else those of now", async () => {
    await database.sql(
      "insert into domain_routing (domain_id, service_id, status, primary_weight, backup_weight) values (1, 1, 'found', 100, 0), (2, 1, 'found', 30, 70), (3, 2, 'found', 1, 2)",
    );
    await change(1, -minuteMs, [9, 9], [0, 100]);
    await change(1, minuteMs, [8, 8], [0, 100], "failed");
    await change(1, 2 * hourMs, [0, 100], [100, 0]);
    const view = await axis.read(1, 1, hour);
    expect(view?.weights.toSorted((a, b) => a.domainId - b.domainId)).toEqual([
      { domainId: 1, primary: 0, backup: 100 },
      { domainId: 2, primary: 30, backup: 70 },
    ]);
  });

  it("has the orders of the span and the last one before, of this service alone", async () => {
    const audit = async (serviceId: number, ms: number, mode: string | null) =>
      await database.sql(
        "insert into audit_log (customer_id, actor, action, object_type, object_id, after, at) values (1, 'token:1', 'set', 'routing_override', $1, $2, $3)",
        [serviceId, mode === null ? null : JSON.stringify({ mode, reason: "r", until: at(2 * hourMs), actor: "token:1" }), at(ms)],
      );
    await audit(1, -3 * hourMs, "primary");
    await audit(1, -2 * hourMs, "backup");
    await audit(2, -hourMs, "frozen");
    await audit(1, minuteMs, null);
    await audit(1, 2 * minuteMs, "frozen");
    await audit(1, 2 * hourMs, null);
    expect((await axis.read(1, 1, hour))?.orders.map(({ atMs, mode, untilMs, actor }) => [atMs - fromMs, mode, untilMs, actor])).toEqual([
      [-2 * hourMs, "backup", fromMs + 2 * hourMs, "token:1"],
      [minuteMs, null, null, "token:1"],
      [2 * minuteMs, "frozen", fromMs + 2 * hourMs, "token:1"],
    ]);
  });

  it("is the newest of very many, and says so", async () => {
    await database.sql(
      `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at)
       select 1, 1 + n % 2, 100, 0, 0, 100, 'storm', 'tranche', 1, 'insync', $1::timestamptz + n * interval '1 second' from generate_series(1, 900) n`,
      [at(0)],
    );
    const view = await axis.read(1, 1, hour);
    expect([view?.isCut, view?.switches.length, view?.switches.at(-1)?.atMs]).toEqual([true, 400, fromMs + 900_000]);
  });

  it("is of a customer's own service alone", async () => {
    await probe();
    expect(await axis.read(2, 1, hour)).toBeNull();
    expect(await axis.read(1, 99, hour)).toBeNull();
    await database.sql("update services set deleted_at = now() where id = 1");
    expect(await axis.read(1, 1, hour)).toBeNull();
  });
});

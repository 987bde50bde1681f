import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAvailabilityStore } from "../../../src/adapters/db/detection/availability.ts";
import { createPruneStore } from "../../../src/adapters/db/coordination/prune.ts";
import { createRetentionStore } from "../../../src/adapters/db/coordination/retention.ts";
import { createRollupStore } from "../../../src/adapters/db/detection/rollups.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import type { AvailabilityQuery } from "../../../src/adapters/ports/detection/availability.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { prune } from "../../../src/cron/prune.ts";
import { rollUp } from "../../../src/cron/rollup.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";

const hourMs = 3_600_000;
const startMs = Date.parse("2026-11-18T10:00:00Z");
const retentionMs = 48 * hourMs;

let database: TestDatabase;
let fence: Fence;
let ids: { customerId: number; serviceId: number; domainIds: number[] };

beforeEach(async () => {
  database = await freshDatabase();
  const taken = await createLeaseStore(database.db).acquire("job:rollup", "local", "local:test");
  if (taken === null) throw new Error("no lease");
  fence = taken;
  const [row] = await database.sql<{ customer: string; service: string; domains: string[] }>(
    `with c as (insert into customers (name) values ('acme') returning id),
     s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 'web', 'cdn-a', 'cdn-b' from c returning id, customer_id),
     d as (insert into service_domains (service_id, customer_id, name, challenge_token)
       select id, customer_id, i || '.example.com', 'token' from s, generate_series(1, 2) i returning id)
     select (select customer_id from s) as customer, (select id from s) as service, (select array_agg(id) from d) as domains`,
  );
  ids = { customerId: Number(row?.customer), serviceId: Number(row?.service), domainIds: (row?.domains ?? []).map(Number) };
});
afterEach(async () => await database.close());

type Row = { domain?: number; path?: string; vantage?: string; atMs: number; ok?: boolean; latencyMs?: number; attempt?: number };
const store = async (rows: readonly Row[]) =>
  await database.sql(
    `insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
     select $1, x.d, x.p, x.v, to_timestamp(floor(x.t / 10000) * 10), x.a, to_timestamp(x.t / 1000.0), x.o, 200, x.l, case when not x.o then 'timeout' end
     from jsonb_to_recordset($2) as x(d bigint, p text, v text, t bigint, a int, o boolean, l int)`,
    [
      ids.serviceId,
      JSON.stringify(
        rows.map(({ domain = 0, path = "primary", vantage = "vercel", atMs, ok = true, latencyMs = 40, attempt = 0 }) => ({
          d: ids.domainIds[domain],
          p: path,
          v: vantage,
          t: atMs,
          a: attempt,
          o: ok,
          l: latencyMs,
        })),
      ),
    ],
  );
/** Every ten seconds, so many rounds. */
const steady = (fromMs: number, rounds: number, over: Partial<Row> = {}): Row[] =>
  Array.from({ length: rounds }, (_, round) => ({
    atMs: fromMs + round * 10_000 + 500,
    ok: round % 7 !== 3,
    latencyMs: 20 + ((round * 37) % 400),
    ...over,
  }));

const clockAt = (nowMs: number) => ({ nowMs: () => nowMs, sleep: async () => undefined });
const roll = async (nowMs: number, under = fence, sampleRetentionMs = retentionMs) =>
  await rollUp({ rollups: createRollupStore(database.db), clock: clockAt(nowMs), sampleRetentionMs }, under);
const table = async (level: "minute" | "hour") =>
  await database.sql(
    `select domain_id, path, vantage, extract(epoch from start_at)::float8 * 1000 - ${startMs} as at, samples, ok,
       coalesce((select jsonb_object_agg(place, n) from unnest(places, counts) u(place, n)), '{}') as latencies
     from probe_rollups_${level} order by 1, 2, 3, 4`,
  );
const series = async (query: Partial<AvailabilityQuery>) =>
  await createAvailabilityStore(database.db).series(ids.customerId, ids.serviceId, {
    path: "primary",
    vantage: null,
    fromMs: startMs,
    toMs: startMs + 2 * hourMs,
    stepMs: 60_000,
    ...query,
  });

describe("rolling up", () => {
  it("sums up minutes and hours per domain, path and vantage", async () => {
    await store([
      ...steady(startMs, 6, { latencyMs: 42 }),
      { atMs: startMs + 31_500, attempt: 1, ok: false },
      { atMs: startMs + 32_500, attempt: 2, latencyMs: 300 },
      ...steady(startMs + 60_000, 6, { ok: true, latencyMs: 42 }),
      { atMs: startMs, path: "backup" },
      { atMs: startMs, vantage: "cloudflare", ok: false },
      { atMs: startMs, domain: 1 },
    ]);
    await roll(startMs + hourMs + 5 * 60_000);
    const common = { domain_id: String(ids.domainIds[0]), path: "primary", vantage: "vercel" };
    expect(
      (await table("minute")).filter(
        ({ path, vantage, domain_id }) => path === "primary" && vantage === "vercel" && domain_id === common.domain_id,
      ),
    ).toEqual([
      { ...common, at: 0, samples: 8, ok: 6, latencies: { 42: 5, 300: 1 } },
      { ...common, at: 60_000, samples: 6, ok: 6, latencies: { 42: 6 } },
    ]);
    const hours = await table("hour");
    expect(hours).toHaveLength(4);
    expect(hours).toContainEqual({ ...common, at: 0, samples: 14, ok: 12, latencies: { 42: 11, 300: 1 } });
    expect(hours).toContainEqual({ ...common, vantage: "cloudflare", at: 0, samples: 1, ok: 0, latencies: {} });
  });

  it("again, in pieces, or twice at once comes to the same", async () => {
    await store([...steady(startMs, 700), ...steady(startMs, 700, { domain: 1, path: "backup" })]);
    await roll(startMs + 2 * hourMs + 5 * 60_000);
    const [minutes, hours] = [await table("minute"), await table("hour")];
    expect(minutes.length).toBeGreaterThan(200);
    await roll(startMs + 2 * hourMs + 5 * 60_000);
    await Promise.all([roll(startMs + 2 * hourMs + 10 * 60_000), roll(startMs + 2 * hourMs + 10 * 60_000)]);
    expect([await table("minute"), await table("hour")]).toEqual([minutes, hours]);
    await database.sql("truncate probe_rollups_minute, probe_rollups_hour, rollup_marks");
    for (let nowMs = startMs + 3 * 60_000; nowMs <= startMs + 2 * hourMs + 10 * 60_000; nowMs += 7 * 60_000) await roll(nowMs);
    expect([await table("minute"), await table("hour")]).toEqual([minutes, hours]);
  });

  it("takes up samples that come late, and the hour with them", async () => {
    await store(steady(startMs, 360));
    await roll(startMs + hourMs + 2 * 60_000);
    const [before] = await table("hour");
    await store([
      { atMs: startMs + hourMs - 8 * 60_000, vantage: "cloudflare" },
      { atMs: startMs + hourMs - 5 * 60_000 + 1, attempt: 1, ok: false },
    ]);
    await roll(startMs + hourMs + 3 * 60_000);
    const hours = await table("hour");
    expect(hours).toHaveLength(2);
    expect(hours.find(({ vantage }) => vantage === "vercel")).toMatchObject({
      samples: Number(before?.["samples"]) + 1,
      ok: before?.["ok"],
    });
  });

  it("makes up for runs that were missed, as far back as there are samples", async () => {
    await store([...steady(startMs - 47 * hourMs, 6), ...steady(startMs, 6)]);
    await roll(startMs + 10 * 60_000);
    expect((await table("minute")).map(({ at }) => at)).toEqual([-47 * hourMs, 0]);
    expect(await table("hour")).toHaveLength(1);
    const marks = await createRollupStore(database.db).marks();
    expect(marks).toEqual({ minuteMs: startMs + 9 * 60_000, hourMs: startMs, foldMs: startMs - 35 * hourMs });
  });

  it("does not shrink a sum whose samples were pruned in between", async () => {
    await store(steady(startMs, 60));
    await roll(startMs + 15 * 60_000);
    const before = await table("minute");
    await database.sql("delete from probe_samples where attempt = 0 and extract(second from probed_at) < 30");
    await database.sql("update rollup_marks set done_until = $1", [new Date(startMs)]);
    await roll(startMs + 15 * 60_000);
    expect(await table("minute")).toEqual(before);
  });

  it("folds the minutes of hours that are over, each as it was, and lets go of them", async () => {
    await store([
      ...steady(startMs, 2 * 360, { ok: true }),
      ...steady(startMs, 360, { vantage: "cloudflare" }),
      { atMs: startMs + 7 * 60_000, path: "direct", ok: false },
      ...steady(startMs, 30, { domain: 1, latencyMs: 29_990 }),
    ]);
    await roll(startMs + 2 * hourMs + 5 * 60_000);
    const [minutes, before] = [await table("minute"), await series({ stepMs: 60_000 })];
    expect(await roll(startMs + 4 * hourMs + 5 * 60_000)).toMatchObject({ folded: 2 });
    // Again, as after a crash before the mark was set.
    await database.sql("update rollup_marks set done_until = $1 where level = 'fold'", [new Date(startMs)]);
    expect(await roll(startMs + 4 * hourMs + 5 * 60_000)).toMatchObject({ folded: 2 });
    const unfolded = await database.sql(
      `select domain_id, path, vantage, extract(epoch from start_at)::float8 * 1000 + m * 60000 - ${startMs} as at, counts[m + 1]::int as samples,
         (coalesce(oks, counts))[m + 1]::int as ok
       from probe_minutes_folded, generate_series(0, 59) m where counts[m + 1] > 0 order by 1, 2, 3, 4`,
    );
    expect(unfolded).toEqual(minutes.map(({ latencies: _latencies, ...rest }) => rest));
    expect(
      await database.sql("select from probe_minutes_folded where oks is null"),
      "where all was well nothing is said of it",
    ).toHaveLength(2);
    const deleted = await createPruneStore(database.db).rollups(fence, "minute", startMs - 35 * 24 * hourMs, 100_000);
    expect([deleted, await table("minute")]).toEqual([minutes.length, []]);
    expect(await series({ stepMs: 60_000 })).toEqual(before);
  });

  it("under a lease that was lost writes nothing", async () => {
    await store(steady(startMs, 60));
    await roll(startMs + 2 * hourMs, { ...fence, epoch: fence.epoch + 1 });
    expect([await table("minute"), await table("hour")]).toEqual([[], []]);
    expect(await createRollupStore(database.db).marks()).toEqual({ minuteMs: null, hourMs: null, foldMs: null });
  });
});

describe("availability by level", () => {
  it("is the same whether it is read from samples, minutes or hours", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            domain: fc.nat(1),
            path: fc.constantFrom("primary", "backup"),
            vantage: fc.constantFrom("vercel", "cloudflare"),
            slot: fc.nat(3 * 360 - 1),
            ok: fc.boolean(),
            latencyMs: fc.integer({ min: 0, max: 30_000 }),
          }),
          { minLength: 1, maxLength: 300 },
        ),
        fc.constantFrom(10, 60, 90, 300, 3_600, 7_200),
        fc.constantFrom(null, "vercel"),
        fc.constantFrom(3, 61, 63, 130, 200, 310),
        async (rows, stepSeconds, vantage, rolledMinutes) => {
          await database.sql("truncate probe_samples, probe_rollups_minute, probe_minutes_folded, probe_rollups_hour, rollup_marks");
          const distinct = [...new Map(rows.map((row) => [JSON.stringify([row.domain, row.path, row.vantage, row.slot]), row])).values()];
          await store(distinct.map(({ slot, ...row }) => ({ ...row, atMs: startMs + slot * 10_000 + (row.latencyMs % 10_000) })));
          const stepMs = stepSeconds * 1_000;
          const toMs = startMs + Math.ceil((4 * hourMs) / stepMs) * stepMs;
          const query = { stepMs, vantage, fromMs: Math.floor(startMs / stepMs) * stepMs, toMs: Math.floor(toMs / stepMs) * stepMs };
          const fromSamples = await series(query);
          await roll(startMs + rolledMinutes * 60_000, fence, 6 * hourMs);
          expect(await series(query)).toEqual(fromSamples);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("outlives the samples: by the minute for 35 days, by the hour for 400", async () => {
    await store(steady(startMs, 2 * 360));
    await roll(startMs + 2 * hourMs + 5 * 60_000);
    const minutes = await series({ stepMs: 300_000 });
    const hours = await series({ stepMs: hourMs });
    await database.sql("truncate probe_samples");
    expect(await series({ stepMs: 300_000 })).toEqual(minutes);
    await database.sql("truncate probe_rollups_minute, probe_minutes_folded");
    expect(await series({ stepMs: hourMs })).toEqual(hours);
    expect(hours?.[0]).toMatchObject({ samples: 360 });
    expect((await series({ stepMs: 300_000 }))?.every(({ samples }) => samples === 0)).toBe(true);
  });

  it("tells percentiles to half a percent", async () => {
    const latencies = [1, 50, 255, 256, 257, 999, 1_001, 4_321, 29_999];
    for (const [index, latencyMs] of latencies.entries()) await store([{ atMs: startMs + index * 60_000, latencyMs }]);
    await roll(startMs + hourMs);
    const found = (await series({ toMs: startMs + latencies.length * 60_000 }))?.map(({ p50LatencyMs }) => p50LatencyMs ?? 0) ?? [];
    expect(found).toHaveLength(latencies.length);
    for (const [index, latencyMs] of latencies.entries())
      expect(Math.abs((found[index] ?? 0) - latencyMs) / latencyMs).toBeLessThanOrEqual(0.005);
    expect(found.slice(0, 4)).toEqual(latencies.slice(0, 4));
  });
});

describe("pruning", () => {
  const run = async (nowMs: number) =>
    await prune(
      {
        pruning: createPruneStore(database.db),
        retention: createRetentionStore(database.db),
        clock: clockAt(nowMs),
        log: createMemoryLog().log,
        sampleRetentionMs: retentionMs,
        sessionTtlMs: 84 * 24 * hourMs,
        auditRetentionMs: 400 * 24 * hourMs,
        costEventRetentionMs: 90 * 24 * hourMs,
      },
      fence,
    );
  const count = async (name: string) => (await database.sql<{ n: number }>(`select count(*)::int as n from ${name}`))[0]?.n;

  it("deletes samples that are older than they are kept, and no younger ones", async () => {
    await store([...steady(startMs, 4_500), ...steady(startMs, 4_500, { domain: 1 })]);
    await roll(startMs + 13 * hourMs + 60_000);
    expect(await run(startMs + retentionMs + hourMs)).toMatchObject({ probe_samples: 720, failures: 0 });
    expect(await database.sql("select from probe_samples where round_at < $1", [new Date(startMs + hourMs)])).toEqual([]);
    expect(await count("probe_samples")).toBe(9_000 - 720);
    expect(await run(startMs + retentionMs + 24 * hourMs)).toMatchObject({ probe_samples: 2 * (12 * 360) - 720 });
  });

  it("keeps samples that are not rolled up yet, twice their time at most", async () => {
    await store(steady(startMs, 360));
    expect(await run(startMs + retentionMs + 24 * hourMs)).toMatchObject({ probe_samples: 0 });
    expect(await run(startMs + 2 * retentionMs + 24 * hourMs)).toMatchObject({ probe_samples: 360 });
  });

  it("deletes in chunks of a bounded size", async () => {
    await store([...steady(startMs, 3_000), ...steady(startMs, 3_000, { domain: 1 })]);
    const pruning = createPruneStore(database.db);
    const before = startMs + 48 * hourMs;
    const chunks = [];
    for (let deleted = 1; deleted > 0; chunks.push(deleted)) deleted = await pruning.samples(fence, before, before, 1_500);
    expect(chunks).toEqual([1_500, 1_500, 1_500, 1_500, 0]);
  });

  it("deletes rollups after 35 and 400 days, and idempotency keys after a day", async () => {
    await store(steady(startMs, 360));
    await roll(startMs + hourMs + 5 * 60_000);
    await database.sql(
      `insert into idempotency_keys (customer_id, method, path, key, body_hash, status, created_at)
      select $1, 'POST', '/v1/services', 'key-' || i, 'hash', 201, $2::timestamptz + make_interval(hours => i) from generate_series(0, 2) i`,
      [ids.customerId, new Date(startMs)],
    );
    const days = (number: number) => startMs + number * 24 * hourMs;
    expect(await run(days(1) + 1.5 * hourMs)).toMatchObject({ idempotency_keys: 2, probe_rollups_minute: 0 });
    expect(await run(days(35))).toMatchObject({ idempotency_keys: 1, probe_rollups_minute: 0 });
    expect(await run(days(35) + hourMs)).toMatchObject({ probe_rollups_minute: 60, probe_rollups_hour: 0 });
    expect(await run(days(400))).toMatchObject({ probe_rollups_hour: 0 });
    expect(await run(days(400) + 1)).toMatchObject({ probe_rollups_hour: 1 });
    expect(await count("probe_rollups_hour")).toBe(0);
  });

  it("deletes what installations told once it is as old as configured", async () => {
    await database.sql(
      `insert into install_sessions (week, session_id, protocol_version, daemon_version, platform, node_version, primary_framework, first_seen_at)
      select '2026-W01', 'session-' || i, '1.0.0', '1.0.0', 'linux', '24.0.0', 'vue', $1::timestamptz + make_interval(secs => i) from generate_series(1, 3) i`,
      [new Date(startMs)],
    );
    expect(await run(startMs + 84 * 24 * hourMs + 2_500)).toMatchObject({ install_sessions: 2 });
    expect(await database.sql("select session_id from install_sessions")).toEqual([{ session_id: "session-3" }]);
  });

  it("goes on where one kind fails, gives each its turn, and throws only where all do", async () => {
    const { log, of } = createMemoryLog();
    const turns: string[] = [];
    const good =
      (name: string, chunks = 0) =>
      async () => {
        turns.push(name);
        return turns.filter((turn) => turn === name).length > chunks ? 0 : 10;
      };
    const bad = () => Promise.reject(new Error("database away"));
    const stores = (each: (name: string) => () => Promise<number>) => ({
      pruning: {
        samples: each("samples"),
        rollups: each("rollups"),
        foldedMinutes: each("foldedMinutes"),
        idempotencyKeys: each("idempotencyKeys"),
        installSessions: each("installSessions"),
        probeMarks: each("probeMarks"),
        usageFacts: each("usageFacts"),
      },
      retention: {
        auditLog: each("auditLog"),
        routingChanges: each("routingChanges"),
        routingDrifts: each("routingDrifts"),
        evidence: async () => ({ rows: await each("evidence")(), lastServiceId: null }),
        takeovers: each("takeovers"),
        findings: each("findings"),
        vantages: each("vantages"),
        checkLeases: each("checkLeases"),
        invoiceLinks: each("invoiceLinks"),
        accountLinks: each("accountLinks"),
        accountSessions: each("accountSessions"),
        accountAttempts: each("accountAttempts"),
        probeTargets: each("probeTargets"),
        deliveries: each("deliveries"),
        notifications: each("notifications"),
        incidentServices: each("incidentServices"),
        incidents: each("incidents"),
        serviceStates: each("serviceStates"),
        sloAlerts: each("sloAlerts"),
        costEvents: each("costEvents"),
        costHours: each("costHours"),
        deadBatches: each("deadBatches"),
        costAnomalies: each("costAnomalies"),
        zombies: each("zombies"),
        breakers: each("breakers"),
      },
    });
    const deps = {
      clock: clockAt(startMs),
      log,
      sampleRetentionMs: retentionMs,
      sessionTtlMs: hourMs,
      auditRetentionMs: hourMs,
      costEventRetentionMs: hourMs,
    };
    expect(
      await prune({ ...deps, ...stores((name) => (name === "takeovers" ? bad : good(name, name === "samples" ? 3 : 0))) }, fence),
    ).toMatchObject({ failures: 1, probe_samples: 30, unfinished: 0 });
    expect(of("prune")).toMatchObject([{ level: "error", fields: { what: "takeovers" } }]);
    expect(turns.indexOf("invoiceLinks"), "much of one kind does not keep the others waiting").toBeLessThan(turns.lastIndexOf("samples"));
    await expect(prune({ ...deps, ...stores(() => bad) }, fence)).rejects.toThrow("database away");
  });
});

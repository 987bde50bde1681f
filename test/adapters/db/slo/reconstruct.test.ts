import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLeaseStore } from "../../../../src/adapters/db/coordination/leases.ts";
import { createRollupStore } from "../../../../src/adapters/db/detection/rollups.ts";
import { createReconstructionStore } from "../../../../src/adapters/db/slo/reconstruct.ts";
import type { Fence } from "../../../../src/adapters/ports/coordination/lease.ts";
import { reconstruct } from "../../../../src/cron/slo/reconstruct.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";
import { statesOf } from "../../../support/states.ts";

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
/** The recorded spans begin within a minute. */
const recordedMs = Date.parse("2026-11-18T12:00:30Z");
const nowMs = recordedMs + hourMs;
/** Minutes before the one in which they begin. */
const before = (minutes: number): number => Math.floor(recordedMs / minuteMs) * minuteMs - minutes * minuteMs;

let database: TestDatabase;
let fence: Fence;
let named = 0;
beforeAll(async () => {
  database = await freshDatabase();
  await database.sql("insert into customers (name) values ('acme')");
  await database.sql("insert into rollup_marks (level, done_until) values ('minute', $1), ('fold', $2)", [new Date(nowMs), new Date(0)]);
  const taken = await createLeaseStore(database.db).acquire("job:reconstruct-states", "local", "local:test");
  if (taken === null) throw new Error("no lease");
  fence = taken;
});
afterAll(() => database.close());

type Made = { readonly serviceId: number; readonly domainId: number };
type Options = {
  readonly window?: number;
  readonly days?: number;
  readonly kind?: string;
  readonly minSamples?: number;
  readonly cdns?: readonly [string, string];
};

/** A service with an objective, recorded as up since `recordedMs`. */
const service = async ({
  window = 60,
  days = 30,
  kind = "http_availability",
  minSamples = 3,
  cdns = ["cdn-a", "cdn-b"],
}: Options = {}): Promise<Made> => {
  named += 1;
  const one = async (text: string, ...params: readonly unknown[]) =>
    Number((await database.sql<{ id: string }>(`${text} returning id`, params))[0]?.id);
  const since = new Date(recordedMs - 40 * dayMs);
  const serviceId = await one(
    "insert into services (customer_id, name, primary_cdn, backup_cdn, created_at) values (1, $1, $2, $3, $4)",
    `s${named}`,
    ...cdns,
    since,
  );
  const domainId = await one(
    `insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, created_at)
     values ($1, 1, $2, 'a.cdn.net', 'b.cdn.net', 'token', $3)`,
    serviceId,
    `s${named}.example.test`,
    since,
  );
  const policyId = await one("insert into storm_policies (service_id, kind) values ($1, $2)", serviceId, kind);
  await database.sql(
    `insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures, latency_ms)
     values ($1, 1, 0.9, $2, 300, 1.5, $3, 3, case when $4 = 'http_latency' then 500 end)`,
    [policyId, window, minSamples, kind],
  );
  await database.sql(
    `with o as (insert into slo_objectives (service_id, name) values ($1, 'availability') returning id)
     insert into slo_objective_versions (objective_id, version, target, window_days, dependency_exclusion, burn_warning_percent, burn_critical_percent, fast_burn_multiplier)
     select id, 1, 99.9, $2, 'strict', 50, 80, 5 from o`,
    [serviceId, days],
  );
  await database.sql("insert into service_states (service_id, started_at, state, serving) values ($1, $2, 'up', 'primary')", [
    serviceId,
    new Date(recordedMs),
  ]);
  return { serviceId, domainId };
};

type Minutes = {
  readonly from: number;
  readonly to: number;
  readonly path?: string;
  readonly ok?: number;
  readonly samples?: number;
  readonly vantage?: string;
  readonly latencyMs?: number;
};

/** Minutes of a path, `from` minutes before the recorded ones to `to`. */
const rolled = (
  { domainId }: Made,
  { from, to, path = "primary", samples = 6, ok = samples, vantage = "vercel", latencyMs = 40 }: Minutes,
) =>
  database.sql(
    `insert into probe_rollups_minute (domain_id, start_at, path, vantage, samples, ok, places, counts)
     select $1, $2::timestamptz + n * interval '1 minute', $3, $4, $5::int, $6::int, case when $6::int > 0 then array[$7::smallint] else '{}' end,
       case when $6::int > 0 then array[$6::smallint] else '{}' end
     from generate_series(0, $8::int - 1) n`,
    [domainId, new Date(before(from)), path, vantage, samples, ok, latencyMs, from - to],
  );
const bothUp = async (made: Made, from: number, to: number) => {
  await rolled(made, { from, to });
  await rolled(made, { from, to, path: "backup" });
};
const move = ({ serviceId, domainId }: Made, minutes: number, backup: boolean) =>
  database.sql(
    `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at, accepted_at, insync_at)
     values ($1, $2, $3, $4, $4, $3, 'storm', 'tranche', 1, 'insync', $5, $5, $5)`,
    [serviceId, domainId, backup ? 100 : 0, backup ? 0 : 100, new Date(before(minutes) + 5_000)],
  );

const run = async (atMs = nowMs, tickMs = 0) => {
  let clockMs = atMs;
  const clock = { nowMs: () => (clockMs += tickMs), sleep: async () => undefined };
  return await reconstruct({ reconstruction: createReconstructionStore(database.db), clock }, fence);
};
/** In minutes before the recorded ones: those that were computed. */
const states = async ({ serviceId }: Made) => {
  const known = await statesOf(database.sql, serviceId, before(0));
  const inMinutes = known.map((line) =>
    line
      .replace(/^(-?[\d.]+)-(-?[\d.]*) /, (_, a: string, b: string) => `${Number(a) / 60}..${b === "" ? "" : Number(b) / 60} `)
      .replace(/@(-?[\d.]+)/, (_, a: string) => `@${Number(a) / 60}`),
  );
  return inMinutes.slice(0, -1);
};
const last = "..0.5 up primary";

describe("what was before states were recorded", () => {
  it("is computed from minutes: who was to blame, what was avoided, what nobody knows", async () => {
    const made = await service();
    await bothUp(made, 200, 100);
    // The primary fails; after four minutes visitors are moved, after twenty it is well again.
    await rolled(made, { from: 100, to: 80, ok: 0 });
    await rolled(made, { from: 100, to: 80, path: "backup" });
    await move(made, 97, true);
    await bothUp(made, 80, 60);
    await move(made, 71, false);
    // Both fail; then nobody knows; then all is well.
    await rolled(made, { from: 60, to: 50, ok: 1 });
    await rolled(made, { from: 60, to: 50, path: "backup", ok: 0 });
    await rolled(made, { from: 50, to: 40, samples: 2 });
    await bothUp(made, 40, -1);
    await run();
    expect(await states(made)).toEqual([
      "-200..-100 up primary",
      "-100..-96 down primary cdn-a @-100",
      "-96..-80 up backup avoided",
      "-80..-70 up backup",
      "-70..-60 up primary",
      "-60..-50 down primary self @-60",
      "-50..-40 unknown primary @-60",
      `-40${last}`,
    ]);
    expect(await database.sql("select from service_states where service_id = $1 and not reconstructed", [made.serviceId])).toHaveLength(1);
  });

  it("is the same from folded minutes, and is computed once", async () => {
    const made = await service();
    await bothUp(made, 400, 130);
    await rolled(made, { from: 130, to: 110, ok: 2 });
    await rolled(made, { from: 130, to: 110, path: "backup" });
    await bothUp(made, 110, -1);
    const rollups = createRollupStore(database.db);
    const foldedMs = Math.floor(before(120) / hourMs) * hourMs;
    for (let startMs = foldedMs - 10 * hourMs; startMs < foldedMs; startMs += hourMs)
      await rollups.fold(fence, startMs, made.domainId - 1, 1);
    await database.sql("update rollup_marks set done_until = $1 where level = 'fold'", [new Date(foldedMs)]);
    await database.sql("delete from probe_rollups_minute where domain_id = $1 and start_at < $2", [made.domainId, new Date(foldedMs)]);
    const first = await run();
    const known = await states(made);
    expect(known).toEqual([`-400..-130 up primary`, "-130..-110 down primary cdn-a @-130", `-110${last}`]);
    expect(first).toMatchObject({ refused: 0, unfinished: false });
    expect(await run()).toMatchObject({ services: 0 });
    expect(await states(made)).toEqual(known);
    await database.sql("update rollup_marks set done_until = $1 where level = 'fold'", [new Date(0)]);
  });

  it("reaches as far back as its objectives need, and further when they need more", async () => {
    const made = await service({ days: 4 });
    await bothUp(made, 9 * 1_440, -1);
    await run();
    expect((await states(made))[0]).toMatch(/^-5\d{3}\..* up primary$|^-57\d\d\.\./);
    const [reached] = await database.sql<{ at: Date }>("select min(started_at) as at from service_states where service_id = $1", [
      made.serviceId,
    ]);
    expect((nowMs - (reached?.at.getTime() ?? 0)) / dayMs).toBeCloseTo(4, 2);
    await database.sql(
      `with o as (update slo_objectives set version = 2 where service_id = $1 returning id)
       insert into slo_objective_versions (objective_id, version, target, window_days, dependency_exclusion, burn_warning_percent, burn_critical_percent, fast_burn_multiplier)
       select id, 2, 99.9, 30, 'strict', 50, 80, 5 from o`,
      [made.serviceId],
    );
    await run();
    const rows = await database.sql<{ from: number; to: number | null; state: string }>(
      "select extract(epoch from started_at)::float8 as from, extract(epoch from ended_at)::float8 as to, state from service_states where service_id = $1 order by started_at",
      [made.serviceId],
    );
    expect(rows[0]?.from).toBe(before(9 * 1_440) / 1_000);
    for (const [at, row] of rows.entries()) expect(row.to).toBe(rows[at + 1]?.from ?? null);
    expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(["up"]));
  });

  it("keeps an outage whole that lasts over midnight, and goes on where a run was out of time", async () => {
    const made = await service();
    await bothUp(made, 5_000, 2_000);
    await rolled(made, { from: 2_000, to: 500, ok: 0 });
    await bothUp(made, 500, -1);
    // Each look at the clock takes half a minute.
    let runs = 0;
    for (; runs < 20; runs += 1) if ((await run(nowMs, 30_000)).services === 0) break;
    expect(runs).toBeGreaterThan(1);
    const known = await states(made);
    expect(known.filter((line) => line.includes("down"))).toEqual(["-2000..-500 down primary self @-2000"]);
    expect(known[0]).toMatch(/^-5000\.\./);
  });

  it("waits until minutes are summed up, and is done where there are none", async () => {
    const made = await service();
    await database.sql("update rollup_marks set done_until = $1 where level = 'minute'", [new Date(recordedMs + 5 * minuteMs)]);
    expect(await run()).toMatchObject({ services: 0 });
    await database.sql("update rollup_marks set done_until = $1 where level = 'minute'", [new Date(nowMs)]);
    expect(await run()).toMatchObject({ services: 1, minutes: 0 });
    expect(await run()).toMatchObject({ services: 0 });
    expect(await states(made)).toEqual([]);
  });

  it("is not computed of services that are deleted, without objectives, or without a policy", async () => {
    const [deleted, aimless, lawless] = [await service(), await service(), await service()];
    for (const made of [deleted, aimless, lawless]) await bothUp(made, 100, -1);
    await database.sql("update services set deleted_at = now() where id = $1", [deleted.serviceId]);
    await database.sql("update slo_objectives set deleted_at = now() where service_id = $1", [aimless.serviceId]);
    await database.sql("update storm_policies set deleted_at = now() where service_id = $1", [lawless.serviceId]);
    expect(await run()).toMatchObject({ services: 0 });
  });

  it("is added by one run only, and never over what is known", async () => {
    const made = await service();
    await bothUp(made, 100, -1);
    const store = createReconstructionStore(database.db);
    const span = { state: "up", serving: "primary", attribution: null, upstreamCdn: null, avoided: false, outageAtMs: null } as const;
    const at = { serviceId: made.serviceId, recordedFromMs: recordedMs, doneFromMs: null };
    const save = (startedAtMs: number, endedAtMs: number, doneFromMs: number | null) =>
      store.save(fence, { ...at, doneFromMs }, [{ ...span, startedAtMs, endedAtMs }], startedAtMs);
    expect(await save(before(10), recordedMs + 1_000, null), "over the recorded span").toBe(false);
    expect(await save(before(10), recordedMs, before(10)), "as if something were done").toBe(false);
    expect(await Promise.all([save(before(10), recordedMs, null), save(before(10), recordedMs, null)])).toContain(true);
    expect(await states(made)).toEqual([`-10${last}`]);
    expect(await save(before(20), before(10), null), "not knowing what is done").toBe(false);
    expect(await save(before(20), before(10), before(10))).toBe(true);
    expect(await states(made)).toEqual(["-20..-10 up primary", `-10${last}`]);
  });
});

describe("a minute", () => {
  it("of which vantages disagree is unknown, and a CDN does not testify for itself", async () => {
    const made = await service({ cdns: ["cloudflare", "cdn-b"] });
    await bothUp(made, 60, -1);
    await rolled(made, { from: 60, to: 50, vantage: "local" });
    await rolled(made, { from: 50, to: 40, vantage: "local", ok: 0 });
    // Of its own CDN it counts neither while others are heard nor, when it says that all is well, while they are silent.
    await rolled(made, { from: 40, to: 30, vantage: "cloudflare", ok: 0 });
    await database.sql("delete from probe_rollups_minute where domain_id = $1 and start_at >= $2 and start_at < $3", [
      made.domainId,
      new Date(before(20)),
      new Date(before(10)),
    ]);
    await rolled(made, { from: 20, to: 15, vantage: "cloudflare" });
    await rolled(made, { from: 15, to: 10, vantage: "cloudflare", ok: 0 });
    await run();
    expect(await states(made)).toEqual([
      "-60..-50 up primary",
      "-50..-40 unknown primary",
      "-40..-20 up primary",
      "-20..-15 unknown primary",
      "-15..-10 down primary self @-15",
      `-10${last}`,
    ]);
  });

  it("is judged as the part of the window that it is", async () => {
    // Half the samples of a window of two minutes are enough, all of those that a window of half a minute wants.
    for (const [window, minSamples, samples, state] of [
      [120, 8, 4, "up"],
      [120, 8, 3, "unknown"],
      [30, 3, 3, "up"],
      [30, 3, 2, "unknown"],
    ] as const) {
      const made = await service({ window, minSamples });
      await rolled(made, { from: 10, to: -1, samples });
      await rolled(made, { from: 12, to: 10, samples: 9 });
      await run();
      expect(await states(made), `${samples} in a minute, ${minSamples} in ${window} s`).toEqual(
        state === "up" ? ["-12..0.5 up primary"] : ["-12..-10 up primary", "-10..0.5 unknown primary"],
      );
    }
  });

  it("is bad where answers were too slow, under a policy of latency, folded or not", async () => {
    const made = await service({ kind: "http_latency" });
    await bothUp(made, 200, 190);
    await rolled(made, { from: 190, to: 170, latencyMs: 800 });
    await rolled(made, { from: 190, to: 170, path: "backup" });
    await bothUp(made, 170, 100);
    await rolled(made, { from: 100, to: 90, latencyMs: 800 });
    await rolled(made, { from: 100, to: 90, path: "backup" });
    await bothUp(made, 90, -1);
    const foldedMs = Math.floor(before(120) / hourMs) * hourMs;
    for (const startMs of [foldedMs - 2 * hourMs, foldedMs - hourMs])
      await createRollupStore(database.db).fold(fence, startMs, made.domainId - 1, 1);
    await database.sql("update rollup_marks set done_until = $1 where level = 'fold'", [new Date(foldedMs)]);
    await database.sql("delete from probe_rollups_minute where domain_id = $1 and start_at < $2", [made.domainId, new Date(foldedMs)]);
    await run();
    expect(await states(made)).toEqual([
      "-200..-190 up primary",
      "-190..-170 down primary cdn-a @-190",
      "-170..-100 up primary",
      "-100..-90 down primary cdn-a @-100",
      `-90${last}`,
    ]);
    await database.sql("update rollup_marks set done_until = $1 where level = 'fold'", [new Date(0)]);
  });
});

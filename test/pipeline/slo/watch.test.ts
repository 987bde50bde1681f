import { describe, expect, it } from "vitest";
import { createBudgetWatch } from "../../../src/adapters/db/slo/watch.ts";
import { createServiceStore } from "../../../src/adapters/db/tenants/services.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { watchBudgets, watchOnSchedule } from "../../../src/cron/slo/watch.ts";
import { tiers } from "../../../src/domain/slo/burn.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { intervalMs, startMs } from "../../support/round-world.ts";
import { insertCorrection, insertObjective, ordinaryTerms } from "../../support/slo-seed.ts";
import { insertStates } from "../../support/states.ts";
import type { State } from "../../support/states.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

const dayMs = 86_400_000;
const minuteMs = 60_000;
const longAgoMs = startMs - 100 * dayMs;

const lease = async (provider = "local"): Promise<Fence> => {
  await world.sql("update leases set expires_at = now() - interval '1 hour', released_at = null where name = 'job:watch-budgets'");
  const fence = await world.leases.acquire("job:watch-budgets", provider, `${provider}:${crypto.randomUUID()}`);
  if (fence === null) throw new Error("the lease is taken");
  return fence;
};

const deps = () => ({ budgetWatch: createBudgetWatch(world.db), clock: world.clock, probe: { intervalMs } });
const watch = async (scope: "changing" | "all" = "changing") => await world.clock.run(watchBudgets(deps(), await lease(), scope));

/** What visitors of a service got, from 100 days ago, with the times in minutes after the start. */
const lived = async (serviceId: number, ...states: readonly (readonly [from: number, state: State["state"]])[]): Promise<void> => {
  const all = [[-100 * 1_440, "up"] as const, ...states];
  await insertStates(
    world.db,
    serviceId,
    all.map(([from, state], nth) => {
      const next = all[nth + 1]?.[0];
      return {
        fromUs: (startMs + from * minuteMs) * 1_000,
        toUs: next === undefined ? null : (startMs + next * minuteMs) * 1_000,
        state,
      };
    }),
  );
};

/** The alerts in the order of their firing: `1h fired 5 below 9 resolved 10`, in minutes after the start. */
const alerts = async (): Promise<string[]> =>
  (
    await world.sql<{ kind: string; fired_at: Date; below_since: Date | null; resolved_at: Date | null }>(
      "select kind, fired_at, below_since, resolved_at from slo_alerts order by fired_at, kind, id",
    )
  ).map(({ kind, ...times }) => {
    const [fired, below, resolved] = [times.fired_at, times.below_since, times.resolved_at].map((at) =>
      at === null ? null : (at.getTime() - startMs) / minuteMs,
    );
    return `${kind} fired ${fired}${below === null ? "" : ` below ${below}`}${resolved === null ? "" : ` resolved ${resolved}`}`;
  });

const told = async (): Promise<string[]> =>
  (await world.sql<{ line: string }>("select kind || ' ' || subject as line from notifications where kind like 'slo%' order by id")).map(
    ({ line }) => line,
  );

describe("budgets are watched", () => {
  it("an alert fires, stays while its short window burns, and is resolved when two evaluations found it below", async () => {
    const { serviceId } = await world.seed();
    const objectiveId = await insertObjective(world.sql, serviceId, longAgoMs, { target: 99, fastBurnMultiplier: 100 });
    await lived(serviceId, [0, "self"], [12, "up"]);
    await world.clock.advance(7 * minuteMs);
    expect(await watch()).toMatchObject({ objectives: 1, fired: 0 });
    await world.clock.advance(2 * minuteMs);
    expect(await watch()).toMatchObject({ fired: 1 });
    expect(await watch()).toMatchObject({ fired: 0 });
    expect(await alerts()).toEqual(["1h fired 9"]);
    const [figures] = await world.sql<{ fired: object }>("select fired from slo_alerts");
    expect(figures?.fired).toMatchObject({
      burn: 15,
      shortBurn: 100,
      threshold: 14.4,
      allowedUs: 432 * 60_000_000,
      consumedUs: 9 * 60_000_000,
      remainingUs: 423 * 60_000_000,
      downUs: 9 * 60_000_000,
    });
    // The outage is over at 12; the last five minutes are below 14.4 % once 43 seconds of it are left in them.
    await world.clock.advance(7 * minuteMs);
    await watch();
    expect(await alerts()).toEqual(["1h fired 9"]);
    await world.clock.advance(minuteMs);
    await watch();
    expect(await alerts()).toEqual(["1h fired 9 below 17"]);
    // Less than a probe interval later it is the same evaluation.
    await world.clock.advance(intervalMs - 1);
    await watch();
    expect(await alerts()).toEqual(["1h fired 9 below 17"]);
    await world.clock.advance(1);
    expect(await watch()).toMatchObject({ resolved: 1 });
    expect(await alerts()).toEqual([`1h fired 9 below 17 resolved ${17 + 1 / 6}`]);
    expect(await told()).toEqual([`slo.burn objective:${objectiveId}:1h`, `slo.resolved objective:${objectiveId}:1h`]);
  });

  it("above again in between begins anew", async () => {
    const { serviceId } = await world.seed();
    await insertObjective(world.sql, serviceId, longAgoMs, {
      fastBurnMultiplier: 1_000,
      burnWarningPercent: 100,
      burnCriticalPercent: 100,
    });
    await lived(serviceId, [0, "self"], [2, "up"], [8, "self"], [9, "up"]);
    await world.clock.advance(2 * minuteMs);
    await watch();
    await world.clock.advance(6 * minuteMs);
    await watch();
    expect((await alerts())[0]).toBe("1h fired 2 below 8");
    await world.clock.advance(minuteMs);
    await watch();
    expect((await alerts())[0]).toBe("1h fired 2");
    await world.clock.advance(6 * minuteMs);
    await watch();
    await world.clock.advance(minuteMs);
    await watch();
    expect((await alerts())[0]).toBe("1h fired 2 below 15 resolved 16");
  });

  it("of the budget likewise, and none is left once it is overspent", async () => {
    const { serviceId } = await world.seed();
    await insertObjective(world.sql, serviceId, longAgoMs, { target: 99.9, window: { days: 1 } });
    // Allowed are 86.4 seconds.
    await lived(serviceId, [0, "self"], [2, "up"]);
    for (const seconds of [43, 26, 17]) {
      await world.clock.advance(seconds * 1_000);
      await watch();
    }
    await world.clock.advance(minuteMs);
    await watch();
    expect((await alerts()).filter((line) => /budget|exhausted/.test(line)).map((line) => line.split(" ")[0])).toEqual([
      "budget_warning",
      "budget_critical",
      "exhausted",
    ]);
    // A day later nothing of it is in the window.
    await world.clock.advance(dayMs);
    await watch();
    await world.clock.advance(minuteMs);
    await watch();
    expect((await alerts()).filter((line) => !line.includes("resolved"))).toEqual([]);
  });

  it("too little is known: nothing fires, and nothing is resolved", async () => {
    const { serviceId } = await world.seed();
    await insertObjective(world.sql, serviceId, longAgoMs, { window: { days: 1 }, burnWarningPercent: 100, burnCriticalPercent: 100 });
    await lived(serviceId, [0, "self"], [0.5, "unknown"], [200, "self"], [201, "up"]);
    await world.clock.advance(minuteMs / 2);
    await watch();
    const before = await alerts();
    expect(before.length).toBeGreaterThan(0);
    // More than a tenth of the day is not measured.
    for (const minutes of [180, 20, 1, 10, 10, 60]) {
      await world.clock.advance(minutes * minuteMs);
      await watch();
      if (minutes === 180) expect((await alerts()).length).toBeGreaterThan(0);
    }
    expect(await alerts()).toEqual(before);
  });

  it("an alert ends with its objective, and with its service; one that is being deleted gets none", async () => {
    const { serviceId } = await world.seed();
    const customerId = await createNotifyWorld(world).customerOf(serviceId);
    const first = await insertObjective(world.sql, serviceId, longAgoMs, { target: 99 }, "first");
    await insertObjective(world.sql, serviceId, longAgoMs, { target: 99.9 }, "second");
    await lived(serviceId, [0, "self"]);
    await world.clock.advance(10 * minuteMs);
    const { budgetWatch } = deps();
    const [, second] = await budgetWatch.measure(await budgetWatch.candidates("changing", 1, world.clock.nowMs(), 10), world.clock.nowMs());
    await watch();
    const of = async (id: number) => await world.sql("select 1 from slo_alerts where objective_id = $1 and resolved_at is null", [id]);
    expect((await of(first)).length).toBeGreaterThan(0);
    await world.sql("update slo_objectives set deleted_at = now() where id = $1", [first]);
    expect(await of(first)).toEqual([]);
    expect((await told()).filter((line) => line.startsWith(`slo.resolved objective:${first}`)).length).toBeGreaterThan(0);
    await createServiceStore(world.db).remove(customerId, serviceId, { actor: "sre", requestId: "1", idempotency: null });
    expect(await world.sql("select 1 from slo_alerts where resolved_at is null")).toEqual([]);
    expect(await watch("all")).toMatchObject({ objectives: 0 });
    // Somebody has judged it just before.
    if (second === undefined) throw new Error("no second");
    const change = {
      objectiveId: second.objectiveId,
      open: [],
      fire: [
        { kind: "3d" as const, figures: { burn: 1, shortBurn: 1, threshold: 1, allowedUs: 1, consumedUs: 1, remainingUs: 0, downUs: 1 } },
      ],
      resolve: [],
      note: [],
    };
    expect(await budgetWatch.save(await lease(), [change], world.clock.nowMs())).toEqual({ fired: 0, resolved: 0 });
  });

  it("two providers at once make one alert, and one message; who has lost the lease changes nothing", async () => {
    const notify = createNotifyWorld(world);
    const { serviceId } = await world.seed();
    await notify.channel({ customerId: await notify.customerOf(serviceId), kinds: ["slo.burn", "slo.resolved"] });
    await insertObjective(world.sql, serviceId, longAgoMs, {
      target: 99,
      fastBurnMultiplier: 100,
      burnWarningPercent: 100,
      burnCriticalPercent: 100,
    });
    await lived(serviceId, [0, "self"], [12, "up"]);
    await world.clock.advance(10 * minuteMs);
    const old = await lease("cloudflare");
    const fence = await lease("vercel");
    expect(await world.clock.run(watchBudgets(deps(), old))).toMatchObject({ fired: 0 });
    // Both believe that they have it.
    const both = await world.clock.run(Promise.all([watchBudgets(deps(), fence), watchBudgets(deps(), fence)]));
    expect(new Set(both.map(({ fired }) => fired))).toEqual(new Set([0, 1]));
    await notify.deliver();
    expect(notify.told()).toHaveLength(1);
    await world.clock.advance(10 * minuteMs);
    await Promise.all([watchBudgets(deps(), fence), watchBudgets(deps(), fence)]);
    await world.clock.advance(minuteMs);
    await world.clock.run(Promise.all([watchBudgets(deps(), fence), watchBudgets(deps(), fence)]));
    expect(await told()).toHaveLength(2);
  });
});

describe("what is looked at", () => {
  it("is what may change, and now and then everything", async () => {
    const quiet = await world.seed({ name: "quiet" });
    const down = await world.seed({ name: "down", domains: [{ name: "b.example.test" }] });
    const over = await world.seed({ name: "over", domains: [{ name: "c.example.test" }] });
    const corrected = await world.seed({ name: "corrected", domains: [{ name: "d.example.test" }] });
    const ids: number[] = [];
    for (const { serviceId } of [quiet, down, over, corrected]) ids.push(await insertObjective(world.sql, serviceId, longAgoMs));
    await lived(quiet.serviceId, [-60, "self"], [-4, "up"]);
    await lived(down.serviceId, [-60, "self"]);
    await lived(over.serviceId, [-60, "self"], [-2, "up"]);
    await lived(corrected.serviceId);
    await insertCorrection(world.sql, corrected.serviceId, [startMs - dayMs, startMs], startMs - minuteMs);
    const { budgetWatch } = deps();
    expect(new Set(await budgetWatch.candidates("changing", 1, startMs, 10))).toEqual(new Set(ids.slice(1)));
    expect(new Set(await budgetWatch.candidates("all", 1, startMs, 10))).toEqual(new Set(ids));
    expect(await world.clock.run(watchOnSchedule(deps(), await lease()))).toMatchObject({ objectives: 4 });
    await world.clock.advance(minuteMs);
    // By now some have open alerts.
    expect(await world.clock.run(watchOnSchedule(deps(), await lease()))).toMatchObject({ objectives: 4 });
    const added = await insertObjective(world.sql, quiet.serviceId, world.clock.nowMs(), {}, "new");
    expect(await budgetWatch.candidates("changing", 1, world.clock.nowMs(), 10)).toContain(added);
    expect(await budgetWatch.candidates("changing", 1, world.clock.nowMs() + 3 * minuteMs, 10)).not.toContain(added);
  });

  it("is everybody's first, however many objectives one of them has", async () => {
    const many = await world.seed({ customer: "many" });
    const few = await world.seed({ customer: "few", domains: [{ name: "b.example.test" }] });
    for (let nth = 0; nth < 30; nth += 1) await insertObjective(world.sql, many.serviceId, longAgoMs, {}, `n${nth}`);
    const own = await insertObjective(world.sql, few.serviceId, longAgoMs);
    const { budgetWatch } = deps();
    expect((await budgetWatch.candidates("all", 7, startMs, 2)).includes(own)).toBe(true);
    const firsts = new Set<number>();
    for (let seed = 0; seed < 20; seed += 1)
      for (const id of await budgetWatch.candidates("all", seed, startMs, 2)) if (id !== own) firsts.add(id);
    expect(firsts.size).toBeGreaterThan(5);
  });

  it("is begun by rounds in which a state changes, or a service is in an outage, and by none in calm", async () => {
    let begun = 0;
    const round = async (): Promise<number> => {
      const before = begun;
      await world.round({ watch: () => void (begun += 1) });
      return begun - before;
    };
    world.dns.put("app.example.test");
    const { serviceId } = await world.seed({ steering: "shadow" });
    const rounds = [];
    for (let nth = 0; nth < 5; nth += 1) rounds.push(await round());
    world.prober.say("a.cdn.net", 503);
    for (let nth = 0; nth < 3; nth += 1) rounds.push(await round());
    world.prober.say("a.cdn.net", 200);
    for (let nth = 0; nth < 8; nth += 1) rounds.push(await round());
    // Unknown, up; down and for two rounds more; up again three rounds after that.
    expect(rounds.slice(0, 8)).toEqual([1, 0, 1, 0, 0, 1, 1, 1]);
    expect(rounds.at(-1)).toBe(0);
    expect(await world.sql("select 1 from service_states where service_id = $1 and outage_at is not null", [serviceId])).not.toEqual([]);
  });
});

describe("the delay of a burn alert", () => {
  it("of a total outage is as its formula says, for five targets, through rounds and the job that they begin", async () => {
    const targets = [99, 99.5, 99.9, 99.95, 99.99];
    world.dns.put("app.example.test");
    const { serviceId } = await world.seed({ steering: "shadow" });
    await lived(serviceId);
    const ids = new Map<number, number>();
    for (const target of targets) ids.set(await insertObjective(world.sql, serviceId, longAgoMs, { target }, `of ${target}`), target);
    const begin = { work: Promise.resolve() as Promise<unknown> };
    const round = async (): Promise<void> => {
      await world.round({ watch: () => void (begin.work = lease().then((fence) => watchBudgets(deps(), fence))) });
      await world.clock.run(begin.work);
    };
    for (let nth = 0; nth < 4; nth += 1) await round();
    const outageAtMs = world.slot() + intervalMs;
    world.prober.say("a.cdn.net", 503);
    for (let nth = 0; nth < 56; nth += 1) await round();
    const fired = await world.sql<{ objective_id: string; fired_at: Date }>(
      "select objective_id, fired_at from slo_alerts where kind = '1h' order by objective_id",
    );
    const delays = fired.map(({ objective_id, fired_at }) => [ids.get(Number(objective_id)), (fired_at.getTime() - outageAtMs) / 1_000]);
    expect(delays.map(([target]) => target)).toEqual(targets);
    for (const [target = 0, seconds = 0] of delays) {
      const [tier] = tiers({ ...ordinaryTerms, target }, world.clock.nowMs() * 1_000);
      const formula = (tier?.factor ?? 0) * (1 - target / 100) * 3_600;
      // Of the hour before, 20 seconds were not measured.
      expect(seconds, `${target} %`).toBeGreaterThan(formula * (3_570 / 3_600));
      expect(seconds, `${target} %`).toBeLessThanOrEqual(formula + (2 * intervalMs) / 1_000);
    }
  });
});

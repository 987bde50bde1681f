import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createScoringStore } from "../../../src/adapters/db/cost/scoring.ts";
import type { ScoringStore } from "../../../src/adapters/ports/cost/scoring.ts";
import { scoreBatches } from "../../../src/cron/cost/score-batches.ts";
import { scoreCosts } from "../../../src/cron/cost/score.ts";
import { newBaseline } from "../../../src/domain/cost/baseline.ts";
import { judgeHour } from "../../../src/domain/cost/score.ts";
import { figuresOf } from "../../../src/domain/cost/watched.ts";
import type { CostWorld, QueuedFor } from "../../support/cost-world.ts";
import { costWorld, hourMs } from "../../support/cost-world.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";
import { seededRandom } from "../../support/random.ts";

// Half past an hour: what was before it is over, and has settled.
const nowMs = Date.parse("2026-11-26T12:30:00Z");
const thisHourMs = Date.parse("2026-11-26T12:00:00Z");

let database: TestDatabase;
let world: CostWorld;
beforeEach(async () => {
  database = await freshDatabase();
  world = costWorld(database);
});
afterEach(() => database.close());

const depsOf = (scoring: ScoringStore = createScoringStore(database.db), atMs = nowMs) => {
  const memory = createMemoryLog();
  return { scoring, clock: { nowMs: () => atMs, sleep: () => Promise.resolve() }, log: memory.log, lines: memory.lines };
};
const score = async (atMs = nowMs) => await scoreCosts(depsOf(undefined, atMs));

const hoursBefore = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => thisHourMs - (count - index) * hourMs);

/** Events whose cost goes up and down a little, an hour apart. */
const usual = (customerId: number, count: number, cents = 100): readonly QueuedFor[] =>
  hoursBefore(count).map((atMs, index) => ({
    customerId,
    eventId: `usual-${customerId}-${String(index).padStart(4, "0")}`,
    atMs,
    cents: cents + (index % 5),
    actor: `arn:role/${index % 3}`,
    resource: `i-${index % 4}`,
  }));

describe("events with a cost", () => {
  it("are scored in the order of their time, whatever the batches, as a referee does that has them all", async () => {
    const customerId = await world.customer("acme");
    const events = [...usual(customerId, 120), { customerId, eventId: "leak", atMs: thisHourMs, cents: 900, actor: "arn:role/new" }];
    for (let from = 0; from < events.length; from += 17) await world.queue(events.slice(from, from + 17).toReversed());
    expect(await score()).toMatchObject({ events: 121 });
    let baseline = newBaseline(false);
    let last = null;
    for (const { atMs, cents, actor, resource } of events) {
      const judged = judgeHour(baseline, { atMs, cents: cents ?? 0, actor: actor ?? null, resource: resource ?? null });
      ({ baseline, verdict: last } = judged);
    }
    const { series, anomalies, odd, hours } = await world.state();
    expect(series).toHaveLength(1);
    expect(series[0]?.["memory"]).toEqual({ by: "baseline", baseline });
    expect(odd).toEqual([{ event_id: "leak", severity: "critical" }]);
    expect(anomalies).toMatchObject([{ state: "open", severity: "critical", score: last?.score, value: 900, hours: 1, mode: "shadow" }]);
    expect(anomalies[0]?.["explanation"]).toContain("arn:role/new was never seen here before.");
    expect(hours).toHaveLength(121);
  });

  it("have their figures in step with what is remembered, whatever comes", async () => {
    const customerId = await world.customer("acme");
    const random = seededRandom(7);
    for (let round = 0; round < 6; round += 1) {
      await world.queue(
        Array.from({ length: 40 }, (_, index) => ({
          customerId,
          eventId: `${round}-${index}`,
          atMs: thisHourMs - Math.floor(random() * 900) * hourMs,
          cents: random() < 0.5 ? null : random() * 1_000,
          resourceType: random() < 0.3 ? "rds:instance" : "ec2:instance",
          actor: random() < 0.5 ? null : `role-${Math.floor(random() * 300)}`,
        })),
      );
      await score(nowMs + round * hourMs);
      for (const { memory, mean_hourly_cost, stddev, event_count, observed_actors } of (await world.state()).series) {
        const { mean, deviation, count, actors } = figuresOf(memory as never);
        expect({ mean_hourly_cost, stddev, event_count: Number(event_count), observed_actors }).toEqual({
          mean_hourly_cost: mean,
          stddev: deviation,
          event_count: count,
          observed_actors: actors,
        });
      }
    }
  });

  it("open one anomaly of a series, which grows worse, and is over a day after the last", async () => {
    const customerId = await world.customer("acme");
    await world.queue(usual(customerId, 60));
    await score();
    for (const [index, cents] of [150, 900, 300].entries())
      await world.queue([{ customerId, eventId: `odd-${index}`, atMs: thisHourMs + index, cents, actor: "arn:role/0", resource: "i-0" }]);
    await score();
    expect((await world.state()).anomalies).toMatchObject([{ state: "open", severity: "critical", value: 900, hours: 1 }]);
    await score(thisHourMs + 23 * hourMs);
    expect((await world.state()).anomalies).toMatchObject([{ state: "open" }]);
    await score(thisHourMs + 25 * hourMs);
    expect((await world.state()).anomalies).toMatchObject([{ state: "resolved" }]);
  });

  it("from long ago are learnt, and nobody is told", async () => {
    const customerId = await world.customer("acme");
    await world.queue(usual(customerId, 60).map((event) => ({ ...event, atMs: event.atMs - 40 * 24 * hourMs })));
    await world.queue([{ customerId, eventId: "old leak", atMs: thisHourMs - 30 * 24 * hourMs, cents: 900 }]);
    await score();
    const { anomalies, odd, series } = await world.state();
    expect([anomalies, odd.length, Number(series[0]?.["event_count"])]).toEqual([[], 1, 61]);
  });

  it("that a person expects are learnt as they are, and are usual then", async () => {
    const customerId = await world.customer("acme");
    await world.queue(usual(customerId, 60));
    await world.queue([{ customerId, eventId: "bigger", atMs: thisHourMs, cents: 400, actor: "arn:role/0", resource: "i-0" }]);
    await score();
    await world.sql("update cost_anomalies set state = 'expected'");
    const before = (await world.state()).series[0]?.["mean_hourly_cost"] as number;
    await world.queue([{ customerId, eventId: "bigger 2", atMs: thisHourMs + 1, cents: 400, actor: "arn:role/0", resource: "i-0" }]);
    await score();
    const { series, anomalies } = await world.state();
    expect((series[0]?.["mean_hourly_cost"] as number) - before).toBeCloseTo((400 - before) / 62, 6);
    expect(anomalies).toMatchObject([{ state: "expected" }]);
  });

  it("of one customer are no other's, though the account be the same", async () => {
    const [acme, globex] = [await world.customer("acme"), await world.customer("globex")];
    await world.queue(usual(acme, 60));
    await score();
    const before = (await world.state()).series;
    await world.queue([{ customerId: globex, eventId: "usual-1-0001", atMs: thisHourMs, cents: 9_999 }]);
    await score();
    const after = (await world.state()).series;
    expect(after.filter((one) => one["customer_id"] === String(acme))).toEqual(before);
    expect(after).toHaveLength(2);
  });
});

describe("the queue", () => {
  it("gives every customer its turn", async () => {
    const [heavy, light] = [await world.customer("heavy"), await world.customer("light")];
    for (let batch = 0; batch < 12; batch += 1)
      await world.queue([{ customerId: heavy, eventId: `h${batch}`, atMs: thisHourMs, cents: 1 }]);
    await world.queue([{ customerId: light, eventId: "l", atMs: thisHourMs, cents: 1 }]);
    const claimed = await createScoringStore(database.db).claim(4, 60_000);
    expect(claimed.map(({ customerId }) => customerId)).toContain(light);
  });

  it("loses one event that can not be scored, after five tries, and no other", async () => {
    const customerId = await world.customer("acme");
    await world.queue(usual(customerId, 40));
    const store = createScoringStore(database.db);
    const poisoned: ScoringStore = {
      ...store,
      save: async (batches, saves, odd) => {
        const [row] = await world.sql<{ id: string }>("select id from cost_events where event_id = 'usual-1-0007'");
        if (batches.some(({ events }) => events.some(({ id }) => id === row?.id))) throw new Error("it is poison");
        return await store.save(batches, saves, odd);
      },
    };
    for (let run = 0; run < 12; run += 1) {
      await scoreCosts(depsOf(poisoned));
      await world.sql("update cost_batches set next_try_at = now() - interval '1 second'");
    }
    expect(await world.sql("select state, tries, cardinality(event_ids) as events, last_error from cost_batches")).toEqual([
      { state: "dead", tries: 5, events: 1, last_error: "it is poison" },
    ]);
    expect(Number((await world.state()).series[0]?.["event_count"])).toBe(39);
  });

  it("comes to the same, however often whoever works on it dies, and however many work at once", async () => {
    const customers = [await world.customer("acme"), await world.customer("globex")];
    const fill = async (): Promise<void> => {
      for (const customerId of customers) {
        const events = [...usual(customerId, 40), { customerId, eventId: `leak ${customerId}`, atMs: thisHourMs, cents: 900 }];
        // One batch each, so that there is one order.
        await world.queue([...events, ...events.map((event) => ({ ...event, eventId: `c${event.eventId}`, cents: null }))]);
      }
    };
    await fill();
    await score();
    const undisturbed = await world.state();
    await world.sql("truncate cost_anomalies, cost_hours, cost_series, cost_batches, cost_events restart identity cascade");

    await fill();
    const store = createScoringStore(database.db);
    const random = seededRandom(11);
    let kills = 0;
    // Dies before a request is sent, or after it was answered, of which nobody hears.
    const mortal = <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) => {
      return async (...args: Args): Promise<Answer> => {
        const fate = kills < 100 ? random() : 1;
        if (fate < 0.3) kills += 1;
        if (fate < 0.15) throw new Error("killed before");
        const answer = await call(...args);
        if (fate < 0.3) throw new Error("killed after");
        return answer;
      };
    };
    const dying = async (): Promise<void> => {
      const brave: ScoringStore = {
        ...store,
        claim: mortal(store.claim),
        read: mortal(store.read),
        save: mortal(store.save),
        release: mortal(store.release),
        split: () => Promise.reject(new Error("killed")),
        giveBack: () => Promise.reject(new Error("killed")),
      };
      await scoreCosts(depsOf(brave)).catch(() => undefined);
    };
    for (let round = 0; round < 400 && (kills < 100 || (await world.sql("select from cost_batches")).length > 0); round += 1) {
      await Promise.all([dying(), dying()]);
      // Time passes, in which claims lapse; what was claimed was never a failure of its events.
      await world.sql("update cost_batches set next_try_at = now() - interval '1 second', tries = 0");
    }
    expect(kills).toBeGreaterThanOrEqual(100);
    expect(await world.state()).toEqual(undisturbed);
  });
});

describe("calls whose cost is not known", () => {
  const calls = (customerId: number, hour: number, count: number, actor = "arn:role/0"): readonly QueuedFor[] =>
    Array.from({ length: count }, (_, index) => ({
      customerId,
      eventId: `${hour}-${index}-${actor}`,
      atMs: hour + index,
      cents: null,
      actor,
      resource: "i-0",
    }));

  it("are counted by the hour, and judged when it is over, hours without any too", async () => {
    const customerId = await world.customer("acme");
    const hours = hoursBefore(100);
    await world.queue(hours.filter((_, index) => index % 10 !== 3).flatMap((hour, index) => calls(customerId, hour, 1 + (index % 3))));
    await world.queue(calls(customerId, thisHourMs, 40, "arn:role/stranger"));
    await score();
    const { hours: judged, series } = await world.state();
    expect(judged.map(({ value }) => value)).toEqual(expect.arrayContaining([0, 1, 2, 3]));
    expect(judged).toHaveLength(100);
    expect(series[0]?.["last_hour"]).toEqual(new Date(thisHourMs - hourMs));
    // The next hour is over, but CloudTrail may still write of it.
    await score(thisHourMs + hourMs + 60_000);
    expect((await world.state()).anomalies).toEqual([]);
    await score(thisHourMs + hourMs + 16 * 60_000);
    const { anomalies } = await world.state();
    expect(anomalies).toMatchObject([{ kind: "calls", value: 40, state: "open" }]);
    expect(anomalies[0]?.["explanation"]).toMatch(/^Calls an hour: 40, .* arn:role\/stranger was never seen here before\.$/);
    // Three usual hours later it is over.
    await score(thisHourMs + 4 * hourMs + 16 * 60_000);
    expect((await world.state()).anomalies).toMatchObject([{ state: "resolved" }]);
  });

  it("that come after their hour was judged show in it, and are learnt once", async () => {
    const customerId = await world.customer("acme");
    await world.queue(hoursBefore(30).flatMap((hour) => calls(customerId, hour, 2)));
    await score();
    const before = (await world.state()).series[0]?.["event_count"];
    await world.queue(calls(customerId, thisHourMs - 5 * hourMs, 3, "arn:role/late"));
    await score();
    const { hours, series } = await world.state();
    expect([series[0]?.["event_count"], hours.at(-5)?.["value"]]).toEqual([before, 5]);
    expect(series[0]?.["observed_actors"]).toContain("arn:role/late");
  });

  const late = async (hoursAgo: number, parts: number): Promise<void> => {
    const customerId = await world.customer("acme");
    await world.queue(hoursBefore(120).flatMap((hour, index) => calls(customerId, hour, 1 + (index % 3))));
    await score();
    for (let part = 0; part < parts; part += 1) {
      await world.queue(calls(customerId, thisHourMs - hoursAgo * hourMs + part * 60_000, 20, "arn:role/thief"));
      await score();
    }
  };

  it("are judged when they come, in as many parts as they like, where their bucket was away for a day", async () => {
    await late(30, 3);
    const { anomalies, hours } = await world.state();
    expect(anomalies).toMatchObject([
      { kind: "calls", state: "open", value: 61, hours: 1, first_hour: new Date(thisHourMs - 30 * hourMs) },
    ]);
    expect(anomalies[0]?.["explanation"]).toMatch(/^Calls an hour: 61, /);
    expect(hours.find(({ hour }) => (hour as Date).getTime() === thisHourMs - 30 * hourMs)).toMatchObject({
      value: 61,
      severity: "critical",
    });
    // Usual hours since then are over, and those to come end it.
    await score(thisHourMs + 4 * hourMs);
    expect((await world.state()).anomalies).toMatchObject([{ state: "resolved" }]);
  });

  it("are history where they come later than two days after", async () => {
    await late(50, 1);
    expect((await world.state()).anomalies).toEqual([]);
  });

  it("are no alarm where a bucket was away and all that comes late is as usual, nor is what comes next", async () => {
    const customerId = await world.customer("acme");
    const random = seededRandom(23);
    const counts = new Map(Array.from({ length: 303 }, (_, index) => [thisHourMs + (2 - index) * hourMs, 18 + Math.floor(random() * 6)]));
    const usualCalls = (hour: number): readonly QueuedFor[] => calls(customerId, hour, counts.get(hour) ?? 0);
    await world.queue(hoursBefore(300).slice(0, 290).flatMap(usualCalls));
    await score();
    await world.queue(hoursBefore(10).flatMap(usualCalls));
    await score();
    await world.queue([0, 1, 2].flatMap((hour) => usualCalls(thisHourMs + hour * hourMs)));
    await score(thisHourMs + 3 * hourMs + 16 * 60_000);
    const last = (await world.state()).hours.slice(-13);
    expect(last.map(({ severity }) => severity)).toEqual(last.map(() => "none"));
    expect(last.map(({ hour, value }) => value === counts.get((hour as Date).getTime()))).toEqual(last.map(() => true));
  });

  it("are remembered in the same room, whatever they are called and however many hours they are of", async () => {
    const customerId = await world.customer("acme");
    const events = Array.from({ length: 6_000 }, (_, index) => ({
      customerId,
      eventId: `long-${index}`,
      atMs: thisHourMs - (index % 300) * hourMs,
      cents: null,
      actor: `${index}-${"a".repeat(2_000)}`,
      resource: `${index}-${"r".repeat(2_000)}`,
    }));
    for (let from = 0; from < events.length; from += 250) await world.queue(events.slice(from, from + 250));
    const bytes = async () =>
      Number(
        (await world.sql<{ n: string }>("select max(length(memory::text) + length(observed_actors::text)) as n from cost_series"))[0]?.n,
      );
    const store = createScoringStore(database.db);
    for (let batches = await store.claim(4, 60_000); batches.length > 0; batches = await store.claim(4, 60_000))
      await scoreBatches(store, batches, nowMs);
    expect(await bytes()).toBeLessThan(500_000);
    await score();
    expect(await bytes()).toBeLessThan(500_000);
  });
});

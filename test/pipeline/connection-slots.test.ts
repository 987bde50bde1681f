import { describe, expect, it } from "vitest";
import type { Ask, Lane } from "../../src/pipeline/connection-slots.ts";
import { connectionOf, createConnections, createSlots } from "../../src/pipeline/connection-slots.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const bench = (size: number) => {
  const clock = createFakeClock(0);
  const slots = createSlots(size);
  const log: string[] = [];
  let running = 0;
  let peak = 0;
  const job = (customerId: number, name: string, ms: number, urgent = false) =>
    slots(customerId, urgent, async () => {
      running += 1;
      peak = Math.max(peak, running);
      log.push(name);
      await clock.sleep(ms);
      running -= 1;
      return name;
    });
  return { clock, slots, log, job, peak: () => peak };
};

describe("createSlots", () => {
  it("runs no more than its size at once, and everything in the end", async () => {
    const { clock, job, peak, log } = bench(3);
    const all = Array.from({ length: 20 }, (_, index) => job(index % 4, String(index), 10));
    expect(await clock.run(Promise.all(all))).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
    expect(peak()).toBe(3);
    expect(log).toHaveLength(20);
    expect(clock.nowMs()).toBe(70);
  });

  it("gives a free slot to the customer who has the fewest", async () => {
    const { clock, job, log } = bench(4);
    const hanging = Array.from({ length: 40 }, (_, index) => job(1, `hang ${index}`, 1_000));
    const quick = Array.from({ length: 40 }, (_, index) => job(2, `quick ${index}`, 10));
    await clock.run(Promise.all(quick));
    // Four hang first; from then on the quick customer has its share, whatever still waits behind the hanging ones.
    expect(clock.nowMs()).toBeLessThan(1_000 + 40 * 10);
    expect(log.filter((name) => name.startsWith("hang")).length).toBeLessThan(10);
    await clock.run(Promise.all(hanging));
  });

  it("takes a customer's urgent work before its other work", async () => {
    const { clock, job, log } = bench(1);
    const all = [job(1, "first", 10), job(1, "second", 10), job(1, "urgent", 10, true)];
    await clock.run(Promise.all(all));
    expect(log).toEqual(["first", "urgent", "second"]);
  });

  it("goes in turn among customers who have as few", async () => {
    const { clock, job, log } = bench(1);
    const all = ["a0", "a1", "a2", "b0", "b1", "c0"].map((name) => job(name.charCodeAt(0), name, 10));
    await clock.run(Promise.all(all));
    expect(log).toEqual(["a0", "a1", "b0", "c0", "a2", "b1"]);
  });

  it("frees the slot of work that fails", async () => {
    const { clock, job, slots } = bench(1);
    const failing = slots(1, false, () => Promise.reject(new Error("no")));
    const next = job(1, "next", 10);
    await expect(failing).rejects.toThrow("no");
    expect(await clock.run(next)).toBe("next");
  });
});

const connectionsAt = (size = 6) => {
  const clock = createFakeClock(0);
  const connections = createConnections(clock, size);
  const running: Record<Lane, number> = { change: 0, dns: 0, message: 0, background: 0, probe: 0 };
  const started: string[] = [];
  const most: Record<Lane | "all", number> = { change: 0, dns: 0, message: 0, background: 0, probe: 0, all: 0 };
  /** Work of that length; `deaf` does not heed that it is aborted. */
  const work = (ask: Ask, name: string, ms: number, untilMs = Number.POSITIVE_INFINITY, deaf = false) =>
    connections.until(ask, { untilMs, answerMs: Number.POSITIVE_INFINITY }, async (signal) => {
      running[ask.lane] += 1;
      most[ask.lane] = Math.max(most[ask.lane], running[ask.lane]);
      most.all = Math.max(most.all, running.change + running.dns + running.message + running.background + running.probe);
      started.push(name);
      await clock.sleep(ms, deaf ? undefined : signal);
      running[ask.lane] -= 1;
      if (!deaf && signal.aborted) throw new Error("aborted");
      return name;
    });
  return { clock, connections, work, started, most, running };
};
const lane = (name: Lane, key = 1, more: Partial<Ask> = {}): Ask => ({ lane: name, key, ...more });

describe("connections with a deadline", () => {
  it("give what the work gives, and throw what it throws", async () => {
    const { clock, connections, work } = connectionsAt();
    expect(await clock.run(work(lane("dns"), "quick", 10, 1_000))).toEqual({ status: "sent", value: "quick" });
    await expect(
      clock.run(connections.until(lane("dns"), { untilMs: 1_000, answerMs: 1_000 }, () => Promise.reject(new Error("no")))),
    ).rejects.toThrow("no");
  });

  it("are free at the deadline, whether the work heeds that or not", async () => {
    const { clock, connections, work } = connectionsAt(1);
    const heedful = work(lane("dns"), "heedful", 60_000, 1_000).catch(String);
    const deaf = work(lane("dns", 2), "deaf", 60_000, 2_000, true);
    const next = work(lane("dns", 3), "next", 10);
    expect(await clock.run(Promise.all([heedful, next]))).toEqual(["Error: aborted", { status: "sent", value: "next" }]);
    expect(clock.nowMs(), "one deadline after the other").toBe(2_010);
    expect(await clock.run(deaf)).toEqual({ status: "abandoned" });
    expect([connections.takeAbandoned(), connections.takeAbandoned()]).toEqual([[{ lane: "dns", count: 1 }], []]);
  });

  it("are never used for what would begin too late, which is distinguished from what was begun", async () => {
    const { clock, work, started } = connectionsAt(1);
    const hanging = work(lane("dns"), "hanging", 5_000, 5_000, true);
    const late = work(lane("dns", 2), "late", 10, 1_000);
    expect(await clock.run(late)).toEqual({ status: "unsent" });
    expect(clock.nowMs()).toBe(1_000);
    await clock.run(hanging);
    expect(await clock.run(work(lane("dns"), "over", 10, clock.nowMs()))).toEqual({ status: "unsent" });
    expect(started).toEqual(["hanging"]);
  });

  it("are not used for what would be cut off at once: nothing was sent", async () => {
    const { clock, connections, work } = connectionsAt(1);
    const hanging = work(lane("change"), "hanging", 9_000);
    const begun: number[] = [];
    const ask = (key: number, untilMs: number) =>
      connections.until(lane("change", key), { untilMs, answerMs: 8_000, leastMs: 1_500 }, async () => begun.push(key));
    const answers = await clock.run(Promise.all([ask(2, 10_000), ask(3, 10_500), hanging]));
    expect(answers, "one second is left, and a second and a half").toMatchObject([{ status: "unsent" }, { status: "sent" }, {}]);
    expect(begun).toEqual([3]);
  });

  it("are given for so long from when they are there, whatever waiting for them took", async () => {
    const { clock, connections, work } = connectionsAt(1);
    const first = work(lane("dns"), "first", 5_000);
    const bounded = connections.until(lane("dns", 2), { untilMs: 60_000, answerMs: 1_000 }, async (signal) => {
      await clock.sleep(60_000, signal);
      return clock.nowMs();
    });
    expect(await clock.run(Promise.all([first, bounded]))).toMatchObject([{}, { value: 6_000 }]);
  });

  it("are released on demand, queued or not", async () => {
    const { clock, connections, running } = connectionsAt(1);
    const stop = new AbortController();
    const use = connectionOf(connections, lane("dns"), stop.signal);
    const under = use({ untilMs: 60_000, answerMs: 60_000 }, async (signal) => {
      running.dns += 1;
      await clock.sleep(60_000, signal);
      running.dns -= 1;
      return signal.aborted;
    });
    const waiting = use({ untilMs: 60_000, answerMs: 60_000 }, async () => "never");
    await clock.advance(10);
    stop.abort();
    expect(await clock.run(Promise.all([under, waiting]))).toEqual([{ status: "sent", value: true }, { status: "unsent" }]);
    expect([running.dns, await use({ untilMs: 60_000, answerMs: 60_000 }, async () => "never")]).toEqual([0, { status: "unsent" }]);
  });
});

describe("the lanes of an invocation", () => {
  const many = (count: number, one: (index: number) => Promise<unknown>) =>
    Promise.all(Array.from({ length: count }, (_, index) => one(index)));

  it("leave probes three of six whatever the others want, and all that the others do not use", async () => {
    const { clock, connections, work, most } = connectionsAt();
    const busy = connections.probing(async () => {
      await many(30, (index) => work(lane("probe"), `probe ${index}`, 100));
      return { most: { ...most }, atMs: clock.nowMs() };
    });
    const others = many(30, (index) => work(lane((["change", "dns", "background"] as const)[index % 3] ?? "dns"), `other ${index}`, 1_000));
    const probed = await clock.run(busy);
    expect(probed.most).toMatchObject({ background: 1, all: 6 });
    expect(probed.most.change + probed.most.dns).toBeLessThanOrEqual(2);
    expect(probed.atMs).toBeLessThanOrEqual((30 / 3) * 100);
    await clock.run(others);
    expect(most, "once nobody probes").toMatchObject({ dns: 2, background: 2, all: 6 });
    const alone = connectionsAt();
    await alone.clock.run(alone.connections.probing(() => many(12, (index) => alone.work(lane("probe"), `probe ${index}`, 100))));
    expect([alone.most.probe, alone.clock.nowMs()]).toEqual([6, 200]);
    const storm = connectionsAt();
    await storm.clock.run(many(30, (index) => storm.work(lane("change", index), `change ${index}`, 100)));
    expect([storm.most.change, storm.clock.nowMs()], "the switches of a storm, when all that was to be probed has been").toEqual([5, 600]);
  });

  it.each(["dns", "change"] as const)("are not filled by work that hangs: in that of %s the rest always has a connection", async (name) => {
    const { clock, connections, work } = connectionsAt();
    const suspect = () => true;
    const hanging = many(40, (key) => work(lane(name, key + 10, { suspect }), `hangs ${key}`, 8_000, 8_000).catch(() => null));
    const well = async () => {
      const done: number[] = [];
      for (let count = 0; count < 5; count += 1) {
        await work(lane(name, 1), `well ${count}`, 100);
        done.push(clock.nowMs());
      }
      return done;
    };
    // What is read goes on from round to round; switches are over before anybody probes.
    expect(await clock.run(name === "dns" ? connections.probing(well) : well()), "as if alone").toEqual([100, 200, 300, 400, 500]);
    await clock.run(hanging);
  });

  it("take those that are well before those that are not", async () => {
    const { clock, work, started } = connectionsAt(1);
    const all = [
      work(lane("dns", 9), "first", 10),
      ...[2, 3].map((key) => work(lane("dns", key, { suspect: () => true }), `suspect ${key}`, 10)),
      work(lane("dns", 4), "well", 10),
    ];
    await clock.run(Promise.all(all));
    expect(started).toEqual(["first", "well", "suspect 2", "suspect 3"]);
  });
});

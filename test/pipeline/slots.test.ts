import { describe, expect, it } from "vitest";
import { createSlots } from "../../src/pipeline/slots.ts";
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

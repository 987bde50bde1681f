import { describe, expect, it } from "vitest";
import type { Dns, PairReading } from "../../src/adapters/ports/steering/dns.ts";
import { accountsOf, createStandings } from "../../src/pipeline/steering/accounts.ts";
import { createDnsReading } from "../../src/pipeline/steering/reading.ts";
import { createConnections } from "../../src/pipeline/connection-slots.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const startMs = 1_000_000;
const found: PairReading = { status: "found", zoneId: "Z1", records: [] };

/** Each name belongs to the customer of its number: `app.7.test` to the seventh. */
const ownerOf = (name: string): number => Number(name.split(".")[1]);
const nameOf = (customer: number, host = "app"): string => `${host}.${customer}.test`;

const bench = (customers: readonly number[]) => {
  const clock = createFakeClock(startMs);
  const connections = createConnections(clock);
  const standings = createStandings(clock, connections);
  const reading = createDnsReading(clock, connections);
  const sent: string[] = [];
  /** How long the requests of a customer's account take, one per name. Whoever is deaf does not heed a deadline. */
  const slow = new Map<number, { readonly ms: number; readonly deaf?: boolean }>();
  const dnsOf = (customer: number): Dns => ({
    provider: "route53",
    read: async (names, budget) => {
      const { ms = 0, deaf = false } = slow.get(customer) ?? {};
      if (deaf) await clock.sleep(ms);
      const answered: [string, PairReading][] = [];
      for (const name of names) {
        const pass = await budget.gate.enter(budget.untilMs);
        if ("refusal" in pass) break;
        const answer = await budget.connection({ untilMs: budget.untilMs, answerMs: 8_000 }, async (signal) => {
          sent.push(name);
          await clock.sleep(ms, signal);
          return signal.aborted;
        });
        const isAnswered = answer.status === "sent" && !answer.value;
        pass.leave(isAnswered ? "ok" : answer.status === "unsent" ? "unsent" : "unanswered", isAnswered ? null : "no answer");
        if (isAnswered) answered.push([name, found]);
        else if (answer.status === "unsent") break;
        else answered.push([name, { status: "error", detail: "no answer", retryable: true }]);
      }
      return new Map(answered);
    },
    apply: async () => [],
    status: async (ids) => new Map(ids.map((id) => [id, "pending"])),
  });
  const own = new Map(customers.map((customer) => [customer, dnsOf(customer)]));
  const accountsFor = (names: readonly string[]) =>
    accountsOf(standings, dnsOf(0), own, new Map(names.map((name) => [name, ownerOf(name)])), reading.stopped);
  const begin = (names: readonly string[], polls: readonly string[] = []) => reading.begin(accountsFor(names), names, polls, new Map());
  return { clock, connections, reading, sent, slow, begin, standings };
};

describe("what DNS is asked beside the rounds", () => {
  it("is answered account by account: one that hangs is waited for once, and nobody waits for it again", async () => {
    const { clock, reading, begin, slow } = bench([1, 2]);
    slow.set(1, { ms: 60_000 });
    const waits: number[] = [];
    const got: string[][] = [];
    for (let round = 0; round < 5; round += 1) {
      const beganMs = clock.nowMs();
      begin([nameOf(1), nameOf(2)]);
      await clock.run(reading.wait(beganMs + 3_000));
      waits.push(clock.nowMs() - beganMs);
      got.push(
        [...reading.take().readings].flatMap(
          ([
            name,
            {
              reading: { status },
            },
          ]) => (status === "found" ? [name] : []),
        ),
      );
      await clock.advance(10_000 - (clock.nowMs() - beganMs));
    }
    expect(got).toEqual(Array.from({ length: 5 }, () => [nameOf(2)]));
    expect(waits).toEqual([2_500, 0, 0, 0, 0]);
  });

  it("reads every name of an account that is slow, rounds or no rounds, and none twice", async () => {
    const { clock, reading, begin, slow, sent } = bench([1]);
    slow.set(1, { ms: 1_000 });
    const names = Array.from({ length: 40 }, (_, index) => nameOf(1, `h${index}`));
    const known = new Set<string>();
    for (let round = 0; round < 8; round += 1) {
      begin(names.filter((name) => !known.has(name)));
      await clock.run(reading.wait(clock.nowMs() + 3_000));
      for (const name of reading.take().readings.keys()) known.add(name);
      await clock.advance(7_000);
    }
    expect(known.size).toBe(40);
    expect(sent.length - new Set(sent).size, "none is answered twice, and few are broken off").toBeLessThanOrEqual(4);
  });

  it("is forgotten for names that were changed meanwhile: it was asked before", async () => {
    const { clock, reading, begin, slow } = bench([1]);
    slow.set(1, { ms: 5_000 });
    begin([nameOf(1)]);
    await clock.advance(1_000);
    reading.touch([nameOf(1)]);
    await clock.advance(10_000);
    expect(reading.take().readings.size).toBe(0);
    begin([nameOf(1)]);
    await clock.advance(10_000);
    expect([...reading.take().readings.keys()]).toEqual([nameOf(1)]);
  });

  it("ends with the lease, and gives back what it held", async () => {
    const { clock, connections, reading, begin, slow } = bench([1]);
    slow.set(1, { ms: 60_000 });
    begin([nameOf(1)]);
    await clock.advance(10);
    reading.stop();
    await clock.advance(10);
    const free = Promise.all(Array.from({ length: 6 }, () => connections.run({ lane: "probe", key: 1 }, async () => clock.nowMs())));
    expect(new Set(await clock.run(free))).toEqual(new Set([clock.nowMs()]));
  });

  it("goes on with an account's answers where one call never ends: that is counted, and it is paused", async () => {
    const { clock, connections, begin, slow, standings } = bench([1]);
    slow.set(1, { ms: Number.MAX_SAFE_INTEGER, deaf: true });
    for (let round = 0; round < 6; round += 1) {
      begin([nameOf(1)]);
      await clock.advance(16_000);
    }
    expect(connections.takeAbandoned()).toEqual([{ lane: "dns", count: 4 }]);
    expect(standings.takeChanged()).toMatchObject([{ customerId: 1, pauses: 2, lastError: "no answer in time" }]);
  });

  it("reads fifty accounts of which forty-nine are silent: the healthy one is read as if alone", async () => {
    const customers = Array.from({ length: 50 }, (_, index) => index + 1);
    const { clock, reading, begin, slow } = bench(customers);
    for (const customer of customers.slice(0, 49)) slow.set(customer, { ms: Number.MAX_SAFE_INTEGER });
    const heardMs: number[] = [];
    let round = 0;
    // They have been silent for a while when it begins to matter.
    for (; round < 30; round += 1) {
      const beganMs = clock.nowMs();
      begin(customers.map((customer) => nameOf(customer)));
      await clock.run(reading.wait(beganMs + 3_000));
      if ([...reading.take().readings.values()].some(({ reading: { status } }) => status === "found"))
        heardMs.push(clock.nowMs() - beganMs);
      await clock.advance(10_000 - (clock.nowMs() - beganMs));
    }
    expect(heardMs.slice(-20)).toEqual(Array.from({ length: 20 }, () => 0));
  });
});

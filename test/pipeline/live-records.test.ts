import { describe, expect, it } from "vitest";
import type { PairReading } from "../../src/adapters/ports/steering/dns.ts";
import type { RoundDomain } from "../../src/adapters/ports/detection/round-view.ts";
import { digestReadings, dueNames, liveWeights, movedAt, ownersOf, withWeights } from "../../src/pipeline/steering/live-records.ts";
import type { DomainReading } from "../../src/pipeline/steering/live-records.ts";
import { freely } from "../support/budget.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { recordsOf, roundDomain, roundService, unreadRouting } from "../support/round-fixtures.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const nowMs = Date.parse("2026-11-18T11:20:00Z");
const driftCheckMs = 300_000;
const name = "app.example.test";
const routing = (primary: number, backup: number, over = {}) => ({
  ...unreadRouting,
  records: recordsOf(name, primary, backup),
  readAtMs: nowMs - driftCheckMs,
  ...over,
});

const bench = () => {
  const clock = createFakeClock(nowMs);
  const dns = createStrictDns(clock);
  const read = async (domains: readonly RoundDomain[]): Promise<readonly DomainReading[]> => {
    const services = [roundService({ domains })];
    const found = await dns.dns.read(dueNames(services, driftCheckMs, clock.nowMs()), freely);
    return digestReadings(services, new Map([...found].map(([one, reading]) => [one, { reading, atMs: clock.nowMs() }])));
  };
  const one = async (domain: Partial<RoundDomain>, reading?: PairReading): Promise<DomainReading> => {
    dns.hooks.reading = () => reading ?? null;
    const [first] = await read([roundDomain(domain)]);
    if (first === undefined) throw new Error("the domain was not read");
    return first;
  };
  return { clock, dns, read, one };
};

describe("weights of records", () => {
  it("reads a pair by its identifiers in any case", () => {
    const records = recordsOf(name, 70, 30).map((record, index) => ({ ...record, setIdentifier: ["PRIMARY", "Backup"][index] ?? "" }));
    expect(liveWeights(records)).toEqual([{ primary: 70, backup: 30 }]);
  });

  it("reads each type by itself, and nothing of half a pair", () => {
    const records = [...recordsOf(name, 100, 0, "A"), ...recordsOf(name, 0, 100, "AAAA"), ...recordsOf(name, 1, 2, "CNAME").slice(0, 1)];
    expect(liveWeights(records)).toEqual([
      { primary: 100, backup: 0 },
      { primary: 0, backup: 100 },
    ]);
    expect(liveWeights(null)).toEqual([]);
  });

  it("changes nothing but the weight", () => {
    const [primary, backup] = withWeights(recordsOf(name, 100, 0), { primary: 0, backup: 100 });
    expect([primary, backup]).toEqual(recordsOf(name, 0, 100));
  });

  it.each([
    ["to the backup", null, { primary: 0, backup: 100 }, nowMs],
    ["half-way back", 5, { primary: 10, backup: 90 }, 5],
    ["all the way back", 5, { primary: 100, backup: 0 }, null],
    ["never there", null, { primary: 50, backup: 50 }, null],
  ] as const)("remembers the move: %s", (_, before, to, after) =>
    expect(movedAt(before, to, { primary: 100, backup: 0 }, nowMs)).toBe(after),
  );
});

describe("the records that are due", () => {
  it("reads what was never read, is to be read again, is old, or is in doubt, and what is in doubt first", async () => {
    const { dns, read } = bench();
    const domains = [
      roundDomain({ domainId: 1, name: "fresh.test", routing: routing(100, 0, { readAtMs: nowMs - driftCheckMs + 1 }) }),
      roundDomain({ domainId: 2, name: "old.test", routing: routing(100, 0) }),
      roundDomain({ domainId: 3, name: "older.test", routing: routing(100, 0, { readAtMs: nowMs - driftCheckMs - 1 }) }),
      roundDomain({ domainId: 4, name: "never.test", routing: null }),
      roundDomain({ domainId: 5, name: "again.test", routing: routing(100, 0, { readAtMs: null }) }),
      roundDomain({
        domainId: 6,
        name: "doubt.test",
        routing: routing(100, 0, { readAtMs: nowMs }),
        openIntents: [{ id: 1, from: { primary: 100, backup: 0 }, to: { primary: 0, backup: 100 }, attemptedAtMs: nowMs, ours: true }],
      }),
    ];
    await read(domains);
    expect(dns.reads).toEqual([["again.test", "doubt.test", "never.test", "older.test", "old.test"]]);
  });

  it("does not read the records of an unverified claim: they may be somebody else's", async () => {
    const { dns, read } = bench();
    dns.put(name);
    expect(dueNames([roundService({ domains: [roundDomain({ verified: false, routing: null })] })], driftCheckMs, nowMs)).toEqual([]);
    expect(await read([roundDomain({ verified: false, routing: null })])).toEqual([]);
  });

  it("are those of whoever has proven a name to be theirs", () => {
    const services = [
      roundService({ customerId: 1, domains: [roundDomain({ name, verified: false })] }),
      roundService({ customerId: 2, domains: [roundDomain({ name })] }),
    ];
    expect([...ownersOf(services)]).toEqual([[name, 2]]);
    expect(digestReadings(services, new Map([[name, { reading: failure(true), atMs: nowMs }]]))).toHaveLength(1);
  });

  it("are left as they are where a reading has not come", () => {
    expect(digestReadings([roundService({ domains: [roundDomain({ name, routing: null })] })], new Map())).toEqual([]);
  });

  it("reads a new pair and what it points to", async () => {
    const { dns, one } = bench();
    dns.put(name, 100, 0, { targets: ["A.cdn.net", "b.cdn.net"] });
    const { routing: after, drift } = await one({ routing: null });
    expect(after).toMatchObject({
      status: "found",
      zoneId: "Z1",
      readAtMs: nowMs,
      discoveredPrimaryTarget: "a.cdn.net",
      discoveredBackupTarget: "b.cdn.net",
      discoveredPrimaryOk: false,
      lastError: null,
    });
    expect(drift).toBeNull();
  });

  it("forgets that a discovered target answered when the records name another", async () => {
    const { dns, one } = bench();
    dns.put(name, 100, 0, { targets: ["new.cdn.net", "b.cdn.net"] });
    const before = routing(100, 0, {
      discoveredPrimaryTarget: "a.cdn.net",
      discoveredBackupTarget: "b.cdn.net",
      discoveredPrimaryOk: true,
      discoveredBackupOk: true,
    });
    expect((await one({ routing: before })).routing).toMatchObject({
      discoveredPrimaryTarget: "new.cdn.net",
      discoveredPrimaryOk: false,
      discoveredBackupOk: true,
    });
  });

  it("calls weights that somebody else changed drift", async () => {
    const { dns, one } = bench();
    dns.put(name, 80, 20);
    expect((await one({ routing: routing(100, 0) })).drift).toEqual({
      recordType: "CNAME",
      previous: { primary: 100, backup: 0 },
      found: { primary: 80, backup: 20 },
    });
    expect((await one({ routing: routing(80, 20) })).drift).toBeNull();
    expect((await one({ routing: routing(100, 0, { readAtMs: null }) })).drift, "in doubt, so nothing is known").toBeNull();
    const refused = await one({ routing: routing(100, 0, { readAtMs: null }), openIntents: [toBackup] });
    expect(refused.drift, "its own intent can not have done it").toMatchObject({ found: { primary: 80, backup: 20 } });
  });

  it("sees drift of one type among several", async () => {
    const { dns, one } = bench();
    dns.put(name, 100, 0, { type: "A" });
    dns.put(name, 0, 100, { type: "AAAA" });
    const before = { ...routing(100, 0), records: [...recordsOf(name, 100, 0, "A"), ...recordsOf(name, 100, 0, "AAAA")] };
    expect((await one({ routing: before })).drift).toMatchObject({ recordType: "AAAA", found: { primary: 0, backup: 100 } });
  });

  const toBackup = { id: 7, from: { primary: 100, backup: 0 }, to: { primary: 0, backup: 100 }, attemptedAtMs: nowMs - 1_000, ours: true };
  const old = { ...toBackup, attemptedAtMs: nowMs - 90_000 };

  it("finds that a switch left in doubt was made", async () => {
    const { dns, one } = bench();
    dns.put(name, 0, 100);
    const { routing: after, resolved, drift } = await one({ routing: routing(100, 0), openIntents: [toBackup] });
    expect(resolved).toEqual([{ id: 7, result: "accepted" }]);
    expect(after.movedAtMs).toBe(nowMs);
    expect(drift).toBeNull();
  });

  it("finds that a switch left in doubt was not made", async () => {
    const { dns, one } = bench();
    dns.put(name, 100, 0);
    const { routing: after, resolved } = await one({ routing: routing(100, 0), openIntents: [old] });
    expect(resolved).toEqual([{ id: 7, result: "superseded" }]);
    expect(after.movedAtMs).toBeNull();
  });

  it("looks after a young one that may yet be made, its own or another's", async () => {
    const { dns, one } = bench();
    dns.put(name, 100, 0);
    for (const ours of [true, false]) {
      expect((await one({ routing: routing(100, 0), openIntents: [{ ...toBackup, ours }] })).resolved).toEqual([]);
    }
    dns.put(name, 90, 10);
    expect((await one({ routing: routing(100, 0), openIntents: [toBackup] })).resolved, "its compare-and-set can not match").toHaveLength(
      1,
    );
    const others = await one({ routing: routing(100, 0), openIntents: [{ ...toBackup, ours: false }] });
    expect(others.resolved, "the weights may come back before an earlier holder calls").toEqual([]);
  });

  it("credits its own switch before that of an earlier holder", async () => {
    const { dns, one } = bench();
    dns.put(name, 0, 100);
    const both = [{ ...toBackup, id: 6, ours: false }, toBackup];
    expect((await one({ routing: routing(100, 0), openIntents: both })).resolved).toEqual([{ id: 7, result: "accepted" }]);
  });

  it("lets only one of several open intents have made it, and none where it is known to have been made before", async () => {
    const { dns, one } = bench();
    dns.put(name, 0, 100);
    const twins = [toBackup, { ...toBackup, id: 8 }];
    expect((await one({ routing: routing(100, 0), openIntents: twins })).resolved).toEqual([
      { id: 7, result: "accepted" },
      { id: 8, result: "superseded" },
    ]);
    const known = await one({ routing: routing(0, 100, { movedAtMs: 5 }), openIntents: [toBackup] });
    expect(known.resolved).toEqual([{ id: 7, result: "superseded" }]);
    expect(known.routing.movedAtMs).toBe(5);
  });

  it("is not made by one of two types alone", async () => {
    const { dns, one } = bench();
    dns.put(name, 0, 100, { type: "A" });
    dns.put(name, 100, 0, { type: "AAAA" });
    expect((await one({ routing: routing(100, 0), openIntents: [old] })).resolved).toEqual([{ id: 7, result: "superseded" }]);
  });

  it("takes what stands at its normal weights for back, whoever put it there", async () => {
    const { dns, one } = bench();
    dns.put(name, 100, 0);
    expect((await one({ routing: routing(0, 100, { movedAtMs: 5 }) })).routing.movedAtMs).toBeNull();
    dns.put(name, 30, 70);
    expect((await one({ routing: routing(0, 100, { movedAtMs: 5 }) })).routing.movedAtMs).toBe(5);
  });

  it("says what is missing of a pair, and settles what was in doubt: it can not have been made", async () => {
    const { one } = bench();
    const { routing: after, resolved } = await one({ routing: routing(100, 0, { movedAtMs: 5 }), openIntents: [toBackup] });
    expect(after).toMatchObject({ status: "unprovisioned", records: null, readAtMs: nowMs, movedAtMs: 5 });
    expect(after.lastError).toContain("create two weighted record sets");
    expect(resolved).toEqual([{ id: 7, result: "superseded" }]);
  });

  const failure = (retryable: boolean): PairReading => ({ status: "error", detail: "Throttling", retryable });

  it("keeps the previous reading after a failed one, and retries at once where that may help", async () => {
    const { one } = bench();
    const before = routing(100, 0, { readAtMs: nowMs - 400_000 });
    expect((await one({ routing: before }, failure(true))).routing).toEqual({ ...before, lastError: "Throttling" });
    expect((await one({ routing: before }, failure(false))).routing).toEqual({ ...before, readAtMs: nowMs, lastError: "Throttling" });
    expect((await one({ routing: null }, failure(true))).routing).toMatchObject({ status: "error", records: null, readAtMs: null });
    const inDoubt = await one({ routing: routing(100, 0), openIntents: [toBackup] }, failure(true));
    expect(inDoubt.resolved).toEqual([]);
  });

  it("goes on saying what a switch is refused for while that is held back, however well the records read", async () => {
    const { dns, one } = bench();
    dns.put(name, 100, 0);
    const failedAttempts = [
      {
        id: 1,
        from: { primary: 100, backup: 0 },
        to: { primary: 0, backup: 100 },
        reason: "storm",
        nextAttemptAtMs: nowMs,
        sameRecords: true,
      },
    ];
    const refused = routing(100, 0, { lastError: "AccessDenied" });
    expect((await one({ routing: refused, failedAttempts })).routing.lastError).toBe("AccessDenied");
    expect((await one({ routing: refused })).routing.lastError).toBeNull();
  });
});

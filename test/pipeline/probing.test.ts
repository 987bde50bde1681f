import { describe, expect, it } from "vitest";
import type { RoundService } from "../../src/adapters/ports/detection/round-view.ts";
import { probeRound, probeTargets } from "../../src/pipeline/detection/probing.ts";
import type { SlowPaths } from "../../src/pipeline/detection/probing.ts";
import { createSlots } from "../../src/pipeline/connection-slots.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { roundDomain, roundService, unreadRouting } from "../support/round-fixtures.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";

const roundAtMs = Date.parse("2026-11-18T11:20:00Z");
const settings = { path: "/healthz", timeoutMs: 5_000, intervalMs: 10_000 };

const bench = () => {
  const clock = createFakeClock(roundAtMs);
  const script = createScriptedProber(clock);
  const slowPaths: SlowPaths = new Set();
  const probe = async (services: readonly RoundService[], atMs = roundAtMs) =>
    await clock.run(probeRound({ prober: script.prober, clock, vantage: "local", slowPaths }, services, atMs, settings, createSlots(6)));
  return { clock, slowPaths, probe, ...script };
};
const sinceRound = (calls: readonly { startedAtMs: number }[]) => calls.map(({ startedAtMs }) => startedAtMs - roundAtMs);

/** A customer with so many domains, each with a primary of its own and no other path. */
const customer = (customerId: number, count: number, host: (index: number) => string): RoundService =>
  roundService({
    customerId,
    serviceId: customerId,
    domains: Array.from({ length: count }, (_, index) =>
      roundDomain({
        domainId: customerId * 1_000 + index,
        name: `d${index}.c${customerId}.test`,
        primaryTarget: host(index),
        backupTarget: null,
      }),
    ),
  });

describe("probeRound", () => {
  it("takes one sample of each path that is well, all under the key of the round", async () => {
    const { probe, calls } = bench();
    const { samples, unprobed } = await probe([roundService({ domains: [roundDomain({ name: "app.example.com" })] })]);
    expect(calls.map(({ url }) => url).sort()).toEqual([
      "https://a.cdn.net/healthz",
      "https://app.example.com/healthz",
      "https://b.cdn.net/healthz",
    ]);
    expect(unprobed).toBe(0);
    expect(
      samples
        .map(({ path, attempt, ok, status, error }) => ({ path, attempt, ok, status, error }))
        .sort((a, b) => a.path.localeCompare(b.path)),
    ).toEqual(["backup", "direct", "primary"].map((path) => ({ path, attempt: 0, ok: true, status: 200, error: null })));
    for (const sample of samples)
      expect(sample).toMatchObject({ serviceId: 1, domainId: 1, vantage: "local", roundAtMs, probedAtMs: roundAtMs });
  });

  it("confirms a failure twice, a tenth of an interval apart, after its answer", async () => {
    const { probe, calls, say, clock } = bench();
    say("a.cdn.net", 503);
    const { samples } = await probe([customer(1, 1, () => "a.cdn.net")]);
    expect(sinceRound(calls)).toEqual([0, 1_000, 2_000]);
    expect(samples.map(({ attempt, ok, status, error, probedAtMs }) => [attempt, ok, status, error, probedAtMs - roundAtMs])).toEqual([
      [0, false, 503, "http_status", 0],
      [1, false, 503, "http_status", 1_000],
      [2, false, 503, "http_status", 2_000],
    ]);
    expect(clock.nowMs() - roundAtMs).toBe(2_000);
  });

  it("makes no sample of an answer that not every vantage can read, and does not ask again", async () => {
    const { probe, calls, say, slowPaths } = bench();
    say("a.cdn.net", "unreadable");
    slowPaths.add("1000/primary");
    const { samples, unprobed, unreadable } = await probe([customer(1, 2, (index) => (index === 0 ? "a.cdn.net" : "b.cdn.net"))]);
    expect(samples.map(({ domainId, ok }) => [domainId, ok])).toEqual([[1_001, true]]);
    expect([calls.length, unprobed, unreadable, slowPaths.size]).toEqual([2, 0, 1, 0]);
  });

  it("counts a lost packet as one failure of three: its confirmations may be good", async () => {
    const { probe, say } = bench();
    const answers: ("refuse" | 200)[] = ["refuse", 200, 200];
    say("a.cdn.net", () => answers.shift() ?? 200);
    const { samples } = await probe([customer(1, 1, () => "a.cdn.net")]);
    expect(samples.map(({ ok, error }) => [ok, error])).toEqual([
      [false, "network"],
      [true, null],
      [true, null],
    ]);
  });

  it("keeps failing paths from holding up the others", async () => {
    const { probe, calls, say } = bench();
    say("a.cdn.net", "hang");
    const { samples } = await probe([roundService()]);
    expect(samples.filter(({ path }) => path === "backup")).toHaveLength(1);
    expect(calls.find(({ url }) => url.includes("b.cdn.net"))?.startedAtMs).toBe(roundAtMs);
  });

  it("is impatient with a path that timed out, until it answers again", async () => {
    const { probe, calls, say, slowPaths } = bench();
    const services = [customer(1, 1, () => "a.cdn.net")];
    say("a.cdn.net", "hang");
    await probe(services);
    expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual([5_000, 2_000, 2_000]);
    expect(sinceRound(calls)).toEqual([0, 6_000, 7_000]);
    await probe(services, roundAtMs + 10_000);
    expect(calls.slice(3).map(({ timeoutMs }) => timeoutMs)).toEqual([2_000, 2_000, 2_000]);
    say("a.cdn.net", "refuse");
    await probe(services, roundAtMs + 20_000);
    expect(calls.at(-1)?.timeoutMs, "a refused connection is no answer").toBe(2_000);
    say("a.cdn.net", 503);
    await probe(services, roundAtMs + 30_000);
    expect(calls.slice(-3).map(({ timeoutMs }) => timeoutMs)).toEqual([2_000, 5_000, 5_000]);
    expect(slowPaths.size).toBe(0);
  });

  it("never waits longer than it was told to be patient", async () => {
    const clock = createFakeClock(roundAtMs);
    const { prober, calls, say } = createScriptedProber(clock);
    say("a.cdn.net", "hang");
    await clock.run(
      probeRound(
        { prober, clock, vantage: "local", slowPaths: new Set() },
        [customer(1, 1, () => "a.cdn.net")],
        roundAtMs,
        { ...settings, timeoutMs: 500 },
        createSlots(6),
      ),
    );
    expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual([500, 500, 500]);
  });

  it("has no more probes waiting at once than it has slots", async () => {
    const { probe, peak, calls, say } = bench();
    for (let index = 0; index < 20; index += 1) say(`h${index}.net`, [200, 100]);
    const { samples } = await probe([customer(1, 20, (index) => `h${index}.net`)]);
    expect(samples).toHaveLength(20);
    expect(peak.waiting).toBe(6);
    expect(calls).toHaveLength(20);
  });

  it("takes one path of each customer in turn", () => {
    const services = [customer(1, 4, () => "a.net"), customer(2, 2, () => "b.net"), customer(3, 1, () => "c.net")];
    expect(probeTargets(services, "/healthz", 0).map(({ customerId }) => customerId)).toEqual([1, 2, 3, 1, 2, 1, 1]);
  });

  it("probes everything in every round, beginning with others each time", () => {
    const services = [customer(1, 40, () => "a.net"), customer(2, 7, () => "b.net")];
    const firsts = new Set<number>();
    for (let round = 0; round < 40; round += 1) {
      const targets = probeTargets(services, "/healthz", round);
      expect(new Set(targets.map(({ domainId }) => domainId)).size).toBe(47);
      firsts.add(targets.find(({ customerId }) => customerId === 1)?.domainId ?? -1);
    }
    expect(firsts.size).toBeGreaterThan(30);
  });

  it("lets no customer's dead CDN starve the others", async () => {
    const { probe, say } = bench();
    say("dead.net", "hang");
    const { samples } = await probe([customer(1, 200, () => "dead.net"), customer(2, 100, () => "well.net")]);
    expect(samples.filter(({ serviceId }) => serviceId === 2)).toHaveLength(100);
    expect(
      Math.max(...samples.filter(({ serviceId }) => serviceId === 2).map(({ probedAtMs }) => probedAtMs)) - roundAtMs,
    ).toBeLessThanOrEqual(5_000);
  });

  it("keeps a CDN that hangs from taking up the time of all other paths, from the first round on", async () => {
    const { probe, say, slowPaths } = bench();
    const many = Array.from({ length: 200 }, (_, index) =>
      roundService({
        customerId: index % 10,
        serviceId: index,
        cdns: ["cdn-a", "cdn-b"],
        domains: [roundDomain({ domainId: index, name: `d${index}.test`, primaryTarget: `a${index}.net`, backupTarget: `b${index}.net` })],
      }),
    );
    for (let index = 0; index < 200; index += 1) {
      say(`a${index}.net`, "hang");
      say(`b${index}.net`, [200, 50]);
    }
    const found = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const { samples } = await probe(many, roundAtMs + round * 10_000);
      expect(
        samples.filter(({ path }) => path === "backup"),
        `round ${round}`,
      ).toHaveLength(200);
      for (const { path, domainId } of samples) if (path === "primary") found.add(domainId);
    }
    expect(found.size, "and what hangs is found out by and by").toBeGreaterThan(15);
    expect(slowPaths).toContain("cdn:cdn-a/primary");
    for (let index = 0; index < 200; index += 1) say(`a${index}.net`, 200);
    const back = await probe(many, roundAtMs + 30_000);
    expect(back.samples, "one answer clears it").toHaveLength(400);
    expect(slowPaths).not.toContain("cdn:cdn-a/primary");
  });

  it("suspects nobody for what one customer's own target does", async () => {
    const { probe, say, calls } = bench();
    for (let index = 0; index < 5; index += 1) say(`dead${index}.net`, "hang");
    const well = customer(2, 50, (index) => `well${index}.net`);
    for (let round = 0; round < 2; round += 1)
      await probe([customer(1, 5, (index) => `dead${index}.net`), well], roundAtMs + round * 10_000);
    const seconds = calls.filter(({ url }) => url.includes("well")).map(({ startedAtMs }) => (startedAtMs - roundAtMs) % 10_000);
    expect(Math.max(...seconds)).toBe(0);
  });

  it("gives all of its connections to what hangs where there is nothing else", async () => {
    const { probe, say, calls } = bench();
    for (let index = 0; index < 12; index += 1) say(`dead${index}.net`, "hang");
    const services = [customer(1, 12, (index) => `dead${index}.net`)];
    await probe(services);
    const before = calls.length;
    await probe(services, roundAtMs + 10_000);
    const begun = calls.slice(before).map(({ startedAtMs }) => startedAtMs);
    expect(begun.filter((at) => at === begun[0])).toHaveLength(6);
  });

  it("ends while what it saw is fresh, tells what it had no time for, and gets round to all of it", async () => {
    const { probe, say, clock } = bench();
    say("dead.net", "hang");
    const services = [customer(1, 100, () => "dead.net")];
    const seen = new Set<number>();
    let rounds = 0;
    for (; seen.size < 100 && rounds < 60; rounds += 1) {
      const startedAtMs = clock.nowMs();
      const { samples, unprobed } = await probe(services, roundAtMs + rounds * 10_000);
      expect(clock.nowMs() - startedAtMs).toBeLessThanOrEqual(20_000);
      const domains = new Set(samples.map(({ domainId }) => domainId));
      expect(domains.size + unprobed).toBe(100);
      expect(samples).toHaveLength(domains.size * 3);
      for (const domainId of domains) seen.add(domainId);
    }
    expect(seen.size).toBe(100);
    expect(rounds).toBeLessThan(40);
  });

  it("probes the discovered target where none was given, and the domain's own path", async () => {
    const { probe, calls } = bench();
    const routing = { ...unreadRouting, discoveredPrimaryTarget: "found-a.net", discoveredBackupTarget: "found-b.net" };
    await probe([roundService({ domains: [roundDomain({ primaryTarget: null, probePath: "/ping", routing })] })]);
    expect(calls.map(({ url }) => url).sort()).toEqual(["https://b.cdn.net/ping", "https://found-a.net/ping"]);
  });

  it("judges by the domain's expected codes, and by the default where those make no sense", async () => {
    const { probe, say } = bench();
    say("a.cdn.net", 404);
    const expecting = async (expectStatus: string) =>
      (await probe([roundService({ domains: [roundDomain({ expectStatus, backupTarget: null })] })])).samples[0]?.ok;
    expect(await expecting("404")).toBe(true);
    expect(await expecting("200-399")).toBe(false);
    expect(await expecting("nonsense")).toBe(false);
    say("a.cdn.net", 302);
    expect(await expecting("nonsense")).toBe(true);
  });

  it("has nothing to do without services", async () => {
    const { probe } = bench();
    expect(await probe([])).toEqual({ samples: [], unprobed: 0, unreadable: 0, overBudget: 0 });
  });
});

import { describe, expect, it } from "vitest";
import { healthCheckCents, monthlyCents, volumesCents } from "../../../src/domain/cost/aws-prices.ts";
import type { Facts } from "../../../src/domain/cost/zombie-hunt.ts";
import { hunt } from "../../../src/domain/cost/zombie-hunt.ts";
import { idleAfterMs, zombieRules } from "../../../src/domain/cost/zombie.ts";
import type { ZombieRule } from "../../../src/domain/cost/zombie.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = Date.parse("2026-11-28T00:00:00Z");

const nothing: Facts = {
  backups: [],
  healthChecks: [],
  zones: [],
  orphanPairs: [],
  thirdRecords: [],
  cdns: [],
  unverifiedDomains: [],
  unusedAccounts: [],
  tokens: [],
  services: [],
  customersWithoutService: [],
  addresses: [],
  volumes: [],
  stoppedInstances: [],
  idleLoadBalancers: [],
};

const backup = { serviceId: 12, service: "web", cdn: "fastly", sinceMs: 0, lastBytesMs: null, lastGoodProbeMs: null, monthlyCents: 50_000 };
const record = { serviceId: 12, name: "www.example.com", setIdentifier: "blue", account: "aws" };
const cdn = { serviceId: 12, id: "abc123", cdn: "fastly", account: "main", sinceMs: 0, lastBytesMs: [null, null], monthlyCents: null };
const cloud = { account: "123456789012", region: "us-east-1" };

/** What idles since some time, by each rule, with what it wastes. */
const cases: readonly [ZombieRule, (sinceMs: number) => Partial<Facts>, number | null, number][] = [
  ["backup-would-not-pay", (sinceMs) => ({ backups: [{ ...backup, sinceMs }] }), 50_000, 24 * hourMs],
  [
    "health-check-on-no-record",
    (unusedSinceMs) => ({ healthChecks: [{ id: "hc", account: "aws", unusedSinceMs, isOnAws: false, options: 1 }] }),
    275,
    24 * hourMs,
  ],
  ["zone-without-records", (emptySinceMs) => ({ zones: [{ id: "Z1", name: "example.com", account: "aws", emptySinceMs }] }), 50, 7 * dayMs],
  ["pair-without-service", (sinceMs) => ({ orphanPairs: [{ ...record, sinceMs }] }), 0, 7 * dayMs],
  ["third-record", (sinceMs) => ({ thirdRecords: [{ ...record, sinceMs }] }), 0, 7 * dayMs],
  ["cdn-without-traffic", (sinceMs) => ({ cdns: [{ ...cdn, sinceMs }] }), null, 14 * dayMs],
  [
    "domain-unverified",
    (addedMs) => ({ unverifiedDomains: [{ id: 5, serviceId: 12, hostname: "a.example.com", addedMs }] }),
    0,
    30 * dayMs,
  ],
  [
    "account-unused",
    (unusedSinceMs) => ({ unusedAccounts: [{ id: 4, kind: "cost", name: "old", unusedSinceMs, monthlyCents: null }] }),
    null,
    30 * dayMs,
  ],
  ["token-never-used", (createdMs) => ({ tokens: [{ id: 7, name: "ci", createdMs, lastUsedMs: null }] }), 0, 30 * dayMs],
  ["token-unused", (lastUsedMs) => ({ tokens: [{ id: 7, name: "ci", createdMs: 0, lastUsedMs }] }), 0, 90 * dayMs],
  ["service-incomplete", (sinceMs) => ({ services: [{ id: 12, name: "web", hasDomain: false, hasPolicy: true, sinceMs }] }), 0, 7 * dayMs],
  ["customer-without-service", (sinceMs) => ({ customersWithoutService: [{ id: 3, name: "acme", sinceMs }] }), 0, 7 * dayMs],
  ["address-unassociated", (sinceMs) => ({ addresses: [{ id: "eipalloc-1", ...cloud, sinceMs }] }), 365, 7 * dayMs],
  ["volume-unattached", (sinceMs) => ({ volumes: [{ id: "vol-1", ...cloud, sinceMs, type: "gp3", gib: 100 }] }), 800, 7 * dayMs],
  [
    "stopped-instance-volumes",
    (sinceMs) => ({
      stoppedInstances: [
        {
          id: "i-1",
          ...cloud,
          sinceMs,
          volumes: [
            { type: "gp3", gib: 8 },
            { type: "st1", gib: 125 },
          ],
        },
      ],
    }),
    627,
    7 * dayMs,
  ],
  ["load-balancer-idle", (sinceMs) => ({ idleLoadBalancers: [{ id: "arn:lb", ...cloud, sinceMs }] }), 1_643, 7 * dayMs],
];

describe("a zombie", () => {
  it("has a case for each rule", () => {
    expect(cases.map(([rule]) => rule)).toEqual(zombieRules);
  });

  it.each(cases)("%s is one from the very end of its time on", (rule, facts, waste, afterMs) => {
    expect(idleAfterMs[rule]).toBe(afterMs);
    const found = (sinceMs: number) => hunt({ ...nothing, ...facts(sinceMs) }, nowMs);
    expect(found(nowMs - afterMs + 1)).toEqual([]);
    const [zombie, ...more] = found(nowMs - afterMs);
    expect(more).toEqual([]);
    expect(zombie).toMatchObject({ rule, lastActivityMs: nowMs - afterMs, monthlyWasteCents: waste });
    expect(zombie?.severity).toBe(rule === "backup-would-not-pay" ? "critical" : "warning");
    expect(zombie?.reason).toMatch(/^[A-Z].*\.$/);
    expect(zombie?.remedy.length).toBeGreaterThan(20);
  });

  it("is none where there is nothing", () => {
    expect(hunt(nothing, nowMs)).toEqual([]);
  });
});

describe("insurance that would not pay", () => {
  const old = nowMs - 24 * hourMs;
  it.each([
    ["no bytes and no good probe, ever", null, null, 1],
    ["bytes and a good probe long ago", old, old - 1, 1],
    ["a good probe within the day: a warm backup carries no bytes by design", null, old + 1, 0],
    ["bytes within the day, whatever its probes say", old + 1, null, 0],
  ])("has %s", (_, lastBytesMs, lastGoodProbeMs, count) => {
    expect(hunt({ ...nothing, backups: [{ ...backup, lastBytesMs, lastGoodProbeMs }] }, nowMs)).toHaveLength(count);
  });

  it("is not told of a backup that is one since today", () => {
    expect(hunt({ ...nothing, backups: [{ ...backup, sinceMs: old + 1 }] }, nowMs)).toEqual([]);
  });
});

describe("rules that exempt", () => {
  it.each([
    ["a service with domain and policy", { services: [{ id: 12, name: "web", hasDomain: true, hasPolicy: true, sinceMs: 0 }] }],
    ["a stopped instance without volumes", { stoppedInstances: [{ id: "i-1", ...cloud, sinceMs: 0, volumes: [] }] }],
    ["a CDN with traffic by its own figures alone", { cdns: [{ ...cdn, lastBytesMs: [nowMs, null] }] }],
    ["a CDN with traffic by ours alone", { cdns: [{ ...cdn, lastBytesMs: [null, nowMs] }] }],
  ])("%s", (_, facts) => {
    expect(hunt({ ...nothing, ...facts }, nowMs)).toEqual([]);
  });

  it("say what a service lacks", () => {
    const [zombie] = hunt({ ...nothing, services: [{ id: 12, name: "web", hasDomain: false, hasPolicy: false, sinceMs: 0 }] }, nowMs);
    expect(zombie?.reason).toBe("The service web has no domain and no policy: nothing of it is protected.");
  });
});

describe("prices", () => {
  it("are not guessed where they are not known", () => {
    expect(monthlyCents("address", "eu-west-1")).toBeNull();
    expect(volumesCents([{ type: "gp3", gib: 1 }], "eu-west-1")).toBeNull();
    expect(
      volumesCents(
        [
          { type: "gp3", gib: 1 },
          { type: "gp9", gib: 1 },
        ],
        "us-east-1",
      ),
    ).toBeNull();
    expect(volumesCents([{ type: "toString", gib: 1 }], "us-east-1")).toBeNull();
  });

  it.each([
    [[{ type: "gp3", gib: 1 }], 8],
    [[{ type: "st1", gib: 1 }], 5],
    [[{ type: "sc1", gib: 1 }], 2],
    [
      [
        { type: "st1", gib: 1 },
        { type: "sc1", gib: 1 },
      ],
      6,
    ],
    [[], 0],
  ])("of %j are %d cents, rounded once", (volumes, cents) => {
    expect(volumesCents(volumes, "us-east-1")).toBe(cents);
  });

  it.each([
    [true, 0, 50],
    [true, 2, 250],
    [false, 0, 75],
    [false, 4, 875],
  ])("of a health check on AWS %s with %d options are %d cents", (isOnAws, options, cents) => {
    expect(healthCheckCents({ isOnAws, options })).toBe(cents);
  });
});

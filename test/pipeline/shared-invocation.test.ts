import { expect, it } from "vitest";
import type { CorroborationStore } from "../../src/adapters/ports/detection/corroboration.ts";
import type { Budget } from "../../src/adapters/ports/platform/budget.ts";
import type { DnsAccess } from "../../src/adapters/ports/steering/dns-access.ts";
import type { ScoringStore } from "../../src/adapters/ports/cost/scoring.ts";
import type { BudgetWatch } from "../../src/adapters/ports/slo/watch.ts";
import type { Claimed, Outbox } from "../../src/adapters/ports/notify/outbox.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import type { StandingDomain, StandingStore } from "../../src/adapters/ports/steering/standing.ts";
import type { JobDeps } from "../../src/cron/schedule.ts";
import { runScheduled } from "../../src/cron/schedule.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLeases } from "../support/memory-leases.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMemoryTickRuns } from "../support/memory-tick-runs.ts";
import { recordsOf, roundDomain, roundService } from "../support/round-fixtures.ts";

const minuteMs = Date.parse("2026-11-18T11:20:00Z");
const customers = Array.from({ length: 12 }, (_, index) => index + 1);

/** A minute of cron on Workers: rounds, standing failovers and the proof of switches, all in one invocation. */
it("shares six connections among all that one minute's cron starts, and probes have most of them", async () => {
  const clock = createFakeClock(minuteMs);
  const { leases } = createMemoryLeases(clock);
  const log = createMemoryLog();
  const waiting = { probe: 0, other: 0, message: 0 };
  const most = { all: 0, other: 0, message: 0 };
  const done = { probe: 0, other: 0, message: 0 };
  const connected = async (what: "probe" | "other" | "message", ms: number): Promise<void> => {
    waiting[what] += 1;
    most.all = Math.max(most.all, waiting.probe + waiting.other + waiting.message);
    most.other = Math.max(most.other, waiting.other);
    most.message = Math.max(most.message, waiting.message);
    await clock.sleep(ms);
    waiting[what] -= 1;
    done[what] += 1;
  };
  /** One request to AWS or to a resolver, over a connection where there is a say in it. */
  const request = async (budget?: Budget): Promise<void> => {
    if (budget === undefined) await connected("other", 400);
    else await budget.connection({ untilMs: budget.untilMs, answerMs: 8_000 }, () => connected("other", 400));
  };
  const services = customers.map((id) =>
    roundService({
      serviceId: id,
      customerId: id,
      domains: [
        roundDomain({ domainId: id, name: `d${id}.example.com`, primaryTarget: `a${id}.net`, backupTarget: `b${id}.net`, routing: null }),
      ],
    }),
  );
  const access = {
    provider: "route53",
    read: async (names, budget) => {
      await Promise.all(names.map(() => request(budget)));
      return new Map(names.map((name) => [name, { status: "found", zoneId: "Z1", records: recordsOf(name, 100, 0) } as const]));
    },
    status: async () => new Map(),
    apply: async () => [],
    createCheck: async (_reference, _target, _disabled, budget) => {
      await request(budget);
      return { status: "failed", detail: "denied", retryable: false };
    },
    listChecks: async (budget) => {
      await request(budget);
      return { status: "done", checks: new Map() };
    },
  } as Partial<DnsAccess> as DnsAccess;
  const domains = customers.map(
    (id) =>
      ({
        domainId: id,
        customerId: id,
        name: `d${id}.example.com`,
        primaryTarget: `a${id}.net`,
        backupTarget: `b${id}.net`,
        probePath: null,
        expectStatus: "200-399",
        frozen: false,
        shadow: false,
        verified: true,
        routingStatus: "found",
        zoneId: "Z1",
        records: recordsOf(`d${id}.example.com`, 100, 0),
        attached: false,
        checkedAtMs: null,
        lastError: null,
        orphaned: false,
        state: "standing",
        nonce: "n",
        generation: 1,
        checks: { primary: null, backup: null },
        restore: null,
        obsolete: [],
        failedStep: null,
        failures: 0,
        nextAtMs: null,
      }) as StandingDomain,
  );
  const own = new Map(customers.map((id) => [id, { ...access }]));
  const rounds = {
    load: async (fence) =>
      (await leases.renew(fence))
        ? { services, vantages: [], polls: [], expired: false, standings: [], freeze: null, domainsLeftOut: 0 }
        : null,
    saveAndEvaluate: async () => ({ policies: [], leftOut: [] }),
    survey: async () => services,
    saveWitnessed: async () => undefined,
    edgeSamples: async () => [],
    saveDecisions: async () => new Map(),
    saveOutcomes: async () => undefined,
  } as RoundStore;
  const observed = {
    changeRowId: 1,
    late: false,
    name: "d1.example.com",
    records: recordsOf("d1.example.com", 0, 100),
    to: { primary: 0, backup: 100 },
    surroundings: null,
    insyncAtMs: 0,
  };
  const message = { channelKind: "webhook", sealedSecret: "x", customerId: 1, attempts: 0, channelFailures: 0, message: {} };
  const messages = Array.from({ length: 30 }, (_, id) => ({ ...message, id, channelId: id }) as Partial<Claimed> as Claimed);
  const deps = {
    rounds,
    leases,
    clock,
    log: log.log,
    provider: "local",
    preferredProvider: "local",
    handBackAfterMs: 600_000,
    vantage: "local",
    slowPaths: new Set(),
    prober: { probe: async () => (await connected("probe", 900), { kind: "answer", status: 200, latencyMs: 900 }) },
    dns: access,
    dnsDirectory: { operator: access, of: async (id) => own.get(id) ?? access, ofAll: async () => own },
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs: 10_000 },
    driftCheckMs: 300_000,
    overtimeMs: 0,
    tickRuns: createMemoryTickRuns(),
    jobRuns: { record: async () => undefined },
    settings: { shards: async () => 1 },
    dispatcher: null,
    random: { bytes: (count) => new Uint8Array(count) },
    standing: {
      all: async () => domains,
      troubledAccounts: async () => [],
      save: async () => true,
    } as Partial<StandingStore> as StandingStore,
    scoring: {
      egressDue: async () => [],
      claim: async () => [],
      callsDue: async () => [],
      upkeep: async () => ({ woken: 0, ended: 0 }),
    } as Partial<ScoringStore> as ScoringStore,
    budgetWatch: { candidates: async () => [] } as Partial<BudgetWatch> as BudgetWatch,
    corroboration: { watched: async () => [] } as Partial<CorroborationStore> as CorroborationStore,
    outbox: {
      noteExpired: async () => 0,
      news: async () => ({
        notifications: [],
        incidentIds: [],
        channels: [],
        threads: [],
        surroundings: { incidents: [], members: [], openStorms: new Set(), unsettled: new Set(), backupDown: new Set() },
      }),
      claim: async (_fence, { limit }) =>
        Array.from({ length: Math.min(limit, messages.length) }, () => messages.shift()).flatMap((one) => one ?? []),
      record: async () => undefined,
      nextDueMs: async () => (messages.length === 0 ? null : clock.nowMs()),
    } as Partial<Outbox> as Outbox,
    channels: {
      kinds: ["webhook"],
      send: async (_secret, _message, _id, _atMs, budget) => {
        await budget.connection({ untilMs: budget.untilMs, answerMs: 8_000 }, () => connected("message", 400));
        return { status: "sent", detail: "200" };
      },
    },
    secrets: { keyIds: async () => [], seal: async (text) => text, open: async () => "{}" },
    chance: () => 0,
    observations: { due: async () => Array.from({ length: 40 }, () => observed), save: async () => true },
    lookup: {
      lookup: async (_name, _type, budget) => {
        await Promise.all([request(budget), request(budget)]);
        return [{ resolver: "one", status: "answered", answers: ["b.cdn.net."] }];
      },
    },
  } as Partial<JobDeps> as JobDeps;
  await clock.run(runScheduled(deps, "* * * * *", minuteMs));
  expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
  expect(most.all, "of one invocation").toBe(6);
  expect(most.other, "beside probes").toBeLessThanOrEqual(4);
  expect([most.message, done.message]).toEqual([4, 30]);
  expect(done.probe, "every path of every round").toBe(6 * 3 * customers.length);
  expect(done.other).toBeGreaterThan(100);
});

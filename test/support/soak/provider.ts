import { createDatabaseClock } from "../../../src/adapters/platform/database-clock.ts";
import type { Database } from "../../../src/adapters/db/platform/client.ts";
import { databaseTime } from "../../../src/adapters/db/platform/client.ts";
import { faultError } from "../../../src/adapters/db/platform/faults.ts";
import { createJobRunStore } from "../../../src/adapters/db/coordination/job-runs.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { createObservationStore } from "../../../src/adapters/db/steering/observations.ts";
import { createRoundStore } from "../../../src/adapters/db/round/rounds.ts";
import { createSettingsStore } from "../../../src/adapters/db/coordination/settings.ts";
import { createStandingStore } from "../../../src/adapters/db/steering/standing.ts";
import { createTickRunStore } from "../../../src/adapters/db/coordination/tick-runs.ts";
import type { Log } from "../../../src/adapters/ports/platform/log.ts";
import type { RoundDone } from "../../../src/adapters/ports/coordination/job-runs.ts";
import { runShard } from "../../../src/cron/rounds/dispatch.ts";
import { testSigner } from "../evidence-signer.ts";
import type { JobDeps } from "../../../src/cron/schedule.ts";
import { runScheduled } from "../../../src/cron/schedule.ts";
import type { SoakClock } from "./clock.ts";
import type { SoakDns } from "./dns.ts";
import type { Internet } from "./internet.ts";
import type { Fault, ProviderName, SoakPlan } from "./plan.ts";
import { holds, providers } from "./plan.ts";

export type Arena = {
  readonly plan: SoakPlan;
  readonly clock: SoakClock;
  readonly db: Database;
  readonly dns: SoakDns;
  readonly internet: Internet;
  readonly chance: () => number;
  readonly log: (provider: ProviderName) => Log;
  readonly onRound: (provider: ProviderName, round: RoundDone) => void;
};

const minuteMs = 60_000;
const never = <T>(): Promise<T> => new Promise(() => undefined);
/** How long the client waits for an answer of the database. */
const answerTimeoutMs = 15_000;

/** The way of an isolate to the database: some milliseconds, or none at all. */
const wayTo = ({ plan, clock, db, chance }: Arena, alive: () => boolean): Database => {
  const away = plan.faults.filter((fault): fault is Fault & { kind: "db_away" } => fault.kind === "db_away");
  const trip = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!alive()) return await never();
    await clock.sleep(2 + Math.floor(chance() * 18));
    if (!alive()) return await never();
    const fault = away.find((span) => holds(span, clock.nowMs()));
    if (fault?.how === "refused") throw faultError("unreachable", new Error("connection refused"));
    if (fault?.how === "silent") {
      // Some of it is done, and the answer lost.
      if (chance() < 0.3) await work().catch(() => undefined);
      await clock.sleep(answerTimeoutMs);
      throw faultError("no_answer", new Error("timeout"));
    }
    const done = await work();
    return alive() ? done : await never();
  };
  return { rows: (query) => trip(() => db.rows(query)), batch: (queries) => trip(() => db.batch(queries)) };
};

/** One provider: its cron, by its own clock, and the isolate in which its invocations run. */
export const createProvider = (name: ProviderName, arena: Arena) => {
  const { plan, clock, dns, internet, chance } = arena;
  const own = <Kind extends Fault["kind"]>(kind: Kind) =>
    plan.faults.filter(
      (fault): fault is Extract<Fault, { kind: Kind }> => fault.kind === kind && "provider" in fault && fault.provider === name,
    );
  const [dark, skews, lates, doubles] = [own("dark"), own("skew"), own("cron_late"), own("cron_doubled")];
  const isDark = (): boolean => dark.some((span) => holds(span, clock.nowMs()));
  const skewMs = (): number => skews.find((span) => holds(span, clock.nowMs()))?.ms ?? 0;
  const platform = { nowMs: () => clock.nowMs() + skewMs(), sleep: clock.sleep };
  const log = arena.log(name);
  const other = providers.find((one) => one !== name) ?? name;
  const othersDark = plan.faults.filter((fault) => fault.kind === "dark" && fault.provider === other);
  /** When its cron came: the beginnings of invocations. */
  const calls: number[] = [];

  const isolate = () => {
    let isAlive = true;
    const alive = () => isAlive;
    const db = wayTo(arena, alive);
    const time = createDatabaseClock({
      platform,
      timerMs: clock.nowMs,
      log,
      ask: async () => (await db.rows<{ nowMs: number }>(databaseTime))[0]?.nowMs ?? Number.NaN,
    });
    const directory = dns.directory(alive);
    const { probe } = internet.prober(name, clock);
    let seen: { provider: string; error: string | null } | null = null;
    const shared = {
      clock: time,
      sharedClock: time,
      log,
      provider: name,
      vantage: name,
      preferredProvider: "cloudflare",
      handBackAfterMs: 600_000,
      random: { bytes: (length: number) => Uint8Array.from({ length }, () => Math.floor(chance() * 256)) },
      rounds: createRoundStore(db, plan.ttlMs, time),
      leases: createLeaseStore(db, plan.ttlMs),
      jobRuns: createJobRunStore(db),
      tickRuns: createTickRunStore(db),
      settings: createSettingsStore(db),
      standing: createStandingStore(db),
      observations: createObservationStore(db),
      evidenceSigner: testSigner(),
      overtimeMs: minuteMs,
      prober: { probe: async (request: Parameters<typeof probe>[0]) => (isAlive ? await probe(request) : await never()) },
      dns: directory.operator,
      dnsDirectory: directory,
      slowPaths: new Set<string>(),
      driftCheckMs: 300_000,
      probe: { path: "/healthz", timeoutMs: 5_000, intervalMs: plan.intervalMs },
      ...(name === "cloudflare" && { requestLimit: 10_000 }),
      peer: {
        look: async () =>
          void (seen = { provider: other, error: othersDark.some((span) => holds(span, clock.nowMs())) ? "no answer" : null }),
        take: () => {
          const taken = seen;
          seen = null;
          return taken;
        },
      },
      // What a resolver answers is what the records say.
      lookup: { lookup: async () => [] },
      onRound: (round: RoundDone) => arena.onRound(name, round),
    };
    const deps = {
      ...shared,
      dispatcher: {
        /** An invocation of its own, which answers at once and works on. */
        dispatch: async (shard, scheduledAtMs) => {
          runShard(shared as unknown as JobDeps, shard, scheduledAtMs).catch((error: unknown) => log.error("shard", error));
        },
      },
    } as Partial<JobDeps> as JobDeps;
    return {
      call: (scheduledAtMs: number): void => {
        calls.push(clock.nowMs());
        runScheduled(deps, "* * * * *", scheduledAtMs).catch((error: unknown) => log.error("cron", error));
      },
      kill: () => void (isAlive = false),
    };
  };

  const until = async (platformMs: number): Promise<void> => {
    // In steps: its clock may be put right in between.
    while (platform.nowMs() < platformMs) await clock.sleep(Math.min(5_000, platformMs - platform.nowMs()));
  };

  return {
    name,
    calls,
    /** Until the run is over. */
    live: async (): Promise<void> => {
      let current = isolate();
      const dying = dark.map(async ({ fromMs, toMs }) => {
        await clock.sleep(fromMs - clock.nowMs());
        current.kill();
        await clock.sleep(toMs - clock.nowMs());
        current = isolate();
      });
      const call = async (dueMs: number): Promise<void> => {
        const lateMs = lates.find((span) => holds(span, clock.nowMs()))?.ms ?? 0;
        const doubled = doubles.find((span) => holds(span, clock.nowMs()));
        await clock.sleep(lateMs);
        if (!isDark()) current.call(dueMs);
        if (doubled === undefined) return;
        await clock.sleep(doubled.afterMs);
        if (!isDark()) current.call(dueMs);
      };
      // Those under way when the run ends go on to their end.
      for (let dueMs = Math.ceil(platform.nowMs() / minuteMs) * minuteMs; clock.nowMs() < plan.toMs - 2 * minuteMs; dueMs += minuteMs) {
        await until(dueMs);
        // A clock that was put forward has passed some minutes over: they do not come twice.
        dueMs = Math.max(dueMs, Math.floor(platform.nowMs() / minuteMs) * minuteMs);
        void call(dueMs);
      }
      await Promise.all(dying);
      await clock.sleep(plan.toMs - clock.nowMs());
    },
  };
};

import { createScoringStore } from "../../../src/adapters/db/cost/scoring.ts";
import { scoreCosts } from "../../../src/cron/cost/score.ts";
import type { CostWorld } from "../../support/cost-world.ts";
import { costWorld, hourMs } from "../../support/cost-world.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";

export const thisHourMs = Date.parse("2026-11-26T12:00:00Z");
export const gb = 1e9;

/** A service on two CDNs, the hours it has behind it, and the scorer. */
export type EgressWorld = {
  readonly database: TestDatabase;
  readonly world: CostWorld;
  readonly customerId: number;
  readonly serviceId: number;
  /** Scores twenty minutes into an hour, this one where none is said. */
  readonly score: (hour?: number) => Promise<unknown>;
  /** Twenty days of 60 GB an hour and a little more or less on the primary, up to `untilMs`; null: the backup is not measured. */
  readonly calm: (untilMs: number, backupGb: number | null) => Promise<void>;
  readonly storm: (fromMs: number, toMs: number | null) => Promise<void>;
};

export const egressWorld = async (): Promise<EgressWorld> => {
  const database = await freshDatabase();
  const world = costWorld(database);
  const customerId = await world.customer("acme");
  const serviceId = await world.service(customerId, "downloads");
  return {
    database,
    world,
    customerId,
    serviceId,
    score: async (hour = thisHourMs) =>
      await scoreCosts({
        scoring: createScoringStore(database.db),
        clock: { nowMs: () => hour + 20 * 60_000, sleep: () => Promise.resolve() },
        log: createMemoryLog().log,
      }),
    calm: async (untilMs, backupGb) => {
      await world.usage(
        serviceId,
        Array.from({ length: 480 }, (_, index) => {
          const wobble = (index * 7) % 5;
          return [untilMs - (480 - index) * hourMs, (60 + wobble) * gb, backupGb === null ? null : backupGb * gb] as const;
        }),
      );
    },
    storm: async (fromMs, toMs) => {
      const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
      await world.sql(
        `with policy as (insert into storm_policies (service_id, kind) values ($1, 'http_availability') returning id, version)
         insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
         select $1, id, version, 'http_availability', $2, $3, $3, $4, case when $2 = 'ended' then 'recovered' end, 1.5 from policy`,
        [serviceId, toMs === null ? "storm" : "ended", time(fromMs), time(toMs)],
      );
    },
  };
};

import { createBreakerStore } from "../adapters/db/platform/breakers.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import { databaseTime } from "../adapters/db/platform/client.ts";
import { askBy, createResealer } from "../adapters/db/platform/reseal.ts";
import { createTelemetryStore } from "../adapters/db/platform/telemetry.ts";
import { createClientAddress } from "../adapters/platform/client-address.ts";
import { systemClock } from "../adapters/platform/clock.ts";
import { createDatabaseClock } from "../adapters/platform/database-clock.ts";
import { createRateLimits } from "../adapters/platform/rate-limit.ts";
import { createSecrets } from "../adapters/platform/secrets.ts";
import type { PlatformDeps } from "../adapters/ports/deps.ts";
import type { Clock, SharedClock, TimeKeeper } from "../adapters/ports/platform/clock.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import type { Resealer } from "../adapters/ports/platform/reseal.ts";
import type { Secrets } from "../adapters/ports/platform/secrets.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";

/** The database's clock, advanced by the machine's timer. */
export const databaseClock = (db: Database, log: Log): SharedClock & TimeKeeper =>
  createDatabaseClock({
    platform: systemClock,
    timerMs: () => performance.now(),
    ask: async () => (await db.rows<{ nowMs: number }>(databaseTime))[0]?.nowMs ?? Number.NaN,
    log,
  });

/** Null: without SECRETS_KEY no secret is stored. */
export const secretBox = ({ secretsKeys: [first, ...older] }: Config, random: Random): Secrets | null =>
  first === undefined ? null : createSecrets([first, ...older], random);

const resealer = (db: Database, secrets: Secrets | null): Resealer | null => (secrets === null ? null : createResealer(askBy(db), secrets));

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  /** Null: the clock was supplied. */
  readonly sharedClock: SharedClock | null;
  readonly random: Random;
  readonly log: Log;
  readonly bindings: Readonly<Record<string, unknown>>;
  /** Absent: background work is not awaited. */
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined;
};

/** Common dependencies, and those that the platform provides. */
export const buildPlatform = ({
  config,
  db,
  clock,
  sharedClock,
  random,
  log,
  bindings,
  waitUntil,
}: Needs): PlatformDeps & Pick<JobDeps, "sharedClock" | "requestLimit"> => ({
  config,
  clock,
  ...(sharedClock !== null && { sharedClock }),
  random,
  log,
  requestLimit: config.requestLimit,
  telemetry: createTelemetryStore(db),
  breakerStore: createBreakerStore(db),
  rateLimits: createRateLimits(config.rateLimits, bindings, clock, log),
  sealKeys: async () => (await secretBox(config, random)?.keyIds()) ?? [],
  resealer: resealer(db, secretBox(config, random)),
  clientAddress: createClientAddress(config.provider),
  background: (work) => {
    const settled = work.catch((error: unknown) => log.error("background_failed", error));
    waitUntil?.(settled);
  },
});

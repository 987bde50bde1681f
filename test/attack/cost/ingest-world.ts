import { noAuditLogs } from "../../support/audit-logs.ts";
import type { S3Server } from "../../../local/s3/server.ts";
import { startS3 } from "../../../local/s3/server.ts";
import { noBreakers } from "../../support/breakers.ts";
import { createCostDirectory } from "../../../src/adapters/cost/directory.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { sealedCostAccounts } from "../../../src/adapters/db/cost/accounts.ts";
import { createCostEventStore } from "../../../src/adapters/db/cost/events.ts";
import { createTrailReadings } from "../../../src/adapters/db/cost/trail-readings.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { createTrailFiles } from "../../../src/adapters/s3/trail-files.ts";
import type { PollCostsDeps } from "../../../src/cron/cost/poll.ts";
import { costSealingContext } from "../../../src/domain/cost/sealing.ts";
import type { IngestDeps } from "../../../src/pipeline/cost/ingest.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";
import { s3Keys } from "../../support/s3.ts";
import type { Life } from "./mortal.ts";
import { memoryArchive, mortalArchive, mortalDatabase, mortalFetch } from "./mortal.ts";

const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);

export const immortal: Life = { isOver: () => false, step: async (work) => await work() };

/** A bucket, an archive and a database, and processes between them that may be killed. */
export type IngestWorld = {
  readonly database: TestDatabase;
  readonly server: S3Server;
  readonly archive: ReturnType<typeof memoryArchive>;
  /** Another customer, with an account whose bucket is the server's. */
  readonly account: () => Promise<{ readonly customerId: number; readonly id: number }>;
  /** What a process of this life takes events in by. */
  readonly ingest: (life: Life) => IngestDeps;
  /** What a process of this life reads trails by, and its fence: the one before it has lost its own. @param timeoutMs for who hangs; a slow machine is none */
  readonly poller: (life: Life, timeoutMs?: number) => Promise<{ readonly deps: PollCostsDeps; readonly fence: Fence }>;
  readonly close: () => Promise<void>;
};

export const ingestWorld = async (nowMs: () => number): Promise<IngestWorld> => {
  const database = await freshDatabase();
  const server = await startS3({ buckets: [{ name: "trail", region: "eu-central-1" }], keys: [s3Keys], now: nowMs });
  const archive = memoryArchive();
  const clock = { nowMs, sleep: systemClock.sleep };
  const idOf = async (text: string, params: readonly unknown[]) => Number((await database.sql<{ id: string }>(text, params))[0]?.id);

  const ingest = (life: Life): IngestDeps => ({
    costEvents: createCostEventStore(mortalDatabase(database.db, life)),
    archive: mortalArchive(archive, life),
    clock,
    random: systemRandom,
    config: { costEventRetentionMs: 90 * 86_400_000 },
    scoreSoon: () => {},
  });

  return {
    database,
    server,
    archive,
    account: async () => {
      const customerId = await idOf("insert into customers (name) values ('c' || gen_random_uuid()) returning id", []);
      const seal = await secrets.seal(s3Keys.secretAccessKey, costSealingContext(customerId, s3Keys.accessKeyId));
      const id = await idOf(
        `insert into cost_accounts (customer_id, name, access_key_id, sealed_secret, region, bucket, prefix, aws_accounts, regions, created_at)
         values ($1, 'main', $2, $3, 'eu-central-1', 'trail', '', '{123456789012}', '{eu-central-1,us-east-1}', $4) returning id`,
        [customerId, s3Keys.accessKeyId, seal, new Date(nowMs()).toISOString()],
      );
      return { customerId, id };
    },
    ingest,
    poller: async (life, timeoutMs = 60_000) => {
      const fence = await createLeaseStore(database.db, 3_600_000).acquire("job:poll-costs", "local", "local:test");
      if (fence === null) throw new Error("no lease");
      const db = mortalDatabase(database.db, life);
      const options = { endpoint: server.url, fetch: mortalFetch(fetch, life), clock, timeoutMs, readMs: 120_000, mostBytes: 8_000_000 };
      const deps: PollCostsDeps = {
        ...ingest(life),
        breakers: noBreakers,
        costDirectory: createCostDirectory({ accounts: sealedCostAccounts(db), secrets, assume: null }),
        ...noAuditLogs,
        trailReadings: createTrailReadings(db),
        trailFiles: createTrailFiles(options),
        log: createMemoryLog().log,
        requestLimit: 10_000,
      };
      return { deps, fence };
    },
    close: async () => {
      await server.close();
      await database.close();
    },
  };
};

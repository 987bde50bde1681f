import { createCallerIdentity } from "../adapters/aws/caller-identity.ts";
import { fixedKeys } from "../adapters/aws/keys.ts";
import { createCostDirectory } from "../adapters/cost/directory.ts";
import { createCloudReader } from "../adapters/ec2/cloud-reader.ts";
import { createCostAccountStore, sealedCostAccounts } from "../adapters/db/cost/accounts.ts";
import { createAnomalyStore } from "../adapters/db/cost/anomalies.ts";
import { createCostBoardStore } from "../adapters/db/cost/board.ts";
import { createDeadLetterStore } from "../adapters/db/cost/dead-letters.ts";
import { createCostEventStore } from "../adapters/db/cost/events.ts";
import { createHuntStore } from "../adapters/db/cost/hunting.ts";
import { createCostModeStore } from "../adapters/db/cost/modes.ts";
import { createCostRateStore } from "../adapters/db/cost/rates.ts";
import { createScoringStore } from "../adapters/db/cost/scoring.ts";
import { createSeriesStore } from "../adapters/db/cost/series.ts";
import { createCostSummaryStore } from "../adapters/db/cost/summary.ts";
import { createTrailReadings } from "../adapters/db/cost/trail-readings.ts";
import { createZombieStore } from "../adapters/db/cost/zombies.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import { guardedFetch } from "../adapters/platform/guarded-fetch.ts";
import type { Archive, OpenFolder } from "../adapters/ports/cost/archive.ts";
import type { CostDeps } from "../adapters/ports/deps.ts";
import type { Breakers } from "../adapters/ports/platform/breakers.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import { byItsBreaker, createS3Archive } from "../adapters/s3/archive.ts";
import { createS3 } from "../adapters/s3/s3.ts";
import { createTrailFiles } from "../adapters/s3/trail-files.ts";
import type { Config } from "../config.ts";
import { ConfigError } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";
import { endpointOf } from "../domain/steering/aws-partition.ts";
import type { AwsRoles } from "./aws.ts";
import { secretBox } from "./platform.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  readonly breakers: Breakers;
  /** Null: no file system here, and no archive in a folder. */
  readonly openFolder: OpenFolder | null;
  readonly random: Random;
  /** 0 <= x < 1, for jitter. */
  readonly chance: () => number;
  readonly roles: AwsRoles;
};

/** How long the archive may keep silent. Whoever sent the events waits for it. */
const archiveAnswerMs = 8_000;

/** @throws ConfigError where this runtime has no such place */
const archiveOf = ({ config: { archive }, clock, fetch, breakers, openFolder }: Needs): Archive | null => {
  if (archive === null) return null;
  const { place, region, endpoint, credentials } = archive;
  if (place.kind === "folder") {
    if (openFolder !== null) return openFolder(place.url);
    throw new ConfigError("configuration refused: ARCHIVE_URL is a folder, and this runtime has no file system: give it an s3:// URL");
  }
  if (credentials === null) return null;
  const { bucket, prefix } = place;
  const options = {
    bucket,
    region,
    endpoint: endpoint ?? undefined,
    keys: fixedKeys(credentials),
    fetch: guardedFetch(fetch, breakers.line({ kind: "archive", customerId: null, accountId: null }), clock),
    clock,
    timeoutMs: archiveAnswerMs,
  };
  return byItsBreaker(createS3Archive(createS3(options), prefix), breakers);
};

const stsTimeoutMs = 5_000;
/** Files of trails: CloudTrail writes 50 MB at most, and most of them are read within a second. */
const trailLimits = { timeoutMs: 10_000, readMs: 120_000, mostBytes: 128 * 1_048_576 };

/** EC2 and Elastic Load Balancing: a region that does not answer so fast leaves the time to the others. */
const cloudAnswerMs = 5_000;

/** What the CDNs and the cloud behind them cost: events, accounts, what is odd, what idles. */
export const buildCost = (needs: Needs): CostDeps & Pick<JobDeps, "trailReadings" | "scoring" | "hunting" | "cloud"> => {
  const { config, db, clock, random, chance, fetch, breakers, roles } = needs;
  const secrets = secretBox(config, random);
  const costDirectory = createCostDirectory({ accounts: sealedCostAccounts(db), secrets, assume: roles.assume });
  const cloudEndpoints = { ec2: config.ec2Endpoint, elasticloadbalancing: config.elbEndpoint };
  return {
    costEvents: createCostEventStore(db),
    archive: archiveOf(needs),
    costAccounts: createCostAccountStore(db, secrets, config.quotas),
    costDirectory,
    trailFiles: createTrailFiles({ ...trailLimits, endpoint: config.s3Endpoint, fetch, clock }),
    callerIdentity: createCallerIdentity({ stsOf: roles.stsOf, fetch, clock, timeoutMs: stsTimeoutMs }),
    trailReadings: createTrailReadings(db),
    scoring: createScoringStore(db),
    hunting: createHuntStore(db),
    cloud: createCloudReader({
      accounts: costDirectory,
      endpointOf: (service, region) => cloudEndpoints[service] ?? endpointOf(service, region),
      fetch,
      breakers,
      clock,
      random: chance,
      timeoutMs: cloudAnswerMs,
    }),
    costAnomalies: createAnomalyStore(db),
    costSeries: createSeriesStore(db),
    zombies: createZombieStore(db),
    costRates: createCostRateStore(db),
    costModes: createCostModeStore(db),
    costDeadLetters: createDeadLetterStore(db),
    costSummary: createCostSummaryStore(db),
    costBoard: createCostBoardStore(db),
  };
};

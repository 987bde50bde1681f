import { connect } from "./adapters/db/platform/client.ts";
import type { Database } from "./adapters/db/platform/client.ts";
import { systemClock } from "./adapters/platform/clock.ts";
import { createConsoleLog } from "./adapters/platform/log.ts";
import { systemRandom } from "./adapters/platform/random.ts";
import type { OpenFolder } from "./adapters/ports/cost/archive.ts";
import type { Deps } from "./adapters/ports/deps.ts";
import type { Clock } from "./adapters/ports/platform/clock.ts";
import type { Passwords } from "./adapters/ports/platform/passwords.ts";
import type { Log } from "./adapters/ports/platform/log.ts";
import type { Connect } from "./adapters/ports/platform/connect.ts";
import type { Random } from "./adapters/ports/platform/random.ts";
import { buildAwsRoles } from "./composition/aws.ts";
import { buildBilling } from "./composition/billing.ts";
import { buildCoordination } from "./composition/coordination.ts";
import { buildCost } from "./composition/cost.ts";
import { buildDetection } from "./composition/detection.ts";
import { buildEvidence, evidenceSigner } from "./composition/evidence.ts";
import { buildMetering } from "./composition/metering.ts";
import { buildNotify } from "./composition/notify.ts";
import { buildPlatform, databaseClock } from "./composition/platform.ts";
import { secretsOf } from "./composition/redaction.ts";
import { buildPublish } from "./composition/publish.ts";
import { buildRuns } from "./composition/runs.ts";
import { buildSlo } from "./composition/slo.ts";
import { buildSteering } from "./composition/steering.ts";
import { buildTenants } from "./composition/tenants.ts";
import type { Config } from "./config.ts";
import { createScorer } from "./cron/cost/score.ts";
import { createTeller } from "./cron/notify/tell.ts";
import { createWatcher } from "./cron/slo/watch.ts";
import { newRunId } from "./cron/rounds/dispatch.ts";
import type { JobDeps } from "./cron/schedule.ts";
import { createBreakers } from "./pipeline/breakers.ts";

/** What a provider, or a test, supplies instead of the platform's defaults. */
export type Runtime = {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Keeps the invocation alive until the promise settles. Without it background work is not kept alive. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /** The platform's bindings besides variables, by name: rate limiters, the shard objects. */
  readonly bindings?: Readonly<Record<string, unknown>>;
  /** Opens TCP connections. Without it a zone's name servers are not queried, and no mail is sent by SMTP. */
  readonly connect?: Connect;
  /** Connects to Postgres. Without it statements go over HTTP. */
  readonly openDatabase?: (databaseUrl: string) => Database;
  /** Opens a folder as an archive. Without it an ARCHIVE_URL that is one is refused. */
  readonly openFolder?: OpenFolder;
  /** Hashes passwords of local accounts. Without it LOCAL_ACCOUNTS=on is refused. */
  readonly passwords?: Passwords;
};

const send: typeof fetch = (input, init) => fetch(input, init);

/**
 * Constructs every adapter, by capability (`composition/`). Nothing is connected or queried yet.
 * @throws ConfigError where the runtime lacks what the configuration needs
 */
export const buildDeps = (config: Config, runtime: Runtime = {}): Deps & JobDeps => {
  const log = runtime.log ?? createConsoleLog(runtime.clock ?? systemClock, { provider: config.provider }, secretsOf(config));
  const random = runtime.random ?? systemRandom;
  const db = runtime.openDatabase?.(config.databaseUrl) ?? connect(config.databaseUrl, config.neonFetchEndpoint);
  // A supplied clock is used unchanged.
  const sharedClock = runtime.clock === undefined ? databaseClock(db, log) : null;
  const clock = runtime.clock ?? sharedClock ?? systemClock;
  const signer = evidenceSigner(config);
  const common = {
    config,
    db,
    clock,
    random,
    log,
    fetch: send,
    chance: () => Math.random(),
    bindings: runtime.bindings ?? {},
    signing: signer && { signer, clock },
  };
  const roles = buildAwsRoles(common);

  const tenants = buildTenants({ ...common, passwords: runtime.passwords ?? null, connect: runtime.connect ?? null });
  const platform = buildPlatform({ ...common, sharedClock, waitUntil: runtime.waitUntil });
  const breakers = createBreakers({ store: platform.breakerStore, clock, log });
  const capabilities = {
    ...platform,
    breakers,
    ...tenants,
    ...buildDetection({ ...common, timeKeeper: sharedClock }),
    ...buildSteering({ ...common, connect: runtime.connect ?? null, ownership: tenants.ownership, roles }),
    ...buildMetering({ ...common, breakers }),
    ...buildBilling(common),
    ...buildEvidence({ ...common, breakers, signer }),
    ...buildSlo(common),
    ...buildCost({ ...common, breakers, openFolder: runtime.openFolder ?? null, roles }),
    ...buildPublish({ ...common, background: platform.background }),
    ...buildCoordination(common),
    ...buildNotify({ ...common, connect: runtime.connect ?? null }),
  };
  const { background } = capabilities;
  const newId = () => newRunId(random);
  const tell = createTeller(() => capabilities, newId, background);
  const watch = createWatcher(() => ({ ...capabilities, tell }), newId, background);
  const scoreSoon = createScorer(() => ({ ...capabilities, tell }), newId, background);
  return { ...capabilities, watch, ...buildRuns({ ...capabilities, watch, tell, scoreSoon }) };
};

import { createAvailabilityStore } from "../adapters/db/detection/availability.ts";
import { createCorroborationStore } from "../adapters/db/detection/corroboration.ts";
import type { Signing } from "../adapters/db/detection/end-storms.ts";
import { createPolicyStore } from "../adapters/db/detection/policies.ts";
import { createProbeAgentStore } from "../adapters/db/detection/probe-agents.ts";
import { createRecordedTraces } from "../adapters/db/detection/recorded-traces.ts";
import { createRollupStore } from "../adapters/db/detection/rollups.ts";
import { createServiceAxis } from "../adapters/db/detection/service-axis.ts";
import { createStormStore } from "../adapters/db/detection/storms.ts";
import { createTargetStore } from "../adapters/db/detection/targets.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import { createRoundStore } from "../adapters/db/round/rounds.ts";
import type { DetectionDeps } from "../adapters/ports/deps.ts";
import type { Clock, TimeKeeper } from "../adapters/ports/platform/clock.ts";
import { createProber } from "../adapters/probing/prober.ts";
import { createConsentReader } from "../adapters/probing/target-consent.ts";
import { createColo, fixedPlace } from "../adapters/providers/probe-location.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  /** Receives the rounds' readings of the database's clock; null: not used. */
  readonly timeKeeper: TimeKeeper | null;
  readonly fetch: typeof fetch;
  /** Null: storms that a request ends or decides on are not signed. */
  readonly signing: Signing | null;
};

type Jobs = Pick<
  JobDeps,
  | "vantage"
  | "place"
  | "probe"
  | "slowPaths"
  | "rounds"
  | "consent"
  | "checksTargets"
  | "rollups"
  | "corroboration"
  | "canaries"
  | "minWitnesses"
>;

/** Probing and detection. */
export const buildDetection = ({ config, db, clock, timeKeeper, fetch, signing }: Needs): DetectionDeps & Jobs => ({
  vantage: config.provider,
  place: config.provider === "cloudflare" ? createColo(fetch, clock) : fixedPlace(config.region),
  prober: createProber(fetch, () => performance.now()),
  probe: config.probe,
  slowPaths: new Set(),
  rounds: createRoundStore(db, config.leaseTtlMs, timeKeeper, config.domainVerification),
  targets: createTargetStore(db, config.domainVerification),
  consent: createConsentReader(fetch),
  checksTargets: !config.allowPrivateTargets,
  policies: createPolicyStore(db, config.quotas, signing),
  storms: createStormStore(db, signing, { clock, currency: config.billing.currency }),
  corroboration: createCorroborationStore(db, config.domainVerification),
  canaries: config.corroboration.canaries,
  minWitnesses: config.corroboration.minWitnesses,
  rollups: createRollupStore(db),
  availability: createAvailabilityStore(db),
  serviceAxis: createServiceAxis(db),
  recordedTraces: createRecordedTraces(db),
  probeAgents: createProbeAgentStore(db, config.probe.restrainsUnverified),
});

import type { DomainRouting, PolicyView, RoundDomain, RoundService, Sample } from "../../src/adapters/ports/detection/round-view.ts";
import type { WindowStats } from "../../src/domain/detection/health.ts";

export const unreadRouting: DomainRouting = {
  status: "found",
  zoneId: "Z1",
  records: null,
  readAtMs: null,
  movedAtMs: null,
  discoveredPrimaryTarget: null,
  discoveredBackupTarget: null,
  discoveredPrimaryOk: false,
  discoveredBackupOk: false,
  lastError: null,
};

export const recordsOf = (name: string, primary: number, backup: number, type = "CNAME") =>
  [
    ["primary", primary, "a.cdn.net."],
    ["backup", backup, "b.cdn.net."],
  ].map(([setIdentifier, weight, value]) => ({
    name,
    type,
    setIdentifier: String(setIdentifier),
    weight: Number(weight),
    ttl: 60,
    values: [String(value)],
  }));

export const roundDomain = (over: Partial<RoundDomain> = {}): RoundDomain => ({
  domainId: 1,
  name: "app.example.test",
  primaryTarget: "a.cdn.net",
  backupTarget: "b.cdn.net",
  probePath: null,
  expectStatus: "200-399",
  normal: { primary: 100, backup: 0 },
  steerGroup: false,
  verified: true,
  neverHealthy: null,
  editedAtMs: null,
  openIntents: [],
  failedAttempts: [],
  contestedAtMs: null,
  lastSet: null,
  drifts: [],
  setups: null,
  routing: { ...unreadRouting, records: recordsOf(over.name ?? "app.example.test", 100, 0), readAtMs: 0 },
  ...over,
});

export const roundService = (over: Partial<RoundService> = {}): RoundService => ({
  serviceId: 1,
  customerId: 1,
  cdns: ["cdn-a", "cdn-b"],
  creditRule: null,
  shadow: false,
  failbackSteps: [100],
  failbackStepSeconds: 60,
  override: null,
  routing: null,
  domains: [roundDomain()],
  ...over,
});

export const policyView = (over: Partial<PolicyView> = {}): PolicyView => ({
  policyId: 1,
  serviceId: 1,
  kind: "http_availability",
  version: 1,
  thresholdAvail: 0.9,
  windowSeconds: 60,
  cooldownSeconds: 300,
  maxCoverageFactor: 1.5,
  minSamples: 3,
  minFailures: 3,
  latencyMs: null,
  storm: null,
  previousEndedAtMs: null,
  stats: [],
  newest: [],
  ...over,
});

export const windowStats = (
  path: WindowStats["path"],
  samples: number,
  failures: number,
  over: Partial<WindowStats> = {},
): WindowStats => ({
  domainId: 1,
  path,
  vantage: "local",
  samples,
  failures,
  firstFailedAtMs: failures > 0 ? 1_000 : null,
  ...over,
});

export const okSample = (over: Partial<Sample> = {}): Sample => ({
  serviceId: 1,
  domainId: 1,
  path: "primary",
  vantage: "local",
  roundAtMs: 0,
  attempt: 0,
  probedAtMs: 0,
  ok: true,
  status: 200,
  latencyMs: 1,
  error: null,
  setup: 0,
  ...over,
});

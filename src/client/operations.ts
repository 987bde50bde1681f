// Generated from the OpenAPI document by `npm run client:generate`: not to be edited.

export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** the request id */
  instance: string;
  errors?: ({
    /** RFC 6901 pointer into the body, or the name of a parameter */
    pointer: string;
    detail: string;
  })[];
  /** of the type urn:tranche:problem:quota: what nothing is left of */
  quota?: {
    kind: string;
    limit: number;
  };
};

export type Ready = {
  /** degraded: rounds fail on some shard, which the API does not suffer from */
  status: "ok" | "degraded";
  /** whether an admin has ordered that nothing is written to any outside system. It makes no deployment unready: its API and its rounds are as they should be */
  panic: boolean;
  /** what weakens this deployment without stopping it; empty: nothing */
  warnings: string[];
  failing_shards: FailingShard[];
  /** of the shards */
  leases: ({
    name: string;
    provider: string;
    /** how often it has been taken */
    epoch: number;
    held: boolean;
    /** since it was taken */
    age_seconds: number;
  })[];
  providers: ({
    name: string;
    /** its latest round, also as a witness */
    heartbeat_at: string | null;
    /** its latest round as the holder of shard 0 */
    last_round_at: string | null;
    /** null: never looked at */
    public_ok: boolean | null;
  })[];
};

export type FailingShard = {
  shard: number;
  provider: string;
  /** one after the other, up to the latest */
  failed_rounds: number;
};

export type Customer = {
  id: number;
  name: string;
  max_coverage_cap: number;
  created_at: string;
};

export type CustomerInput = {
  name: string;
  max_coverage_cap?: number;
};

export type CustomerPatch = {
  name?: string;
  max_coverage_cap?: number;
};

export type NewToken = Token & {
  /** the secret; shown this once */
  token: string;
};

export type Token = {
  id: number;
  customer_id: number;
  name: string;
  /** viewers read, editors write as well, owners also mint and revoke tokens and approve */
  role: "viewer" | "editor" | "owner";
  created_at: string;
  /** when it ends by itself */
  expires_at: string | null;
  /** to the minute */
  last_used_at: string | null;
  revoked_at: string | null;
};

export type TokenInput = {
  name: string;
  /** viewers read, editors write as well, owners also mint and revoke tokens and approve */
  role: "viewer" | "editor" | "owner";
  /** when it ends by itself, in the future; null: when it is revoked */
  expires_at?: string | null;
};

export type NewAdminToken = AdminToken & {
  /** the secret; shown this once */
  token: string;
};

export type AdminToken = {
  id: number;
  name: string;
  scopes: ("read" | "write" | "billing" | "freeze" | "tokens")[];
  created_by: string;
  created_at: string;
  /** when it ends by itself */
  expires_at: string | null;
  /** to the minute */
  last_used_at: string | null;
  revoked_at: string | null;
};

export type AdminTokenInput = {
  /** the audit log names the token `admin:<name>`, customers' own too */
  name: string;
  /** `read`: everything; `write`: act for customers, and manage them; `billing`: terms, billing profiles, the issuer, corrections and credits; `freeze`: freeze everything; `tokens`: mint and revoke tokens, with no scope that the minting one has not */
  scopes: ("read" | "write" | "billing" | "freeze" | "tokens")[];
  /** when it ends by itself, in the future; null: when it is revoked */
  expires_at?: string | null;
};

export type Quotas = ({
  kind: "services" | "domains" | "unverified_domains" | "policies" | "tokens" | "channels" | "objectives" | "cost_accounts";
  limit: number;
  /** the limit that an admin has set for this customer; null: the default counts */
  own: number | null;
  /** may be more than the limit, where that was lowered: nothing is taken away */
  used: number;
})[];

export type QuotasInput = {
  /** null, or absent: the default */
  services?: number | null;
  /** null, or absent: the default */
  domains?: number | null;
  /** null, or absent: the default */
  unverified_domains?: number | null;
  /** null, or absent: the default */
  policies?: number | null;
  /** null, or absent: the default */
  tokens?: number | null;
  /** null, or absent: the default */
  channels?: number | null;
  /** null, or absent: the default */
  objectives?: number | null;
  /** null, or absent: the default */
  cost_accounts?: number | null;
};

export type Service = {
  id: number;
  name: string;
  primary_cdn: string;
  /** another than primary_cdn */
  backup_cdn: string;
  /** shadow decides and records, but writes no DNS */
  steering: "auto" | "shadow";
  failback_steps: number[];
  failback_step_seconds: number;
  /** what a minute of downtime costs, in minor units of the currency of the bills; null: not known */
  downtime_cents_per_minute: number | null;
  created_at: string;
  updated_at: string;
};

export type ServiceInput = {
  name: string;
  primary_cdn: string;
  /** another than primary_cdn */
  backup_cdn: string;
  /** shadow decides and records, but writes no DNS */
  steering?: "auto" | "shadow";
  /** percent of the way back per step: ascending, and 100 at last */
  failback_steps?: number[];
  failback_step_seconds?: number;
  /** what a minute of downtime costs, in minor units of the currency of the bills; null: not known */
  downtime_cents_per_minute?: number | null;
};

export type ServiceDetail = {
  service: Service;
  domains: Domain[];
  storm_policies: StormPolicy[];
};

export type Domain = {
  id: number;
  service_id: number;
  name: string;
  primary_target: string | null;
  backup_target: string | null;
  probe_path: string | null;
  expect_status: string;
  normal_weights: {
    primary: number;
    backup: number;
  };
  /** whether other weighted records of the name are steered with its pair: weight 0 while it is on its backup, their own weights afterwards */
  steer_group: boolean;
  verification: DomainClaim;
  created_at: string;
  updated_at: string;
};

export type DomainClaim = {
  record_name: string;
  record_value: string;
  /** see docs/ownership.md; `proven` and `lapsing` are steered, `held` only goes back to normal */
  state: "unproven" | "proven" | "lapsing" | "held" | "disputed" | "lost";
  /** until when a claim that has proven nothing may do so with this value; then another one is handed out */
  expires_at: string | null;
  /** since when the name is yours; null: it is not */
  verified_at: string | null;
  /** when every resolver last saw the record */
  seen_at: string | null;
  /** since when it is not seen any more */
  lapsed_at: string | null;
  /** since when nothing is switched for that, but back to normal */
  held_at: string | null;
  /** since when this proof and somebody else's stand at the same time; who that is, nobody is told */
  disputed_at: string | null;
};

export type StormPolicy = {
  id: number;
  service_id: number;
  kind: "http_availability" | "http_latency";
  /** rises with each change; a storm keeps the version with which it began */
  version: number;
  threshold_avail: number;
  window_seconds: number;
  cooldown_seconds: number;
  max_coverage_factor: number;
  min_samples: number;
  min_failures: number;
  latency_ms: number | null;
  created_at: string;
  updated_at: string;
};

export type ServicePatch = {
  name?: string;
  primary_cdn?: string;
  /** another than primary_cdn */
  backup_cdn?: string;
  /** shadow decides and records, but writes no DNS */
  steering?: "auto" | "shadow";
  /** percent of the way back per step: ascending, and 100 at last */
  failback_steps?: number[];
  failback_step_seconds?: number;
  /** what a minute of downtime costs, in minor units of the currency of the bills; null: not known */
  downtime_cents_per_minute?: number | null;
};

export type DomainInput = {
  name: string;
  /** where one CDN serves the domain; null: discovered from the live CNAME */
  primary_target?: string | null;
  /** where one CDN serves the domain; null: discovered from the live CNAME */
  backup_target?: string | null;
  /** path and query, sent as they are: escaped, without . and .. as segments, and without a fragment */
  probe_path?: string | null;
  /** codes and ranges, each from low to high, of final answers: 200 to 599 and not 407 */
  expect_status?: string;
  /** Route 53 weights in calm times, not both 0 */
  normal_weights?: {
    primary: number;
    backup: number;
  };
  /** whether other weighted records of the name are steered with its pair: weight 0 while it is on its backup, their own weights afterwards */
  steer_group?: boolean;
};

export type DomainPatch = {
  /** where one CDN serves the domain; null: discovered from the live CNAME */
  primary_target?: string | null;
  /** where one CDN serves the domain; null: discovered from the live CNAME */
  backup_target?: string | null;
  /** path and query, sent as they are: escaped, without . and .. as segments, and without a fragment */
  probe_path?: string | null;
  /** codes and ranges, each from low to high, of final answers: 200 to 599 and not 407 */
  expect_status?: string;
  /** Route 53 weights in calm times, not both 0 */
  normal_weights?: {
    primary: number;
    backup: number;
  };
  /** whether other weighted records of the name are steered with its pair: weight 0 while it is on its backup, their own weights afterwards */
  steer_group?: boolean;
};

export type DomainChallenge = {
  record_type: "TXT";
  record_name: string;
  record_value: string;
  /** what to see to before the record is published */
  warning: string;
  /** see docs/ownership.md; `proven` and `lapsing` are steered, `held` only goes back to normal */
  state: "unproven" | "proven" | "lapsing" | "held" | "disputed" | "lost";
  /** until when a claim that has proven nothing may do so with this value; then another one is handed out */
  expires_at: string | null;
  /** since when the name is yours; null: it is not */
  verified_at: string | null;
  /** when every resolver last saw the record */
  seen_at: string | null;
  /** since when it is not seen any more */
  lapsed_at: string | null;
  /** since when nothing is switched for that, but back to normal */
  held_at: string | null;
  /** since when this proof and somebody else's stand at the same time; who that is, nobody is told */
  disputed_at: string | null;
};

export type DomainVerification = DomainChallenge & {
  /** off: this deployment asks for no proof */
  result: "verified" | "off";
};

export type DomainProbing = {
  domain_id: number;
  verified: boolean;
  paths: ({
    path: "primary" | "backup" | "direct";
    host: string;
    /** in_turn: in one of `every_rounds` rounds, for nobody has proven the name */
    probed: "always" | "in_turn" | "held";
    every_rounds: number | null;
    /** why it is held; null: it is not */
    reason: "not_looked_at" | "no_consent" | "private_address" | "no_address" | null;
    /** how the host agrees to be probed for a name that nobody has proven; null: not, or nobody asked */
    consent: "cdn" | "txt" | "well_known" | null;
    /** the TXT record that may say `allow` */
    consent_record: string;
    /** the page that may say `allow` */
    consent_url: string;
    checked_at: string | null;
  })[];
};

export type DomainDispute = {
  /** the newcomer's domain */
  id: number;
  name: string;
  newcomer: {
    domain_id: number;
    customer_id: number;
    service_id: number;
    disputed_at: string;
    seen_at: string | null;
  };
  owner: DisputeOwner | null;
};

export type DisputeOwner = {
  domain_id: number;
  customer_id: number;
  service_id: number;
  verified_at: string;
  /** since when their own record is gone */
  lapsed_at: string | null;
};

export type DisputeDecision = {
  decision: "hand_over" | "reject";
};

export type StormPolicyInput = {
  kind?: "http_availability" | "http_latency";
  threshold_avail?: number;
  window_seconds?: number;
  cooldown_seconds?: number;
  max_coverage_factor?: number;
  min_samples?: number;
  min_failures?: number;
  /** for http_latency: a sample is good up to this */
  latency_ms?: number | null;
};

export type StormPolicyPatch = {
  threshold_avail?: number;
  window_seconds?: number;
  cooldown_seconds?: number;
  max_coverage_factor?: number;
  min_samples?: number;
  min_failures?: number;
  /** for http_latency: a sample is good up to this */
  latency_ms?: number;
};

export type Backtest = {
  service_id: number;
  from: string;
  /** at most now */
  to: string;
  samples: number;
  /** what the policy would have made of the samples */
  backtest: {
    storms: ({
      started_at: string;
      detected_at: string;
      /** from the first failed sample to the round that found the storm */
      detection_delay_seconds: number;
      recovering_since: string | null;
      ended_at: string | null;
      ended_reason: string | null;
      relapses: number;
    })[];
    relapses: number;
    /** time under a storm, as it is credited where it earns */
    minutes_covered: number;
    /** minutes in which the primary was down by the policy that is tried, and those with a storm on */
    bad_minutes: {
      total: number;
      covered: number;
    };
    /** the same, be it by a single lost sample */
    minutes_below_threshold: {
      total: number;
      covered: number;
    };
    detection_delay_seconds: {
      median: number;
      longest: number;
    } | null;
  };
  /** what was recorded: the storms that there were, by whatever version they were judged */
  current: {
    policy: StormPolicy | null;
    storms: ({
      started_at: string;
      detected_at: string;
      /** from the first failed sample to the round that found the storm */
      detection_delay_seconds: number;
      recovering_since: string | null;
      ended_at: string | null;
      ended_reason: string | null;
      relapses: number;
    })[];
    relapses: number;
    /** time under a storm, as it is credited where it earns */
    minutes_covered: number;
    /** minutes in which the primary was down by the policy that is tried, and those with a storm on */
    bad_minutes: {
      total: number;
      covered: number;
    };
    /** the same, be it by a single lost sample */
    minutes_below_threshold: {
      total: number;
      covered: number;
    };
    detection_delay_seconds: {
      median: number;
      longest: number;
    } | null;
  };
};

export type BacktestInput = {
  policy: StormPolicyInput;
  from: string;
  to: string;
};

export type Availability = {
  service_id: number;
  path: "primary" | "backup" | "direct";
  vantage: string | null;
  from: string;
  to: string;
  step_seconds: number;
  /** one a step, over all domains of the service */
  points: ({
    start: string;
    samples: number;
    ok: number;
    /** null: nothing was probed */
    availability: number | null;
    /** of the samples that were ok */
    p50_latency_ms: number | null;
    p95_latency_ms: number | null;
  })[];
};

export type MeasuredStorm = Storm & {
  /** of the storm's time that in which the service was down for its visitors */
  downtime: {
    seconds: number;
    /** in which nobody knew what visitors got; neither down nor up */
    unmeasured_seconds: number;
    /** by who is to blame, the most first; of many the first 10 */
    blamed: ({
      /** the CDN in use, while the other side was up; null: the service itself, or nobody proven */
      upstream_cdn: string | null;
      seconds: number;
    })[];
  };
  /** of the storm's time that in which the primary was down and visitors were on the backup, which was up */
  downtime_avoided: {
    seconds: number;
    /** in minor units of the currency, by what the service says a minute costs; null: it does not say */
    cents: number | null;
    /** of the customer's terms in force */
    currency: string | null;
  };
};

export type Storm = {
  id: number;
  service_id: number;
  service_name: string;
  customer_id: number;
  customer_name: string;
  policy_id: number;
  policy_version: number;
  kind: "http_availability" | "http_latency";
  state: "storm" | "recovering" | "ended";
  monitor_only: boolean;
  started_at: string;
  detected_at: string;
  recovering_since: string | null;
  ended_at: string | null;
  ended_reason: string | null;
  relapses: number;
  max_coverage_factor: number;
  /** whether the storm earns a discount; decided when it began, later by what others saw or by an admin alone */
  credit: "earned" | "pending" | "refused";
  /** why it does or does not; null: it does, by the rule alone. `never_healthy`: a domain that was down had not been seen healthy since its latest set-up; `unverified`: the ownership of a domain that was down is not proven; `monitor_only`: the service had nothing to move traffic to; `terms_below_floor`: the policy asks for less than the operator's floors; `recent_edit`: what triggers the storm was edited within the waiting period; `uncorroborated`: nobody else has seen the CDN failing; it waits for that, or for an admin; `corroborated`: canaries or other customers saw the CDN failing, too; `confirmed`: an admin confirmed it; `declined`: an admin refused it */
  credit_reason: "never_healthy" | "unverified" | "monitor_only" | "terms_below_floor" | "recent_edit" | "uncorroborated" | "corroborated" | "confirmed" | "declined" | null;
  /** of a corroborated storm: as long as its CDN was seen failing it counts, and no longer */
  credited_until: string | null;
};

export type StormDetail = MeasuredStorm & {
  /** what happened, in its order; of relapses only the number is kept */
  timeline: ({
    at: string;
    event: "begun" | "detected" | "switch" | "recovering" | "ended";
    /** of a switch, which stands where it was intended */
    change: RoutingChange | null;
  })[];
  /** the last record of its evidence so far: who notes it elsewhere knows whether the chain is made anew since */
  evidence_head: {
    seq: number;
    hash: string;
  } | null;
  /** of very many switches the last ones, which only the service's routing history has */
  switches_left_out: number;
};

export type RoutingChange = {
  id: number;
  domain_id: number;
  storm_id: number | null;
  from: {
    primary: number;
    backup: number;
  };
  to: {
    primary: number;
    backup: number;
  };
  /** other weighted records of the name that it sets with the pair (steer_group); null: none */
  members: ({
    record_type: string;
    set_identifier: string;
    weight: number;
  })[] | null;
  reason: string;
  actor: string;
  epoch: number;
  shadow: boolean;
  /** unconfirmed: made, but DNS no longer knows the change, so nobody saw it reach all servers */
  result: "intent" | "accepted" | "insync" | "unconfirmed" | "failed" | "superseded" | "shadow";
  change_id: string | null;
  error: string | null;
  /** how often DNS was to be called for it */
  attempts: number;
  /** when it is tried again, where it failed and is still wanted */
  next_attempt_at: string | null;
  intended_at: string;
  accepted_at: string | null;
  insync_at: string | null;
  observed: ObservedAnswer | null;
};

export type ObservedAnswer = {
  at: string;
  /** confirmed: every resolver that answered gives an expected value; silent: none answered; other: one does not, or one of the zone's name servers does not; unproven: an alias; missed: none was asked in time */
  verdict: "confirmed" | "other" | "silent" | "unproven" | "missed";
  record_type: "CNAME" | "A" | "AAAA";
  expected: string[];
  resolvers: ({
    resolver: string;
    /** authoritative: one of the zone's own name servers; resolver: a public one */
    source: "authoritative" | "resolver";
    answers: string[] | null;
  })[];
  visitors: {
    /** observed: visitors follow the switch; diverged: they do not, or are not expected to; unknown: nobody could see it */
    proof: "observed" | "diverged" | "unknown";
    /** answers, health_check, target_evaluation, neighbour, type_left_behind or weights */
    reason: string | null;
    detail: string | null;
    /** of the answers, of the side switched to; null: the switch shares them out */
    expected_share: AnswerShare | null;
  } | null;
};

export type AnswerShare = {
  least: number;
  most: number;
};

export type CreditDecision = {
  decision: "confirm" | "refuse";
  reason: string;
};

export type ProbeTargets = {
  /** slots begin at the multiples of this, by the database's clock */
  interval_ms: number;
  timeout_ms: number;
  domains: ({
    domain_id: number;
    service_id: number;
    /** customers come in turns in a round, as everywhere */
    customer_id: number;
    expect_status: string;
    paths: ProbeTarget[];
  })[];
};

export type ProbeTarget = {
  path: "primary" | "backup" | "direct";
  url: string;
  /** which of the path's set-ups this is: to be said with its samples */
  setup: number;
  cdn: string | null;
};

export type ProbeSamplesResult = {
  accepted: number;
  /** well, and of no use. `known`: there is one of its path and slot; `late`: its slot began more than a minute ago; `stale`: the path has another set-up by now; `gone`: it is no path to probe. After the last two the targets are to be read again */
  ignored: {
    known: number;
    late: number;
    stale: number;
    gone: number;
  };
  /** wrong in themselves; of the first 20 the list says how */
  rejected: number;
  rejections: ({
    pointer: string;
    detail: string;
  })[];
};

export type ProbeSamplesInput = {
  version?: string;
  /** what was seen of a path in a slot: domain_id, path, setup (as the targets say), slot, and probes: one, or a failed one and the two that confirm it, each with probed_at, status, latency_ms, error (timeout, network, http_status, cdn_52x, or null) */
  readings: unknown[];
};

export type NewProbeAgent = ProbeAgent & {
  /** TRANCHE_PROBE_SECRET of its process; shown this once */
  secret: string;
};

export type ProbeAgent = {
  id: number;
  name: string;
  location: string | null;
  /** the name of its samples */
  vantage: string;
  created_by: string;
  created_at: string;
  deleted_at: string | null;
  /** when samples of it were last taken; null: never */
  last_sample_at: string | null;
  /** by how much its clock was ahead of the database's then, which it corrects by itself; null: not measured */
  clock_skew_seconds: number | null;
  /** which it runs, as it says */
  version: string | null;
};

export type ProbeAgentInput = {
  /** its samples are of the vantage `agent:<name>`; no other agent ever gets this name */
  name: string;
  /** where it is, for people */
  location?: string;
};

export type EvidenceRecord = {
  /** what was known and decided; its fields depend on the kind */
  body: Record<string, unknown>;
  /** SHA-256 of this record's canonical JSON (RFC 8785) without this field, lower-case hex */
  hash: string;
  kind: "begin" | "relapse" | "switch" | "observed" | "credit" | "end";
  /** of the service's record before; null for its first */
  previous_hash: string | null;
  /** per service from 1, without gaps */
  seq: number;
  service_id: number;
  storm_id: number;
  v: 1;
};

export type SignedEvidenceRecord = {
  /** what was known and decided; its fields depend on the kind */
  body: Record<string, unknown>;
  /** SHA-256 of this record's canonical JSON (RFC 8785) without this field, lower-case hex */
  hash: string;
  kind: "begin" | "relapse" | "switch" | "observed" | "credit" | "end";
  /** of the service's record before; null for its first */
  previous_hash: string | null;
  /** per service from 1, without gaps */
  seq: number;
  service_id: number;
  storm_id: number;
  /** the chain's last record as the signer knew it */
  follows: {
    /** SHA-256, lower-case hex */
    hash: string | null;
    seq: number;
  } | null;
  /** the first half of the SHA-256 of the public key, lower-case hex */
  key_id: string;
  /** Ed25519, base64url; of what is in docs/evidence.md */
  signature: string;
  v: 2;
};

export type EvidenceHead = {
  /** SHA-256, lower-case hex */
  hash: string;
  /** the first half of the SHA-256 of the public key, lower-case hex */
  key_id: string;
  keys: ({
    /** the first half of the SHA-256 of the public key, lower-case hex */
    key_id: string;
    /** the public key, base64url (RFC 8037) */
    x: string;
  })[];
  kind: "head";
  seq: number;
  service_id: number;
  /** Ed25519, base64url; of what is in docs/evidence.md */
  signature: string;
  storm_id: number;
  summary?: EvidenceSummary;
  v: 2;
};

export type EvidenceSummary = {
  as_of: string;
  downtime: {
    blamed: ({
      microseconds: number;
      upstream_cdn: string | null;
    })[];
    microseconds: number;
    unmeasured_microseconds: number;
  };
  downtime_avoided: {
    cents: number | null;
    cents_per_minute: number | null;
    currency: string | null;
    microseconds: number;
    /** those after the first hundred */
    rest: {
      microseconds: number;
      spans: number;
    } | null;
    spans: ({
      from: string;
      to: string;
    })[];
  };
};

export type EvidenceKeys = {
  /** that which signs first, then those that signed before; empty: evidence is not signed */
  keys: ({
    kty: "OKP";
    crv: "Ed25519";
    use: "sig";
    alg: "EdDSA";
    /** the first half of the SHA-256 of the key, lower-case hex */
    kid: string;
    /** the key, base64url */
    x: string;
  })[];
};

export type EvidenceAnchor = {
  id: number;
  anchor: {
    /** canonical JSON: `at`, `chains` (how many leaves), `previous_hash` (of the anchor before), `root`, `v` */
    body: string;
    /** SHA-256 of the body, lower-case hex: what was time-stamped */
    hash: string;
    key_id: string | null;
    /** Ed25519, base64url; of what is in docs/evidence.md */
    signature: string | null;
    /** the answer of the time-stamping authority (RFC 3161), base64 */
    timestamp: string | null;
    /** why there is none; null: none was asked for */
    timestamp_error: string | null;
  };
  /** the last record of the service's chain then */
  leaf: {
    seq: number;
    /** SHA-256, lower-case hex */
    hash: string;
  };
  /** of the leaf among all of them */
  place: number;
  /** the hashes beside the way from the leaf to the root; they tell nothing of whose they are */
  path: string[];
};

export type Routing = {
  service_id: number;
  /** normal, failback, shifted (at least 99 % of the visitors of every domain are expected at the backup), partial (not all are), held or frozen */
  state: string;
  reason: string;
  override: RoutingOverride | null;
  /** all of them; of very many as many as fit, and the next link goes on behind them */
  domains: ({
    domain_id: number;
    name: string;
    /** unread, found, unprovisioned, error (see last_error) or contested (somebody else keeps changing the weights) */
    status: string;
    /** as last read from DNS */
    weights: {
      primary: number;
      backup: number;
    } | null;
    read_at: string | null;
    /** set while tranche itself has the domain on its backup */
    moved_at: string | null;
    /** since when tranche no longer insists on its weights */
    contested_at: string | null;
    last_error: string | null;
    expected: ExpectedAnswers | null;
  })[];
  /** one page of the history, newest first */
  changes: RoutingChange[];
  /** the newest twenty times that somebody else changed the weights */
  drifts: RoutingDrift[];
};

export type RoutingOverride = {
  /** where the service is held: at its normal weights, at its backup, or as it is */
  mode: "primary" | "backup" | "frozen";
  reason: string;
  until: string | null;
  actor: string;
  set_at: string;
  /** whether it is the freeze of all services of the customer, which `DELETE /v1/freeze/services` lifts */
  of_all: boolean;
};

export type ExpectedAnswers = {
  types: ({
    record_type: string;
    primary: AnswerShare;
    backup: AnswerShare;
    other: AnswerShare;
  })[];
  /** what keeps visitors from the side that the weights favour: health_check, target_evaluation, neighbour or type_left_behind */
  obstacle: {
    reason: string;
    detail: string;
  } | null;
};

export type RoutingDrift = {
  id: number;
  domain_id: number;
  record_type: string;
  previous: {
    primary: number;
    backup: number;
  };
  /** what tranche wanted then; null: nothing in particular */
  expected: {
    primary: number;
    backup: number;
  } | null;
  found: {
    primary: number;
    backup: number;
  };
  /** where other records of a steered group were changed: the sums of their weights; null: the pair's own were */
  others: {
    previous: number;
    found: number;
  } | null;
  /** why it was not healed: frozen, global_freeze, shadow, held, contested, as_desired, monitor_only; null: it was to be */
  left_alone: string | null;
  found_at: string;
  healed_at: string | null;
};

export type RoutingOverrideInput = {
  /** where the service is held: at its normal weights, at its backup, or as it is */
  mode: "primary" | "backup" | "frozen";
  reason: string;
  /** when it lapses by itself: in the future, at most 30 days ahead; null: when it is cleared */
  until?: string | null;
};

export type FreezeState = {
  freeze: Freeze | null;
};

export type Freeze = {
  reason: string;
  until: string | null;
  actor: string;
  set_at: string;
};

export type FreezeInput = {
  reason: string;
  /** when it lapses by itself: in the future, at most 30 days ahead; null: when it is lifted */
  until?: string | null;
};

export type DriftResumed = {
  domain_id: number;
  resumed_at: string;
};

export type IamPolicy = {
  service_id: number;
  /** the first of `policies`, which is mostly the only one */
  policy: {
    Version: "2012-10-17";
    Statement: ({
      Sid: string;
      Effect: "Allow";
      Action: string[];
      Resource: string[];
      /** by operator, then by condition key */
      Condition?: Record<string, unknown>;
    })[];
  };
  /** all documents, each to be attached as it is: several where one managed policy does not hold everything */
  policies: ({
    Version: "2012-10-17";
    Statement: ({
      Sid: string;
      Effect: "Allow";
      Action: string[];
      Resource: string[];
      /** by operator, then by condition key */
      Condition?: Record<string, unknown>;
    })[];
  })[];
  /** what to know before attaching it */
  notes: string[];
};

export type OperatorIamPolicy = {
  /** all documents, each to be attached as it is: several where one managed policy does not hold everything */
  policies: ({
    Version: "2012-10-17";
    Statement: ({
      Sid: string;
      Effect: "Allow";
      Action: string[];
      Resource: string[];
      /** by operator, then by condition key */
      Condition?: Record<string, unknown>;
    })[];
  })[];
  /** what to know before attaching it */
  notes: string[];
};

export type DnsAccount = {
  id: number;
  region: string;
  access_key_id?: string;
  role_arn?: string;
  /** with a role: the sts:ExternalId of its trust policy */
  external_id?: string;
  created_at: string;
  /** why its latest calls failed, or why it does not let changes be asked after (GetChange); null: nothing is known to be wrong */
  last_error: string | null;
  /** until when it is left alone after that */
  paused_until: string | null;
};

export type DnsAccountInput = {
  /** any region of the partition: Route 53's endpoint follows from it */
  region?: string;
  access_key_id?: string;
  /** of a user with the policy of iam-policy. Never shown again */
  secret_access_key?: string;
  /** instead of a key: a role that trusts this deployment, under the external_id of the answer */
  role_arn?: string;
};

export type ZoneGrant = {
  id: number;
  zone_id: string;
  customer_id: number;
  created_at: string;
};

export type ZoneGrantInput = {
  zone_id: string;
  customer_id: number;
};

export type ServiceReadiness = {
  service_id: number;
  /** the worst of all checks; what is unproven does not count against it */
  result: "pass" | "warn" | "fail" | "unchecked";
  checked_at: string | null;
  actor: string | null;
  /** a service with many domains is checked page by page, and `result` is that of a page; null: there was no check, or an old one */
  domains: {
    /** domains that this check looked at */
    checked: number;
    /** domains that the service had then */
    total: number;
    /** of a POST that left domains out: check those behind with it as domains_cursor */
    next_cursor: string | null;
  } | null;
  checks: ReadinessFinding[];
};

export type ReadinessFinding = {
  domain_id: number;
  domain: string;
  check: "owner" | "zone" | "zone_binding" | "role_trust" | "other_zones" | "records" | "types_left_behind" | "ttl" | "weights" | "neighbours" | "health_checks" | "https_records" | "caa" | "primary_target" | "backup_target" | "certificate" | "backup_health" | "permission" | "joint_permission" | "proof_record" | "notification_channel";
  result: "pass" | "warn" | "fail" | "unproven";
  detail: string;
  mend: string | null;
};

export type DomainProvision = {
  domain_id: number;
  /** exists: the pair was there already, and nothing was changed */
  result: "created" | "exists";
  zone_id: string;
  change_id: string | null;
  /** what was created */
  records: ({
    type: string;
    set_identifier: string;
    weight: number;
    ttl: number;
    value: string;
  })[];
  /** what is to be decided before the pair answers anybody: beside others that answer already it is created with weight 0 */
  question: string | null;
};

export type StandingFailover = {
  domain_id: number;
  /** pending: being made; disabled: frozen, so its checks count as healthy; removing: being taken away */
  state: "pending" | "standing" | "disabled" | "removing";
  primary_check_id: string | null;
  backup_check_id: string | null;
  /** what it waits for, or what went wrong */
  last_error: string | null;
  /** when its health checks were last seen at Route 53 */
  checked_at: string | null;
  created_at: string;
};

export type TerraformConfiguration = Record<string, unknown>;

export type FleetService = {
  service_id: number;
  customer_id: number;
  customer_name: string;
  name: string;
  primary_cdn: string;
  backup_cdn: string;
  steering: "auto" | "shadow";
  /** the worst that is true of it, in this order: `held`: a switch would not help: see `reason`; `failing`: a storm is on, and visitors are still on the primary; `silent`: nothing was probed for five minutes; `contested`: somebody keeps changing the weights of a domain, or DNS refuses; `on_backup`: visitors are on the backup; `recovering`: the storm gives way, or traffic is going back in steps; `backup_down`: the primary is well, and the backup would be of no help; `overridden`: somebody has ordered or frozen it; `not_ready`: its last readiness check failed; `none`: nothing is wrong */
  trouble: "held" | "failing" | "silent" | "contested" | "on_backup" | "recovering" | "backup_down" | "overridden" | "not_ready" | "none";
  /** as of its routing: normal, failback, shifted, partial, held or frozen */
  state: string;
  reason: string;
  /** the one that is on; of two that of availability */
  storm: {
    id: number;
    kind: "http_availability" | "http_latency";
    state: "storm" | "recovering";
    monitor_only: boolean;
    started_at: string;
    relapses: number;
  } | null;
  /** which side the weights of its domains name, as last read */
  serving: "primary" | "backup" | "both" | "unknown";
  /** how many there are, and how many have weight on one side alone, on both, or were not read; `failing`: DNS refused what was last tried; `hindered`: something keeps visitors from the side that the weights name */
  domains: {
    total: number;
    primary: number;
    backup: number;
    both: number;
    unread: number;
    contested: number;
    failing: number;
    hindered: number;
  };
  /** the one in force */
  override: RoutingOverride | null;
  /** as last judged; null: never */
  backup_health: "up" | "down" | "unknown" | null;
  readiness: "pass" | "warn" | "fail" | "unchecked";
  /** when one of its domains was last probed */
  last_round_at: string | null;
  /** more than 300 is trouble */
  last_round_age_seconds: number | null;
};

export type PanicState = {
  panic: Panic | null;
};

export type Panic = {
  reason: string;
  actor: string;
  set_at: string;
};

export type PanicInput = {
  reason: string;
};

export type UsageWindow = {
  window_start: string;
  window_end: string;
  primary_bytes: number;
  backup_bytes: number;
  /** who reported it; null: nobody yet, counts 0 */
  primary_source: string | null;
  backup_source: string | null;
  primary_sampling: UsageSampling | null;
  backup_sampling: UsageSampling | null;
  /** a host of the side could not be read, or not for good: the bytes are what is known of the others */
  primary_incomplete: boolean;
  backup_incomplete: boolean;
  invoice_id: number | null;
  /** when it last became other than billed; the next invoice adjusts it. Null: it is as billed, or not billed */
  corrected_at: string | null;
  /** what was pushed since it was billed and would take something off: it changes nothing until an admin approves it (`/v1/corrections`) */
  pending_correction: {
    id: number;
    primary_bytes: number | null;
    backup_bytes: number | null;
  } | null;
};

export type UsageSampling = {
  /** on average one request in so many was counted */
  interval: number;
  lower_bytes: number | null;
  /** with 95 % confidence the bytes are between the bounds; null: not told */
  upper_bytes: number | null;
};

export type UsagePush = ({
  window_start: string;
  window_end: string;
  primary_bytes?: number;
  backup_bytes?: number;
})[];

export type UsageCorrection = {
  id: number;
  customer_id: number;
  service_id: number;
  window_start: string;
  window_end: string;
  /** as pushed; null: nothing was pushed for that side */
  primary_bytes: number | null;
  /** as pushed; null: nothing was pushed for that side */
  backup_bytes: number | null;
  was_primary_bytes: number;
  was_backup_bytes: number;
  /** `superseded`: another push for the window took its place */
  status: "pending" | "approved" | "rejected" | "superseded";
  actor: string;
  requested_at: string;
  decided_at: string | null;
  decided_by: string | null;
  reason: string | null;
};

export type CorrectionDecision = {
  reason: string;
};

export type CdnAccount = {
  id: number;
  cdn: "cloudflare" | "fastly";
  account_ref: string | null;
  created_at: string;
  /** when usage was last read with it */
  last_read_at: string | null;
  /** why the last reading failed; null: it did not */
  last_error: string | null;
  /** why Cloudflare's audit log could not be read for cost events, which does not concern usage; null: it could, or was not tried */
  audit_log_error: string | null;
};

export type CdnAccountInput = {
  cdn: "cloudflare" | "fastly";
  /** the account id at Cloudflare */
  account_ref?: string;
  /** Cloudflare: Zone Read and Zone Analytics Read, and Account Settings Read where its audit log is to be watched; Fastly: global:read. Never shown again */
  api_token: string;
};

export type BillingTerms = {
  id: number;
  valid_from: string;
  rate_cents_per_gb: number;
  discount_rate: number;
  currency: string;
  cycle: "run" | "day" | "month" | null;
  credit_rule: "storm" | "verified" | "corroborated" | null;
  created_at: string;
};

export type BillingTermsInput = {
  /** for windows that begin at this time or later and are not billed yet */
  valid_from: string;
  /** in minor units of the currency per GiB (2^30 bytes): cents where it has two decimals, yen where it has none */
  rate_cents_per_gb: number;
  discount_rate: number;
  currency: string;
  /** how often invoices are issued while these terms are the latest that began; null: as the operator's default says */
  cycle?: "run" | "day" | "month" | null;
  /** which storms that begin while these terms are the latest that began earn a discount: `storm`, every one of what was once healthy; `verified`, of a verified domain by terms above the floors; `corroborated`, seen by others as well; null: as the operator's default says */
  credit_rule?: "storm" | "verified" | "corroborated" | null;
};

export type BillingProfile = {
  legal_name: string | null;
  address: string[];
  tax_id: string | null;
  po_number: string | null;
  number_pattern: string;
  payment_days: number;
  taxes: ({
    label: string;
    rate: string;
  })[];
  reverse_charge: boolean;
  /** null while nothing was said and the defaults apply */
  updated_at: string | null;
};

export type BillingProfileInput = {
  legal_name?: string | null;
  address?: string[];
  tax_id?: string | null;
  po_number?: string | null;
  /** with {number}, at least four digits, and perhaps {year} and {month} of issue in UTC and {customer}, the customer's id */
  number_pattern?: string;
  payment_days?: number;
  /** each of the total of an invoice, rounded once */
  taxes?: ({
    label: string;
    /** a decimal fraction, 0 to 1 with at most 4 decimals: 0.19 is 19 % */
    rate: string | number;
  })[];
  /** the customer owes the tax: no rate may be above 0 */
  reverse_charge?: boolean;
};

export type Issuer = {
  legal_name: string | null;
  address: string[];
  tax_id: string | null;
  payment_details: string[];
  /** null while nobody has said who issues the invoices */
  updated_at: string | null;
};

export type IssuerInput = {
  legal_name: string;
  address?: string[];
  tax_id?: string | null;
  payment_details?: string[];
};

export type InvoicePreview = {
  /** how often invoices are issued: by every run, or once a UTC day or month is over */
  cycle: "run" | "day" | "month";
  /** windows that end later are not on the next invoice */
  bills_until: string;
  /** from when on the next run issues what is shown, until then more may come; null: the next run does, whenever it is */
  closes_at: string | null;
  /** what the next invoice holds so far, one per currency; none where nothing costs anything */
  invoices: PreviewInvoice[];
  /** windows that are over and end after `bills_until` */
  waiting_windows: number;
  /** windows that are incomplete and about to be completed: not billed yet */
  withheld_windows: number;
  /** windows that cost nothing and ride on the next invoice that says something */
  idle_windows: number;
};

export type PreviewInvoice = {
  number: number;
  period_start: string;
  period_end: string;
  subtotal_cents: number;
  discount_cents: number;
  total_cents: number;
  tax_cents: number;
  payable_cents: number;
  currency: string;
  line_count: number;
  /** the first hundred */
  lines: PreviewLine[];
};

export type PreviewLine = {
  kind: "usage" | "adjustment";
  arrears: boolean;
  /** a side of the window is incomplete; what is missing would follow as an adjustment */
  estimated: boolean;
  service_id: number;
  window_start: string;
  window_end: string;
  primary_bytes: number;
  backup_bytes: number;
  rate_cents_per_gb: string;
  discount_rate: string;
  currency: string;
  max_coverage_factor: string;
  storm_microseconds: number;
  amount_cents: number;
  discount_cents: number;
};

export type Invoice = {
  id: number;
  /** per customer from 1, without gaps */
  number: number;
  period_start: string;
  period_end: string;
  subtotal_cents: number;
  discount_cents: number;
  /** subtotal less discount, without taxes; minor units of the currency, as all of them */
  total_cents: number;
  currency: string;
  issued_at: string;
  /** as the document prints it */
  document_number: string;
  kind: "invoice" | "credit_note";
  cycle: "run" | "day" | "month";
  /** how many decimals the currency has (ISO 4217) */
  currency_exponent: number;
  tax_cents: number;
  /** the total with the taxes */
  payable_cents: number;
  due_at: string | null;
};

export type InvoiceWithLines = Invoice & {
  document: InvoiceDocument;
  service_count: number;
  /** the sums of each service; the first thousand by name */
  services: InvoicedService[];
  line_count: number;
  /** the first hundred */
  lines: InvoiceLine[];
};

export type InvoiceDocument = {
  issuer: {
    legal_name: string | null;
    address: string | null;
    tax_id: string | null;
    payment_details: string | null;
  } | null;
  customer: {
    name: string;
    legal_name: string | null;
    address: string | null;
    tax_id: string | null;
  };
  po_number: string | null;
  taxes: ({
    label: string;
    rate: string;
    base_cents: number;
    cents: number;
  })[];
  reverse_charge: boolean;
  /** of all services in the period; absent where there was none. Cents of the invoice's currency, as the services say what a minute costs; null: none does */
  downtime_avoided?: {
    seconds: number;
    cents: number | null;
    storms: number;
  };
};

export type InvoicedService = {
  service_id: number;
  /** when the invoice was issued */
  name: string;
  primary_cdn: string;
  backup_cdn: string;
  lines: number;
  primary_bytes: number;
  backup_bytes: number;
  amount_cents: number;
  discount_cents: number;
};

export type InvoiceLine = {
  id: number;
  /** an adjustment holds what a window that was billed before costs more or less than was issued for it, in bytes and cents */
  kind: "usage" | "adjustment";
  arrears: boolean;
  service_id: number;
  window_start: string;
  window_end: string;
  primary_bytes: number;
  backup_bytes: number;
  rate_cents_per_gb: string;
  discount_rate: string;
  currency: string;
  max_coverage_factor: string;
  storm_microseconds: number;
  amount_cents: number;
  discount_cents: number;
  /** when the invoice was issued */
  service_name: string;
  /** not all of the window had been read; what is missing follows as an adjustment */
  estimated: boolean;
  /** the storms by which the line was computed */
  storm_ids: number[];
  /** storms of the window that had earned no discount when the line was issued, and why; what is confirmed later follows as an adjustment */
  uncredited_storms: ({
    storm_id: number;
    credit: "pending" | "refused";
    reason: string | null;
  })[];
};

export type LineExplanation = {
  line: InvoiceLine;
  /** by which the line was computed, cut to its window */
  storms: ({
    storm_id: number;
    from: string;
    to: string;
    max_coverage_factor: string;
    evidence: string;
  })[];
  /** overlapping storms count once */
  union: ({
    from: string;
    to: string;
  })[];
  union_seconds: number;
  window_seconds: number;
  ratio: ExactNumber;
  /** the greatest of the storms' factors */
  factor: string;
  coverage: ExactNumber;
  primary: {
    bytes: number;
    exact_cents: ExactNumber;
    /** rounded, halves away from zero */
    cents: number;
  };
  backup: {
    bytes: number;
    exact_cents: ExactNumber;
    /** rounded, halves away from zero */
    cents: number;
  };
  /** primary + backup */
  amount_cents: number;
  exact_discount_cents: ExactNumber;
  rounded_discount_cents: number;
  /** at most the amount */
  discount_cents: number;
  /** sums of earlier lines for this window; an adjustment is the rest */
  issued_before: {
    lines: number;
    primary_bytes: number;
    backup_bytes: number;
    amount_cents: number;
    discount_cents: number;
  };
  /** amount and discount, less what was issued before, are those of the line */
  adds_up: boolean;
  /** a side was incomplete when it was billed: what is missing follows as an adjustment */
  estimated: boolean;
  readings: LineReadings | null;
  changed: LineChanges | null;
};

export type ExactNumber = {
  fraction: string;
  decimal: string;
};

export type LineReadings = {
  primary: {
    /** what readings and push come to; null: there were none */
    bytes: number | null;
    hosts: ({
      host: string;
      domain_id: number;
      cdn: string;
      from: string;
      /** the part of the window in which the service held the host and the CDN stood on this side */
      to: string;
      /** what the CDN said; null: there was no reading */
      bytes: number | null;
      sampling: UsageSampling | null;
      read_at: string | null;
      /** with whose credentials at the CDN it was read */
      account: "operator" | "own" | null;
    })[];
    /** of a CDN that is measured */
    hosts_without_reading: string[];
    push: {
      bytes: number;
      /** rest: what no reading covers; whole: an admin's figure, in the place of all readings */
      covers: "rest" | "whole";
      actor: string;
      pushed_at: string;
    } | null;
  };
  backup: {
    /** what readings and push come to; null: there were none */
    bytes: number | null;
    hosts: ({
      host: string;
      domain_id: number;
      cdn: string;
      from: string;
      /** the part of the window in which the service held the host and the CDN stood on this side */
      to: string;
      /** what the CDN said; null: there was no reading */
      bytes: number | null;
      sampling: UsageSampling | null;
      read_at: string | null;
      /** with whose credentials at the CDN it was read */
      account: "operator" | "own" | null;
    })[];
    /** of a CDN that is measured */
    hosts_without_reading: string[];
    push: {
      bytes: number;
      /** rest: what no reading covers; whole: an admin's figure, in the place of all readings */
      covers: "rest" | "whole";
      actor: string;
      pushed_at: string;
    } | null;
  };
  /** the facts come to the bytes of the line and of the lines before it; null: there are none, as of windows from before readings were kept */
  bytes_add_up: boolean | null;
};

export type LineChanges = {
  since_line_id: number;
  readings: ({
    side: "primary" | "backup";
    host: string;
    cdn: string;
    from: string;
    to: string;
    /** null: there was no reading */
    bytes_before: number | null;
    /** null: there was no reading */
    bytes_after: number | null;
  })[];
  pushes: ({
    side: "primary" | "backup";
    before: {
      bytes: number;
      /** rest: what no reading covers; whole: an admin's figure, in the place of all readings */
      covers: "rest" | "whole";
      actor: string;
      pushed_at: string;
    } | null;
    after: {
      bytes: number;
      /** rest: what no reading covers; whole: an admin's figure, in the place of all readings */
      covers: "rest" | "whole";
      actor: string;
      pushed_at: string;
    } | null;
  })[];
  storms: ({
    storm_id: number;
    before: {
      from: string;
      to: string;
      max_coverage_factor: string;
    } | null;
    after: {
      from: string;
      to: string;
      max_coverage_factor: string;
    } | null;
  })[];
};

export type NewInvoiceLink = {
  id: number;
  /** shows the invoice to whoever has it; given this once */
  url: string;
  expires_at: string;
};

export type InvoiceLinkInput = {
  expires_in_days?: number;
};

export type InvoiceLink = {
  id: number;
  created_by: string;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
  /** to the minute */
  last_opened_at: string | null;
};

export type ReconciliationFinding = {
  id: number;
  customer_id: number;
  /** docs/runbook.md says of each what to do */
  rule: string;
  object_type: "customer" | "domain" | "invoice" | "service" | "usage_snapshot";
  object_id: number;
  expected: string;
  actual: string;
  found_at: string;
  last_seen_at: string;
  /** when the figures agreed again; null: it is open */
  cleared_at: string | null;
};

export type AdjustmentCause = {
  id: number;
  customer_id: number;
  service_id: number;
  cause: "storm" | "usage";
  from: string;
  /** null: a storm that is on */
  to: string | null;
  noted_at: string;
  /** it changes bytes but no cents: it waits for the next invoice, and causes none */
  idle: boolean;
};

export type AdjustmentCauseInput = {
  /** the window: `object_id` of its finding */
  usage_snapshot_id: number;
  reason: string;
};

export type AuditEntry = {
  id: number;
  at: string;
  /** admin, admin:<name>, token:<id>, jwt:<subject>, gateway or tranche */
  actor: string;
  action: string;
  object_type: string;
  object_id: number | null;
  /** the row as it was stored; null: there was none. One of more than 1 MiB is left out: `{left_out: {bytes, entries, sha256}}` says how large it is and, of its text in the database, the SHA-256 */
  before: Record<string, unknown> | unknown[] | null;
  /** the row as it was stored; null: there was none. One of more than 1 MiB is left out: `{left_out: {bytes, entries, sha256}}` says how large it is and, of its text in the database, the SHA-256 */
  after: Record<string, unknown> | unknown[] | null;
  request_id: string | null;
};

export type Status = {
  /** what weakens this deployment without stopping it; empty: nothing */
  warnings: string[];
  /** nothing is written to any outside system since then; null: it is off */
  panic: Panic | null;
  preferred_provider: string;
  shards: number;
  /** how many there had better be: the number that there is as long as that will do */
  shards_wanted: number;
  /** as their holders have measured them within the last ten minutes */
  shard_loads: ShardLoad[];
  /** those of which a minute of rounds or more has failed: an alert */
  failing_shards: FailingShard[];
  leases: ({
    name: string;
    provider: string;
    /** how often it has been taken */
    epoch: number;
    held: boolean;
    /** since it was taken */
    age_seconds: number;
    /** provider and run */
    holder: string;
    acquired_at: string;
    expires_at: string;
    released_at: string | null;
  })[];
  providers: ({
    name: string;
    /** its latest round, also as a witness */
    heartbeat_at: string | null;
    /** its latest round as the holder of shard 0 */
    last_round_at: string | null;
    /** by how much its own clock is ahead of the database's, by which it goes; null: not measured */
    clock_skew_seconds: number | null;
    /** within 2 s; an alert where it is not */
    clock_ok: boolean | null;
    /** without a gap longer than a lease */
    heartbeat_since: string | null;
    place: string | null;
    /** what the other provider sees of its `/healthz`; null: it has not looked */
    public: {
      ok: boolean;
      since: string | null;
      checked_at: string;
      error: string | null;
    } | null;
  })[];
  /** from where is probed: every one that is heard has to agree before anything is concluded */
  vantages: Vantage[];
  /** every job of the schedule, in its order */
  jobs: Job[];
  secrets: SealedSecrets;
  /** domains whose proof is gone, whose switches are held for that, and that prove a name which another customer holds (docs/ownership.md) */
  ownership: {
    lapsing: number;
    held: number;
    disputed: number;
  };
  /** the latest 50, newest first */
  takeovers: Takeover[];
};

export type ShardLoad = {
  shard: number;
  domains: number;
  /** domains for which a round had no room: they take turns */
  left_out: number;
  /** of the time of a round's connections, the share that probing everything takes in calm */
  utilisation: number;
  measured_at: string;
};

export type Vantage = {
  name: string;
  /** `agent`: a probe agent (docs/probe-agents.md), which decides nothing alone */
  kind: "provider" | "agent";
  place: string | null;
  /** null: never */
  last_heard_at: string | null;
};

export type Job = {
  name: string;
  /** the cron expression that starts it, in UTC */
  cron: string;
  every_seconds: number;
  /** whose run was the latest; null: it has never run */
  provider: string | null;
  last_started_at: string | null;
  /** when its latest good run was over; of `tick` that of the shard which was longest without one */
  last_succeeded_at: string | null;
  last_failed_at: string | null;
  /** of the latest run that is over; null: there is none */
  last_result: "ok" | "failed" | null;
  /** two of its runs were missed, by both providers: its cron is dead, or it fails. An alert */
  overdue: boolean;
};

export type SealedSecrets = {
  /** sealed with the newest key */
  current_key: number;
  /** sealed with an older one: `npm run secrets:reseal` before it is taken away */
  previous_keys: number;
  /** sealed with a key that is not configured: they do not open; an alert */
  unknown_keys: number;
};

export type Takeover = {
  seq: number;
  kind: "takeover" | "hand_back";
  lease: string;
  from: string;
  to: string;
  epoch: number;
  /** the one before fell silent */
  lapsed: boolean;
  /** how long nobody held it */
  unheld_ms: number;
  at: string;
  previous_hash: string | null;
  /** SHA-256 of the record's canonical JSON (RFC 8785) without this field, with `v: 1` */
  hash: string;
};

export type Shards = {
  shards: number;
  /** how many there had better be, by what was measured; `shards` where that will do */
  wanted: number;
  /** by number */
  held: ({
    shard: number;
    /** who has it, or is preferred for it; null: nobody yet */
    provider: string | null;
    held: boolean;
    /** as measured within the last ten minutes; null: not measured */
    domains: number | null;
    left_out: number | null;
    utilisation: number | null;
  })[];
};

export type ShardsInput = {
  shards: number;
  reason: string;
  /** in a storm as well */
  force?: boolean;
};

export type ShardsMoved = {
  moved: number[];
  /** that provider's already */
  stayed: number[];
  /** nobody has ever held them: whoever comes first takes them */
  unheld: number[];
};

export type ShardMoveInput = {
  to: "cloudflare" | "vercel" | "self-hosted" | "local";
  /** null, or absent: all */
  shards?: number[] | null;
  reason: string;
  /** though that provider shows no sign of life */
  force?: boolean;
};

export type Breaker = {
  /** `cdn`: a CDN's usage figures; `s3`, `ec2`: an AWS account whose costs are watched; `dns`: a DNS account; `archive`: where cost events are kept; `timestamp`: the time-stamping authority */
  kind: "cdn" | "timestamp" | "s3" | "ec2" | "archive" | "dns";
  /** null: the operator's own */
  customer_id: number | null;
  /** of the customer's CDN accounts (`cdn`), cost accounts (`s3`, `ec2`) or DNS accounts (`dns`); null: the operator's */
  account_id: number | null;
  /** what it is called; null: there is but one of its kind */
  account: string | null;
  /** `open`: nothing is asked of it until `next_probe_at`; `half-open`: the next call, by one caller, tries again; `closed`: it is asked freely */
  state: "closed" | "open" | "half-open";
  /** failures since the last answer; one that took long counts more than once */
  failures: number;
  /** since when it is open */
  since: string | null;
  next_probe_at: string | null;
  last_error: string | null;
  updated_at: string;
};

export type Resealed = {
  table: "cdn_accounts" | "dns_accounts" | "cost_accounts" | "channels";
  resealed: number;
  /** ids of those that no key of this deployment opens: they stay as they are, and are unreadable */
  unopened: number[];
  /** replaced or removed meanwhile */
  changed: number;
  /** where to go on; null: all were seen */
  next: {
    table: "cdn_accounts" | "dns_accounts" | "cost_accounts" | "channels";
    after_id: number;
  } | null;
};

export type ResealInput = {
  /** `next` of the answer before; null, or absent: the beginning */
  from?: {
    table: "cdn_accounts" | "dns_accounts" | "cost_accounts" | "channels";
    after_id: number;
  } | null;
};

export type InstallSession = {
  protocol_version: string;
  daemon_version: string;
  session_id: string;
  platform: "darwin" | "linux" | "win32" | "freebsd" | "openbsd";
  node_version: string;
  primary_framework: "react" | "vue" | "next" | "nuxt" | "svelte" | "astro" | "solid" | "unknown";
};

export type WeeklyActiveSessions = {
  week: string;
  weekly_active_sessions: number;
};

export type NewChannel = Channel & {
  /** of `webhook`: what signs its messages (Standard Webhooks); shown this once */
  secret?: string;
};

export type Channel = {
  id: number;
  name: string;
  kind: "webhook" | "slack" | "pagerduty" | "email";
  /** how it is reached, as far as that is no secret */
  settings: {
    host?: string;
    /** of `pagerduty`: where its account is */
    region?: "us" | "eu";
    to?: string[];
  };
  /** which kinds; null: all. What was opened on a channel is closed on it as well */
  kinds: ("storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.done" | "switch.shadowed" | "switch.failed" | "switch.held" | "switch.released" | "failback.started" | "failback.done" | "backup.down" | "backup.up" | "drift.healed" | "drift.contested" | "drift.resumed" | "override.set" | "override.cleared" | "override.expired" | "freeze.set" | "freeze.lifted" | "freeze.expired" | "panic.set" | "panic.lifted" | "takeover" | "readiness.failed" | "readiness.passed" | "invoice.issued" | "invoice.adjusted" | "token.created" | "account.failing" | "account.recovered" | "job.failing" | "job.recovered" | "job.overrun" | "finding.opened" | "finding.cleared" | "channel.failing" | "channel.recovered" | "delivery.dead" | "slo.burn" | "slo.exhausted" | "slo.resolved" | "slo.streak_broken" | "slo.achievement" | "digest.weekly" | "cost.anomaly" | "cost.resolved" | "zombie.found" | "zombie.gone")[] | null;
  /** how urgent at least; what was opened on a channel is closed on it as well */
  min_severity: "info" | "warning" | "critical";
  /** of which services; null: of all, and what concerns none */
  service_ids: number[] | null;
  /** `unconfirmed`: its recipients have not agreed; `paused`: too many attempts failed, and one at a time is made; `disabled`: nothing is sent */
  state: "active" | "unconfirmed" | "paused" | "disabled";
  /** `gone`: the receiver answered that it wants no more */
  disabled_reason: string | null;
  /** failed attempts in a row */
  failures: number;
  paused_until: string | null;
  last_sent_at: string | null;
  last_error: string | null;
  last_error_at: string | null;
  created_at: string;
  updated_at: string;
};

export type ChannelInput = {
  name: string;
  /** which kinds; null: all. What was opened on a channel is closed on it as well */
  kinds?: ("storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.done" | "switch.shadowed" | "switch.failed" | "switch.held" | "switch.released" | "failback.started" | "failback.done" | "backup.down" | "backup.up" | "drift.healed" | "drift.contested" | "drift.resumed" | "override.set" | "override.cleared" | "override.expired" | "freeze.set" | "freeze.lifted" | "freeze.expired" | "panic.set" | "panic.lifted" | "takeover" | "readiness.failed" | "readiness.passed" | "invoice.issued" | "invoice.adjusted" | "token.created" | "account.failing" | "account.recovered" | "job.failing" | "job.recovered" | "job.overrun" | "finding.opened" | "finding.cleared" | "channel.failing" | "channel.recovered" | "delivery.dead" | "slo.burn" | "slo.exhausted" | "slo.resolved" | "slo.streak_broken" | "slo.achievement" | "digest.weekly" | "cost.anomaly" | "cost.resolved" | "zombie.found" | "zombie.gone")[] | null;
  /** how urgent at least; what was opened on a channel is closed on it as well */
  min_severity?: "info" | "warning" | "critical";
  /** of which services; null: of all, and what concerns none */
  service_ids?: number[] | null;
  kind: "webhook" | "slack" | "pagerduty" | "email";
  /** of `webhook` and `slack`: where messages are posted; https, a public host. Never shown again: it may hold a key */
  url?: string;
  /** of `pagerduty`: the integration key of Events API v2. Never shown again */
  routing_key?: string;
  /** of `pagerduty`: where its account is */
  region?: "us" | "eu";
  /** of `email`: who gets it. They are sent a code, and nothing else until it is given (`POST .../confirm`) */
  to?: string[];
};

export type ChannelPatch = {
  name?: string;
  /** which kinds; null: all. What was opened on a channel is closed on it as well */
  kinds?: ("storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.done" | "switch.shadowed" | "switch.failed" | "switch.held" | "switch.released" | "failback.started" | "failback.done" | "backup.down" | "backup.up" | "drift.healed" | "drift.contested" | "drift.resumed" | "override.set" | "override.cleared" | "override.expired" | "freeze.set" | "freeze.lifted" | "freeze.expired" | "panic.set" | "panic.lifted" | "takeover" | "readiness.failed" | "readiness.passed" | "invoice.issued" | "invoice.adjusted" | "token.created" | "account.failing" | "account.recovered" | "job.failing" | "job.recovered" | "job.overrun" | "finding.opened" | "finding.cleared" | "channel.failing" | "channel.recovered" | "delivery.dead" | "slo.burn" | "slo.exhausted" | "slo.resolved" | "slo.streak_broken" | "slo.achievement" | "digest.weekly" | "cost.anomaly" | "cost.resolved" | "zombie.found" | "zombie.gone")[] | null;
  /** how urgent at least; what was opened on a channel is closed on it as well */
  min_severity?: "info" | "warning" | "critical";
  /** of which services; null: of all, and what concerns none */
  service_ids?: number[] | null;
  /** of `webhook` and `slack`: where messages are posted; https, a public host. Never shown again: it may hold a key */
  url?: string;
  /** of `pagerduty`: the integration key of Events API v2. Never shown again */
  routing_key?: string;
  /** of `pagerduty`: where its account is */
  region?: "us" | "eu";
  /** of `email`: who gets it. They are sent a code, and nothing else until it is given (`POST .../confirm`) */
  to?: string[];
  /** false: nothing is sent, and what waits is dropped */
  enabled?: boolean;
};

export type ChannelTest = {
  /** `failed` would be tried again, `refused` never; `gone`: the receiver wants no more */
  status: "sent" | "failed" | "refused" | "gone";
  detail: string;
  duration_ms: number;
};

export type RotatedSecret = {
  secret: string;
  previous_valid_until: string;
};

export type ChannelCode = {
  /** where there is one recipient */
  code?: string;
  /** one of each recipient, in any order */
  codes?: string[];
};

export type Notification = {
  id: number;
  kind: "storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.done" | "switch.shadowed" | "switch.failed" | "switch.held" | "switch.released" | "failback.started" | "failback.done" | "backup.down" | "backup.up" | "drift.healed" | "drift.contested" | "drift.resumed" | "override.set" | "override.cleared" | "override.expired" | "freeze.set" | "freeze.lifted" | "freeze.expired" | "panic.set" | "panic.lifted" | "takeover" | "readiness.failed" | "readiness.passed" | "invoice.issued" | "invoice.adjusted" | "token.created" | "account.failing" | "account.recovered" | "job.failing" | "job.recovered" | "job.overrun" | "finding.opened" | "finding.cleared" | "channel.failing" | "channel.recovered" | "delivery.dead" | "slo.burn" | "slo.exhausted" | "slo.resolved" | "slo.streak_broken" | "slo.achievement" | "digest.weekly" | "cost.anomaly" | "cost.resolved" | "zombie.found" | "zombie.gone";
  severity: "info" | "warning" | "critical";
  service_id: number | null;
  storm_id: number | null;
  title: string;
  summary: string;
  facts: ({
    label: string;
    value: string;
  })[];
  occurred_at: string;
  /** as messages have them */
  ids: Record<string, unknown>;
  /** the messages that told of it, the oldest first; none: no channel wanted it, or it is about to be told */
  deliveries: NotificationDeliveryBrief[];
};

export type NotificationDeliveryBrief = {
  id: number;
  channel_id: number;
  channel: string;
  action: "event" | "trigger" | "update" | "resolve";
  /** `dead`: given up after a day, or refused; `folded`: what it would have said is in a later one; `dropped`: its channel was deleted or switched off */
  state: "pending" | "sent" | "dead" | "folded" | "dropped";
  attempts: number;
  last_status: string | null;
  sent_at: string | null;
  replay: boolean;
};

export type NotificationDetail = {
  id: number;
  kind: "storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.done" | "switch.shadowed" | "switch.failed" | "switch.held" | "switch.released" | "failback.started" | "failback.done" | "backup.down" | "backup.up" | "drift.healed" | "drift.contested" | "drift.resumed" | "override.set" | "override.cleared" | "override.expired" | "freeze.set" | "freeze.lifted" | "freeze.expired" | "panic.set" | "panic.lifted" | "takeover" | "readiness.failed" | "readiness.passed" | "invoice.issued" | "invoice.adjusted" | "token.created" | "account.failing" | "account.recovered" | "job.failing" | "job.recovered" | "job.overrun" | "finding.opened" | "finding.cleared" | "channel.failing" | "channel.recovered" | "delivery.dead" | "slo.burn" | "slo.exhausted" | "slo.resolved" | "slo.streak_broken" | "slo.achievement" | "digest.weekly" | "cost.anomaly" | "cost.resolved" | "zombie.found" | "zombie.gone";
  severity: "info" | "warning" | "critical";
  service_id: number | null;
  storm_id: number | null;
  title: string;
  summary: string;
  facts: ({
    label: string;
    value: string;
  })[];
  occurred_at: string;
  /** as messages have them */
  ids: Record<string, unknown>;
  /** the messages that told of it, the oldest first */
  deliveries: NotificationDelivery[];
};

export type NotificationDelivery = {
  /** `msg_` and this number is the id that the receiver is given */
  id: number;
  channel_id: number;
  channel: string;
  channel_kind: "webhook" | "slack" | "pagerduty" | "email";
  action: "event" | "trigger" | "update" | "resolve";
  kind: "storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.done" | "switch.shadowed" | "switch.failed" | "switch.held" | "switch.released" | "failback.started" | "failback.done" | "backup.down" | "backup.up" | "drift.healed" | "drift.contested" | "drift.resumed" | "override.set" | "override.cleared" | "override.expired" | "freeze.set" | "freeze.lifted" | "freeze.expired" | "panic.set" | "panic.lifted" | "takeover" | "readiness.failed" | "readiness.passed" | "invoice.issued" | "invoice.adjusted" | "token.created" | "account.failing" | "account.recovered" | "job.failing" | "job.recovered" | "job.overrun" | "finding.opened" | "finding.cleared" | "channel.failing" | "channel.recovered" | "delivery.dead" | "slo.burn" | "slo.exhausted" | "slo.resolved" | "slo.streak_broken" | "slo.achievement" | "digest.weekly" | "cost.anomaly" | "cost.resolved" | "zombie.found" | "zombie.gone";
  severity: "info" | "warning" | "critical";
  incident_id: number | null;
  /** `dead`: given up after a day, or refused; `folded`: what it would have said is in a later one; `dropped`: its channel was deleted or switched off */
  state: "pending" | "sent" | "dead" | "folded" | "dropped";
  attempts: number;
  next_attempt_at: string | null;
  last_status: string | null;
  created_at: string;
  sent_at: string | null;
  ended_at: string | null;
  /** whether somebody had it sent once more */
  replay: boolean;
  /** what it says, of every attempt the same; null: not tried yet */
  message: NotificationMessage | null;
};

export type NotificationMessage = {
  title: string;
  summary: string;
  facts: ({
    label: string;
    value: string;
  })[];
  /** at most 20, the worst first */
  services: ({
    id: number;
    name: string;
    state: string;
  })[];
  services_total: number;
};

export type NotificationReplay = {
  /** to this channel alone; absent: to each that was told */
  channel_id?: number;
};

export type Incident = {
  id: number;
  cdn: string;
  /** `storm`: it fails as a primary; `backup`: it does not answer where it would be needed */
  kind: "storm" | "backup";
  state: "open" | "ended";
  started_at: string;
  /** the latest beginning, relapse or end of any of its storms */
  last_edge_at: string;
  /** when every storm had ended and every service was back */
  ended_at: string | null;
  customers: number;
  services: number;
  failing: number;
  recovering: number;
  on_backup: number;
  held: number;
  backups_down: number;
};

export type IncidentDetail = Incident & {
  /** its services by their ids; where there are more the answer links to them */
  members: ({
    service_id: number;
    customer_id: number;
    name: string;
    storm_id: number | null;
    storm: string | null;
    routing: string | null;
    reason: string | null;
    joined_at: string;
    left_at: string | null;
  })[];
  /** the latest messages about it */
  deliveries: NotificationDelivery[];
};

export type DowntimeAvoided = {
  month: string;
  /** of all services together, whatever the page */
  seconds: number;
  /** in minor units of the currency, by what the service says a minute costs; null: it does not say */
  cents: number | null;
  /** of the customer's terms in force */
  currency: string | null;
  /** of those that do not say what a minute costs: not in the cents */
  unpriced_seconds: number;
  service_count: number;
  /** one page of those with downtime avoided, by id */
  services: ServiceDowntimeAvoided[];
};

export type ServiceDowntimeAvoided = {
  service_id: number;
  service_name: string;
  /** time that two storms share counts once */
  seconds: number;
  /** in minor units of the currency, by what the service says a minute costs; null: it does not say */
  cents: number | null;
  /** of the customer's terms in force */
  currency: string | null;
  storm_count: number;
  /** the newest 20 */
  storms: ({
    storm_id: number;
    kind: "http_availability" | "http_latency";
    started_at: string;
    ended_at: string | null;
    /** within the month; time that two storms share is part of both */
    seconds: number;
    /** in minor units of the currency, by what the service says a minute costs; null: it does not say */
    cents: number | null;
  })[];
};

export type Objective = {
  id: number;
  service_id: number;
  service_name: string;
  /** rises with each change; days that are over keep theirs */
  version: number;
  name: string;
  target: number;
  /** a rolling window; null: a calendar one */
  window_days: number | null;
  /** a window from Monday, or from the first, in UTC; null: a rolling one */
  calendar: "week" | "month" | null;
  /** strict: all downtime consumes the budget; self-only: that of an upstream does not, while the other side was up */
  dependency_exclusion: "strict" | "self-only";
  excluded_upstreams: string[];
  /** percent of the budget that is consumed */
  burn_warning_percent: number;
  burn_critical_percent: number;
  fast_burn_multiplier: number;
  created_at: string;
  updated_at: string;
};

export type ObjectiveInput = {
  name: string;
  /** percent of the measured time */
  target: number;
  /** a rolling window; 30 where neither it nor calendar is given */
  window_days?: number | null;
  /** a window from Monday, or from the first, in UTC; null: a rolling one */
  calendar?: "week" | "month" | null;
  /** strict: all downtime consumes the budget; self-only: that of an upstream does not, while the other side was up */
  dependency_exclusion?: "strict" | "self-only";
  /** under self-only: upstreams that are not forgiven */
  excluded_upstreams?: string[];
  /** percent of the budget that is consumed */
  burn_warning_percent?: number;
  burn_critical_percent?: number;
  /** how many times as fast as it allows the budget burns over the last hour */
  fast_burn_multiplier?: number;
};

export type ObjectiveWithStatus = Objective & {
  status: ObjectiveStatus;
};

export type ObjectiveStatus = {
  as_of: string;
  /** the worst that is true; insufficient_data: under 90 % of the elapsed time was measured */
  state: "insufficient_data" | "breaching" | "degraded" | "at_risk" | "healthy";
  window_start: string;
  /** of a calendar window to come */
  window_end: string;
  /** the whole window */
  total_minutes: number;
  /** of it so far, since the service was first measured; without corrections */
  elapsed_minutes: number;
  window_elapsed_percent: number;
  /** of the elapsed time what was up or down */
  measured_minutes: number;
  /** measured / elapsed; null: nothing has elapsed */
  coverage: number | null;
  /** the error budget */
  allowed_minutes: number;
  consumed_minutes: number;
  /** negative where more was spent than there was */
  remaining_minutes: number;
  remaining_percent: number;
  /** of the measured time what consumed nothing */
  good_minutes: number;
  availability: number | null;
  /** of the measured time what was up */
  up_minutes: number;
  strict_availability: number | null;
  /** the availability is below the target, exactly */
  is_breaching: boolean;
  /** there is an outage that is not over, also while nothing is known */
  is_open: boolean;
  open_since: string | null;
  downtime: {
    /** in all */
    minutes: number;
    /** the service's own, or nobody's that is proven */
    self_minutes: number;
    /** what upstreams are to blame for, while the other side was up, and whether it consumes the budget */
    upstreams: ({
      cdn: string;
      minutes: number;
      consumes: boolean;
    })[];
  };
  burn_tiers: ({
    alert: "1h" | "6h" | "3d";
    long_minutes: number;
    /** how many times as fast as it allows the budget burns; null: nothing was measured */
    long_burn: number | null;
    short_minutes: number;
    /** how many times as fast as it allows the budget burns; null: nothing was measured */
    short_burn: number | null;
    /** it fires when both burn more than this many times as fast as the budget allows */
    factor: number;
    /** why the alert can never fire; null: it can */
    unreachable: string | null;
  })[];
  fast_burn: {
    minutes: number;
    /** how many times as fast as it allows the budget burns; null: nothing was measured */
    burn: number | null;
    multiplier: number;
    /** why the alert can never fire; null: it can */
    unreachable: string | null;
  };
  /** when the budget is spent at the pace of the last hour; 0: it is; null: never, or not known */
  exhausted_in_minutes: number | null;
  /** in which visitors were on the backup because the primary was down */
  avoided_minutes: number;
  /** part of it was computed from minute rollups, before states were recorded */
  reconstructed: boolean;
};

export type ObjectivePatch = {
  name?: string;
  /** percent of the measured time */
  target?: number;
  /** a rolling window; null: a calendar one */
  window_days?: number | null;
  /** a window from Monday, or from the first, in UTC; null: a rolling one */
  calendar?: "week" | "month" | null;
  /** strict: all downtime consumes the budget; self-only: that of an upstream does not, while the other side was up */
  dependency_exclusion?: "strict" | "self-only";
  /** under self-only: upstreams that are not forgiven */
  excluded_upstreams?: string[];
  /** percent of the budget that is consumed */
  burn_warning_percent?: number;
  burn_critical_percent?: number;
  /** how many times as fast as it allows the budget burns over the last hour */
  fast_burn_multiplier?: number;
};

export type ObjectiveStatusInput = {
  /** those that are none of the customer's have no objectives */
  service_ids: number[];
};

export type DowntimeEvents = {
  objective_id: number;
  from: string;
  to: string;
  /** clipped to the span, the newest first; who is to blame changes within an outage */
  events: ({
    started_at: string;
    /** null: it goes on */
    ended_at: string | null;
    minutes: number;
    attribution: "self" | "upstream";
    /** the CDN in use while the other side was up */
    upstream_cdn: string | null;
    /** whether it consumes the budget, by the objective's present terms */
    consumes: boolean;
    /** of it, what corrections take out */
    corrected_minutes: number;
    storm_id: number | null;
    /** computed from minute rollups, before states were recorded */
    reconstructed: boolean;
  })[];
};

export type BurnAlert = {
  id: number;
  alert: "1h" | "6h" | "3d" | "fast_burn" | "budget_warning" | "budget_critical" | "exhausted";
  state: "open" | "resolved";
  fired_at: string;
  fired: {
    /** over the long look-back; of alerts of the budget over the last hour */
    burn: number | null;
    /** null: it has no short look-back */
    short_burn: number | null;
    /** a factor of burn, or percent of the budget */
    threshold: number;
    allowed_minutes: number;
    consumed_minutes: number;
    remaining_minutes: number;
    downtime_minutes: number;
  };
  resolved_at: string | null;
  resolved: {
    /** over the long look-back; of alerts of the budget over the last hour */
    burn: number | null;
    /** null: it has no short look-back */
    short_burn: number | null;
    /** a factor of burn, or percent of the budget */
    threshold: number;
    allowed_minutes: number;
    consumed_minutes: number;
    remaining_minutes: number;
    downtime_minutes: number;
  } | null;
};

export type DailySnapshots = {
  objective_id: number;
  current_streak: {
    days: number;
    started_on: string | null;
    ended_on: string | null;
  };
  best_streak: {
    days: number;
    started_on: string | null;
    ended_on: string | null;
  };
  /** one page of UTC days, the newest first */
  snapshots: ({
    day: string;
    /** of the objective, in force at the end of the day */
    version: number;
    target: number;
    /** at the end of the day, of the window that ends with it */
    state: "insufficient_data" | "breaching" | "degraded" | "at_risk" | "healthy";
    allowed_minutes: number;
    consumed_minutes: number;
    remaining_minutes: number;
    remaining_percent: number;
    measured_minutes: number;
    availability: number | null;
    coverage: number | null;
    day_downtime_minutes: number;
    day_consumed_minutes: number;
    day_measured_minutes: number;
    day_coverage: number | null;
    /** of the day: how many times as fast as it allows the budget was spent */
    burn: number | null;
    verdict: "good" | "bad" | "insufficient";
    /** good days in a row after it; an insufficient one neither adds nor ends */
    streak: number;
    /** how many good days it ended */
    broken_streak: number;
  })[];
};

export type SloCorrection = {
  id: number;
  service_id: number;
  from: string;
  to: string;
  minutes: number;
  reason: string;
  actor: string;
  created_at: string;
  /** the UTC days that it touches and that were over when it was made: their snapshots, and digests of them, stay as they are */
  closed_days_unchanged: string[];
};

export type SloCorrectionInput = {
  /** at most 400 days ago */
  from: string;
  /** not in the future, at most 90 days after `from` */
  to: string;
  reason: string;
};

export type ServiceAchievements = {
  service_id: number;
  service_name: string;
  achievements: ({
    name: "first_steps" | "full_coverage" | "iron_uptime" | "diamond_uptime" | "nines_club" | "budget_miser" | "clean_sheet" | "cascade_breaker" | "rapid_recovery";
    /** the UTC day at whose end it was true */
    day: string;
    /** by which objective; null: by the service itself */
    objective_id: number | null;
  })[];
};

export type ServiceMilestones = {
  service_id: number;
  service_name: string;
  /** each of them, as it stands now; achievements are granted by days that are over */
  milestones: ({
    name: "first_steps" | "full_coverage" | "iron_uptime" | "diamond_uptime" | "nines_club" | "budget_miser" | "clean_sheet" | "cascade_breaker" | "rapid_recovery";
    current: number;
    target: number;
    unit: "objectives" | "domains" | "days" | "outages";
    /** the objective that is farthest; null: it is of the service itself */
    objective_id: number | null;
    /** once achieved, it is for good; null: it is not yet */
    achieved_on: string | null;
  })[];
};

export type DigestOfWeek = {
  week: string;
  created_at: string;
};

export type Digest = {
  week: string;
  created_at: string;
  objectives: number;
  states: {
    healthy: number;
    at_risk: number;
    degraded: number;
    breaching: number;
    insufficient_data: number;
  };
  /** at most three, by what is left of the budget */
  best: ({
    objective_id: number;
    name: string;
    service_id: number;
    service_name: string;
    target: number;
    /** at the end of the week, as what follows */
    state: "insufficient_data" | "breaching" | "degraded" | "at_risk" | "healthy";
    availability: number | null;
    remaining_minutes: number;
    remaining_percent: number;
    week_downtime_minutes: number;
    week_consumed_minutes: number;
  })[];
  /** at most three with which something is or was the matter */
  worst: ({
    objective_id: number;
    name: string;
    service_id: number;
    service_name: string;
    target: number;
    /** at the end of the week, as what follows */
    state: "insufficient_data" | "breaching" | "degraded" | "at_risk" | "healthy";
    availability: number | null;
    remaining_minutes: number;
    remaining_percent: number;
    week_downtime_minutes: number;
    week_consumed_minutes: number;
  })[];
  /** that began in the week */
  storms: number;
  switches: number;
  avoided_minutes: number;
  /** null: no service says what a minute of downtime costs */
  avoided_cents: number | null;
  discount_cents: number;
  currency: string;
};

export type CostSummary = {
  as_of: string;
  /** by service and CDN, those that cost most in the last 24 hours in front; 200 at most */
  egress: ({
    baseline_id: number;
    series: CostSeries;
    last_24_hours: CostSpan;
    last_7_days: CostSpan;
  })[];
  /** series beyond those */
  egress_omitted: number;
  open_anomalies: {
    critical: number;
    high: number;
    medium: number;
  };
  zombies: {
    open: number;
    critical: number;
    /** of those with a known price */
    monthly_waste_cents: number;
    unpriced: number;
  };
  events: {
    /** not scored yet */
    waiting: number;
    /** that could not be scored: GET /v1/cost/dead-letters */
    dead: number;
  };
};

export type CostSeries = {
  /** priced: events with a known cost; calls: how many without one an hour has; egress: what a service sends in an hour */
  kind: "priced" | "calls" | "egress";
  /** the AWS account; null: of egress */
  account_id: string | null;
  resource_type: string;
  service_id: number | null;
  service_name: string | null;
  /** of egress; null: the sum of all CDNs */
  cdn: string | null;
  /** of its values; bytes: no rate is known */
  unit: "cents" | "bytes" | "calls";
};

export type CostSpan = {
  /** in the unit of the series */
  value: number;
  /** null: of an hour of them too little was known */
  usual: number | null;
  /** that were scored */
  hours: number;
};

export type CostAnomaly = {
  id: number;
  /** of its series */
  baseline_id: number;
  series: CostSeries;
  state: "open" | "acknowledged" | "snoozed" | "expected" | "resolved";
  severity: "medium" | "high" | "critical";
  /** 0 to 100, the greatest of its hours */
  score: number;
  explanation: string;
  /** of its worst hour, in the unit of the series */
  value: number;
  /** null: nothing was known yet */
  usual: number | null;
  first_hour: string;
  last_hour: string;
  /** how many were odd */
  hours: number;
  /** of its worst hour, as the scorer had them */
  figures: Record<string, unknown>;
  snoozed_until: string | null;
  changed_by: string | null;
  changed_at: string | null;
  note: string | null;
  /** how people were told when it was found */
  mode: "shadow" | "audit" | "enforce";
  created_at: string;
  resolved_at: string | null;
};

export type CostAnomalyPatch = {
  /** acknowledged: somebody looks at it; snoozed: open again by itself; expected: a false alarm, by which the mode's promotion is judged, and what comes is learnt from; resolved: over, for good */
  state: "open" | "acknowledged" | "snoozed" | "expected" | "resolved";
  /** of `snoozed`, and of nothing else */
  hours?: number;
  /** why; where it is not given there is none, and the one before is in the audit log alone */
  note?: string | null;
};

export type CostBaseline = {
  id: number;
  series: CostSeries;
  /** an hour, in the unit of the series */
  mean: number;
  deviation: number;
  /** of how many values it was learnt */
  count: number;
  /** who was seen, the latest first; 200 at most */
  actors: string[];
  last_hour: string | null;
  updated_at: string;
};

export type CostHour = {
  /** its beginning */
  hour: string;
  value: number;
  /** the band of what was usual when it was scored; null: too little was known */
  usual: {
    low: number;
    mean: number;
    high: number;
  } | null;
  score: number;
  severity: "none" | "medium" | "high" | "critical";
  /** why it was not judged: `expected: storm`, `expected: override` and `expected: drill`, which its baseline does not learn, or `expected: change`, where somebody has just set a rate, or put the CDN to another use */
  label: string | null;
};

export type Zombie = {
  id: number;
  rule: "backup-would-not-pay" | "health-check-on-no-record" | "zone-without-records" | "pair-without-service" | "third-record" | "cdn-without-traffic" | "domain-unverified" | "account-unused" | "token-never-used" | "token-unused" | "service-incomplete" | "customer-without-service" | "address-unassociated" | "volume-unattached" | "stopped-instance-volumes" | "load-balancer-idle";
  severity: "critical" | "warning";
  state: "open" | "dismissed" | "remediated";
  resource: string;
  account: string | null;
  service_id: number | null;
  first_seen: string;
  last_seen: string;
  last_activity: string;
  /** exact cents; null: no price is known */
  estimated_monthly_waste: number | null;
  reason: string;
  remedy: string;
  changed_by: string | null;
  changed_at: string | null;
  note: string | null;
  remediated_at: string | null;
};

export type ZombieHunt = {
  /** null: nobody has looked yet */
  hunted_at: string | null;
  /** what could not be read: what is not known is not idle */
  unread: ({
    source: string;
    problem: string;
  })[];
};

export type ZombiePatch = {
  /** dismissed: it is meant to be so */
  state: "open" | "dismissed";
  /** why; where it is not given there is none, and the one before is in the audit log alone */
  note?: string | null;
};

export type CostRate = {
  cdn: string;
  cents_per_gb: string | null;
  monthly_cents: number | null;
  updated_at: string;
};

export type CostRateInput = {
  /** of 10^9 bytes; null, or not given: not known */
  cents_per_gb?: string | null;
  /** what the contract costs a month, used or not; null, or not given: not known */
  monthly_cents?: number | null;
};

export type CostMode = {
  mode: "shadow" | "audit" | "enforce";
  since: string;
  /** null: nobody has set it yet */
  changed_by: string | null;
  /** whole days in this mode */
  days: number;
  /** found while it lasted */
  anomalies: number;
  /** those of them that a person called expected: false alarms */
  expected: number;
  expected_percent: number;
  next: "shadow" | "audit" | "enforce" | null;
  /** why the next mode would be refused now; null: it would not, or there is none */
  refusal: string | null;
};

export type CostModeInput = {
  /** shadow: recorded and shown, nobody is told; audit: told as info; enforce: told as urgent as it is */
  mode: "shadow" | "audit" | "enforce";
};

export type CostEventsResult = {
  /** new, stored, and to be scored */
  accepted: number;
  /** known already, by their event id */
  duplicate: number;
  /** well, and of no interest: they only read, failed, change no bill, are older than what is kept */
  ignored: {
    read_only: number;
    failed: number;
    not_cost_bearing: number;
    digest: number;
    expired: number;
  };
  /** could not be read; of the first 100 the list says why */
  rejected: number;
  rejections: ({
    pointer: string;
    detail: string;
  })[];
};

export type CostEventsInput = {
  /** each as a record of CloudTrail, or in the short form of the example: event_id, account_id, resource_type and occurred_at, and where known resource_id, actor, hourly_cost_cents, raw */
  events?: unknown[];
  /** in the place of `events`: a CloudTrail log file as it is */
  Records?: unknown[];
};

export type CostEvent = {
  id: string;
  event_id: string;
  account_id: string;
  resource_type: string;
  resource_id: string | null;
  /** of a session its role; null: it is not said */
  actor: string | null;
  /** null: not known */
  hourly_cost_cents: number | null;
  occurred_at: string;
  /** null: not scored yet, or not by itself, as its cost is not known */
  severity: "none" | "medium" | "high" | "critical" | null;
  /** as it came; null: nothing did besides the fields */
  raw?: unknown;
  created_at: string;
};

export type CostDeadLetter = {
  id: number;
  source: "push" | "s3" | "agent" | "cloudflare";
  /** where it lies in the archive as it was received */
  archive_key: string | null;
  events: number;
  tries: number;
  last_error: string | null;
  created_at: string;
};

export type CostAccount = {
  id: number;
  name: string;
  region: string;
  access_key_id?: string;
  role_arn?: string;
  /** with a role: the sts:ExternalId of its trust policy */
  external_id?: string;
  bucket: string | null;
  prefix: string;
  aws_accounts: string[];
  regions: string[];
  created_at: string;
  /** when files were last looked for without an error; null: never */
  last_read_at: string | null;
  /** what went wrong since then; null: nothing is known */
  last_error: string | null;
};

export type CostAccountInput = {
  name: string;
  /** of the bucket; a role is assumed at its STS */
  region: string;
  /** to which CloudTrail delivers; null: no files are read, only what idles is looked for */
  bucket?: string | null;
  /** what precedes AWSLogs/ in the keys; of an organization's trail up to AWSLogs/o-.../ */
  prefix?: string;
  /** whose files are read; records of others are ignored */
  aws_accounts: string[];
  /** whose files are read, and in which idle resources are looked for */
  regions: string[];
  access_key_id?: string;
  /** of a user with the policy of iam-policy. Never shown again */
  secret_access_key?: string;
  /** instead of a key: a role that trusts this deployment, under the external_id of the answer */
  role_arn?: string;
};

export type CostAccountPatch = {
  name?: string;
  /** of the bucket; a role is assumed at its STS */
  region?: string;
  /** to which CloudTrail delivers; null: no files are read, only what idles is looked for */
  bucket?: string | null;
  /** what precedes AWSLogs/ in the keys; of an organization's trail up to AWSLogs/o-.../ */
  prefix?: string;
  /** whose files are read; records of others are ignored */
  aws_accounts?: string[];
  /** whose files are read, and in which idle resources are looked for */
  regions?: string[];
};

export type CostAccountCheck = {
  account_id: number;
  checked_at: string;
  /** the worst of all checks; what is unproven does not count against it */
  result: "pass" | "warn" | "fail";
  checks: CostAccountFinding[];
};

export type CostAccountFinding = {
  check: "credentials" | "role_trust" | "listing" | "reading";
  /** the prefix or file; null: all */
  about: string | null;
  result: "pass" | "warn" | "fail" | "unproven";
  detail: string;
  mend: string | null;
};

export type CostIamPolicy = {
  account_id: number;
  /** all documents, each to be attached as it is: several where one managed policy does not hold everything */
  policies: ({
    Version: "2012-10-17";
    Statement: ({
      Sid: string;
      Effect: "Allow";
      Action: string[];
      Resource: string[];
      /** by operator, then by condition key */
      Condition?: Record<string, unknown>;
    })[];
  })[];
  /** with a role: the sts:ExternalId of its trust policy */
  external_id?: string;
  /** what to know before attaching it */
  notes: string[];
};

export type AccountInvitation = {
  id: number;
  /** null: one of the operator's */
  customer_id: number | null;
  address: string;
  /** as of tokens for a customer's people; `admin` for the operator's, who may do everything */
  role: "viewer" | "editor" | "owner" | "admin";
  /** who invited, as the audit log calls them */
  created_by: string;
  created_at: string;
  expires_at: string;
};

export type AccountInvitationInput = {
  address: string;
  /** as of tokens for a customer's people; `admin` for the operator's, who may do everything */
  role: "viewer" | "editor" | "owner" | "admin";
};

export type Account = {
  id: number;
  /** null: one of the operator's */
  customer_id: number | null;
  address: string;
  /** as of tokens for a customer's people; `admin` for the operator's, who may do everything */
  role: "viewer" | "editor" | "owner" | "admin";
  /** who invited, as the audit log calls them */
  created_by: string;
  created_at: string;
  last_sign_in_at: string | null;
  deactivated_at: string | null;
};

export type AccountSession = {
  id: number;
  /** the browser, as it calls itself */
  client: string;
  created_at: string;
  /** to the minute */
  last_seen_at: string;
  expires_at: string;
};

export type StatusPage = {
  slug: string;
  title: string;
  enabled: boolean;
  path: string;
  services: ({
    service_id: number;
    name: string;
    shown: boolean;
  })[];
  created_at: string;
  updated_at: string;
};

export type StatusPageInput = {
  /** the page is at /status/{slug} */
  slug: string;
  title: string;
  /** false: the page is a 404, as one that is not there */
  enabled: boolean;
  /** in the order in which they are shown */
  services?: ({
    service_id: number;
    /** the only name that the page shows */
    name: string;
    /** false: kept in the list, but not on the page */
    shown?: boolean;
  })[];
};

export type StatusIncident = {
  id: number;
  /** by which feeds know it */
  public_id: string;
  title: string;
  /** maintenance is planned: it has an end, and begins and ends by the clock */
  impact: "minor" | "major" | "critical" | "maintenance";
  /** of maintenance: scheduled or resolved; of an incident all others */
  state: "investigating" | "identified" | "monitoring" | "resolved" | "scheduled";
  service_ids: number[];
  starts_at: string;
  ends_at: string | null;
  updates: ({
    id: string;
    at: string;
    /** of maintenance: scheduled or resolved; of an incident all others */
    state: "investigating" | "identified" | "monitoring" | "resolved" | "scheduled";
    text: string;
  })[];
  created_at: string;
  updated_at: string;
};

export type StatusIncidentInput = {
  title: string;
  /** maintenance is planned: it has an end, and begins and ends by the clock */
  impact: "minor" | "major" | "critical" | "maintenance";
  /** investigating, or of maintenance scheduled, where it is not given */
  state?: "investigating" | "identified" | "monitoring" | "resolved" | "scheduled";
  /** services of the page; those that are not shown are not named */
  service_ids?: number[];
  /** now, where it is not given; ahead only for maintenance */
  starts_at?: string;
  /** of maintenance, which must have one; null: of all others */
  ends_at?: string | null;
  text: string;
};

export type StatusIncidentUpdateInput = {
  text: string;
  /** of maintenance: scheduled or resolved; of an incident all others */
  state?: "investigating" | "identified" | "monitoring" | "resolved" | "scheduled";
  title?: string;
  /** maintenance is planned: it has an end, and begins and ends by the clock */
  impact?: "minor" | "major" | "critical" | "maintenance";
  /** services of the page; those that are not shown are not named */
  service_ids?: number[];
  /** now, where it is not given; ahead only for maintenance */
  starts_at?: string;
  /** of maintenance, which must have one; null: of all others */
  ends_at?: string | null;
};

export type PublicStatus = {
  title: string;
  status: "operational" | "affected" | "major" | "maintenance" | "no_data";
  description: string;
  as_of: string;
  /** nothing newer could be read */
  stale: boolean;
  services: ({
    name: string;
    state: "up" | "down" | "maintenance" | "unknown";
    /** of the time that was measured; null: none was */
    percent: number | null;
    days: ({
      date: string;
      /** of the time that was measured; null: none was */
      percent: number | null;
      down_seconds: number;
      unmeasured_seconds: number;
    })[];
  })[];
  /** active, planned, then those of the last days */
  incidents: PublicIncident[];
};

export type PublicIncident = {
  id: string;
  title: string;
  impact: "minor" | "major" | "critical" | "maintenance";
  state: "investigating" | "identified" | "monitoring" | "resolved" | "scheduled";
  /** maintenance begins and ends by the clock */
  phase: "scheduled" | "active" | "over";
  services: string[];
  starts_at: string;
  ends_at: string | null;
  updates: ({
    id: string;
    at: string;
    state: "investigating" | "identified" | "monitoring" | "resolved" | "scheduled";
    text: string;
  })[];
};

export type StatusFeed = {
  version: "https://jsonfeed.org/version/1.1";
  title: string;
  home_page_url: string;
  feed_url: string;
  language: "en";
  items: ({
    id: string;
    url: string;
    title: string;
    content_text: string;
    date_published: string;
  })[];
};

/** Every operation of the API: what it takes, and what a success answers. */
export type Operations = {
  /** Whether the API answers; asks nobody else */
  "GET /healthz": {
    result: string;
  };
  /** Whether the database answers within 2 s and has the expected schema; for `Accept: application/json` also who holds the shards */
  "GET /readyz": {
    result: Ready;
  };
  /** List the customers */
  "GET /v1/customers": {
    query?: { limit?: number; cursor?: string; };
    result: Customer[];
  };
  /** Create a customer */
  "POST /v1/customers": {
    body: CustomerInput;
    result: Customer;
  };
  /** Read a customer */
  "GET /v1/customers/{id}": {
    path: { id: number; };
    result: Customer;
  };
  /** Rename a customer or change the greatest coverage factor of its policies */
  "PATCH /v1/customers/{id}": {
    path: { id: number; };
    body: CustomerPatch;
    result: Customer;
  };
  /** List the tokens, revoked ones included */
  "GET /v1/customers/{id}/tokens": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Token[];
  };
  /** Create a token; its secret is shown once */
  "POST /v1/customers/{id}/tokens": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: TokenInput;
    result: NewToken;
  };
  /** Revoke a token; it stops working within 30 seconds */
  "DELETE /v1/customers/{id}/tokens/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List the admin tokens, revoked ones included */
  "GET /v1/admin-tokens": {
    query?: { limit?: number; cursor?: string; };
    result: AdminToken[];
  };
  /** Create a named admin token; its secret is shown once */
  "POST /v1/admin-tokens": {
    body: AdminTokenInput;
    result: NewAdminToken;
  };
  /** Revoke an admin token; it stops working within 30 seconds */
  "DELETE /v1/admin-tokens/{id}": {
    path: { id: number; };
    result: undefined;
  };
  /** Read how much there may be of services, domains, policies, tokens and channels, and how much there is */
  "GET /v1/quotas": {
    query?: { customer_id?: number; };
    result: Quotas;
  };
  /** Read the quotas of a customer */
  "GET /v1/customers/{id}/quotas": {
    path: { id: number; };
    result: Quotas;
  };
  /** Set the quotas of a customer, all of them; what it has beyond a lower one stays */
  "PUT /v1/customers/{id}/quotas": {
    path: { id: number; };
    body: QuotasInput;
    result: Quotas;
  };
  /** List the services */
  "GET /v1/services": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Service[];
  };
  /** Create a service */
  "POST /v1/services": {
    query?: { customer_id?: number; };
    body: ServiceInput;
    result: Service;
  };
  /** Read a service with its domains and storm policies */
  "GET /v1/services/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; cursor?: string; };
    result: ServiceDetail;
  };
  /** Change a service */
  "PATCH /v1/services/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: ServicePatch;
    result: Service;
  };
  /** Delete a service with its domains and policies; its storm ends, the DNS weights stay */
  "DELETE /v1/services/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Add a domain; the answer says how to prove its ownership */
  "POST /v1/services/{id}/domains": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: DomainInput;
    result: Domain;
  };
  /** Change a domain */
  "PATCH /v1/services/{id}/domains/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    body: DomainPatch;
    result: Domain;
  };
  /** Remove a domain; its DNS records stay as they are */
  "DELETE /v1/services/{id}/domains/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read the challenge that proves the ownership of a domain; one that has expired is replaced by another */
  "GET /v1/services/{id}/domains/{childId}/verification": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: DomainChallenge;
  };
  /** Look the challenge up now; a name that somebody else holds becomes disputed, never taken */
  "POST /v1/services/{id}/domains/{childId}/verification": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: DomainVerification;
  };
  /** Read which paths of a domain are probed, how often, and what keeps the others from it */
  "GET /v1/services/{id}/domains/{childId}/probing": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: DomainProbing;
  };
  /** List the names that one customer holds and another has proven as well */
  "GET /v1/domain-disputes": {
    query?: { limit?: number; cursor?: string; };
    result: DomainDispute[];
  };
  /** Decide a dispute: hand the name over to the newcomer, or reject the newcomer's proof; both find it in their audit log */
  "POST /v1/domain-disputes/{id}/decision": {
    path: { id: number; };
    body: DisputeDecision;
    result: undefined;
  };
  /** List the live storm policies of a service */
  "GET /v1/services/{id}/storm-policies": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: StormPolicy[];
  };
  /** Add a storm policy; one live policy per kind */
  "POST /v1/services/{id}/storm-policies": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: StormPolicyInput;
    result: StormPolicy;
  };
  /** Change a storm policy; makes its next version */
  "PATCH /v1/services/{id}/storm-policies/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    body: StormPolicyPatch;
    result: StormPolicy;
  };
  /** Delete a storm policy; its storm ends, the DNS weights stay */
  "DELETE /v1/services/{id}/storm-policies/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Try a storm policy on recorded samples */
  "POST /v1/services/{id}/storm-policies/backtest": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: BacktestInput;
    result: Backtest;
  };
  /** Read the availability of a service as a series */
  "GET /v1/services/{id}/availability": {
    path: { id: number; };
    query?: { customer_id?: number; from?: string; to?: string; step?: number; path?: "primary" | "backup" | "direct"; vantage?: string; };
    result: Availability;
  };
  /** List storms, newest first */
  "GET /v1/storms": {
    query?: { customer_id?: number; limit?: number; cursor?: string; service_id?: number; active?: boolean; state?: "storm" | "recovering" | "ended"; cdn?: string; from?: string; to?: string; };
    result: MeasuredStorm[];
  };
  /** Read a storm with its timeline */
  "GET /v1/storms/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: StormDetail;
  };
  /** Confirm or refuse the discount of a storm; recorded in its evidence, and what was billed is adjusted */
  "POST /v1/storms/{id}/credit": {
    path: { id: number; };
    body: CreditDecision;
    result: Storm;
  };
  /** Of a probe agent: read what there is to probe */
  "GET /v1/probe-agents/targets": {
    query?: { limit?: number; cursor?: string; };
    result: ProbeTargets;
  };
  /** Of a probe agent: tell what was seen in the slots of the last minute */
  "POST /v1/probe-agents/samples": {
    body: ProbeSamplesInput;
    result: ProbeSamplesResult;
  };
  /** List the probe agents, deleted ones included */
  "GET /v1/probe-agents": {
    query?: { limit?: number; cursor?: string; };
    result: ProbeAgent[];
  };
  /** Create a probe agent; its secret is shown once */
  "POST /v1/probe-agents": {
    body: ProbeAgentInput;
    result: NewProbeAgent;
  };
  /** Read a probe agent */
  "GET /v1/probe-agents/{id}": {
    path: { id: number; };
    result: ProbeAgent;
  };
  /** Delete a probe agent: what it saw does not count from the next round on */
  "DELETE /v1/probe-agents/{id}": {
    path: { id: number; };
    result: undefined;
  };
  /** Read the evidence of a storm: hashed, chained records in canonical JSON; keep the bytes to verify them */
  "GET /v1/storms/{id}/evidence": {
    path: { id: number; };
    query?: { customer_id?: number; cursor?: string; };
    result: (EvidenceRecord | SignedEvidenceRecord | EvidenceHead)[];
  };
  /** Read the public keys of evidence, as a JSON Web Key Set (RFC 7517, RFC 8037) */
  "GET /.well-known/tranche-evidence-keys": {
    result: EvidenceKeys;
  };
  /** List the anchors of a service's chain of evidence, oldest first */
  "GET /v1/services/{id}/evidence-anchors": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: EvidenceAnchor[];
  };
  /** Read the routing state of a service and its history */
  "GET /v1/services/{id}/routing": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; domains_cursor?: string; };
    result: Routing;
  };
  /** Force a service to one side, or freeze it; obeyed by the next round */
  "PUT /v1/services/{id}/routing/override": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: RoutingOverrideInput;
    result: RoutingOverride;
  };
  /** Clear the override; tranche decides again from the next round on */
  "DELETE /v1/services/{id}/routing/override": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read whether everything is frozen */
  "GET /v1/freeze": {
    result: FreezeState;
  };
  /** Freeze everything; storms are still detected and recorded, but no weight is changed from the next round on */
  "PUT /v1/freeze": {
    body: FreezeInput;
    result: Freeze;
  };
  /** Lift the freeze; every service decides for itself again from the next round on */
  "DELETE /v1/freeze": {
    result: undefined;
  };
  /** Let tranche heal a contested domain again; drifts found so far no longer count */
  "POST /v1/services/{id}/domains/{childId}/drift/resume": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: DriftResumed;
  };
  /** Read the least-privilege IAM policy with which tranche can steer a service and all others of its customer */
  "GET /v1/services/{id}/iam-policy": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: IamPolicy;
  };
  /** Read the IAM policy of the operator's own AWS account: for the domains of all customers that have none */
  "GET /v1/iam-policy": {
    result: OperatorIamPolicy;
  };
  /** List the AWS accounts; at most one */
  "GET /v1/dns-accounts": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: DnsAccount[];
  };
  /** Have your domains steered with an AWS account of your own: a role to assume, or a key, whose secret is sealed and never shown */
  "POST /v1/dns-accounts": {
    query?: { customer_id?: number; };
    body: DnsAccountInput;
    result: DnsAccount;
  };
  /** Read an AWS account; never its secret */
  "GET /v1/dns-accounts/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: DnsAccount;
  };
  /** Remove an AWS account; its secret is erased, and the operator's account steers again */
  "DELETE /v1/dns-accounts/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List which zones of the operator's AWS account serve which customers */
  "GET /v1/zone-grants": {
    query?: { limit?: number; cursor?: string; };
    result: ZoneGrant[];
  };
  /** Bind a zone of the operator's AWS account to a customer; from the first grant of a zone on, it serves nobody else */
  "POST /v1/zone-grants": {
    body: ZoneGrantInput;
    result: ZoneGrant;
  };
  /** Take a zone away from a customer; with its last grant gone a zone serves everybody again */
  "DELETE /v1/zone-grants/{id}": {
    path: { id: number; };
    result: undefined;
  };
  /** Read what the last readiness check of a service found */
  "GET /v1/services/{id}/readiness": {
    path: { id: number; };
    query?: { customer_id?: number; cursor?: string; };
    result: ServiceReadiness;
  };
  /** Check everything that has to be right before a storm */
  "POST /v1/services/{id}/readiness/check": {
    path: { id: number; };
    query?: { customer_id?: number; domains_cursor?: string; };
    result: ServiceReadiness;
  };
  /** Create the weighted pair of a domain in Route 53, or its missing half */
  "POST /v1/services/{id}/domains/{childId}/provision": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: DomainProvision;
  };
  /** Read the standing failover of a domain */
  "GET /v1/services/{id}/domains/{childId}/standing-failover": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: StandingFailover;
  };
  /** Have the DNS itself leave a dead CDN, with health checks on the pair; made within the next seconds */
  "POST /v1/services/{id}/domains/{childId}/standing-failover": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: StandingFailover;
  };
  /** Remove a standing failover; the records get back the health checks that they had before, if any */
  "DELETE /v1/services/{id}/domains/{childId}/standing-failover": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read a service as Terraform configuration: records, policies, role; as JSON for `Accept: application/json` */
  "GET /v1/services/{id}/terraform": {
    path: { id: number; };
    query?: { customer_id?: number; cursor?: string; frame?: "true" | "false"; };
    result: TerraformConfiguration;
  };
  /** Look at all services at once, those in trouble first */
  "GET /v1/fleet": {
    query?: { customer_id?: number; cursor?: string; };
    result: FleetService[];
  };
  /** Read whether all services of the customer are frozen */
  "GET /v1/freeze/services": {
    query?: { customer_id?: number; };
    result: FreezeState;
  };
  /** Freeze all services of the customer at once; obeyed by the next round */
  "PUT /v1/freeze/services": {
    query?: { customer_id?: number; };
    body: FreezeInput;
    result: Freeze;
  };
  /** Lift the freeze of all services; each one obeys its own override again, or decides for itself */
  "DELETE /v1/freeze/services": {
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read whether a panic is on */
  "GET /v1/panic": {
    result: PanicState;
  };
  /** Write nothing to any outside system: no weight and no health check, for anybody, until it is lifted */
  "PUT /v1/panic": {
    body: PanicInput;
    result: Panic;
  };
  /** Lift the panic; what is wanted then is written from the next round on */
  "DELETE /v1/panic": {
    result: undefined;
  };
  /** List usage windows by their start */
  "GET /v1/services/{id}/usage": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; from?: string; to?: string; gaps?: boolean; };
    result: UsageWindow[];
  };
  /** Report usage; all windows are stored or none, and a window that is there is replaced side by side */
  "PUT /v1/services/{id}/usage": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: UsagePush;
    result: UsageWindow[];
  };
  /** List corrections of billed windows that need an admin, or needed one */
  "GET /v1/corrections": {
    query?: { customer_id?: number; limit?: number; cursor?: string; status?: "pending" | "approved" | "rejected" | "superseded"; };
    result: UsageCorrection[];
  };
  /** Approve a correction: it is stored as it was pushed, and the next invoice adjusts the window */
  "POST /v1/corrections/{id}/approve": {
    path: { id: number; };
    body: CorrectionDecision;
    result: UsageCorrection;
  };
  /** Reject a correction: the window stays as it is known */
  "POST /v1/corrections/{id}/reject": {
    path: { id: number; };
    body: CorrectionDecision;
    result: UsageCorrection;
  };
  /** List the accounts and how they were last read */
  "GET /v1/cdn-accounts": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: CdnAccount[];
  };
  /** Have usage read with an account of your own; one per CDN, its token is sealed and never shown */
  "POST /v1/cdn-accounts": {
    query?: { customer_id?: number; };
    body: CdnAccountInput;
    result: CdnAccount;
  };
  /** Remove an account; its token is erased */
  "DELETE /v1/cdn-accounts/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List the terms agreed on, oldest first; before the first the operator's defaults apply */
  "GET /v1/customers/{id}/billing-terms": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: BillingTerms[];
  };
  /** Agree on terms; a line keeps those by which it was billed, so terms never change */
  "POST /v1/customers/{id}/billing-terms": {
    path: { id: number; };
    body: BillingTermsInput;
    result: BillingTerms;
  };
  /** Read what the next invoices print of the customer */
  "GET /v1/customers/{id}/billing-profile": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: BillingProfile;
  };
  /** Say what the next invoices print of the customer; those that are issued do not change */
  "PUT /v1/customers/{id}/billing-profile": {
    path: { id: number; };
    body: BillingProfileInput;
    result: BillingProfile;
  };
  /** Read who issues the invoices */
  "GET /v1/billing/issuer": {
    result: Issuer;
  };
  /** Say who issues the invoices from now on; those that are issued do not change */
  "PUT /v1/billing/issuer": {
    body: IssuerInput;
    result: Issuer;
  };
  /** See what the next invoice holds so far; nothing is issued */
  "GET /v1/invoices/preview": {
    query?: { customer_id?: number; };
    result: InvoicePreview;
  };
  /** List the invoices, oldest first */
  "GET /v1/invoices": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Invoice[];
  };
  /** Read an invoice: its document, the sums of its services, and its first hundred lines */
  "GET /v1/invoices/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: InvoiceWithLines;
  };
  /** List the lines of an invoice by window, then service; as CSV for `Accept: text/csv` */
  "GET /v1/invoices/{id}/lines": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: InvoiceLine[];
  };
  /** Recompute a line step by step, with the readings behind its bytes and links to the evidence of its storms */
  "GET /v1/invoices/{id}/lines/{childId}/explain": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: LineExplanation;
  };
  /** Read an invoice as a page to print */
  "GET /v1/invoices/{id}/page": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: string;
  };
  /** Read every line of an invoice as one CSV */
  "GET /v1/invoices/{id}/csv": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: string;
  };
  /** List the links of an invoice, revoked and expired ones included, without their URLs */
  "GET /v1/invoices/{id}/links": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: InvoiceLink[];
  };
  /** Make a link by which the invoice is read without a credential; its URL is given once */
  "POST /v1/invoices/{id}/links": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: InvoiceLinkInput;
    result: NewInvoiceLink;
  };
  /** Revoke a link; it opens nothing from now on */
  "DELETE /v1/invoices/{id}/links/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read an invoice by a link, without a credential */
  "GET /i/{token}": {
    path: { token: string; };
    result: string;
  };
  /** Read every line of an invoice by a link, as one CSV */
  "GET /i/{token}/csv": {
    path: { token: string; };
    result: string;
  };
  /** List what the nightly reconciliation found, the newest first */
  "GET /v1/reconciliation-findings": {
    query?: { limit?: number; cursor?: string; state?: "open" | "cleared"; rule?: string; customer?: number; };
    result: ReconciliationFinding[];
  };
  /** List why billed windows wait to be computed again */
  "GET /v1/adjustment-causes": {
    query?: { limit?: number; cursor?: string; };
    result: AdjustmentCause[];
  };
  /** Have a billed window computed again; the next invoice adjusts it where it differs */
  "POST /v1/adjustment-causes": {
    body: AdjustmentCauseInput;
    result: AdjustmentCause;
  };
  /** List the changes of your resources, newest first */
  "GET /v1/audit-log": {
    query?: { customer_id?: number; limit?: number; cursor?: string; action?: string; object_type?: string; };
    result: AuditEntry[];
  };
  /** Read the metrics of the whole installation */
  "GET /metrics": {
    result: string;
  };
  /** Read who holds which lease, how both providers fare, and what passed between them */
  "GET /v1/status": {
    result: Status;
  };
  /** Read how many shards there are, how many are needed, and who has them */
  "GET /v1/shards": {
    result: Shards;
  };
  /** Split the services into another number of shards; every lease ends with it, which costs a round */
  "PUT /v1/shards": {
    body: ShardsInput;
    result: Shards;
  };
  /** Give shards to a provider, as a hand-back does */
  "POST /v1/shards/move": {
    body: ShardMoveInput;
    result: ShardsMoved;
  };
  /** List outside services that fail, and since when they are paused */
  "GET /v1/breakers": {
    query?: { customer_id?: number; };
    result: Breaker[];
  };
  /** Seal kept secrets with the newest key, a hundred at a time; `next` says where to go on */
  "POST /v1/secrets/reseal": {
    body: ResealInput;
    result: Resealed;
  };
  /** Tell that an installation is in use; stored after the answer */
  "POST /v1/session": {
    body: InstallSession;
    result: undefined;
  };
  /** Read how many installations were in use in an ISO week */
  "GET /v1/wau/{week}": {
    path: { week: string; };
    query?: { token?: string; };
    result: WeeklyActiveSessions;
  };
  /** This API as a page to read */
  "GET /docs": {
    query?: { q?: string; };
    result: string;
  };
  /** List the channels of the customer */
  "GET /v1/channels": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Channel[];
  };
  /** Have messages sent somewhere: a channel of the customer */
  "POST /v1/channels": {
    query?: { customer_id?: number; };
    body: ChannelInput;
    result: NewChannel;
  };
  /** Read a channel; never its secret */
  "GET /v1/channels/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: Channel;
  };
  /** Change a channel: what it is told, how it is reached, whether anything is sent */
  "PATCH /v1/channels/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: ChannelPatch;
    result: Channel;
  };
  /** Delete a channel; its secret is erased, and what waits for it is dropped */
  "DELETE /v1/channels/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Send one message for real, now, and say what became of it */
  "POST /v1/channels/{id}/test": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: ChannelTest;
  };
  /** Replace the secret of a webhook; the one before signs as well for a day */
  "POST /v1/channels/{id}/rotate-secret": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: RotatedSecret;
  };
  /** Give the codes that the recipients of a mail were sent */
  "POST /v1/channels/{id}/confirm": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: ChannelCode;
    result: Channel;
  };
  /** List what the customer is told of, the newest first, whether or not a channel was told */
  "GET /v1/notifications": {
    query?: { customer_id?: number; limit?: number; cursor?: string; kind?: "storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.done" | "switch.shadowed" | "switch.failed" | "switch.held" | "switch.released" | "failback.started" | "failback.done" | "backup.down" | "backup.up" | "drift.healed" | "drift.contested" | "drift.resumed" | "override.set" | "override.cleared" | "override.expired" | "freeze.set" | "freeze.lifted" | "freeze.expired" | "panic.set" | "panic.lifted" | "takeover" | "readiness.failed" | "readiness.passed" | "invoice.issued" | "invoice.adjusted" | "token.created" | "account.failing" | "account.recovered" | "job.failing" | "job.recovered" | "job.overrun" | "finding.opened" | "finding.cleared" | "channel.failing" | "channel.recovered" | "delivery.dead" | "slo.burn" | "slo.exhausted" | "slo.resolved" | "slo.streak_broken" | "slo.achievement" | "digest.weekly" | "cost.anomaly" | "cost.resolved" | "zombie.found" | "zombie.gone"; service_id?: number; from?: string; to?: string; };
    result: Notification[];
  };
  /** Read a notification, and what became of the messages that told of it */
  "GET /v1/notifications/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: NotificationDetail;
  };
  /** Send what told of it once more, as it was, under ids of its own */
  "POST /v1/notifications/{id}/replay": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: NotificationReplay;
    result: NotificationDelivery[];
  };
  /** List the messages of a channel, the newest first */
  "GET /v1/channels/{id}/deliveries": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: NotificationDelivery[];
  };
  /** List incidents of the customer: what one CDN did to many services; open ones first, then the newest */
  "GET /v1/incidents": {
    query?: { customer_id?: number; limit?: number; cursor?: string; state?: "open" | "ended"; cdn?: string; from?: string; to?: string; };
    result: Incident[];
  };
  /** Read an incident with its services and the messages about it */
  "GET /v1/incidents/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; cursor?: string; };
    result: IncidentDetail;
  };
  /** List the channels of the operator */
  "GET /v1/operator/channels": {
    query?: { limit?: number; cursor?: string; };
    result: Channel[];
  };
  /** Have messages sent somewhere: a channel of the operator */
  "POST /v1/operator/channels": {
    body: ChannelInput;
    result: NewChannel;
  };
  /** Read a channel; never its secret */
  "GET /v1/operator/channels/{id}": {
    path: { id: number; };
    result: Channel;
  };
  /** Change a channel: what it is told, how it is reached, whether anything is sent */
  "PATCH /v1/operator/channels/{id}": {
    path: { id: number; };
    body: ChannelPatch;
    result: Channel;
  };
  /** Delete a channel; its secret is erased, and what waits for it is dropped */
  "DELETE /v1/operator/channels/{id}": {
    path: { id: number; };
    result: undefined;
  };
  /** Send one message for real, now, and say what became of it */
  "POST /v1/operator/channels/{id}/test": {
    path: { id: number; };
    result: ChannelTest;
  };
  /** Replace the secret of a webhook; the one before signs as well for a day */
  "POST /v1/operator/channels/{id}/rotate-secret": {
    path: { id: number; };
    result: RotatedSecret;
  };
  /** Give the codes that the recipients of a mail were sent */
  "POST /v1/operator/channels/{id}/confirm": {
    path: { id: number; };
    body: ChannelCode;
    result: Channel;
  };
  /** List what the operator is told of, the newest first, whether or not a channel was told */
  "GET /v1/operator/notifications": {
    query?: { limit?: number; cursor?: string; kind?: "storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.done" | "switch.shadowed" | "switch.failed" | "switch.held" | "switch.released" | "failback.started" | "failback.done" | "backup.down" | "backup.up" | "drift.healed" | "drift.contested" | "drift.resumed" | "override.set" | "override.cleared" | "override.expired" | "freeze.set" | "freeze.lifted" | "freeze.expired" | "panic.set" | "panic.lifted" | "takeover" | "readiness.failed" | "readiness.passed" | "invoice.issued" | "invoice.adjusted" | "token.created" | "account.failing" | "account.recovered" | "job.failing" | "job.recovered" | "job.overrun" | "finding.opened" | "finding.cleared" | "channel.failing" | "channel.recovered" | "delivery.dead" | "slo.burn" | "slo.exhausted" | "slo.resolved" | "slo.streak_broken" | "slo.achievement" | "digest.weekly" | "cost.anomaly" | "cost.resolved" | "zombie.found" | "zombie.gone"; service_id?: number; from?: string; to?: string; };
    result: Notification[];
  };
  /** Read a notification, and what became of the messages that told of it */
  "GET /v1/operator/notifications/{id}": {
    path: { id: number; };
    result: NotificationDetail;
  };
  /** Send what told of it once more, as it was, under ids of its own */
  "POST /v1/operator/notifications/{id}/replay": {
    path: { id: number; };
    body: NotificationReplay;
    result: NotificationDelivery[];
  };
  /** List the messages of a channel, the newest first */
  "GET /v1/operator/channels/{id}/deliveries": {
    path: { id: number; };
    query?: { limit?: number; cursor?: string; };
    result: NotificationDelivery[];
  };
  /** List incidents of the installation: what one CDN did to many services; open ones first, then the newest */
  "GET /v1/operator/incidents": {
    query?: { limit?: number; cursor?: string; state?: "open" | "ended"; cdn?: string; from?: string; to?: string; };
    result: Incident[];
  };
  /** Read an incident with its services and the messages about it */
  "GET /v1/operator/incidents/{id}": {
    path: { id: number; };
    query?: { cursor?: string; };
    result: IncidentDetail;
  };
  /** Read the downtime avoided of a month, in time and money: in all, by service and by storm */
  "GET /v1/downtime-avoided": {
    query?: { customer_id?: number; limit?: number; cursor?: string; month?: string; };
    result: DowntimeAvoided;
  };
  /** List the objectives of a service; GET /v1/objectives has their status, too */
  "GET /v1/services/{id}/objectives": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Objective[];
  };
  /** Promise something of a service: a service level objective */
  "POST /v1/services/{id}/objectives": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: ObjectiveInput;
    result: Objective;
  };
  /** Read an objective with its status */
  "GET /v1/services/{id}/objectives/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: ObjectiveWithStatus;
  };
  /** Change an objective; makes its next version */
  "PATCH /v1/services/{id}/objectives/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    body: ObjectivePatch;
    result: Objective;
  };
  /** Delete an objective; its alerts are resolved */
  "DELETE /v1/services/{id}/objectives/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Export an objective as OpenSLO v1 */
  "GET /v1/services/{id}/objectives/{childId}/openslo": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: string;
  };
  /** List all objectives with their status */
  "GET /v1/objectives": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: ObjectiveWithStatus[];
  };
  /** Read the objectives of some services with their status */
  "POST /v1/objectives/status": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    body: ObjectiveStatusInput;
    result: ObjectiveWithStatus[];
  };
  /** List the downtime of an objective with who is to blame */
  "GET /v1/services/{id}/objectives/{childId}/events": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; from?: string; to?: string; };
    result: DowntimeEvents;
  };
  /** List the burn alerts of an objective, the newest first */
  "GET /v1/services/{id}/objectives/{childId}/alerts": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; state?: "open" | "resolved"; };
    result: BurnAlert[];
  };
  /** List the days of an objective with its streaks, the newest first */
  "GET /v1/services/{id}/objectives/{childId}/snapshots": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: DailySnapshots;
  };
  /** List the corrections of a service */
  "GET /v1/services/{id}/slo-corrections": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: SloCorrection[];
  };
  /** Take time out of what a service's objectives count: maintenance, or a dispute that was settled */
  "POST /v1/services/{id}/slo-corrections": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: SloCorrectionInput;
    result: SloCorrection;
  };
  /** Delete a correction: its time counts again, but for days that are over */
  "DELETE /v1/services/{id}/slo-corrections/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List what services have achieved, by service */
  "GET /v1/achievements": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: ServiceAchievements[];
  };
  /** List how far services are with each achievement */
  "GET /v1/milestones": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: ServiceMilestones[];
  };
  /** List the weeks of which there is a digest, the latest first */
  "GET /v1/digests": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: DigestOfWeek[];
  };
  /** Read the digest of an ISO week, as it was sent */
  "GET /v1/digests/{week}": {
    path: { week: string; };
    query?: { customer_id?: number; };
    result: Digest;
  };
  /** Read how costs stand: egress against the usual, what is odd, what idles */
  "GET /v1/cost/summary": {
    query?: { customer_id?: number; };
    result: CostSummary;
  };
  /** List anomalies of cost, the newest first */
  "GET /v1/cost/anomalies": {
    query?: { customer_id?: number; limit?: number; cursor?: string; state?: "open" | "acknowledged" | "snoozed" | "expected" | "resolved"; service_id?: number; };
    result: CostAnomaly[];
  };
  /** Read an anomaly with the figures that made it */
  "GET /v1/cost/anomalies/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: CostAnomaly;
  };
  /** Say how an anomaly stands: acknowledged, snoozed for hours, expected, resolved, or open again */
  "PATCH /v1/cost/anomalies/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: CostAnomalyPatch;
    result: CostAnomaly;
  };
  /** List what is usual, by series */
  "GET /v1/cost/baselines": {
    query?: { customer_id?: number; limit?: number; cursor?: string; kind?: "priced" | "calls" | "egress"; service_id?: number; };
    result: CostBaseline[];
  };
  /** Read what is usual of a series */
  "GET /v1/cost/baselines/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: CostBaseline;
  };
  /** Read a series hour by hour, with the band of what was usual */
  "GET /v1/cost/baselines/{id}/hours": {
    path: { id: number; };
    query?: { customer_id?: number; from?: string; to?: string; };
    result: CostHour[];
  };
  /** Forget what is usual of a series */
  "POST /v1/cost/baselines/{id}/reset": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: CostBaseline;
  };
  /** List what idles, the newest first */
  "GET /v1/cost/zombies": {
    query?: { customer_id?: number; limit?: number; cursor?: string; state?: "open" | "dismissed" | "remediated"; };
    result: Zombie[];
  };
  /** Read when it was last looked for what idles, and what could not be read */
  "GET /v1/cost/hunt": {
    query?: { customer_id?: number; };
    result: ZombieHunt;
  };
  /** Read what idles, why it is thought so, and how it is removed */
  "GET /v1/cost/zombies/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: Zombie;
  };
  /** Dismiss what idles as it is meant to, or open it again */
  "PATCH /v1/cost/zombies/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: ZombiePatch;
    result: Zombie;
  };
  /** List what CDNs charge */
  "GET /v1/cost/rates": {
    query?: { customer_id?: number; };
    result: CostRate[];
  };
  /** Read what a CDN charges */
  "GET /v1/cost/rates/{cdn}": {
    path: { cdn: string; };
    query?: { customer_id?: number; };
    result: CostRate;
  };
  /** Say what a CDN charges: by it egress is money */
  "PUT /v1/cost/rates/{cdn}": {
    path: { cdn: string; };
    query?: { customer_id?: number; };
    body: CostRateInput;
    result: CostRate;
  };
  /** Forget what a CDN charges: its egress is bytes again, and money unknown */
  "DELETE /v1/cost/rates/{cdn}": {
    path: { cdn: string; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read how people are told of anomalies, and what stands between it and the next mode */
  "GET /v1/cost/mode": {
    query?: { customer_id?: number; };
    result: CostMode;
  };
  /** Change how people are told of anomalies */
  "PUT /v1/cost/mode": {
    query?: { customer_id?: number; };
    body: CostModeInput;
    result: CostMode;
  };
  /** List events of cost, newest first by when they happened */
  "GET /v1/cost/events": {
    query?: { customer_id?: number; limit?: number; cursor?: string; account_id?: string; resource_type?: string; actor?: string; severity?: "none" | "medium" | "high" | "critical"; from?: string; to?: string; };
    result: CostEvent[];
  };
  /** Send events of cost: records of CloudTrail, or a short form */
  "POST /v1/cost/events": {
    query?: { customer_id?: number; };
    body: CostEventsInput;
    result: CostEventsResult;
  };
  /** List events that could not be scored, the oldest first */
  "GET /v1/cost/dead-letters": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: CostDeadLetter[];
  };
  /** Have them scored once more, within the next minute */
  "POST /v1/cost/dead-letters/{id}/retry": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Give them up: the events stay, unscored */
  "DELETE /v1/cost/dead-letters/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List the AWS accounts whose costs are watched */
  "GET /v1/cost/accounts": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: CostAccount[];
  };
  /** Have the costs of an AWS account watched: by a role to assume, or a key, whose secret is sealed and never shown */
  "POST /v1/cost/accounts": {
    query?: { customer_id?: number; };
    body: CostAccountInput;
    result: CostAccount;
  };
  /** Read an AWS account whose costs are watched; never its secret */
  "GET /v1/cost/accounts/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: CostAccount;
  };
  /** Change what of an AWS account is watched; its key or role stays */
  "PATCH /v1/cost/accounts/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: CostAccountPatch;
    result: CostAccount;
  };
  /** Watch an AWS account no more; its secret is erased, what was read stays */
  "DELETE /v1/cost/accounts/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Try what an account is for: its credentials, listing its trail, reading a file */
  "POST /v1/cost/accounts/{id}/check": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: CostAccountCheck;
  };
  /** Read the least-privilege IAM policy of an account: its trail is read, idle resources are found, nothing is written */
  "GET /v1/cost/accounts/{id}/iam-policy": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: CostIamPolicy;
  };
  /** Sign out everywhere: end every session of the console that was begun with this token */
  "DELETE /v1/sessions": {
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List the invitations that are open */
  "GET /v1/invitations": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: AccountInvitation[];
  };
  /** Invite somebody by mail */
  "POST /v1/invitations": {
    query?: { customer_id?: number; };
    body: AccountInvitationInput;
    result: AccountInvitation;
  };
  /** Withdraw an invitation: its link leads nowhere */
  "DELETE /v1/invitations/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List the accounts, deactivated ones included */
  "GET /v1/accounts": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Account[];
  };
  /** Read an account */
  "GET /v1/accounts/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: Account;
  };
  /** Deactivate an account, for good */
  "DELETE /v1/accounts/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List the browsers in which an account is signed in, the newest first */
  "GET /v1/accounts/{id}/sessions": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: AccountSession[];
  };
  /** Sign an account out in every browser, at once */
  "DELETE /v1/accounts/{id}/sessions": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read the settings of the customer's public status page */
  "GET /v1/status-page": {
    query?: { customer_id?: number; };
    result: StatusPage;
  };
  /** Create or replace the public status page */
  "PUT /v1/status-page": {
    query?: { customer_id?: number; };
    body: StatusPageInput;
    result: StatusPage;
  };
  /** Remove the public status page, with all that was written on it */
  "DELETE /v1/status-page": {
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List the incidents of the status page, the newest first */
  "GET /v1/status-page/incidents": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: StatusIncident[];
  };
  /** Publish an incident, or maintenance that is planned */
  "POST /v1/status-page/incidents": {
    query?: { customer_id?: number; };
    body: StatusIncidentInput;
    result: StatusIncident;
  };
  /** Publish an update of an incident, and change with it what it names */
  "POST /v1/status-page/incidents/{id}/updates": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: StatusIncidentUpdateInput;
    result: StatusIncident;
  };
  /** Delete an incident that was published by mistake */
  "DELETE /v1/status-page/incidents/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read a public status page */
  "GET /status/{slug}": {
    path: { slug: string; };
    result: string;
  };
  /** Read the incidents of a status page that began in a month */
  "GET /status/{slug}/history": {
    path: { slug: string; };
    query?: { month?: string; };
    result: string;
  };
  /** Read a public status page as JSON */
  "GET /status/{slug}/summary.json": {
    path: { slug: string; };
    result: PublicStatus;
  };
  /** Follow the incidents of a status page by RSS 2.0 */
  "GET /status/{slug}/feed.rss": {
    path: { slug: string; };
    result: string;
  };
  /** Follow the incidents of a status page by JSON Feed 1.1 */
  "GET /status/{slug}/feed.json": {
    path: { slug: string; };
    result: string;
  };
};

import { z } from "@hono/zod-openapi";
import type { FailingShard, LeaseStanding, ProviderStanding, Status, Takeover } from "../../adapters/ports/coordination/status.ts";
import type { JobRhythm, JobStanding } from "../../domain/coordination/job-standing.ts";
import { jobStandings } from "../../domain/coordination/job-standing.ts";
import { loneVantage } from "../../domain/detection/vantage.ts";
import { tolerableSkewMs } from "../../domain/coordination/clock-skew.ts";
import type { SealCounts } from "../../domain/tenants/seals.ts";
import { sealCounts } from "../../domain/tenants/seals.ts";
import { like, orNull, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { panicSchema, representPanic } from "../steering/panic.ts";

const text = z.string();
const about = <Schema extends z.ZodType>(schema: Schema, description: string): Schema => schema.openapi({ description });
const timeOrNull = timeText.nullable();
const provider = like(text, "cloudflare");

const leaseBrief = z.object({
  name: like(text, "shard:0"),
  provider,
  epoch: about(z.int(), "how often it has been taken"),
  held: z.boolean(),
  age_seconds: about(z.number(), "since it was taken"),
});

const lease = leaseBrief.extend({
  holder: about(text, "provider and run"),
  acquired_at: timeText,
  expires_at: timeText,
  released_at: timeOrNull,
});

const signs = z.object({
  name: provider,
  heartbeat_at: about(timeOrNull, "its latest round, also as a witness"),
  last_round_at: about(timeOrNull, "its latest round as the holder of shard 0"),
});

const providerFull = signs.extend({
  clock_skew_seconds: about(
    z.number().nullable(),
    "by how much its own clock is ahead of the database's, by which it goes; null: not measured",
  ),
  clock_ok: about(z.boolean().nullable(), "within 2 s; an alert where it is not"),
  heartbeat_since: about(timeOrNull, "without a gap longer than a lease"),
  place: text.nullable(),
  public: about(
    z.object({ ok: z.boolean(), since: timeOrNull, checked_at: timeText, error: text.nullable() }).nullable(),
    "what the other provider sees of its `/healthz`; null: it has not looked",
  ),
});

const vantage = z
  .object({
    name: like(text, "agent:fra-1"),
    kind: about(z.enum(["provider", "agent"]), "`agent`: a probe agent (docs/probe-agents.md), which decides nothing alone"),
    place: text.nullable(),
    last_heard_at: about(timeOrNull, "null: never"),
  })
  .openapi("Vantage");

const shardLoad = z
  .object({
    shard: z.int(),
    domains: z.int(),
    left_out: about(z.int(), "domains for which a round had no room: they take turns"),
    utilisation: about(z.number(), "of the time of a round's connections, the share that probing everything takes in calm"),
    measured_at: timeText,
  })
  .openapi("ShardLoad");

const failingShard = z
  .object({ shard: z.int(), provider, failed_rounds: about(z.int(), "one after the other, up to the latest") })
  .openapi("FailingShard");

const job = z
  .object({
    name: like(text, "bill"),
    cron: about(like(text, "7 * * * *"), "the cron expression that starts it, in UTC"),
    every_seconds: like(z.int(), 3_600),
    provider: about(provider.nullable(), "whose run was the latest; null: it has never run"),
    last_started_at: timeOrNull,
    last_succeeded_at: about(timeOrNull, "when its latest good run was over; of `tick` that of the shard which was longest without one"),
    last_failed_at: timeOrNull,
    last_result: about(z.enum(["ok", "failed"]).nullable(), "of the latest run that is over; null: there is none"),
    overdue: about(z.boolean(), "two of its runs were missed, by both providers: its cron is dead, or it fails. An alert"),
  })
  .openapi("Job");

const takeover = z
  .object({
    seq: z.int(),
    kind: z.enum(["takeover", "hand_back"]),
    lease: like(text, "shard:0"),
    from: provider,
    to: like(text, "vercel"),
    epoch: z.int(),
    lapsed: about(z.boolean(), "the one before fell silent"),
    unheld_ms: about(z.int(), "how long nobody held it"),
    at: timeText,
    previous_hash: text.nullable(),
    hash: about(text, "SHA-256 of the record's canonical JSON (RFC 8785) without this field, with `v: 1`"),
  })
  .openapi("Takeover");

const secrets = z
  .object({
    current_key: about(z.int(), "sealed with the newest key"),
    previous_keys: about(z.int(), "sealed with an older one: `npm run secrets:reseal` before it is taken away"),
    unknown_keys: about(z.int(), "sealed with a key that is not configured: they do not open; an alert"),
  })
  .openapi("SealedSecrets");
const warnings = about(z.array(text), "what weakens this deployment without stopping it; empty: nothing");

/** Which keys a deployment has: one that signs evidence, one that seals secrets. */
export type Keys = { readonly signed: boolean; readonly sealed: boolean };

const warningsOf = ({ ownsTables, vantages, nowMs }: Status, { signed, sealed }: Keys): string[] => [
  ...(ownsTables
    ? ["the application reaches the database as an owner of its tables: it could switch off what guards evidence and invoices"]
    : []),
  ...(signed ? [] : ["evidence is not signed: EVIDENCE_SIGNING_KEY is not set"]),
  ...(sealed ? [] : ["no secrets are kept, so there are no channels, accounts and links: SECRETS_KEY is not set"]),
  ...[loneVantage(vantages, nowMs)].flatMap((only) =>
    only === null
      ? []
      : [
          `one vantage only: nothing confirms what ${only} sees, so trouble of its own network is taken for a CDN's; add a probe agent, or a second provider`,
        ],
  ),
];

export const statusSchema = z
  .object({
    warnings,
    panic: orNull(panicSchema).openapi({ description: "nothing is written to any outside system since then; null: it is off" }),
    preferred_provider: provider,
    shards: z.int(),
    shards_wanted: about(z.int(), "how many there had better be: the number that there is as long as that will do"),
    shard_loads: about(z.array(shardLoad), "as their holders have measured them within the last ten minutes"),
    failing_shards: about(z.array(failingShard), "those of which a minute of rounds or more has failed: an alert"),
    leases: z.array(lease),
    providers: z.array(providerFull),
    vantages: about(z.array(vantage), "from where is probed: every one that is heard has to agree before anything is concluded"),
    jobs: about(z.array(job), "every job of the schedule, in its order"),
    secrets: about(secrets, "kept secrets of customers, by the key that sealed them"),
    ownership: about(
      z.object({ lapsing: z.int(), held: z.int(), disputed: z.int() }),
      "domains whose proof is gone, whose switches are held for that, and that prove a name which another customer holds (docs/ownership.md)",
    ),
    takeovers: about(z.array(takeover), "the latest 50, newest first"),
  })
  .openapi("Status");

/** The public part: no run ids, no error messages. */
export const readySchema = z
  .object({
    status: z.enum(["ok", "degraded"]).openapi({ description: "degraded: rounds fail on some shard, which the API does not suffer from" }),
    panic: about(
      z.boolean(),
      "whether an admin has ordered that nothing is written to any outside system. It makes no deployment unready: its API and its rounds are as they should be",
    ),
    warnings,
    failing_shards: z.array(failingShard),
    leases: about(z.array(leaseBrief), "of the shards"),
    providers: z.array(signs.extend({ public_ok: about(z.boolean().nullable(), "null: never looked at") })),
  })
  .openapi("Ready");

const briefOf = ({ name, provider: by, epoch, held, ageSeconds }: LeaseStanding): z.infer<typeof leaseBrief> => ({
  name,
  provider: by,
  epoch,
  held,
  age_seconds: ageSeconds,
});

const signsOf = (one: ProviderStanding): z.infer<typeof signs> => ({
  name: one.name,
  heartbeat_at: isoTimeOrNull(one.heartbeatAtMs),
  last_round_at: isoTimeOrNull(one.lastRoundAtMs),
});

const publicOf = ({ publicCheckedAtMs: checkedAtMs, publicOkSinceMs: sinceMs, publicError: error }: ProviderStanding) =>
  checkedAtMs === null ? null : { ok: sinceMs !== null, since: isoTimeOrNull(sinceMs), checked_at: isoTime(checkedAtMs), error };

const takeoverOf = ({ unheldMs, atMs, previousHash, ...same }: Takeover): z.infer<typeof takeover> => ({
  ...same,
  unheld_ms: unheldMs,
  at: isoTime(atMs),
  previous_hash: previousHash,
});

const failingOf = ({ shard, provider: by, failedRounds }: FailingShard): z.infer<typeof failingShard> => ({
  shard,
  provider: by,
  failed_rounds: failedRounds,
});

const secretsOf = ({ current, previous, unknown }: SealCounts): z.infer<typeof secrets> => ({
  current_key: current,
  previous_keys: previous,
  unknown_keys: unknown,
});

const jobOf = ({ rhythm, runs, lastResult, overdue }: JobStanding): z.infer<typeof job> => ({
  name: rhythm.job,
  cron: rhythm.cron,
  every_seconds: rhythm.everyMs / 1_000,
  provider: runs?.provider ?? null,
  last_started_at: isoTimeOrNull(runs?.lastStartedAtMs ?? null),
  last_succeeded_at: isoTimeOrNull(runs?.lastSucceededAtMs ?? null),
  last_failed_at: isoTimeOrNull(runs?.lastFailedAtMs ?? null),
  last_result: lastResult,
  overdue,
});

/** What a deployment knows of itself, beside what the database says. */
export type Deployment = {
  /** Names of the keys that seal, the newest first. */
  readonly sealKeys: readonly string[];
  readonly preferredProvider: string;
  /** Whether there is a key that signs evidence. */
  readonly signed: boolean;
  readonly rhythms: readonly JobRhythm[];
};

export const representStatus = (
  status: Status,
  { sealKeys, preferredProvider, signed, rhythms }: Deployment,
): z.infer<typeof statusSchema> => ({
  warnings: warningsOf(status, { signed, sealed: sealKeys.length > 0 }),
  panic: status.panic === null ? null : representPanic(status.panic),
  preferred_provider: preferredProvider,
  shards: status.shards,
  shards_wanted: status.shardsWanted,
  shard_loads: status.shardLoads.map(({ shard, domains, leftOut, utilisation, measuredAtMs }) => ({
    shard,
    domains,
    left_out: leftOut,
    utilisation: Math.round(utilisation * 1_000) / 1_000,
    measured_at: isoTime(measuredAtMs),
  })),
  failing_shards: status.failingShards.map(failingOf),
  leases: status.leases.map((one) => ({
    ...briefOf(one),
    holder: one.holder,
    acquired_at: isoTime(one.acquiredAtMs),
    expires_at: isoTime(one.expiresAtMs),
    released_at: isoTimeOrNull(one.releasedAtMs),
  })),
  providers: status.providers.map((one) => ({
    ...signsOf(one),
    heartbeat_since: isoTimeOrNull(one.heartbeatSinceMs),
    place: one.place,
    public: publicOf(one),
    clock_skew_seconds: one.clockSkewMs === null ? null : one.clockSkewMs / 1_000,
    clock_ok: one.clockSkewMs === null ? null : Math.abs(one.clockSkewMs) <= tolerableSkewMs,
  })),
  vantages: status.vantages.map(({ name, place, agent, lastHeardAtMs }) => ({
    name,
    kind: agent ? ("agent" as const) : ("provider" as const),
    place,
    last_heard_at: isoTimeOrNull(lastHeardAtMs),
  })),
  jobs: jobStandings(rhythms, status.jobRuns, status).map(jobOf),
  secrets: secretsOf(sealCounts(sealKeys, status.seals)),
  ownership: status.ownership,
  takeovers: status.takeovers.map(takeoverOf),
});

export const representReady = (status: Status, keys: Keys): z.infer<typeof readySchema> => ({
  status: status.failingShards.length === 0 ? "ok" : "degraded",
  panic: status.panic !== null,
  warnings: warningsOf(status, keys),
  failing_shards: status.failingShards.map(failingOf),
  leases: status.leases.filter(({ name }) => name.startsWith("shard:")).map(briefOf),
  providers: status.providers.map((one) => ({ ...signsOf(one), public_ok: publicOf(one)?.ok ?? null })),
});

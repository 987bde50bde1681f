import type { z } from "zod";
import { defaultPartition, partitionOf } from "./domain/steering/aws-partition.ts";
import type { CreditTerms } from "./domain/billing/credit.ts";
import { nearestName } from "./domain/platform/nearest-name.ts";
import { mostOfAnything } from "./domain/tenants/quota.ts";
import { usualPeer } from "./domain/coordination/provider-names.ts";
import { canariesOf, environment, variableNames } from "./config-environment.ts";

/**
 * Variables that are set without effect, their names being unknown. Where the environment is the operator's alone (a Worker's
 * bindings) every such text is reported; elsewhere (a shell, Vercel) only what looks like a misspelt variable of tranche's.
 * @param alsoKnown names that other code reads
 * @returns a sentence for each; never a value
 */
export const unknownVariables = (raw: Readonly<Record<string, unknown>>, alsoKnown: readonly string[] = []): readonly string[] => {
  const known: readonly string[] = [...variableNames, ...alsoKnown];
  return Object.keys(raw)
    .toSorted()
    .flatMap((name) => {
      if (known.includes(name) || typeof raw[name] !== "string") return [];
      const nearest = nearestName(name, known);
      if (nearest !== null) return [`${name} is not read: is ${nearest} meant?`];
      return raw["PROVIDER"] === "cloudflare" ? [`${name} is not read: there is no such variable`] : [];
    });
};

export type Config = ReturnType<typeof toConfig>;

/** An invalid configuration: the start is refused. Each problem names its variable, never its value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the environment of a provider (Worker bindings or process.env), with `config-environment.ts` the only place that knows variable names.
 * Bindings that are not text (Durable Objects, rate limiters) and unknown names are ignored; an empty text counts as unset.
 * @throws ConfigError naming each wrong variable and its rule
 */
export const parseConfig = (raw: Readonly<Record<string, unknown>>): Config => {
  const texts = Object.entries(raw).filter(([, value]) => typeof value === "string" && value !== "");
  const result = environment.safeParse(Object.fromEntries(texts));
  if (result.success) return toConfig(result.data);
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  throw new ConfigError(`configuration refused: ${problems.join("; ")}`);
};

const partition = (region: string) => (partitionOf(region) ?? defaultPartition).route53;

const toConfig = (env: z.infer<typeof environment>) => ({
  databaseUrl: env.DATABASE_URL,
  neonFetchEndpoint: env.NEON_FETCH_ENDPOINT ?? null,
  provider: env.PROVIDER,
  preferredProvider: env.PREFERRED_PROVIDER,
  auth: {
    adminToken: env.ADMIN_TOKEN ?? null,
    jwtSecret: env.AUTH_JWT_SECRET ?? null,
    jwksUrl: env.AUTH_JWKS_URL ?? null,
    jwtIssuer: env.AUTH_JWT_ISSUER ?? null,
    jwtAudience: env.AUTH_JWT_AUDIENCE ?? null,
    jwtMaxAgeMs: env.AUTH_JWT_MAX_AGE,
    trustCustomerHeader: env.TRUST_CUSTOMER_HEADER,
    /** The secret that the trusted gateway sends with each request. */
    gatewaySecret: env.GATEWAY_SECRET ?? null,
    /** Whether people have accounts here, with passwords. */
    localAccounts: env.LOCAL_ACCOUNTS,
  },
  corsOrigins: env.CORS_ORIGINS,
  /** Requests a minute, 0: no limit. A laptop is one address and one credential for everything. */
  rateLimits: {
    perCredential: env.RATE_LIMIT_PER_CREDENTIAL ?? (env.PROVIDER === "local" ? 1_000_000 : 1_200),
    perAddress: env.RATE_LIMIT_PER_ADDRESS ?? (env.PROVIDER === "local" ? 1_000_000 : 2_400),
    refusals: env.RATE_LIMIT_REFUSALS ?? (env.PROVIDER === "local" ? 1_000_000 : 60),
    sessions: env.RATE_LIMIT_SESSIONS ?? (env.PROVIDER === "local" ? 1_000_000 : 120),
  },
  /** What a customer may have at once, where an admin has set nothing else for it. */
  quotas: {
    services: env.QUOTA_SERVICES ?? (env.PROVIDER === "local" ? mostOfAnything : 100),
    domains: env.QUOTA_DOMAINS ?? (env.PROVIDER === "local" ? mostOfAnything : 500),
    unverified_domains: env.QUOTA_UNVERIFIED_DOMAINS ?? (env.PROVIDER === "local" ? mostOfAnything : 20),
    policies: env.QUOTA_POLICIES ?? (env.PROVIDER === "local" ? mostOfAnything : 200),
    tokens: env.QUOTA_TOKENS ?? (env.PROVIDER === "local" ? mostOfAnything : 50),
    channels: env.QUOTA_CHANNELS ?? (env.PROVIDER === "local" ? mostOfAnything : 20),
    objectives: env.QUOTA_OBJECTIVES ?? (env.PROVIDER === "local" ? mostOfAnything : 200),
    cost_accounts: env.QUOTA_COST_ACCOUNTS ?? (env.PROVIDER === "local" ? mostOfAnything : 10),
  },
  metricsToken: env.METRICS_TOKEN ?? null,
  cronSecret: env.CRON_SECRET ?? null,
  /** The region that Vercel reports. */
  region: env.VERCEL_REGION ?? null,
  wauReadToken: env.WAU_READ_TOKEN ?? null,
  sessionTtlMs: env.SESSION_TTL_SECONDS * 1_000,
  /** The origin of the other provider's deployment, by a name that does not fail over to this one. */
  peerUrl: env.PEER_URL ?? null,
  peerProvider: env.PEER_PROVIDER ?? usualPeer(env.PROVIDER),
  leaseTtlMs: env.LEASE_TTL,
  handBackAfterMs: env.HANDBACK_AFTER,
  /** How long a run continues past its minute where no other one has begun. */
  overtimeMs: env.TICK_OVERTIME,
  /** The origin of this deployment; for shards on a provider without Durable Objects. */
  selfUrl: env.SELF_URL ?? null,
  probe: {
    path: env.PROBE_PATH,
    timeoutMs: env.PROBE_TIMEOUT,
    intervalMs: env.PROBE_INTERVAL,
    /** Where private targets are allowed no consent is required: the target is on the same machine. */
    restrainsUnverified: env.DOMAIN_VERIFICATION && !env.ALLOW_PRIVATE_TARGETS,
  },
  /** The platform's limit of requests per invocation. */
  requestLimit: env.REQUESTS_PER_INVOCATION,
  sampleRetentionMs: env.SAMPLE_RETENTION,
  auditRetentionMs: env.AUDIT_RETENTION,
  allowPrivateTargets: env.ALLOW_PRIVATE_TARGETS,
  domainVerification: env.DOMAIN_VERIFICATION,
  dohEndpoints: env.DOH_ENDPOINTS,
  /** Queried in place of every zone's name servers. */
  nameServersEndpoint: env.NAME_SERVERS_ENDPOINT ?? null,
  driftCheckMs: env.DRIFT_CHECK,
  route53: {
    endpoint: env.ROUTE53_ENDPOINT ?? partition(env.AWS_REGION).endpoint,
    /** Replaces every partition's endpoint. */
    customEndpoint: env.ROUTE53_ENDPOINT ?? null,
    /** Replaces STS of each role's region. */
    stsEndpoint: env.STS_ENDPOINT ?? null,
    /** Not the configured region, but the signing region of its partition's Route 53. */
    region: partition(env.AWS_REGION).signingRegion,
    credentials:
      env.AWS_ACCESS_KEY_ID === undefined || env.AWS_SECRET_ACCESS_KEY === undefined
        ? null
        : {
            accessKeyId: env.AWS_ACCESS_KEY_ID,
            secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
            // A permanent key has none: this one is set by the platform itself (Vercel, "Reserved environment variables").
            ...(env.AWS_SESSION_TOKEN !== undefined &&
              !env.AWS_ACCESS_KEY_ID.startsWith("AKIA") && { sessionToken: env.AWS_SESSION_TOKEN }),
          },
  },
  usage: { windowMs: env.USAGE_WINDOW, lookbackMs: env.USAGE_LOOKBACK, tickMs: env.USAGE_TICK },
  cloudflare:
    env.CLOUDFLARE_ACCOUNT_ID === undefined || env.CLOUDFLARE_API_TOKEN === undefined
      ? null
      : {
          accountId: env.CLOUDFLARE_ACCOUNT_ID,
          apiToken: env.CLOUDFLARE_API_TOKEN,
          graphqlEndpoint: env.CLOUDFLARE_GRAPHQL_ENDPOINT,
        },
  cloudflareEndpoint: env.CLOUDFLARE_GRAPHQL_ENDPOINT,
  fastly: env.FASTLY_API_TOKEN === undefined ? null : { apiToken: env.FASTLY_API_TOKEN },
  fastlyEndpoint: env.FASTLY_API_ENDPOINT.replace(/\/+$/, ""),
  /** The first one seals and signs, all of them open and verify; empty: customers' credentials can not be stored. */
  secretsKeys: [...env.SECRETS_KEY, ...env.SECRETS_KEY_PREVIOUS],
  /** Null `signingKey`: evidence is not signed. `publicKeys`: of keys that signed before. */
  evidence: { signingKey: env.EVIDENCE_SIGNING_KEY ?? null, publicKeys: env.EVIDENCE_PUBLIC_KEYS, timestampUrl: env.TIMESTAMP_URL ?? null },
  /** Null: no mail is sent. `smtp` where the runtime has sockets, else `api`. */
  mail:
    env.MAIL_FROM === undefined
      ? null
      : {
          from: env.MAIL_FROM,
          smtp: env.SMTP_URL ?? null,
          api:
            env.MAIL_API_URL === undefined || env.MAIL_API_TOKEN === undefined
              ? null
              : { url: env.MAIL_API_URL, token: env.MAIL_API_TOKEN },
        },
  /** Where batches of events of cost are kept as they came; null: nowhere. */
  archive:
    env.ARCHIVE_URL === undefined
      ? null
      : {
          place: env.ARCHIVE_URL,
          region: env.ARCHIVE_REGION,
          endpoint: env.ARCHIVE_ENDPOINT ?? null,
          credentials:
            env.ARCHIVE_ACCESS_KEY_ID === undefined || env.ARCHIVE_SECRET_ACCESS_KEY === undefined
              ? null
              : { accessKeyId: env.ARCHIVE_ACCESS_KEY_ID, secretAccessKey: env.ARCHIVE_SECRET_ACCESS_KEY },
        },
  costEventRetentionMs: env.COST_EVENT_RETENTION,
  /** Replaces S3 of the regions of customers' buckets; null: AWS. */
  s3Endpoint: env.S3_ENDPOINT ?? null,
  /** Replace EC2, and Elastic Load Balancing, of the regions of customers' accounts; null: AWS. */
  ec2Endpoint: env.EC2_ENDPOINT ?? null,
  elbEndpoint: env.ELB_ENDPOINT ?? null,
  /** Events go there in the place of PagerDuty. */
  pagerdutyEndpoint: env.PAGERDUTY_ENDPOINT ?? null,
  billing: {
    periodMs: env.BILLING_PERIOD,
    graceMs: env.BILLING_GRACE,
    rateCentsPerGb: env.BILLING_RATE_CENTS_PER_GB,
    discountRate: env.BILLING_DISCOUNT_RATE,
    currency: env.BILLING_CURRENCY,
    cycle: env.BILLING_CYCLE,
  },
  credit: {
    rule: env.CREDIT_RULE,
    requireVerified: env.DOMAIN_VERIFICATION,
    waitingMs: env.CREDIT_WAITING_PERIOD,
    maxGapMs: env.CREDIT_MAX_GAP,
    floors: {
      minSamples: env.CREDIT_MIN_SAMPLES,
      minFailures: env.CREDIT_MIN_FAILURES,
      minWindowSeconds: env.CREDIT_MIN_WINDOW / 1_000,
      maxThreshold: Number(env.CREDIT_MAX_THRESHOLD),
      minLatencyMs: env.CREDIT_MIN_LATENCY,
    },
  } satisfies CreditTerms,
  /** How many other customers must see a CDN failing, and the operator's canaries behind each CDN. */
  corroboration: { minWitnesses: env.CREDIT_MIN_WITNESSES, canaries: canariesOf(env.CREDIT_CANARIES) },
});

import { z } from "zod";
import { defaultPartition, partitionOf } from "./domain/aws-partition.ts";
import { deployment, endpoint, isKey, isOrigin, loopbackAddress, secret } from "./config-rules.ts";
import { billingCycles } from "./domain/billing-cycle.ts";
import type { CreditTerms } from "./domain/credit.ts";
import { creditRules } from "./domain/credit.ts";
import { isCurrency } from "./domain/currency.ts";
import { parseDurationMs } from "./domain/duration.ts";
import { endpointFault } from "./domain/endpoint.ts";
import { nearestName } from "./domain/nearest-name.ts";
import { probePathFault } from "./domain/probe.ts";
import { mostOfAnything } from "./domain/quota.ts";
import { equalSecrets } from "./domain/secret-strength.ts";
import type { NamedSecret } from "./domain/secret-strength.ts";
import { usageCronMs } from "./domain/usage-window.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const duration = (fallback: string, minMs: number, maxMs: number) =>
  z
    .string()
    .default(fallback)
    .transform((text, ctx) => {
      const ms = parseDurationMs(text);
      if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
      ctx.addIssue({ code: "custom", message: `must be a duration such as ${fallback}, ${minMs}ms to ${maxMs}ms` });
      return z.NEVER;
    });

const flag = (on: string, off: string, fallback: boolean) =>
  z.enum([on, off], { error: `must be ${on} or ${off}` }).default(fallback ? on : off).transform((text) => text === on);

const decimal = (fallback: string, max: number) =>
  z
    .string()
    .default(fallback)
    .refine((text) => /^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) <= max, `must be a decimal number, 0 to ${max}`);

/** Comma-separated; blanks do not count. */
const list = (fallback: string) =>
  z.string().default(fallback).transform((text) => text.split(",").map((part) => part.trim()).filter(Boolean));

const limitPerMinute = () =>
  z.string().regex(/^\d{1,9}$/, "must be a number of requests a minute, 0 for no limit").transform(Number).optional();

/** Without a value on a laptop, which is one customer's: no limit to speak of. */
const quota = () =>
  z
    .string()
    .refine((text) => /^\d{1,7}$/.test(text) && Number(text) <= mostOfAnything, `must be a number, 0 to ${mostOfAnything}`)
    .transform(Number)
    .optional();

/** Nothing secret: 32 bytes in base64, whatever they look like. */
const isPublicKey = (text: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(text);

/** An Ed25519 seed of 32 bytes, or PKCS #8 with one (RFC 8410), in base64: `openssl genpkey -algorithm ed25519 -outform DER | base64`. */
const isSigningKey = (text: string): boolean => isKey(text) || /^MC4CAQAwBQYDK2VwBCIEI[A-P][A-Za-z0-9+/]{42}$/.test(text);

const secretKeys = () =>
  list("").refine((keys) => keys.every(isKey), "must be 32 random bytes in base64, or several such keys, the newest first");

const whole = (fallback: string, max: number) =>
  z
    .string()
    .default(fallback)
    .refine((text) => /^[1-9]\d{0,5}$/.test(text) && Number(text) <= max, `must be a whole number, 1 to ${max}`)
    .transform(Number);

/** `cdn=https://host/path`: a URL of the operator's own behind a CDN. */
const canary = /^([a-z0-9][a-z0-9-]{0,62})=(https?:\/\/\S+)$/;

const canariesOf = (entries: readonly string[]): readonly { readonly cdn: string; readonly url: string }[] =>
  entries.flatMap((entry) => {
    const [, cdn, address] = canary.exec(entry) ?? [];
    return cdn === undefined || address === undefined || !URL.canParse(address) ? [] : [{ cdn, url: address }];
  });

/** All of them are probed within one run of a job. */
const mostCanaries = 50;

const singleSecrets = [
  "ADMIN_TOKEN", "AUTH_JWT_SECRET", "GATEWAY_SECRET", "METRICS_TOKEN", "CRON_SECRET", "WAU_READ_TOKEN", "AWS_SECRET_ACCESS_KEY",
  "CLOUDFLARE_API_TOKEN", "FASTLY_API_TOKEN", "EVIDENCE_SIGNING_KEY",
] as const;
const secretLists = ["SECRETS_KEY", "SECRETS_KEY_PREVIOUS"] as const;

type Secrets = { readonly [name in (typeof singleSecrets)[number]]?: string | undefined } & {
  readonly [name in (typeof secretLists)[number]]: readonly string[];
} & { readonly DATABASE_URL: string };

/** Everything of which one must not stand for another. */
const secretsIn = (env: Secrets): NamedSecret[] => {
  const password = URL.canParse(env.DATABASE_URL) ? new URL(env.DATABASE_URL).password : "";
  return [
    ...singleSecrets.map((name) => ({ name, text: env[name] ?? "" })),
    ...secretLists.flatMap((name) => env[name].map((text) => ({ name, text }))),
    { name: "DATABASE_URL", text: password },
  ].filter(({ text }) => text !== "");
};

const databaseUrl = /^postgres(ql)?:\/\/[^:@/]+:[^@]*@[^/]+\/[^/?]+/;

/** Every environment variable that tranche reads (semantics §13), with its rule. */
const environment = z
  .object({
    DATABASE_URL: z
      .string({ error: "is required" })
      // The driver would quote an unreadable one, password and all, in its own error.
      .refine((text) => databaseUrl.test(text) && URL.canParse(text), "must be postgresql://user:password@host/database"),
    NEON_FETCH_ENDPOINT: endpoint().optional(),
    PROVIDER: z.enum(["cloudflare", "vercel", "local"], { error: "must be cloudflare, vercel or local" }),
    PREFERRED_PROVIDER: z.enum(["cloudflare", "vercel", "local"]).default("cloudflare"),
    ADMIN_TOKEN: secret(32),
    AUTH_JWT_SECRET: secret(32),
    AUTH_JWKS_URL: endpoint().optional(),
    AUTH_JWT_ISSUER: z.string().min(1).optional(),
    AUTH_JWT_AUDIENCE: z.string().min(1).optional(),
    AUTH_JWT_MAX_AGE: duration("24h", minuteMs, 720 * hourMs),
    TRUST_CUSTOMER_HEADER: flag("true", "false", false),
    GATEWAY_SECRET: secret(32),
    CORS_ORIGINS: list("").refine((origins) => origins.every(isOrigin), "must be origins such as https://app.example.com"),
    RATE_LIMIT_PER_CREDENTIAL: limitPerMinute(),
    RATE_LIMIT_PER_ADDRESS: limitPerMinute(),
    RATE_LIMIT_REFUSALS: limitPerMinute(),
    RATE_LIMIT_SESSIONS: limitPerMinute(),
    QUOTA_SERVICES: quota(),
    QUOTA_DOMAINS: quota(),
    QUOTA_UNVERIFIED_DOMAINS: quota(),
    QUOTA_POLICIES: quota(),
    QUOTA_TOKENS: quota(),
    METRICS_TOKEN: secret(16),
    CRON_SECRET: secret(16),
    VERCEL_REGION: z.string().optional(),
    WAU_READ_TOKEN: secret(16),
    SESSION_TTL_SECONDS: z
      .string()
      .default("7257600")
      .refine((text) => /^[1-9]\d{0,8}$/.test(text), "must be a number of seconds, 1 to 999999999")
      .transform(Number),
    PEER_URL: deployment("https://tranche.vercel.app").optional(),
    LEASE_TTL: duration("45s", 1_000, 10 * minuteMs),
    HANDBACK_AFTER: duration("10m", 1_000, 24 * hourMs),
    TICK_OVERTIME: duration("60s", 0, 3 * minuteMs),
    SELF_URL: deployment("https://tranche.example.com").optional(),
    PROBE_PATH: z
      .string()
      .default("/healthz")
      .refine((path) => probePathFault(path) === null, { error: ({ input }) => probePathFault(String(input)) ?? "" }),
    PROBE_TIMEOUT: duration("5s", 100, 30_000),
    PROBE_INTERVAL: duration("10s", 500, minuteMs),
    REQUESTS_PER_INVOCATION: z
      .string()
      .default("10000")
      .refine((text) => /^[1-9]\d{2,6}$/.test(text), "must be a number from 100 to 9999999")
      .transform(Number),
    SAMPLE_RETENTION: duration("48h", hourMs, 720 * hourMs),
    // A day more than the database keeps it whoever deletes (drizzle/0037): clocks differ.
    AUDIT_RETENTION: duration("9600h", 366 * 24 * hourMs, 3_653 * 24 * hourMs),
    ALLOW_PRIVATE_TARGETS: flag("true", "false", false),
    DOMAIN_VERIFICATION: flag("on", "off", true),
    DOH_ENDPOINTS: list("https://cloudflare-dns.com/dns-query,https://dns.google/resolve").refine(
      (endpoints) => endpoints.length > 0 && endpoints.every((url) => endpointFault(url) === null),
      "must be https URLs of DNS-over-HTTPS resolvers",
    ),
    NAME_SERVERS_ENDPOINT: loopbackAddress().optional(),
    DRIFT_CHECK: duration("5m", 1_000, 24 * hourMs),
    AWS_REGION: z
      .string()
      .default("us-east-1")
      .refine((region) => partitionOf(region) !== null, "must be a region of AWS, AWS GovCloud or AWS China, such as us-east-1"),
    AWS_ACCESS_KEY_ID: z.string().min(1).optional(),
    AWS_SECRET_ACCESS_KEY: z.string().min(1).optional(),
    AWS_SESSION_TOKEN: z.string().min(1).optional(),
    ROUTE53_ENDPOINT: endpoint().optional(),
    STS_ENDPOINT: endpoint().optional(),
    USAGE_WINDOW: duration("1h", 1_000, 24 * hourMs)
      .refine((ms) => (24 * hourMs) % ms === 0, "must divide 24h")
      .refine((ms) => ms % 1_000 === 0, "must be whole seconds"),
    USAGE_LOOKBACK: duration("6h", 1_000, 31 * 24 * hourMs),
    // Every provider's cron for it fires every five minutes (cron/schedule.ts): a test compares.
    USAGE_TICK: duration("5m", usageCronMs, hourMs).refine((ms) => ms % usageCronMs === 0, "must be a multiple of 5m: the cron that reads usage fires every 5 minutes"),
    CLOUDFLARE_ACCOUNT_ID: z.string().min(1).optional(),
    CLOUDFLARE_API_TOKEN: z.string().min(1).optional(),
    CLOUDFLARE_GRAPHQL_ENDPOINT: endpoint().default("https://api.cloudflare.com/client/v4/graphql"),
    FASTLY_API_TOKEN: z.string().min(1).optional(),
    FASTLY_API_ENDPOINT: endpoint().default("https://api.fastly.com"),
    SECRETS_KEY: secretKeys(),
    SECRETS_KEY_PREVIOUS: secretKeys(),
    EVIDENCE_SIGNING_KEY: z
      .string()
      .refine(isSigningKey, "must be an Ed25519 key: 32 random bytes, or PKCS #8 in DER, in base64")
      .optional(),
    EVIDENCE_PUBLIC_KEYS: list("").refine((keys) => keys.every(isPublicKey), "must be public Ed25519 keys of 32 bytes in base64, comma-separated"),
    TIMESTAMP_URL: endpoint().optional(),
    BILLING_PERIOD: duration("24h", 1_000, 366 * 24 * hourMs),
    BILLING_RATE_CENTS_PER_GB: decimal("12", 1_000_000),
    BILLING_DISCOUNT_RATE: decimal("0.5", 1),
    BILLING_CURRENCY: z.string().default("USD").refine(isCurrency, "must be the ISO 4217 code of a currency in use, such as USD"),
    BILLING_CYCLE: z.enum(billingCycles, { error: "must be run, day or month" }).default("run"),
    BILLING_GRACE: duration("0s", 0, 31 * 24 * hourMs),
    CREDIT_RULE: z.enum(creditRules, { error: "must be storm, verified or corroborated" }).default("verified"),
    CREDIT_WAITING_PERIOD: duration("24h", 0, 31 * 24 * hourMs),
    CREDIT_MAX_GAP: duration("10m", 0, 24 * hourMs),
    CREDIT_MIN_SAMPLES: whole("3", 100),
    CREDIT_MIN_FAILURES: whole("3", 100),
    CREDIT_MIN_WINDOW: duration("30s", 1_000, hourMs),
    CREDIT_MIN_LATENCY: duration("500ms", 1, minuteMs),
    CREDIT_MAX_THRESHOLD: decimal("0.99", 1),
    CREDIT_MIN_WITNESSES: whole("3", 1_000),
    CREDIT_CANARIES: list("").refine(
      (entries) => entries.length <= mostCanaries && canariesOf(entries).length === entries.length,
      `must be at most ${mostCanaries} of cdn=https://host/path`,
    ),
  })
  .superRefine((env, ctx) => {
    const pair = (a: keyof typeof env, b: keyof typeof env) => {
      if ((env[a] === undefined) === (env[b] === undefined)) return;
      const missing = env[a] === undefined ? a : b;
      ctx.addIssue({ code: "custom", path: [missing], message: `is required with ${missing === a ? b : a}` });
    };
    pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
    pair("CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN");
    const needs = (name: keyof typeof env, needed: keyof typeof env, isThere: boolean) => {
      if (!isThere) ctx.addIssue({ code: "custom", path: [needed], message: `is required with ${name}` });
    };
    // The keys of an identity provider sign for all of its clients: whom a token is for, only its audience says.
    if (env.AUTH_JWKS_URL !== undefined) needs("AUTH_JWKS_URL", "AUTH_JWT_AUDIENCE", env.AUTH_JWT_AUDIENCE !== undefined);
    for (const name of ["AUTH_JWT_AUDIENCE", "AUTH_JWT_ISSUER"] as const) {
      if (env[name] !== undefined) needs(name, "AUTH_JWKS_URL", (env.AUTH_JWKS_URL ?? env.AUTH_JWT_SECRET) !== undefined);
    }
    if (env.TRUST_CUSTOMER_HEADER) needs("TRUST_CUSTOMER_HEADER", "GATEWAY_SECRET", env.GATEWAY_SECRET !== undefined);
    if (env.SECRETS_KEY_PREVIOUS.length > 0) needs("SECRETS_KEY_PREVIOUS", "SECRETS_KEY", env.SECRETS_KEY.length > 0);
    for (const { name, sameAs } of equalSecrets(secretsIn(env))) {
      ctx.addIssue({ code: "custom", path: [name], message: `must not be the same secret as ${sameAs}` });
    }
    // What two providers say of each other is worth something only while neither falls silent between two rounds.
    const refuse = (name: keyof typeof env, message: string) => ctx.addIssue({ code: "custom", path: [name], message: `${message}, where there is a PEER_URL` });
    if (env.PEER_URL === undefined) return;
    if (env.PROBE_INTERVAL > 20_000) refuse("PROBE_INTERVAL", "must be at most 20s");
    if (env.LEASE_TTL < 3 * env.PROBE_INTERVAL) refuse("LEASE_TTL", "must be at least three times PROBE_INTERVAL");
    if (env.HANDBACK_AFTER < env.LEASE_TTL) refuse("HANDBACK_AFTER", "must be at least LEASE_TTL");
  });

/** The name of every variable, in the order of this file. */
export const variableNames: readonly string[] = Object.keys(environment.shape);

/**
 * What is set, and does nothing: a name that is none of ours. Where the environment is the operator's alone (a Worker's bindings)
 * every such text is told of; elsewhere (a shell, Vercel) only what looks like a misspelt variable of ours.
 * @param alsoKnown names that somebody else reads
 * @returns a sentence for each; never a value
 */
export const unknownVariables = (raw: Readonly<Record<string, unknown>>, alsoKnown: readonly string[] = []): readonly string[] => {
  const known = [...variableNames, ...alsoKnown];
  return Object.keys(raw).toSorted().flatMap((name) => {
    if (known.includes(name) || typeof raw[name] !== "string") return [];
    const nearest = nearestName(name, known);
    if (nearest !== null) return [`${name} is not read: is ${nearest} meant?`];
    return raw["PROVIDER"] === "cloudflare" ? [`${name} is not read: there is no such variable`] : [];
  });
};

export type Config = ReturnType<typeof toConfig>;

/** A configuration that does not hold: the start is refused. Each problem names its variable, never its value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the environment of a provider (Worker bindings or process.env): the only place that knows variable names.
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
    /** What the gateway that names customers shows with each request. */
    gatewaySecret: env.GATEWAY_SECRET ?? null,
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
  },
  metricsToken: env.METRICS_TOKEN ?? null,
  cronSecret: env.CRON_SECRET ?? null,
  /** Where Vercel says that it runs this. */
  region: env.VERCEL_REGION ?? null,
  wauReadToken: env.WAU_READ_TOKEN ?? null,
  sessionTtlMs: env.SESSION_TTL_SECONDS * 1_000,
  /** Where the other provider's deployment answers, and by no name that moves to this one. */
  peerUrl: env.PEER_URL ?? null,
  leaseTtlMs: env.LEASE_TTL,
  handBackAfterMs: env.HANDBACK_AFTER,
  /** How long a run goes on past its minute where no other one has begun. */
  overtimeMs: env.TICK_OVERTIME,
  /** Where this deployment itself answers; for shards on a provider without Durable Objects. */
  selfUrl: env.SELF_URL ?? null,
  probe: {
    path: env.PROBE_PATH,
    timeoutMs: env.PROBE_TIMEOUT,
    intervalMs: env.PROBE_INTERVAL,
    /** Where private targets are allowed nobody asks a target for its consent: it is on the same machine. */
    restrainsUnverified: env.DOMAIN_VERIFICATION && !env.ALLOW_PRIVATE_TARGETS,
  },
  /** How many requests the platform lets one invocation send. */
  requestLimit: env.REQUESTS_PER_INVOCATION,
  sampleRetentionMs: env.SAMPLE_RETENTION,
  auditRetentionMs: env.AUDIT_RETENTION,
  allowPrivateTargets: env.ALLOW_PRIVATE_TARGETS,
  domainVerification: env.DOMAIN_VERIFICATION,
  dohEndpoints: env.DOH_ENDPOINTS,
  /** Asked in place of every zone's name servers. */
  nameServersEndpoint: env.NAME_SERVERS_ENDPOINT ?? null,
  driftCheckMs: env.DRIFT_CHECK,
  route53: {
    endpoint: env.ROUTE53_ENDPOINT ?? partition(env.AWS_REGION).endpoint,
    /** In the place of every partition's own. */
    customEndpoint: env.ROUTE53_ENDPOINT ?? null,
    /** Where roles are assumed, in the place of STS in each role's region. */
    stsEndpoint: env.STS_ENDPOINT ?? null,
    /** Not the configured one, but that for which its partition's Route 53 is signed. */
    region: partition(env.AWS_REGION).signingRegion,
    credentials:
      env.AWS_ACCESS_KEY_ID === undefined || env.AWS_SECRET_ACCESS_KEY === undefined
        ? null
        : {
            accessKeyId: env.AWS_ACCESS_KEY_ID,
            secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
            // A permanent key has none: this one is of the platform itself (Vercel, "Reserved environment variables").
            ...(env.AWS_SESSION_TOKEN !== undefined && !env.AWS_ACCESS_KEY_ID.startsWith("AKIA") && { sessionToken: env.AWS_SESSION_TOKEN }),
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
  /** The first one seals and signs, all of them open and verify; empty: customers' credentials can not be kept. */
  secretsKeys: [...env.SECRETS_KEY, ...env.SECRETS_KEY_PREVIOUS],
  /** Null `signingKey`: evidence is not signed. `publicKeys`: of keys that signed before. */
  evidence: { signingKey: env.EVIDENCE_SIGNING_KEY ?? null, publicKeys: env.EVIDENCE_PUBLIC_KEYS, timestampUrl: env.TIMESTAMP_URL ?? null },
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
  /** Of how many other customers it takes to see a CDN failing, and what the operator has behind each CDN to see it by. */
  corroboration: { minWitnesses: env.CREDIT_MIN_WITNESSES, canaries: canariesOf(env.CREDIT_CANARIES) },
});

import { z } from "zod";
import { partitionOf } from "./domain/steering/aws-partition.ts";
import {
  archiveUrl,
  deployment,
  endpoint,
  isKey,
  isOrigin,
  isRegionName,
  loopbackAddress,
  mailAddress,
  secret,
  smtpUrl,
} from "./config-rules.ts";
import { billingCycles } from "./domain/billing/billing-cycle.ts";
import { creditRules } from "./domain/billing/credit.ts";
import { isCurrency } from "./domain/billing/currency.ts";
import { parseDurationMs } from "./domain/platform/duration.ts";
import { endpointFault } from "./domain/platform/endpoint.ts";
import type { SmtpServer } from "./domain/notify/smtp-url.ts";
import { probePathFault } from "./domain/detection/probe.ts";
import { providerNames } from "./domain/coordination/provider-names.ts";
import { mostOfAnything } from "./domain/tenants/quota.ts";
import { equalSecrets } from "./domain/tenants/secret-strength.ts";
import type { NamedSecret } from "./domain/tenants/secret-strength.ts";
import { usageCronMs } from "./domain/metering/usage-window.ts";

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
  z
    .enum([on, off], { error: `must be ${on} or ${off}` })
    .default(fallback ? on : off)
    .transform((text) => text === on);

const decimal = (fallback: string, max: number) =>
  z
    .string()
    .default(fallback)
    .refine((text) => /^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) <= max, `must be a decimal number, 0 to ${max}`);

/** Comma-separated; blanks are ignored. */
const list = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean),
    );

const limitPerMinute = () =>
  z
    .string()
    .regex(/^\d{1,9}$/, "must be a number of requests a minute, 0 for no limit")
    .transform(Number)
    .optional();

/** Default on a laptop, which has one customer: practically no limit. */
const quota = () =>
  z
    .string()
    .refine((text) => /^\d{1,7}$/.test(text) && Number(text) <= mostOfAnything, `must be a number, 0 to ${mostOfAnything}`)
    .transform(Number)
    .optional();

/** Not secret: any 32 bytes in base64. */
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

export const canariesOf = (entries: readonly string[]): readonly { readonly cdn: string; readonly url: string }[] =>
  entries.flatMap((entry) => {
    const [, cdn, address] = canary.exec(entry) ?? [];
    return cdn === undefined || address === undefined || !URL.canParse(address) ? [] : [{ cdn, url: address }];
  });

/** All of them are probed within one run of a job. */
const mostCanaries = 50;

const singleSecrets = [
  "ADMIN_TOKEN",
  "AUTH_JWT_SECRET",
  "GATEWAY_SECRET",
  "METRICS_TOKEN",
  "CRON_SECRET",
  "WAU_READ_TOKEN",
  "AWS_SECRET_ACCESS_KEY",
  "CLOUDFLARE_API_TOKEN",
  "FASTLY_API_TOKEN",
  "EVIDENCE_SIGNING_KEY",
  "MAIL_API_TOKEN",
  "ARCHIVE_SECRET_ACCESS_KEY",
] as const;
const secretLists = ["SECRETS_KEY", "SECRETS_KEY_PREVIOUS"] as const;

type Secrets = { readonly [name in (typeof singleSecrets)[number]]?: string | undefined } & {
  readonly [name in (typeof secretLists)[number]]: readonly string[];
} & { readonly DATABASE_URL: string; readonly SMTP_URL?: SmtpServer | undefined };

/** Secrets that must differ from each other. */
const secretsIn = (env: Secrets): NamedSecret[] => {
  const password = URL.canParse(env.DATABASE_URL) ? new URL(env.DATABASE_URL).password : "";
  return [
    ...singleSecrets.map((name) => ({ name, text: env[name] ?? "" })),
    ...secretLists.flatMap((name) => env[name].map((text) => ({ name, text }))),
    { name: "DATABASE_URL", text: password },
    { name: "SMTP_URL", text: env.SMTP_URL?.login?.password ?? "" },
  ].filter(({ text }) => text !== "");
};

const databaseUrl = /^postgres(ql)?:\/\/[^:@/]+:[^@]*@[^/]+\/[^/?]+/;

/** Every environment variable that tranche reads (semantics §13), with its rule. */
export const environment = z
  .object({
    DATABASE_URL: z
      .string({ error: "is required" })
      // The driver would quote an invalid one, including the password, in its error.
      .refine((text) => databaseUrl.test(text) && URL.canParse(text), "must be postgresql://user:password@host/database"),
    NEON_FETCH_ENDPOINT: endpoint().optional(),
    PROVIDER: z.enum(providerNames, { error: `must be one of ${providerNames.join(", ")}` }),
    PREFERRED_PROVIDER: z.enum(providerNames, { error: `must be one of ${providerNames.join(", ")}` }).default("cloudflare"),
    PEER_PROVIDER: z.enum(providerNames, { error: `must be one of ${providerNames.join(", ")}` }).optional(),
    ADMIN_TOKEN: secret(32),
    AUTH_JWT_SECRET: secret(32),
    AUTH_JWKS_URL: endpoint().optional(),
    AUTH_JWT_ISSUER: z.string().min(1).optional(),
    AUTH_JWT_AUDIENCE: z.string().min(1).optional(),
    AUTH_JWT_MAX_AGE: duration("24h", minuteMs, 720 * hourMs),
    TRUST_CUSTOMER_HEADER: flag("true", "false", false),
    GATEWAY_SECRET: secret(32),
    LOCAL_ACCOUNTS: flag("on", "off", false),
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
    QUOTA_CHANNELS: quota(),
    QUOTA_OBJECTIVES: quota(),
    QUOTA_COST_ACCOUNTS: quota(),
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
    // A day more than the minimum that the database enforces (drizzle/0037): clocks differ.
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
    S3_ENDPOINT: endpoint().optional(),
    EC2_ENDPOINT: endpoint().optional(),
    ELB_ENDPOINT: endpoint().optional(),
    USAGE_WINDOW: duration("1h", 1_000, 24 * hourMs)
      .refine((ms) => (24 * hourMs) % ms === 0, "must divide 24h")
      .refine((ms) => ms % 1_000 === 0, "must be whole seconds"),
    USAGE_LOOKBACK: duration("6h", 1_000, 31 * 24 * hourMs),
    // Every provider's cron for it fires every five minutes (cron/schedule.ts): a test compares.
    USAGE_TICK: duration("5m", usageCronMs, hourMs).refine(
      (ms) => ms % usageCronMs === 0,
      "must be a multiple of 5m: the cron that reads usage fires every 5 minutes",
    ),
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
    EVIDENCE_PUBLIC_KEYS: list("").refine(
      (keys) => keys.every(isPublicKey),
      "must be public Ed25519 keys of 32 bytes in base64, comma-separated",
    ),
    TIMESTAMP_URL: endpoint().optional(),
    SMTP_URL: smtpUrl().optional(),
    MAIL_API_URL: endpoint().optional(),
    MAIL_API_TOKEN: z.string().min(1).optional(),
    MAIL_FROM: mailAddress().optional(),
    PAGERDUTY_ENDPOINT: endpoint().optional(),
    ARCHIVE_URL: archiveUrl().optional(),
    ARCHIVE_REGION: z.string().default("us-east-1").refine(isRegionName, "must be a region such as eu-central-1, or auto"),
    ARCHIVE_ENDPOINT: endpoint().optional(),
    ARCHIVE_ACCESS_KEY_ID: z.string().min(1).optional(),
    ARCHIVE_SECRET_ACCESS_KEY: z.string().min(1).optional(),
    COST_EVENT_RETENTION: duration("2160h", 48 * hourMs, 24 * 800 * hourMs),
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
    pair("MAIL_API_URL", "MAIL_API_TOKEN");
    const needs = (name: string, needed: keyof typeof env, isThere: boolean) => {
      if (!isThere) ctx.addIssue({ code: "custom", path: [needed], message: `is required with ${name}` });
    };
    // The keys of an identity provider sign for all of its clients: only the audience says whom a token is for.
    if (env.AUTH_JWKS_URL !== undefined) needs("AUTH_JWKS_URL", "AUTH_JWT_AUDIENCE", env.AUTH_JWT_AUDIENCE !== undefined);
    for (const name of ["AUTH_JWT_AUDIENCE", "AUTH_JWT_ISSUER"] as const) {
      if (env[name] !== undefined) needs(name, "AUTH_JWKS_URL", (env.AUTH_JWKS_URL ?? env.AUTH_JWT_SECRET) !== undefined);
    }
    pair("ARCHIVE_ACCESS_KEY_ID", "ARCHIVE_SECRET_ACCESS_KEY");
    if (env.ARCHIVE_URL?.kind === "s3") needs("an ARCHIVE_URL of s3", "ARCHIVE_ACCESS_KEY_ID", env.ARCHIVE_ACCESS_KEY_ID !== undefined);
    for (const name of ["ARCHIVE_ACCESS_KEY_ID", "ARCHIVE_ENDPOINT"] as const) {
      if (env[name] !== undefined) needs(name, "ARCHIVE_URL", env.ARCHIVE_URL?.kind === "s3");
    }
    for (const name of ["SMTP_URL", "MAIL_API_URL"] as const) {
      if (env[name] !== undefined) needs(name, "MAIL_FROM", env.MAIL_FROM !== undefined);
    }
    if (env.MAIL_FROM !== undefined && env.SMTP_URL === undefined && env.MAIL_API_URL === undefined) {
      ctx.addIssue({ code: "custom", path: ["MAIL_FROM"], message: "does nothing without SMTP_URL or MAIL_API_URL" });
    }
    if (env.LOCAL_ACCOUNTS) {
      // By the first sessions are signed; links in mails begin with the second.
      needs("LOCAL_ACCOUNTS", "SECRETS_KEY", env.SECRETS_KEY.length > 0);
      needs("LOCAL_ACCOUNTS", "SELF_URL", env.SELF_URL !== undefined);
    }
    if (env.TRUST_CUSTOMER_HEADER) needs("TRUST_CUSTOMER_HEADER", "GATEWAY_SECRET", env.GATEWAY_SECRET !== undefined);
    if (env.SECRETS_KEY_PREVIOUS.length > 0) needs("SECRETS_KEY_PREVIOUS", "SECRETS_KEY", env.SECRETS_KEY.length > 0);
    for (const { name, sameAs } of equalSecrets(secretsIn(env))) {
      ctx.addIssue({ code: "custom", path: [name], message: `must not be the same secret as ${sameAs}` });
    }
    // The providers' checks of each other are meaningful only if a lease outlasts several rounds.
    const refuse = (name: keyof typeof env, message: string) =>
      ctx.addIssue({ code: "custom", path: [name], message: `${message}, where there is a PEER_URL` });
    if (env.PEER_URL === undefined) return;
    if (env.PROBE_INTERVAL > 20_000) refuse("PROBE_INTERVAL", "must be at most 20s");
    if (env.LEASE_TTL < 3 * env.PROBE_INTERVAL) refuse("LEASE_TTL", "must be at least three times PROBE_INTERVAL");
    if (env.HANDBACK_AFTER < env.LEASE_TTL) refuse("HANDBACK_AFTER", "must be at least LEASE_TTL");
  });

export type VariableName = keyof typeof environment.shape;

/** The name of every variable, in the order of this file. */
export const variableNames = Object.keys(environment.shape) as readonly VariableName[];

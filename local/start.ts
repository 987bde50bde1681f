import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { schedule } from "../src/cron/schedule.ts";
import { startControlPlane } from "./control-plane.ts";
import { startCron } from "./cron-clock.ts";

const home = fileURLToPath(new URL("../.tranche", import.meta.url));

/** Variables that are handed on from the shell, so that a local start can steer real DNS or read real usage. */
const handedOn = [
  "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ROUTE53_ENDPOINT", "STS_ENDPOINT", "CLOUDFLARE_ACCOUNT_ID",
  "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_GRAPHQL_ENDPOINT", "PROBE_PATH", "PROBE_TIMEOUT", "PROBE_INTERVAL", "DRIFT_CHECK",
  "USAGE_WINDOW", "USAGE_LOOKBACK", "BILLING_PERIOD", "BILLING_RATE_CENTS_PER_GB", "BILLING_DISCOUNT_RATE", "BILLING_GRACE",
  "BILLING_CURRENCY", "BILLING_CYCLE", "FASTLY_API_TOKEN", "FASTLY_API_ENDPOINT", "SECRETS_KEY", "SECRETS_KEY_PREVIOUS",
  "DOMAIN_VERIFICATION", "ALLOW_PRIVATE_TARGETS", "AUTH_JWT_SECRET", "AUTH_JWKS_URL", "AUTH_JWT_ISSUER", "AUTH_JWT_AUDIENCE", "AUTH_JWT_MAX_AGE",
  "TRUST_CUSTOMER_HEADER", "GATEWAY_SECRET",
  "CORS_ORIGINS", "METRICS_TOKEN", "CRON_SECRET", "DOH_ENDPOINTS", "RATE_LIMIT_PER_CREDENTIAL", "RATE_LIMIT_PER_ADDRESS",
  "RATE_LIMIT_REFUSALS", "RATE_LIMIT_SESSIONS", "QUOTA_SERVICES", "QUOTA_DOMAINS", "QUOTA_UNVERIFIED_DOMAINS", "QUOTA_POLICIES", "QUOTA_TOKENS", "SESSION_TTL_SECONDS", "WAU_READ_TOKEN", "PEER_URL", "LEASE_TTL", "HANDBACK_AFTER", "TICK_OVERTIME",
];

const keptToken = async (): Promise<string> => {
  const file = join(home, "admin-token");
  const kept = await readFile(file, "utf8").catch(() => "");
  if (kept.trim().length >= 32) return kept.trim();
  const token = randomBytes(32).toString("base64url");
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  return token;
};

const given = (): Record<string, string> =>
  Object.fromEntries(handedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));

const refuse = (reason: string): never => {
  process.stderr.write(`tranche did not start: ${reason}\n`);
  return process.exit(1);
};

const port = Number(process.env["PORT"] ?? 8787);
if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse("PORT must be a number, 0 to 65535");
const sqlMib = Number(process.env["SQL_LIMIT_MIB"] ?? 10);
if (!Number.isInteger(sqlMib) || sqlMib < 1 || sqlMib > 64) refuse("SQL_LIMIT_MIB must be a number, 1 to 64");
await mkdir(home, { recursive: true });
const adminToken = process.env["ADMIN_TOKEN"] ?? (await keptToken());
const plane = await startControlPlane({
  dataDir: join(home, "postgres"),
  port,
  env: { DOMAIN_VERIFICATION: "off", ALLOW_PRIVATE_TARGETS: "true", ADMIN_TOKEN: adminToken, ...given() },
  onLine: (line) => process.stdout.write(`${line}\n`),
  sqlBytes: sqlMib * 1_048_576,
}).catch((error: unknown) => refuse(error instanceof Error ? error.message : String(error)));

const health = await fetch(`${plane.worker.url}/readyz`);
if (!health.ok) {
  const answer = await health.text();
  await plane.close();
  refuse(answer);
}

const fire = (expression: string, minute: Date) =>
  void plane.worker.trigger(expression, minute).catch((error: unknown) => process.stderr.write(`cron ${expression}: ${String(error)}\n`));
const stopCron = startCron(Object.keys(schedule), fire);
fire("* * * * *", new Date());

process.stdout.write(`
tranche is up.

  API       ${plane.worker.url}          try: curl ${plane.worker.url}/healthz
  admin     export ADMIN_TOKEN=${adminToken}
            curl -H "Authorization: Bearer $ADMIN_TOKEN" ${plane.worker.url}/v1/customers
  DNS       ${process.env["AWS_ACCESS_KEY_ID"] === undefined ? "no AWS credentials given: decisions are made and logged, no record is changed" : "Route 53, with the AWS credentials of this shell"}
  database  PostgreSQL, kept in .tranche/
  stop      Ctrl-C

`);

const stop = (): void => {
  stopCron();
  void plane.close().finally(() => process.exit(0));
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);

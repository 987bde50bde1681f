import { describe, expect, it } from "vitest";
import { ConfigError, parseConfig } from "../src/config.ts";

const valid = { DATABASE_URL: "postgresql://user:pass@host.example/db", PROVIDER: "cloudflare" };

describe("parseConfig", () => {
  it("has the documented defaults", () => {
    expect(parseConfig(valid)).toMatchObject({
      provider: "cloudflare",
      preferredProvider: "cloudflare",
      probe: { path: "/healthz", timeoutMs: 5_000, intervalMs: 10_000 },
      sampleRetentionMs: 48 * 3_600_000,
      driftCheckMs: 300_000,
      peerUrl: null,
      leaseTtlMs: 45_000,
      handBackAfterMs: 600_000,
      overtimeMs: 60_000,
      allowPrivateTargets: false,
      domainVerification: true,
      quotas: { services: 100, domains: 500, unverified_domains: 20, policies: 200, tokens: 50 },
      usage: { windowMs: 3_600_000, lookbackMs: 21_600_000, tickMs: 300_000 },
      billing: { periodMs: 86_400_000, graceMs: 0, rateCentsPerGb: "12", discountRate: "0.5", currency: "USD", cycle: "run" },
      auth: { adminToken: null, trustCustomerHeader: false },
      cloudflare: null,
      route53: { credentials: null, region: "us-east-1" },
    });
  });

  it("has name servers of this machine in place of the zones' own only where it is told", () => {
    expect(parseConfig(valid).nameServersEndpoint).toBeNull();
    expect(parseConfig({ ...valid, NAME_SERVERS_ENDPOINT: "127.0.0.1:5353" }).nameServersEndpoint).toEqual({
      hostname: "127.0.0.1",
      port: 5353,
    });
  });

  it("ignores bindings that are no text and counts an empty text as unset", () => {
    expect(parseConfig({ ...valid, SHARDS: { idFromName: () => 0 }, ADMIN_TOKEN: "" }).auth.adminToken).toBeNull();
  });

  it.each([
    ["DATABASE_URL", undefined],
    ["DATABASE_URL", "mysql://user:pass@host/db"],
    ["DATABASE_URL", "postgresql://host/db"],
    ["DATABASE_URL", "postgresql://user:se#cret@host/db"],
    ["PROVIDER", "aws"],
    ["ADMIN_TOKEN", "short"],
    ["QUOTA_DOMAINS", "-1"],
    ["QUOTA_TOKENS", "1000001"],
    ["PROBE_INTERVAL", "10"],
    ["PROBE_INTERVAL", "0s"],
    ["PROBE_TIMEOUT", "-5s"],
    ["PROBE_PATH", "healthz"],
    ["PROBE_PATH", "/a#b"],
    ["PROBE_PATH", "/a/../b"],
    ["PROBE_PATH", "//evil.test"],
    ["USAGE_WINDOW", "7m"],
    ["BILLING_RATE_CENTS_PER_GB", "-1"],
    ["BILLING_RATE_CENTS_PER_GB", "1e3"],
    ["BILLING_DISCOUNT_RATE", "1.5"],
    ["BILLING_CURRENCY", "ZZZ"],
    ["BILLING_CURRENCY", "usd"],
    ["BILLING_CURRENCY", "XAU"],
    ["BILLING_CYCLE", "week"],
    ["TRUST_CUSTOMER_HEADER", "yes"],
    ["ROUTE53_ENDPOINT", "ftp://example.com"],
    ["NAME_SERVERS_ENDPOINT", "ns-1.awsdns-00.com:53"],
    ["NAME_SERVERS_ENDPOINT", "10.0.0.1:53"],
    ["NAME_SERVERS_ENDPOINT", "localhost"],
    ["NAME_SERVERS_ENDPOINT", "127.0.0.1:0"],
    ["NAME_SERVERS_ENDPOINT", "127.0.0.1:65536"],
    ["NAME_SERVERS_ENDPOINT", "localhost:53@ns.example.com:53"],
    ["NAME_SERVERS_ENDPOINT", "http://127.0.0.1:53"],
    ["NAME_SERVERS_ENDPOINT", "127.0.0.1:53\n"],
    ["STS_ENDPOINT", "sts.amazonaws.com"],
    ["S3_ENDPOINT", "s3.amazonaws.com"],
    ["EC2_ENDPOINT", "ec2.eu-central-1.amazonaws.com"],
    ["ELB_ENDPOINT", "ftp://elasticloadbalancing.eu-central-1.amazonaws.com"],
    ["PEER_URL", "fallback.example.org"],
    ["PEER_URL", "https://fallback.example.org/"],
    ["PEER_URL", "https://fallback.example.org/healthz"],
    ["PEER_URL", "ftp://fallback.example.org"],
    ["ARCHIVE_URL", "https://bucket.s3.amazonaws.com/"],
    ["ARCHIVE_URL", "s3://"],
    ["ARCHIVE_URL", "s3://Acme/x"],
    ["ARCHIVE_URL", "s3://acme-archive/../x"],
    ["ARCHIVE_URL", "s3://acme-archive//x"],
    ["ARCHIVE_URL", "s3://192.168.0.1/x"],
    ["ARCHIVE_URL", "file:/"],
    ["ARCHIVE_URL", "file://host/folder"],
    ["ARCHIVE_REGION", "evil.example/"],
    ["ARCHIVE_ENDPOINT", "http://minio.example.com"],
    ["ARCHIVE_ENDPOINT", "https://r2.example.com"],
    ["COST_EVENT_RETENTION", "1h"],
    ["LEASE_TTL", "45"],
    ["LEASE_TTL", "999ms"],
    ["LEASE_TTL", "10m1s"],
    ["HANDBACK_AFTER", "never"],
    ["HANDBACK_AFTER", "0s"],
    ["HANDBACK_AFTER", "25h"],
    ["TICK_OVERTIME", "-1s"],
    ["TICK_OVERTIME", "181s"],
    ["REQUESTS_PER_INVOCATION", "50"],
    ["REQUESTS_PER_INVOCATION", "1e4"],
    ["AUDIT_RETENTION", "8760h"],
    ["AWS_REGION", "us-iso-east-1"],
    ["AUTH_JWT_SECRET", "too short"],
  ])("refuses a wrong %s (%s) and names it, never its value", (name, value) => {
    const read = () => parseConfig({ ...valid, [name]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(name);
    if (value !== undefined && value.length > 6) expect(read).not.toThrow(value);
  });

  it.each([
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    ["CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"],
    ["AUTH_JWKS_URL", "AUTH_JWT_AUDIENCE"],
  ])("wants %s and %s together", (one, other) => {
    expect(() => parseConfig({ ...valid, [one]: "https://example.com" })).toThrow(`${other} is required with ${one}`);
  });

  it.each([
    ["eu-central-1", "https://route53.amazonaws.com", "us-east-1"],
    ["us-gov-east-1", "https://route53.us-gov.amazonaws.com", "us-gov-west-1"],
    ["cn-north-1", "https://route53.amazonaws.com.cn", "cn-northwest-1"],
  ])("knows Route 53 of %s, unless it is told another endpoint", (region, endpoint, signed) => {
    expect(parseConfig({ ...valid, AWS_REGION: region }).route53).toMatchObject({ endpoint, region: signed });
    const elsewhere = { ...valid, AWS_REGION: region, ROUTE53_ENDPOINT: "http://127.0.0.1:1" };
    expect(parseConfig(elsewhere).route53).toMatchObject({ endpoint: "http://127.0.0.1:1", region: signed });
  });

  it("takes another lease, another patience, and the origin of the other provider", () => {
    const chosen = parseConfig({
      ...valid,
      PROBE_INTERVAL: "1s",
      LEASE_TTL: "9s",
      HANDBACK_AFTER: "1h30m",
      PEER_URL: "https://tranche.vercel.app",
    });
    expect(chosen).toMatchObject({ leaseTtlMs: 9_000, handBackAfterMs: 5_400_000, peerUrl: "https://tranche.vercel.app" });
  });

  it("names every wrong variable at once", () => {
    expect(() => parseConfig({ ...valid, PROBE_INTERVAL: "x", ADMIN_TOKEN: "y" })).toThrow(/ADMIN_TOKEN.*PROBE_INTERVAL/);
  });
});

import { describe, expect, it } from "vitest";
import { ConfigError, parseConfig } from "../../../src/config.ts";

/** Hole: secrets went over plain HTTP, one value served as three secrets, and 32 times "a" was an admin token. */
const base = { DATABASE_URL: "postgresql://user:Zm9v-4QmB@host.example/db", PROVIDER: "cloudflare" };
const random = (seed: string) => `${seed}-Qm9x7TfLw2Zr8KdVb4NsHy6`.padEnd(40, "pUe3Jc5Gt1");
const key = (at: number) =>
  btoa(String.fromCharCode(...Array.from({ length: 32 }, (_, index) => (index * 97 + at * 61 + index * index * 13) % 256)));

const refusal = (variables: Record<string, string>): string => {
  try {
    parseConfig({ ...base, ...variables });
    return "";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
};

describe("requests with secrets, or with trusted answers, use TLS", () => {
  const also: Record<string, Record<string, string>> = { AUTH_JWKS_URL: { AUTH_JWT_AUDIENCE: "tranche" } };
  const names = [
    "AUTH_JWKS_URL",
    "SELF_URL",
    "PEER_URL",
    "ROUTE53_ENDPOINT",
    "STS_ENDPOINT",
    "EC2_ENDPOINT",
    "ELB_ENDPOINT",
    "CLOUDFLARE_GRAPHQL_ENDPOINT",
    "FASTLY_API_ENDPOINT",
    "NEON_FETCH_ENDPOINT",
    "DOH_ENDPOINTS",
  ];

  it.each(names)("%s", (name) => {
    const set = (value: string) => refusal({ ...also[name], [name]: value });
    for (const open of [
      "http://idp.example.com",
      "http://10.0.0.8",
      "http://127.0.0.1.example.com",
      "http://localhost.example.com",
      "http://[2001:db8::1]",
    ]) {
      expect(set(open), open).toContain(name);
    }
    expect(set("https://user:secret@idp.example.com")).toContain(name);
    expect(set("https://user:secret@idp.example.com")).not.toContain("secret@");
    for (const fine of ["https://idp.example.com", "http://127.0.0.1:9001", "http://localhost:9001", "http://[::1]:9001"])
      expect(set(fine), fine).toBe("");
  });
});

describe("a secret is one", () => {
  const names = ["ADMIN_TOKEN", "AUTH_JWT_SECRET", "METRICS_TOKEN", "CRON_SECRET", "WAU_READ_TOKEN", "GATEWAY_SECRET"];

  it.each(names)("%s", (name) => {
    const weak = [
      "a".repeat(32),
      "ab".repeat(20),
      "password".repeat(4),
      "0123456789".repeat(4),
      "abcdefghijklmnopqrstuvwxyz0123456789",
      "1".repeat(31) + "2",
    ];
    for (const text of weak) {
      expect(refusal({ [name]: text }), text).toContain(name);
      expect(refusal({ [name]: text })).not.toContain(text);
    }
    expect(refusal({ [name]: random("x") })).toBe("");
  });

  it.each(["SECRETS_KEY", "SECRETS_KEY_PREVIOUS"])("%s", (name) => {
    const set = (value: string) => refusal({ ...(name !== "SECRETS_KEY" && { SECRETS_KEY: key(9) }), [name]: value });
    for (const weak of [btoa("\0".repeat(32)), btoa("k".repeat(32)), btoa("\u00FF".repeat(32))]) expect(set(weak)).toContain(name);
    expect(set(key(1))).toBe("");
    expect(set(`${key(1)},${key(2)}`)).toBe("");
  });

  it("is refused to no generator: of 2,000 random ones of each usual form", () => {
    const bytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
    const hex = (count: number) => Array.from(bytes(count), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const base64 = (count: number) => btoa(String.fromCharCode(...bytes(count)));
    for (let at = 0; at < 2_000; at += 1) {
      expect(
        refusal({
          ADMIN_TOKEN: hex(32),
          AUTH_JWT_SECRET: base64(32),
          GATEWAY_SECRET: hex(16),
          CRON_SECRET: crypto.randomUUID(),
          METRICS_TOKEN: base64(16),
          SECRETS_KEY: base64(32),
        }),
      ).toBe("");
    }
  });
});

describe("no secret stands for another", () => {
  const variables: Record<string, (text: string) => Record<string, string>> = Object.fromEntries(
    ["ADMIN_TOKEN", "AUTH_JWT_SECRET", "METRICS_TOKEN", "CRON_SECRET", "WAU_READ_TOKEN", "GATEWAY_SECRET", "FASTLY_API_TOKEN"].map(
      (name) => [name, (text: string) => ({ [name]: text })],
    ),
  );
  const pairs = Object.keys(variables).flatMap((a, at) =>
    Object.keys(variables)
      .slice(at + 1)
      .map((b) => [a, b] as const),
  );

  it.each(pairs)("%s and %s", (a, b) => {
    const same = random("same");
    const said = refusal({ [a]: same, [b]: same });
    expect(said).toContain(a);
    expect(said).toContain(b);
    expect(said).not.toContain(same);
    expect(refusal({ [a]: same, [b]: random("other") })).toBe("");
  });

  it("nor three for one, nor a key for itself, nor the password of the database", () => {
    const same = random("same");
    const said = refusal({ ADMIN_TOKEN: same, METRICS_TOKEN: same, CRON_SECRET: same });
    for (const name of ["ADMIN_TOKEN", "METRICS_TOKEN", "CRON_SECRET"]) expect(said).toContain(name);
    expect(refusal({ SECRETS_KEY: key(1), SECRETS_KEY_PREVIOUS: key(1) })).toMatch(/SECRETS_KEY_PREVIOUS .*SECRETS_KEY/);
    expect(refusal({ DATABASE_URL: `postgresql://user:${same}@host.example/db`, ADMIN_TOKEN: same })).toMatch(/DATABASE_URL .*ADMIN_TOKEN/);
  });
});

describe("what is not complete does not start", () => {
  it.each([
    [{ TRUST_CUSTOMER_HEADER: "true" }, "GATEWAY_SECRET"],
    [{ AUTH_JWKS_URL: "https://idp.example.com/jwks" }, "AUTH_JWT_AUDIENCE"],
    [{ AUTH_JWT_AUDIENCE: "tranche" }, "AUTH_JWKS_URL"],
    [{ AUTH_JWT_ISSUER: "https://idp.example.com" }, "AUTH_JWKS_URL"],
    [{ SECRETS_KEY_PREVIOUS: key(1) }, "SECRETS_KEY"],
    [{ AUTH_JWT_MAX_AGE: "31d" }, "AUTH_JWT_MAX_AGE"],
    [{ AUTH_JWT_MAX_AGE: "8760h" }, "AUTH_JWT_MAX_AGE"],
  ])("%j wants %s", (variables, name) => {
    expect(refusal(variables)).toContain(name);
  });

  it("an audience goes with a shared secret as well", () => {
    expect(refusal({ AUTH_JWT_SECRET: random("jwt"), AUTH_JWT_AUDIENCE: "tranche", AUTH_JWT_ISSUER: "https://idp.example.com" })).toBe("");
  });
});

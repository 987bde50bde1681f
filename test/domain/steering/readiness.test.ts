import { describe, expect, it } from "vitest";
import type { CheckName } from "../../../src/domain/steering/readiness-finding.ts";
import type { DomainFacts } from "../../../src/domain/steering/readiness.ts";
import { checkDomain, overallResult } from "../../../src/domain/steering/readiness.ts";

const nowMs = Date.parse("2026-11-21T12:00:00Z");
const record = (type: string, setIdentifier: string, weight: number, ttl: number | null = 60) => ({
  type,
  setIdentifier,
  weight,
  ...(ttl !== null && { ttl }),
});
const pair = [record("CNAME", "Primary", 100), record("CNAME", "BACKUP", 0)];
const answered = (url: string, status = 200) => ({
  url,
  verdict: { ok: status < 400, status, error: status < 400 ? null : ("http_status" as const) },
});
const health = (ok: number, samples: number, hours = 24, vantage = "cloudflare") => ({
  vantage,
  samples,
  ok,
  sinceMs: nowMs - hours * 3_600_000,
});

const ready: DomainFacts = {
  domainId: 7,
  name: "app.example.com",
  verified: true,
  normal: { primary: 100, backup: 0 },
  reading: { status: "found", zoneId: "Z1", records: pair },
  primary: answered("https://a.cdn.net/healthz"),
  backup: answered("https://b.cdn.net/healthz"),
  backupHealth: [health(8_640, 8_640)],
  permission: { status: "accepted" },
  handsOff: null,
  ownChecks: [],
  backupCdn: "fastly",
  beside: [],
  wildcard: null,
  refusedJointly: null,
};
const found = (records: readonly ReturnType<typeof record>[]): Partial<DomainFacts> => ({
  reading: { status: "found", zoneId: "Z1", records },
});

const resultOf = (over: Partial<DomainFacts>, name: CheckName) => {
  const check = checkDomain({ ...ready, ...over }, nowMs).find((one) => one.check === name);
  if (check === undefined) throw new Error(name);
  return check;
};

describe("the command that shows the backup's certificate", () => {
  const command = (over: Partial<DomainFacts>) => resultOf(over, "certificate").mend;
  it("is complete where the backup target is known, and ends by itself", () => {
    expect(command({})).toContain("openssl s_client -servername app.example.com -connect b.cdn.net:443 </dev/null ");
    expect(command({ backup: answered("https://b.cdn.net:8443/healthz") })).toContain("-connect b.cdn.net:8443 </dev/null ");
    expect(command({ backup: null })).toContain("-connect <backup target>:443 ");
  });
});

describe("a domain that is ready", () => {
  it("passes everything but what cannot be seen from the edge", () => {
    const checks = checkDomain(ready, nowMs);
    expect(checks.filter(({ result }) => result !== "pass").map(({ check, result }) => [check, result])).toEqual([
      ["certificate", "unproven"],
    ]);
    expect(checks).toHaveLength(17);
    expect(overallResult(checks)).toBe("pass");
  });
});

describe("a domain that is not", () => {
  it.each<[string, Partial<DomainFacts>, CheckName, string, RegExp]>([
    ["nobody owns", { verified: false, reading: null }, "owner", "fail", /TXT record _tranche-challenge\.app\.example\.com/],
    ["nobody owns", { verified: false, reading: null }, "zone", "unproven", /ownership/],
    [
      "answers what not every vantage reads",
      { primary: { url: "https://a.cdn.net/healthz", verdict: null } },
      "primary_target",
      "fail",
      /probe_path .* 16000 characters/,
    ],
    ["is in no zone", { reading: { status: "unprovisioned", zoneId: null, detail: "no zone" } }, "zone", "fail", /zone/],
    ["cannot be read", { reading: { status: "error", detail: "AccessDenied" } }, "zone", "fail", /credentials/],
    ["has half a pair", { reading: { status: "unprovisioned", zoneId: "Z1", detail: "create backup" } }, "records", "fail", /provision/],
    ["has half a pair", { reading: { status: "unprovisioned", zoneId: "Z1", detail: "create backup" } }, "ttl", "unproven", /before/],
    ["has a long TTL", found([record("CNAME", "primary", 100, 300), record("CNAME", "backup", 0, 300)]), "ttl", "fail", /at most 60 s/],
    ["has two TTLs", found([...pair, record("AAAA", "primary", 100, 30), record("AAAA", "backup", 0, 30)]), "ttl", "fail", /one TTL/],
    ["answers either half", found([record("A", "primary", 0), record("A", "backup", 0)]), "weights", "fail", /100\/0/],
    ["is not where it belongs", found([record("A", "primary", 0), record("A", "backup", 100)]), "weights", "warn", /storm/],
    ["has no target", { backup: null }, "backup_target", "fail", /backup_target/],
    ["has a dead target", { backup: answered("https://b.cdn.net/healthz", 403) }, "backup_target", "fail", /backup CDN/],
    ["has a target without TLS", { primary: answered("http://127.0.0.1:1/healthz") }, "primary_target", "warn", /HTTPS/],
    ["has a backup nobody probed", { backupHealth: [] }, "backup_health", "unproven", /day/],
    [
      "has a bad backup at one vantage",
      { backupHealth: [health(8_640, 8_640), health(980, 1_000, 24, "vercel")] },
      "backup_health",
      "fail",
      /mend the backup/,
    ],
    ["has a backup watched for an hour", { backupHealth: [health(360, 360, 1)] }, "backup_health", "unproven", /day/],
    [
      "may not be written",
      { permission: { status: "failed", detail: "AccessDenied", retryable: false } },
      "permission",
      "fail",
      /iam-policy/,
    ],
    ["could not be asked", { permission: { status: "failed", detail: "Throttling", retryable: true } }, "permission", "unproven", /later/],
    ["changed meanwhile", { permission: { status: "stale", detail: "x", retryable: false } }, "permission", "unproven", /again/],
    ["is frozen", { permission: null, handsOff: "frozen" }, "permission", "unproven", /again/],
    ["is only shadowed", { permission: null, handsOff: "shadow" }, "permission", "unproven", /again/],
  ])("%s: %#", (_, over, name, result, mend) => {
    const check = resultOf(over, name);
    expect([check.result, check.domainId, check.domain]).toEqual([result, 7, "app.example.com"]);
    expect(check.mend).toMatch(mend);
  });
});

it.each<[Partial<DomainFacts>, CheckName]>([
  [found([record("A", "primary", 100, null), record("A", "backup", 0, null)]), "ttl"],
  [found([record("A", "primary", 100), record("A", "backup", 0), record("AAAA", "primary", 100), record("AAAA", "backup", 0)]), "weights"],
  [{ ...found([record("A", "primary", 50), record("A", "backup", 50)]), normal: { primary: 50, backup: 50 } }, "weights"],
  [{ backupHealth: [health(8_580, 8_640, 23.6)] }, "backup_health"],
])("is content with %j", (over, name) => {
  expect(resultOf(over, name).result).toBe("pass");
});

it("is as ready as its worst check", () => {
  expect(overallResult([])).toBe("fail");
  expect(overallResult(checkDomain({ ...ready, primary: answered("http://127.0.0.1/") }, nowMs))).toBe("warn");
  expect(overallResult(checkDomain({ ...ready, primary: answered("http://127.0.0.1/"), backup: null }, nowMs))).toBe("fail");
});

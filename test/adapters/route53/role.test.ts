import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Route53Server } from "../../../local/route53/server.ts";
import { startRoute53 } from "../../../local/route53/server.ts";
import type { TrustingRole } from "../../../local/sts/assume-role.ts";
import type { StsFault, StsServer } from "../../../local/sts/server.ts";
import { startSts } from "../../../local/sts/server.ts";
import { describe as describeFailure, failureOf } from "../../../src/adapters/route53/api/error.ts";
import type { RoleOptions } from "../../../src/adapters/route53/role.ts";
import { createRole } from "../../../src/adapters/route53/role.ts";
import type { KeySource } from "../../../src/adapters/aws/keys.ts";
import { freely, freelyUntil } from "../../support/budget.ts";
import { credentials, fakeClock, route53At, startRecorder } from "./support.ts";

const roleArn = "arn:aws:iam::123456789012:role/dns/tranche";
const externalId = "3f1c3c5e-8a55-4f0e-9d7c-6c0e4b0b9d11";

const minuteMs = 60_000;
const pair = [
  ["primary", 100],
  ["backup", 0],
].map(([side, weight]) => ({
  name: "app.example.com",
  type: "CNAME" as const,
  setIdentifier: String(side),
  weight: Number(weight),
  ttlSeconds: 60,
  values: [`${side}.cdn.example.net`],
}));
let clock: ReturnType<typeof fakeClock>;
let sts: StsServer;
let roles: TrustingRole[];
let route53: Route53Server;

beforeEach(async () => {
  clock = fakeClock();
  roles = [{ arn: roleArn, externalId }];
  sts = await startSts({ ...credentials, roles, now: clock.nowMs });
  route53 = await startRoute53({
    accessKeyId: "AKIANOBODY0000000000",
    secretAccessKey: "nobody's",
    sessions: sts.session,
    zones: [{ name: "example.com" }],
    now: clock.nowMs,
  });
  route53.seed(route53.zones[0]?.id ?? "", pair);
});
afterEach(async () => {
  vi.useRealTimers();
  await sts.close();
  await route53.close();
});

const roleAt = (more: Partial<RoleOptions> = {}): KeySource =>
  createRole({ roleArn, externalId, endpoint: sts.url, region: "us-east-1", credentials, fetch, clock, timeoutMs: 200, ...more });
const failing = async (role: KeySource) =>
  await role.get(freely).then(
    () => expect.unreachable("the role was assumed"),
    (thrown: unknown) => failureOf(thrown),
  );

describe("a role", () => {
  it("is assumed under its external id, by one form signed for STS in its region", async () => {
    await sts.close();
    sts = await startSts({ ...credentials, roles, now: clock.nowMs, region: "eu-central-1" });
    const keys = await roleAt({ region: "eu-central-1" }).get(freely);
    expect(keys).toEqual({ accessKeyId: keys.accessKeyId, ...pick(sts.session(keys.accessKeyId)) });
    expect(sts.requests).toHaveLength(1);
    expect(Object.fromEntries(new URLSearchParams(sts.requests[0]?.body))).toEqual({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: roleArn,
      RoleSessionName: "tranche",
      DurationSeconds: "3600",
      ExternalId: externalId,
    });
  });

  it("is assumed with the operator's own session token where they have one", async () => {
    const recorder = await startRecorder([{ status: 403, body: "" }]);
    await failing(roleAt({ endpoint: recorder.url, credentials: { ...credentials, sessionToken: "operator's/+=" } }));
    await recorder.close();
    expect(recorder.sent).toMatchObject([{ method: "POST", path: "/", query: [], headers: { "x-amz-security-token": "operator's/+=" } }]);
  });

  it("is held until five minutes before it expires", async () => {
    const role = roleAt();
    const first = await role.get(freely);
    clock.advance(55 * minuteMs - 1);
    expect(await role.get(freely)).toBe(first);
    clock.advance(1);
    const second = await role.get(freely);
    expect([second === first, await role.get(freely), sts.requests.length]).toEqual([false, second, 2]);
  });

  it("is assumed once, by however many it is wanted", async () => {
    const role = roleAt();
    const all = await Promise.all(Array.from({ length: 20 }, () => role.get(freely)));
    expect([new Set(all).size, sts.requests.length]).toEqual([1, 1]);
    sts.setFault("server-error");
    clock.advance(2 * 60 * minuteMs);
    const refusals = await Promise.all(Array.from({ length: 20 }, () => failing(role)));
    expect([new Set(refusals.map(({ code }) => code)), sts.requests.length]).toEqual([new Set(["http_500"]), 2]);
    sts.setFault(null);
    await role.get(freely);
  });

  it("counts as long as it is valid while STS is away, which is asked every ten seconds then", async () => {
    const role = roleAt();
    const first = await role.get(freely);
    clock.advance(55 * minuteMs);
    sts.setFault("throttle");
    for (let call = 0; call < 5; call += 1) expect(await role.get(freely)).toBe(first);
    expect(sts.requests).toHaveLength(2);
    clock.advance(10_000);
    expect([await role.get(freely), sts.requests.length]).toEqual([first, 3]);
    clock.advance(5 * minuteMs);
    expect(await failing(role)).toMatchObject({ code: "Throttling", retryable: true });
    sts.setFault(null);
    expect(await role.get(freely)).not.toBe(first);
  });

  it("that was refused is assumed again, not for one that was refused long ago", async () => {
    const role = roleAt();
    const first = await role.get(freely);
    role.drop(first);
    const second = await role.get(freely);
    role.drop(first);
    expect([second === first, await role.get(freely), sts.requests.length]).toEqual([false, second, 2]);
  });

  it("is not waited for for ever where its request belongs to somebody who is gone", async () => {
    vi.useFakeTimers();
    const deaf: typeof fetch = () => new Promise(() => undefined);
    const role = roleAt({ fetch: deaf });
    const both = Promise.all([failing(role), failing(role)]);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(await both).toMatchObject([{ code: "timeout", retryable: true, uncertain: false }, { code: "timeout" }]);
  });
});

const pick = (session: { secretAccessKey: string; sessionToken?: string } | undefined) => ({
  secretAccessKey: session?.secretAccessKey,
  sessionToken: session?.sessionToken,
});

describe("a role that cannot be assumed", () => {
  it.each<[StsFault, string, boolean, RegExp]>([
    [
      "access-denied",
      "AccessDenied",
      false,
      /^AWS does not permit this to the configured credentials: AccessDenied: the role \S+ cannot be assumed: User: \S+operator is not authorized to perform: sts:AssumeRole/,
    ],
    ["expired-token", "ExpiredToken", false, /^AWS refused the configured credentials: ExpiredToken: the role/],
    ["throttle", "Throttling", true, /Throttling: the role/],
    ["server-error", "http_500", true, /cannot be assumed: answered 500 with a body that is not STS's/],
    ["reset", "network", true, /cannot be assumed: could not reach STS/],
    ["hang", "timeout", true, /cannot be assumed: no answer from STS/],
    ["truncated-xml", "unreadable", true, /cannot be assumed: the answer is not a whole AssumeRoleResponse/],
  ])("%s: is a failure of every call, for certain without effect", async (fault, code, retryable, said) => {
    sts.setFault(fault);
    const failure = await failing(roleAt());
    expect(failure).toMatchObject({ code, retryable, uncertain: false });
    expect(describeFailure(failure)).toMatch(said);
    for (const secret of [credentials.secretAccessKey, credentials.accessKeyId]) expect(JSON.stringify(failure)).not.toContain(secret);
  });

  it.each([
    ["another external id", { externalId: "another" }, "AccessDenied"],
    ["another role", { roleArn: "arn:aws:iam::123456789012:role/other" }, "AccessDenied"],
    ["a wrong secret", { credentials: { ...credentials, secretAccessKey: "wrong" } }, "SignatureDoesNotMatch"],
    ["an unknown key", { credentials: { ...credentials, accessKeyId: "AKIDOTHER" } }, "InvalidClientTokenId"],
    ["another region than the endpoint's", { region: "eu-central-1" }, "SignatureDoesNotMatch"],
  ])("for %s", async (_, more, code) => {
    expect(await failing(roleAt(more))).toMatchObject({ code, retryable: false, uncertain: false });
  });

  it.each([
    ["no credentials", ""],
    ["no token", "<AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s</SecretAccessKey><Expiration>2026-11-01T01:00:00Z</Expiration>"],
    [
      "no time",
      "<AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>soon</Expiration>",
    ],
  ])("by an answer with %s", async (_, inner) => {
    const recorder = await startRecorder([
      { body: `<AssumeRoleResponse><AssumeRoleResult><Credentials>${inner}</Credentials></AssumeRoleResult></AssumeRoleResponse>` },
    ]);
    expect(await failing(roleAt({ endpoint: recorder.url }))).toMatchObject({ code: "unreadable" });
    await recorder.close();
  });

  it("is not asked for again at once where that cannot help", async () => {
    roles.splice(0, 1, { arn: roleArn, externalId: "not yet" });
    const role = roleAt();
    for (let call = 0; call < 5; call += 1) await failing(role);
    expect(sts.requests).toHaveLength(1);
    // As soon as the trust policy is mended.
    roles.splice(0, 1, { arn: roleArn, externalId });
    clock.advance(10_000);
    await role.get(freely);
    sts.setFault("server-error");
    const other = roleAt();
    await failing(other);
    sts.setFault(null);
    await other.get(freely);
  });
});

describe("Route 53 by a role", () => {
  const read = async (access: ReturnType<typeof route53At>, untilMs = Number.POSITIVE_INFINITY) =>
    (await access.read(["app.example.com"], freelyUntil(untilMs))).get("app.example.com");
  const open = (more: Partial<RoleOptions> = {}) => {
    const calls: string[] = [];
    return { calls, access: route53At(route53.url, { credentials: roleAt(more), clock, onCall: (result) => calls.push(result) }) };
  };

  it("is signed with the session token, and goes on when the credentials change", async () => {
    const { access, calls } = open();
    const reading = await read(access);
    if (reading?.status !== "found") throw new Error("not found");
    const change = { domain: "app.example.com", zoneId: reading.zoneId, records: reading.records, to: { primary: 0, backup: 100 } };
    expect(await access.apply([change])).toMatchObject([{ status: "accepted" }]);
    clock.advance(58 * minuteMs);
    expect(await read(access)).toMatchObject({ status: "found", records: [{ weight: 0 }, { weight: 100 }] });
    expect([sts.requests.length, new Set(calls)]).toEqual([2, new Set(["ok"])]);
    expect(route53.requests.filter(({ status }) => status !== 200)).toEqual([]);
  });

  it("says why a name cannot be read, and counts it", async () => {
    const { access, calls } = open();
    sts.setFault("access-denied");
    expect(await read(access)).toMatchObject({
      status: "error",
      retryable: false,
      detail: expect.stringContaining(`the role ${roleArn} cannot be assumed`) as string,
    });
    expect([new Set(calls), route53.requests.length]).toEqual([new Set(["refused"]), 0]);
  });

  it("retries while STS is busy", async () => {
    const { access, calls } = open();
    sts.setFault("throttle");
    expect(await read(access)).toMatchObject({ status: "error", retryable: true });
    expect([calls, sts.requests.length]).toEqual([["throttled", "throttled", "throttled"], 3]);
  });

  it("is asked again with new credentials after it has refused the old ones", async () => {
    const { access } = open();
    await read(access);
    sts.revoke();
    expect(await read(access)).toMatchObject({ status: "error", detail: expect.stringContaining("InvalidClientTokenId") as string });
    expect(await read(access)).toMatchObject({ status: "found" });
    expect(sts.requests).toHaveLength(2);
  });

  it("is not called for what is too late once the role has been assumed", async () => {
    const slow: typeof fetch = async (...request) => {
      const answer = await fetch(...request);
      clock.advance(20_000);
      return answer;
    };
    const { access, calls } = open({ fetch: slow });
    const reading = await read(access, clock.nowMs() + 10_000);
    expect(reading, "nothing is known of it").toBeUndefined();
    expect([route53.requests.length, calls]).toEqual([0, []]);
  });
});

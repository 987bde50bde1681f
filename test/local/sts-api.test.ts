import { ListHostedZonesCommand } from "@aws-sdk/client-route-53";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/nested-clients/sts";
import { AwsClient } from "aws4fetch";
import { afterEach, describe, expect, it } from "vitest";
import type { StsOptions, StsServer } from "../../local/sts/server.ts";
import { startSts } from "../../local/sts/server.ts";
import type { Keys } from "./route53-client.ts";
import { CREDENTIALS, failure, sdkClient, startTestServer } from "./route53-client.ts";

// The referee is AWS's own client of STS, which the one of Route 53 brings along to assume roles itself.

const role = "arn:aws:iam::123456789012:role/dns/tranche";
const externalId = "3f1c3c5e-8a55-4f0e-9d7c-6c0e4b0b9d11";
const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const start = async (options: Partial<StsOptions> = {}): Promise<StsServer> => {
  const server = await startSts({ ...CREDENTIALS, roles: [{ arn: role, externalId }], ...options });
  closers.push(server.close);
  return server;
};

const assume = async (server: StsServer, input: object = {}, credentials: Keys = CREDENTIALS, region = "us-east-1") => {
  const client = new STSClient({ endpoint: server.url, region, credentials, maxAttempts: 1 });
  closers.push(() => client.destroy());
  return await client.send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: "tranche", ExternalId: externalId, ...input }));
};

describe("AssumeRole", () => {
  it("gives out credentials that are good for as long as was asked for, in whole seconds", async () => {
    const nowMs = Math.floor(Date.now() / 1_000) * 1_000 + 700;
    const server = await start({ now: () => nowMs });
    for (const [input, seconds] of [
      [{}, 3_600],
      [{ DurationSeconds: 900 }, 900],
    ] as const) {
      const { AssumedRoleUser: user, Credentials: given } = await assume(server, input);
      expect(user?.Arn).toBe("arn:aws:sts::123456789012:assumed-role/tranche/tranche");
      expect(given).toMatchObject({
        AccessKeyId: expect.stringMatching(/^ASIA[A-Z0-9]{16}$/) as string,
        Expiration: new Date(nowMs - 700 + seconds * 1_000),
      });
    }
    const open = await start({ roles: [{ arn: role, externalId: null, maxSessionSeconds: 43_200 }] });
    await assume(open, { ExternalId: undefined, DurationSeconds: 43_200 });
  });

  it.each([
    ["without its external id", { ExternalId: undefined }, "AccessDenied"],
    ["with another's external id", { ExternalId: "another" }, "AccessDenied"],
    ["that there is not", { RoleArn: "arn:aws:iam::123456789012:role/other" }, "AccessDenied"],
    ["that is none", { RoleArn: "arn:aws:iam::123456789012:user/someone" }, "ValidationError"],
    ["under no name", { RoleSessionName: "x" }, "ValidationError"],
    ["under a malformed name", { RoleSessionName: "a b" }, "ValidationError"],
    ["for too short", { DurationSeconds: 899 }, "ValidationError"],
    ["for longer than it lasts", { DurationSeconds: 3_601 }, "ValidationError"],
    ["for longer than any lasts", { DurationSeconds: 43_201 }, "ValidationError"],
    ["with a malformed external id", { ExternalId: "a b" }, "ValidationError"],
  ])("refuses a role %s", async (_, input, name) => {
    const server = await start();
    expect((await failure(assume(server, input))).name).toBe(name);
    expect(server.requests.at(-1)?.status).toBe(name === "AccessDenied" ? 403 : 400);
  });

  it("says who was not allowed to do what", async () => {
    const { message } = await failure(assume(await start(), { ExternalId: "another" }));
    expect(message).toBe(`User: arn:aws:iam::111122223333:user/operator is not authorized to perform: sts:AssumeRole on resource: ${role}`);
  });

  it("refuses a wrong secret, a foreign key, another region and a clock that is off", async () => {
    const server = await start();
    const named = async (credentials: Keys, region?: string) => (await failure(assume(server, {}, credentials, region))).name;
    expect(await named({ ...CREDENTIALS, secretAccessKey: "wrong" })).toBe("SignatureDoesNotMatch");
    expect(await named({ ...CREDENTIALS, accessKeyId: "AKIDOTHER" })).toBe("InvalidClientTokenId");
    expect(await named({ ...CREDENTIALS, sessionToken: "none" })).toBe("InvalidClientTokenId");
    expect(await named(CREDENTIALS, "eu-west-1")).toBe("SignatureDoesNotMatch");
    const late = await start({ now: () => Date.now() + 600_000 });
    expect((await failure(assume(late))).message).toMatch(/^Signature expired/);
  });

  it("refuses what is not the form of an action that it knows", async () => {
    const server = await start();
    const client = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "sts" });
    const code = async (body: string, type = "application/x-www-form-urlencoded", path = "/") => {
      const answer = await fetch(await client.sign(`${server.url}${path}`, { method: "POST", body, headers: { "content-type": type } }));
      return [answer.status, /<Code>(.*)<\/Code>/.exec(await answer.text())?.[1]];
    };
    const form = `Action=AssumeRole&Version=2011-06-15&RoleArn=${encodeURIComponent(role)}&RoleSessionName=tranche&ExternalId=${externalId}`;
    expect(await code(form)).toEqual([200, undefined]);
    expect(await code("")).toEqual([400, "MissingAction"]);
    expect(await code(form.replace("AssumeRole", "GetSessionToken"))).toEqual([400, "InvalidAction"]);
    expect(await code(form.replace("2011", "2013"))).toEqual([400, "InvalidAction"]);
    expect(await code(`${form}&DurationSeconds=soon`)).toEqual([400, "MalformedInput"]);
    expect(await code(`${form}&ExternalId=two`)).toEqual([400, "ValidationError"]);
    expect(await code(`${form}&SourceIdentity=x1`)).toEqual([400, "ValidationError"]);
    expect(await code(form, "application/json")).toEqual([400, "MalformedInput"]);
    expect(await code(form, undefined, "/2011-06-15/")).toEqual([404, "UnknownOperationException"]);
  });

  it.each([
    ["access-denied", "AccessDenied", 403],
    ["expired-token", "ExpiredToken", 403],
    ["throttle", "Throttling", 400],
  ] as const)("can be told: %s", async (fault, name, status) => {
    const server = await start();
    server.setFault(fault);
    expect(await failure(assume(server))).toMatchObject({ name, $metadata: { httpStatusCode: status } });
    server.setFault(null);
    await assume(server);
  });

  it.each(["server-error", "reset", "truncated-xml"] as const)("can be told: %s", async (fault) => {
    const server = await start();
    server.setFault(fault);
    await failure(assume(server));
    expect(server.requests).toHaveLength(1);
  });
});

describe("the local Route 53", () => {
  it("takes what was given out, with its session token and until it expires or is revoked", async () => {
    const sts = await start();
    const route53 = await startTestServer({ sessions: sts.session });
    closers.push(route53.close);
    const { Credentials: given } = await assume(sts);
    const keys = {
      accessKeyId: given?.AccessKeyId ?? "",
      secretAccessKey: given?.SecretAccessKey ?? "",
      sessionToken: given?.SessionToken ?? "",
    };
    const list = (credentials: Keys) => sdkClient(route53.url, credentials).send(new ListHostedZonesCommand({}));
    expect((await list(keys)).HostedZones).toHaveLength(1);
    expect((await list(CREDENTIALS)).HostedZones).toHaveLength(1);
    for (const wrong of [
      { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey },
      { ...keys, sessionToken: "other" },
      { ...CREDENTIALS, sessionToken: keys.sessionToken },
    ]) {
      expect((await failure(list(wrong))).name).toBe("InvalidClientTokenId");
    }
    expect((await failure(list({ ...keys, secretAccessKey: "wrong" }))).name).toBe("SignatureDoesNotMatch");
    const other = await startTestServer({
      sessions: (id) => (id === keys.accessKeyId ? { ...keys, expiresAtMs: Date.now() - 1_000 } : undefined),
    });
    closers.push(other.close);
    expect((await failure(sdkClient(other.url, keys).send(new ListHostedZonesCommand({})))).name).toBe("ExpiredToken");
    sts.revoke();
    expect((await failure(list(keys))).name).toBe("InvalidClientTokenId");
  });
});

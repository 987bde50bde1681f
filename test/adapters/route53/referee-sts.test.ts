import { AssumeRoleCommand, STSClient } from "@aws-sdk/nested-clients/sts";
import { HttpResponse } from "@smithy/core/protocols";
import { describe, expect, it } from "vitest";
import { failureOf } from "../../../src/adapters/route53/api/error.ts";
import { createRole } from "../../../src/adapters/route53/role.ts";
import { createDnsDirectory } from "../../../src/adapters/route53/dns-directory.ts";
import { createDnsRefusal } from "../../../src/adapters/route53/dns-log.ts";
import { freely } from "../../support/budget.ts";
import { record } from "./referee.ts";
import { credentials, fakeClock, type Reply } from "./support.ts";

// The referee is the client of STS with which AWS's own client of Route 53 assumes roles.

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/";
const keys = { ...credentials, sessionToken: "token/+=" };

const ours = async (endpoint: string, roleArn: string, externalId: string) =>
  await createRole({
    roleArn,
    externalId,
    endpoint,
    region: "us-east-1",
    credentials: keys,
    fetch,
    clock: fakeClock(),
    timeoutMs: 5_000,
  }).get(freely);

const theirs = async (endpoint: string, roleArn: string, externalId: string) => {
  const client = new STSClient({ endpoint, region: "us-east-1", credentials: keys, maxAttempts: 1 });
  const input = { RoleArn: roleArn, RoleSessionName: "tranche", DurationSeconds: 3_600, ExternalId: externalId };
  return await client.send(new AssumeRoleCommand(input)).finally(() => client.destroy());
};

/** A session as the API reference of AssumeRole shows it. */
const assumed = (given: Record<string, string>, more = ""): string =>
  `<AssumeRoleResponse xmlns="${namespace}">
  <AssumeRoleResult>
  <SourceIdentity>Alice</SourceIdentity>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn>
      <AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>${Object.entries(given)
      .map(([name, value]) => `<${name}>${value}</${name}>`)
      .join("\n     ")}</Credentials>
    <PackedPolicySize>8</PackedPolicySize>${more}
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>`;

const given = {
  AccessKeyId: "ASIAIOSFODNN7EXAMPLE",
  SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
  SessionToken:
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW+LWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGd==",
  Expiration: "2026-11-01T01:00:00Z",
};

describe("the request", () => {
  it.each([
    ["arn:aws:iam::123456789012:role/tranche", "3f1c3c5e-8a55-4f0e-9d7c-6c0e4b0b9d11"],
    ["arn:aws-us-gov:iam::123456789012:role/with/a/path/tranche", "2f"],
    ["arn:aws-cn:iam::123456789012:role/od+d=,.@-_name", "=,.@:/-+_aZ9"],
    ["arn:aws:iam::123456789012:role/p!'()*~%/tranche", "x1"],
  ])("for %s is the referee's, to the parameter", async (roleArn, externalId) => {
    const recorder = await record([{ body: assumed(given) }]);
    await ours(recorder.url, roleArn, externalId);
    await theirs(recorder.url, roleArn, externalId);
    const [mine, referee] = recorder.sent.map(({ method, path, query, headers, body }) => ({
      method,
      path,
      query,
      form: Object.fromEntries(new URLSearchParams(body)),
      type: headers["content-type"]?.split(";")[0],
      token: headers["x-amz-security-token"],
      scope: headers["authorization"]?.match(/Credential=[^/]+\/\d+\/([^,]+),/)?.[1],
    }));
    expect(mine).toEqual(referee);
    expect(mine).toMatchObject({ method: "POST", path: "/", scope: "us-east-1/sts/aws4_request", token: keys.sessionToken });
  });
});

describe("the answer", () => {
  it.each([
    ["as the reference shows it", assumed(given)],
    ["on one line", assumed(given).replaceAll(/>\s+</g, "><")],
    ["with what may come one day", assumed({ ...given, Later: "x" }, "<Also><Deep>1</Deep></Also>")],
    [
      "with escapes and fractions of a second",
      assumed({ ...given, SessionToken: "a&amp;b&#x2F;c&#43;", Expiration: "2026-11-01T00:59:59.123Z" }),
    ],
  ])("%s is understood alike", async (_, body) => {
    const recorder = await record([{ body }]);
    const [mine, { Credentials: referee }] = [
      await ours(recorder.url, "arn:aws:iam::123456789012:role/x", "x1"),
      await theirs(recorder.url, "arn:aws:iam::123456789012:role/x", "x1"),
    ];
    expect(mine).toEqual({
      accessKeyId: referee?.AccessKeyId,
      secretAccessKey: referee?.SecretAccessKey,
      sessionToken: referee?.SessionToken,
    });
  });

  it("expires when the referee says so", async () => {
    const recorder = await record([{ body: assumed(given) }]);
    const { Credentials: referee } = await theirs(recorder.url, "arn:aws:iam::123456789012:role/x", "x1");
    const clock = fakeClock();
    const role = createRole({
      roleArn: "arn:aws:iam::123456789012:role/x",
      externalId: "x1",
      endpoint: recorder.url,
      region: "us-east-1",
      credentials: keys,
      fetch,
      clock,
      timeoutMs: 5_000,
    });
    await role.get(freely);
    clock.advance(Number(referee?.Expiration) - clock.nowMs() - 300_001);
    await role.get(freely);
    expect(recorder.sent).toHaveLength(2);
    clock.advance(1);
    await role.get(freely);
    expect(recorder.sent).toHaveLength(3);
  });

  const refusal = (code: string, message: string, status: number): Reply => ({
    // The referee takes the id from the header.
    status,
    headers: { "x-amzn-requestid": "req-1" },
    body: `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`,
  });

  // "Errors" of AssumeRole and "Common error types" in the STS API reference.
  it.each([
    [
      "AccessDenied",
      "User: arn:aws:iam::111122223333:user/tranche is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/x",
      403,
      false,
    ],
    ["ExpiredToken", "The security token included in the request is expired", 403, false],
    ["ExpiredTokenException", "The trust token is expired", 400, false],
    ["RegionDisabledException", "STS is not activated in this region for account:123456789012.", 403, false],
    ["MalformedPolicyDocument", "The policy is malformed", 400, false],
    ["PackedPolicyTooLarge", "Packed size", 400, false],
    ["InvalidClientTokenId", "The security token included in the request is invalid.", 403, false],
    ["SignatureDoesNotMatch", "Signature expired: 20261101T000000Z is now earlier than 20261101T001000Z", 403, false],
    ["ValidationError", "1 validation error detected: Value &apos;x&apos; at &apos;roleArn&apos; failed", 400, false],
    ["Throttling", "Rate exceeded", 400, true],
    ["ThrottlingException", "Rate exceeded", 400, true],
    ["ServiceUnavailable", "try later", 503, true],
    ["InternalFailure", "sorry", 500, true],
  ])("%s is the refusal that the referee reads", async (code, message, status, retryable) => {
    const recorder = await record([refusal(code, message, status)]);
    const roleArn = "arn:aws:iam::123456789012:role/x";
    const mine = await ours(recorder.url, roleArn, "x1").catch(failureOf);
    const referee = await theirs(recorder.url, roleArn, "x1").catch(
      (error: unknown) => error as Error & { $metadata: { httpStatusCode: number; requestId: string } },
    );
    if (!("retryable" in mine) || !("$metadata" in referee && referee instanceof Error)) throw new Error("no refusal");
    const { $metadata: said } = referee;
    expect({ ...mine, messages: mine.messages.map((line) => line.replace(`the role ${roleArn} cannot be assumed: `, "")) }).toEqual({
      // The referee names exceptions by their class, which may differ from the code in this ending.
      code: expect.stringMatching(new RegExp(`^${referee.name.replace(/Exception$/, "")}(Exception)?$`)) as string,
      messages: [referee.message],
      httpStatus: said.httpStatusCode,
      requestId: said.requestId,
      retryable,
      uncertain: false,
    });
  });
});

describe("the endpoint", () => {
  const asTheSdkHasIt = async (region: string): Promise<{ endpoint: string; region: string | undefined }> => {
    const seen = { endpoint: "", region: undefined as string | undefined };
    const client = new STSClient({
      region,
      credentials,
      maxAttempts: 1,
      requestHandler: {
        handle: async (request: { protocol: string; hostname: string; headers: Record<string, string> }) => {
          seen.endpoint = `${request.protocol}//${request.hostname}`;
          seen.region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers["authorization"] ?? "")?.[1];
          return { response: new HttpResponse({ statusCode: 500, headers: {} }) };
        },
      },
    });
    await client.send(new AssumeRoleCommand({ RoleArn: "arn:aws:iam::123456789012:role/x", RoleSessionName: "x1" })).catch(() => undefined);
    client.destroy();
    return seen;
  };

  it.each(["us-east-1", "eu-central-1", "ap-southeast-7", "us-gov-west-1", "us-gov-east-1", "cn-north-1", "cn-northwest-1"])(
    "of %s is the referee's",
    async (region) => {
      const places: object[] = [];
      const refuse = createDnsRefusal("", false);
      const directory = createDnsDirectory({
        operator: refuse,
        secrets: null,
        endpoint: null,
        clock: fakeClock(),
        connect: () => refuse,
        accounts: async () => [
          { id: 1, customerId: 1, region, accessKeyId: null, sealedSecret: null, roleArn: "arn", externalId: "x1", createdAtMs: 0 },
        ],
        assume: (place) => {
          places.push(place);
          return { get: async () => credentials, drop: () => undefined };
        },
      });
      await directory.of(1);
      expect(places).toEqual([await asTheSdkHasIt(region)]);
    },
  );
});

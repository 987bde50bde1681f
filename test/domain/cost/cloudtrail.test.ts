import { describe, expect, it } from "vitest";
import { actorOf } from "../../../src/domain/cost/actor.ts";
import { costBearing, costBearingCalls } from "../../../src/domain/cost/cost-bearing.ts";
import type { Json } from "../../../src/domain/cost/fields.ts";
import { normalise, normaliseBatch } from "../../../src/domain/cost/normalise.ts";
import { parseUtc } from "../../../src/domain/cost/utc-time.ts";
import { nowMs, record, role, without } from "./record.ts";

const read = (value: unknown) => normalise(value, "/Records/3", nowMs);

describe("a record of CloudTrail", () => {
  it("with every field that there is becomes an event, and is kept as it came", () => {
    const raw = record();
    expect(read(raw)).toEqual({
      kind: "event",
      event: {
        eventId: "3038ebd2-c98a-4c65-9b6e-e22506292313",
        accountId: "123456789012",
        resourceType: "ec2:instance",
        resourceId: "i-0123456789abcdef0",
        actor: "arn:aws:iam::123456789012:role/ci/Deploy",
        hourlyCostCents: null,
        occurredAtMs: Date.parse("2026-11-28T01:30:00Z"),
        raw,
      },
    });
  });

  it.each([
    ["eventVersion", {}],
    ["awsRegion", {}],
    ["sourceIPAddress", {}],
    ["userAgent", {}],
    ["requestParameters", {}],
    ["additionalEventData", {}],
    ["requestID", {}],
    ["eventType", {}],
    ["apiVersion", {}],
    ["managementEvent", {}],
    ["readOnly", {}],
    ["recipientAccountId", {}],
    ["sharedEventID", {}],
    ["eventCategory", {}],
    ["tlsDetails", {}],
  ])("without %s is one all the same", (field) => {
    expect(read(without(field))).toMatchObject({ kind: "event", event: { resourceId: "i-0123456789abcdef0" } });
  });

  it.each([
    ["without userIdentity", without("userIdentity"), { actor: null }],
    [
      "without responseElements, by its resources",
      without("responseElements"),
      { resourceId: "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0" },
    ],
    ["without either", without("responseElements", { resources: null }), { resourceId: null }],
    ["from a month ago", record({ eventTime: "2026-10-28T01:30:00Z" }), { occurredAtMs: Date.parse("2026-10-28T01:30:00Z") }],
    ["an hour ahead of the clock", record({ eventTime: "2026-11-28T13:00:00Z" }), {}],
    ["of China", record({ eventSource: "ec2.amazonaws.com.cn" }), { resourceType: "ec2:instance" }],
  ])("%s is an event", (_, value, event) => {
    expect(read(value)).toMatchObject({ kind: "event", event });
  });

  it.each([
    ["that failed", record({ errorCode: "Client.UnauthorizedOperation", errorMessage: "no" }), "failed"],
    ["that was a dry run", record({ errorCode: "Client.DryRunOperation" }), "failed"],
    ["that read", record({ eventName: "DescribeInstances", readOnly: true }), "read-only"],
    ["that read, said as a text", record({ eventName: "AssumeRole", readOnly: "true" }), "read-only"],
    ["that read, by its name alone", without("readOnly", { eventName: "GetObject", eventSource: "s3.amazonaws.com" }), "read-only"],
    ["of a listing", without("readOnly", { eventName: "ListBuckets" }), "read-only"],
    ["of a call that costs nothing", record({ eventName: "CreateTags" }), "not-cost-bearing"],
    ["that ends a cost", record({ eventName: "TerminateInstances" }), "not-cost-bearing"],
    ["of a service that is not known", record({ eventSource: "quantum.amazonaws.com", eventName: "CreateQubit" }), "not-cost-bearing"],
    ["by the name of another service's", record({ eventSource: "sqs.amazonaws.com" }), "not-cost-bearing"],
    ["named like a property of every object", record({ eventSource: "constructor", eventName: "toString" }), "not-cost-bearing"],
    ["that is a digest", { awsAccountId: "123456789012", digestS3Object: "a.json.gz", logFiles: [] }, "digest"],
  ])("%s is ignored", (_, value, reason) => {
    expect(read(value)).toEqual({ kind: "ignored", reason });
  });

  it.each([
    ["no eventID", without("eventID"), "/eventID", "is not there, or no text"],
    ["an eventID that is none", record({ eventID: "42" }), "/eventID", "is not a UUID"],
    ["an eventTime that is a number", record({ eventTime: 5 }), "/eventTime", "is not there, or no text"],
    [
      "a local eventTime",
      record({ eventTime: "2026-11-28T01:30:00+01:00" }),
      "/eventTime",
      "is not an RFC 3339 time in UTC, such as 2026-11-28T01:30:00Z",
    ],
    [
      "a day that does not exist",
      record({ eventTime: "2026-02-29T01:30:00Z" }),
      "/eventTime",
      "is not an RFC 3339 time in UTC, such as 2026-11-28T01:30:00Z",
    ],
    ["a time in two days", record({ eventTime: "2026-11-30T01:30:00Z" }), "/eventTime", "is more than a day ahead"],
    ["no eventSource", without("eventSource"), "/eventSource", "is not there, or no text"],
    ["an empty eventName", record({ eventName: "" }), "/eventName", "is not there, or no text"],
    ["no account", without("recipientAccountId", { userIdentity: {} }), "/recipientAccountId", "is not an account of 12 digits"],
    ["an account of words", record({ recipientAccountId: "prod" }), "/recipientAccountId", "is not an account of 12 digits"],
  ])("with %s is rejected by its pointer", (_, value, field, problem) => {
    expect(read(value)).toEqual({ kind: "rejected", rejection: { pointer: `/Records/3${field}`, problem } });
  });

  it.each([[null], [42], ["text"], [[]]])("that is %j is rejected as a whole", (value) => {
    expect(read(value)).toEqual({ kind: "rejected", rejection: { pointer: "/Records/3", problem: "is not an object" } });
  });
});

describe("names in a record", () => {
  const named = (name: string) =>
    read(record({ userIdentity: { type: "IAMUser", arn: name }, responseElements: null, resources: [{ ARN: name }] }));

  it("are as long as those of the short form at most, as a series remembers hundreds of them", () => {
    const long = "x".repeat(500_000);
    expect(named(long)).toMatchObject({ event: { actor: long.slice(0, 2_048), resourceId: long.slice(0, 2_048) } });
    // Not in the middle of a character.
    expect(named(`${"x".repeat(2_047)}😀`)).toMatchObject({ event: { actor: `${"x".repeat(2_047)}\uFFFD` } });
  });

  it("have no control characters, which whoever is told of them would read as something else", () => {
    const name = "arn:x\r\nSubject: all is well\u0085";
    expect(named(name)).toMatchObject({ event: { actor: "arn:x\uFFFD\uFFFDSubject: all is well\uFFFD" } });
  });
});

describe("calls that bear a cost", () => {
  it("are at least forty, each read with its resource's type", () => {
    expect(costBearingCalls.length).toBeGreaterThanOrEqual(40);
    for (const { source, name, type } of costBearingCalls)
      expect(read(without("readOnly", { eventSource: source, eventName: name }))).toMatchObject({
        kind: "event",
        event: { resourceType: type },
      });
  });

  it.each([
    ["rds.amazonaws.com", "CreateDBInstance", { requestParameters: { dBInstanceIdentifier: "db" } }, "db"],
    [
      "elasticloadbalancing.amazonaws.com",
      "CreateLoadBalancer",
      { responseElements: { loadBalancers: [{ loadBalancerArn: "arn:lb" }] } },
      "arn:lb",
    ],
    ["elasticloadbalancing.amazonaws.com", "CreateLoadBalancer", { requestParameters: { loadBalancerName: "classic" } }, "classic"],
    ["route53.amazonaws.com", "ChangeResourceRecordSets", { requestParameters: { hostedZoneId: "Z1" } }, "Z1"],
    ["ecs.amazonaws.com", "UpdateService", { requestParameters: { service: "web" } }, "web"],
  ])("of %s, %s name their resource", (eventSource, eventName, parts, id) => {
    expect(read(record({ eventSource, eventName, ...parts }))).toMatchObject({ event: { resourceId: id } });
  });

  it("are none of what only looks like one", () => {
    expect(costBearing("ec2.amazonaws.com", "constructor")).toBeNull();
    expect(costBearing("__proto__", "toString")).toBeNull();
  });
});

describe("the actor", () => {
  const user = "arn:aws:iam::123456789012:user/alice";
  it.each<[string, unknown, string | null]>([
    ["of a session is its role", role, "arn:aws:iam::123456789012:role/ci/Deploy"],
    [
      "of a session is the same with another session name",
      { ...role, principalId: "AROAEXAMPLEEXAMPLEEX:build-18", arn: "arn:aws:sts::123456789012:assumed-role/Deploy/build-18" },
      "arn:aws:iam::123456789012:role/ci/Deploy",
    ],
    [
      "of a session without its issuer is the role in its name",
      { type: "AssumedRole", arn: role.arn },
      "arn:aws:iam::123456789012:role/Deploy",
    ],
    ["of a session of nobody is not known", { type: "AssumedRole" }, null],
    ["is a user", { type: "IAMUser", arn: user, userName: "alice" }, user],
    ["is a role of its own", { type: "Role", arn: "arn:aws:iam::123456789012:role/r" }, "arn:aws:iam::123456789012:role/r"],
    ["is root, by its account", { type: "Root", accountId: "123456789012", arn: "arn:aws:iam::123456789012:root" }, "root:123456789012"],
    ["is a service", { type: "AWSService", invokedBy: "autoscaling.amazonaws.com" }, "autoscaling.amazonaws.com"],
    ["is another account", { type: "AWSAccount", accountId: "210987654321", principalId: "AIDA" }, "account:210987654321"],
    [
      "of a federated user is who federated",
      { type: "FederatedUser", arn: "arn:aws:sts::123456789012:federated-user/x", sessionContext: { sessionIssuer: { arn: user } } },
      user,
    ],
    [
      "of a federated user without issuer is the user",
      { type: "FederatedUser", arn: "arn:aws:sts::123456789012:federated-user/x" },
      "arn:aws:sts::123456789012:federated-user/x",
    ],
    [
      "is a person of the identity center",
      { type: "IdentityCenterUser", onBehalfOf: { userId: "544894e8", identityStoreArn: "arn:x" } },
      "identity-center:544894e8",
    ],
    ["is who came by SAML", { type: "SAMLUser", identityProvider: "idp", userName: "bob" }, "idp:bob"],
    ["is who came by the web", { type: "WebIdentityUser", userName: "carol" }, "federated:carol"],
    ["is of a directory", { type: "Directory", userName: "dave" }, "directory:dave"],
    ["of an unknown type is what it has", { type: "Unknown", invokedBy: "x.amazonaws.com" }, "x.amazonaws.com"],
    ["is not known where nothing says so", { type: "Unknown" }, null],
    ["is not known of what is no identity", "alice", null],
    ["is not known of none", undefined, null],
  ])("%s", (_, identity, actor) => {
    expect(actorOf(identity)).toBe(actor);
  });
});

describe("the short form", () => {
  const event = (own: Json = {}): Json => ({
    event_id: "e-1",
    account_id: "fastly",
    resource_type: "cdn:service",
    occurred_at: "2026-11-28T01:30:00.250Z",
    ...own,
  });

  it("is an event, with and without what may be left out", () => {
    const bare = { eventId: "e-1", accountId: "fastly", resourceType: "cdn:service", occurredAtMs: Date.parse("2026-11-28T01:30:00.250Z") };
    expect(read(event())).toEqual({ kind: "event", event: { ...bare, resourceId: null, actor: null, hourlyCostCents: null, raw: null } });
    expect(read(event({ resource_id: "s1", actor: "alice", hourly_cost_cents: 12.5, raw: { a: 1 } }))).toEqual({
      kind: "event",
      event: { ...bare, resourceId: "s1", actor: "alice", hourlyCostCents: 12.5, raw: { a: 1 } },
    });
  });

  it.each([
    [event({ event_id: "" }), "/event_id"],
    [event({ event_id: "a\nb" }), "/event_id"],
    [event({ event_id: "x".repeat(129) }), "/event_id"],
    [event({ account_id: 7 }), "/account_id"],
    [event({ resource_type: "EC2 Instance" }), "/resource_type"],
    [event({ resource_id: "" }), "/resource_id"],
    [event({ actor: null }), "/actor"],
    [event({ hourly_cost_cents: -1 }), "/hourly_cost_cents"],
    [event({ hourly_cost_cents: "5" }), "/hourly_cost_cents"],
    [event({ hourly_cost_cents: Number.NaN }), "/hourly_cost_cents"],
    [event({ hourly_cost_cents: 1e10 }), "/hourly_cost_cents"],
    [event({ occurred_at: "yesterday" }), "/occurred_at"],
    [event({ occurred_at: "2026-12-28T01:30:00Z" }), "/occurred_at"],
    [event({ "a/b": 1 }), "/a~1b"],
    [{}, "/event_id"],
  ])("%j is rejected at %s", (value, field) => {
    expect(read(value)).toMatchObject({ kind: "rejected", rejection: { pointer: `/Records/3${field}` } });
  });
});

describe("a batch", () => {
  it("counts each of its values once, and one bad record drops no other", () => {
    const batch = [
      record(),
      null,
      record({ errorCode: "x" }),
      record(),
      without("eventTime"),
      { event_id: "e-1", account_id: "a", resource_type: "t", occurred_at: "2026-11-28T01:30:00Z" },
      record({ eventName: "ListBuckets", readOnly: true }),
    ];
    const { events, duplicates, ignored, rejected } = normaliseBatch(batch, "/events", nowMs);
    expect(events.map(({ eventId }) => eventId)).toEqual(["3038ebd2-c98a-4c65-9b6e-e22506292313", "e-1"]);
    expect(duplicates).toBe(1);
    expect(ignored).toEqual({ "read-only": 1, failed: 1, "not-cost-bearing": 0, digest: 0, expired: 0 });
    expect(rejected.map(({ pointer }) => pointer)).toEqual(["/events/1", "/events/4/eventTime"]);
  });
});

describe("times", () => {
  it.each(["1970-01-01T00:00:00Z", "2000-02-29T23:59:59.999Z", "2026-11-28T01:30:00Z", "2100-12-31T00:00:00.5Z", "1969-12-31T23:59:59Z"])(
    "%s is read as by Date",
    (text) => {
      expect(parseUtc(text)).toBe(Date.parse(text));
    },
  );

  it.each([
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01 00:00:00Z",
    "",
  ])("%s is none", (text) => {
    expect(parseUtc(text)).toBeNull();
  });
});

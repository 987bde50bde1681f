import { afterEach, describe, expect, it } from "vitest";
import type { PolicyDocument } from "../../../local/route53/iam-document.ts";
import { iamPolicyFor } from "../../../src/domain/steering/iam-policy.ts";
import { changesTo, dns, names, server, zoneId, useAccount } from "./account.ts";
import { credentials } from "./support.ts";

useAccount();

const zone = "bulk.example.org";
const mates = names(160, zone);
/** As if the first forty names were of one service, the next of another. */
const services = [0, 40, 80, 120].map((start) => mates.slice(start, start + 40));
const advised = (own: readonly string[]): PolicyDocument[] =>
  iamPolicyFor(
    "aws",
    own.map((name) => ({ name, zoneId: zoneId(zone) })),
    () => "example.org",
  ).policies.map((policy) => structuredClone(policy) as PolicyDocument);
const attach = (policies: readonly PolicyDocument[] | null) => server.setPolicies(credentials.accessKeyId, policies);
const sent = () => server.requests.filter(({ method }) => method === "POST").map(({ status }) => status);

afterEach(() => attach(null));

describe("with the policy that is advised", () => {
  it("four services of one zone are read, switched in one request, and followed", async () => {
    attach(advised(mates));
    const results = await dns.apply(await changesTo(mates, 0, 100));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["accepted"]));
    expect(results.filter((result) => "refusedJointly" in result)).toEqual([]);
    expect(sent()).toEqual([200]);
    const [first] = results;
    expect(first?.status === "accepted" && [...(await dns.status([first.changeId])).values()]).toEqual(["pending"]);
  });

  it("for each service alone, as it was once given, says that they are refused together", async () => {
    attach(services.flatMap(advised));
    const results = await dns.apply(await changesTo(mates, 100, 0));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["accepted"]));
    expect(results.map((result) => result.status === "accepted" && result.refusedJointly?.startsWith("AWS does not permit this"))).toEqual(
      mates.map(() => true),
    );
    expect(sent()).toEqual([403, 403, 200, 200, 403, 200, 200]);
  });

  it("proves a joint batch without changing anything", async () => {
    const readings = await dns.read(mates);
    const proofs = mates.flatMap((domain) => {
      const reading = readings.get(domain);
      return reading?.status === "found" ? [{ domain, zoneId: reading.zoneId, records: reading.records, after: reading.records }] : [];
    });
    const before = server.records(zoneId(zone));
    attach(services.flatMap(advised));
    expect((await dns.rewrite(proofs)).every((result) => "refusedJointly" in result)).toBe(true);
    attach(advised(mates));
    expect((await dns.rewrite(proofs)).some((result) => "refusedJointly" in result)).toBe(false);
    expect(server.records(zoneId(zone))).toEqual(before);
  });

  it("refuses a name that it does not hold, and no other", async () => {
    attach(advised(mates.slice(1)));
    const results = await dns.apply(await changesTo(mates.slice(0, 4), 0, 100));
    expect(results.map(({ status }) => status)).toEqual(["failed", "accepted", "accepted", "accepted"]);
  });
});

import { describe, expect, it } from "vitest";
import { type BatchItem, recordChanges } from "../../../src/adapters/route53/api/batches.ts";
import { applyBatch } from "../../../src/adapters/route53/change.ts";
import { type Failure, Route53Error } from "../../../src/adapters/route53/api/error.ts";
import type { Call } from "../../../src/adapters/route53/api/send.ts";
import { cname, fakeClock } from "./support.ts";

const item = (index: number): BatchItem => {
  const name = `d${index}.example.com`;
  const records = [cname(name, "primary", 100), cname(name, "backup", 0)];
  const changes = recordChanges({ domain: name, zoneId: "Z1", records, to: { primary: 0, backup: 100 } });
  return { index, zoneId: "Z1", name, changes };
};

const failure = (code: string, messages: readonly string[], more: Partial<Failure> = {}): Failure => ({
  code,
  messages,
  httpStatus: 400,
  requestId: null,
  retryable: false,
  uncertain: false,
  ...more,
});

/** Applies `count` domains against an API that refuses a batch by what it holds. */
const apply = async (count: number, judge: (indices: readonly number[]) => Failure | null) => {
  const asked: number[][] = [];
  const call: Call = async (request) => {
    const indices = [...new Set([...(request.body ?? "").matchAll(/<Name>d(\d+)\./g)].map(([, index]) => Number(index)))];
    asked.push(indices);
    const refused = judge(indices);
    if (refused !== null) throw new Route53Error(refused);
    return request.read({ ChangeInfo: { Id: `/change/C${asked.length}`, Status: "PENDING" } });
  };
  const items = Array.from({ length: count }, (_, index) => item(index));
  const outcomes = await applyBatch(call, fakeClock(), { zoneId: "Z1", items });
  const statusOf = (status: string) => [...outcomes].filter(([, one]) => one.status === status).map(([index]) => index);
  return {
    asked,
    outcomes,
    stale: statusOf("stale").toSorted((a, b) => a - b),
    failed: statusOf("failed"),
    accepted: statusOf("accepted"),
  };
};

const sentence = (index: number): string =>
  `Tried to delete resource record set [name='d${index}.example.com.', type='CNAME', set identifier='primary'] ` +
  "but the values provided do not match the current values";

describe("applyBatch", () => {
  it("sends a good batch once and tells when it was accepted", async () => {
    const { asked, outcomes } = await apply(250, () => null);
    expect(asked).toHaveLength(1);
    expect(outcomes.get(249)).toEqual({ status: "accepted", changeId: "C1", acceptedAtMs: fakeClock().nowMs() });
  });

  it("takes the bad domains from Route 53's own words, and each gets its own", async () => {
    const bad = [3, 77, 200];
    const { asked, stale, accepted, outcomes } = await apply(250, (indices) => {
      const found = bad.filter((index) => indices.includes(index));
      return found.length > 0 ? failure("InvalidChangeBatch", [`[${found.map(sentence).join(", ")}]`]) : null;
    });
    expect({ requests: asked.length, stale, accepted: accepted.length }).toEqual({
      requests: 2,
      stale: bad,
      accepted: 247,
    });
    expect(outcomes.get(77)).toEqual({ status: "stale", detail: `InvalidChangeBatch: ${sentence(77)}` });
  });

  it.each([0, 100, 249])("finds one bad domain (%i) by halving where the message names none", async (bad) => {
    const { asked, stale, accepted } = await apply(250, (indices) =>
      indices.includes(bad) ? failure("InvalidChangeBatch", ["The request contains an invalid set of changes"]) : null,
    );
    expect({ stale, accepted: accepted.length }).toEqual({ stale: [bad], accepted: 249 });
    expect(asked.length).toBeLessThanOrEqual(17);
  });

  it("never splits a domain's pair", async () => {
    const seen: string[] = [];
    const call: Call = async (request) => {
      seen.push(request.body ?? "");
      throw new Route53Error(failure("InvalidChangeBatch", ["no"]));
    };
    await applyBatch(call, fakeClock(), { zoneId: "Z1", items: [0, 1, 2].map(item) });
    expect(seen.length).toBeGreaterThan(3);
    for (const body of seen) {
      for (const [, name] of body.matchAll(/<Name>(d\d+)\./g)) expect(body.split(`<Name>${name}.`)).toHaveLength(5);
    }
  });

  it("does not take a domain for guilty because its name is part of another's", async () => {
    const { stale } = await apply(20, (indices) => (indices.includes(11) ? failure("InvalidChangeBatch", [sentence(11)]) : null));
    expect(stale).toEqual([11]);
  });

  it("stops looking after 32 requests when everything is bad, and says so", async () => {
    const { asked, stale, outcomes } = await apply(250, () => failure("InvalidChangeBatch", ["no"]));
    expect({ requests: asked.length, stale: stale.length }).toEqual({ requests: 32, stale: 250 });
    expect(outcomes.get(249)).toMatchObject({
      detail: expect.stringMatching(/^one of \d+ domains refused together: /),
    });
  });

  it("isolates a name that IAM does not permit", async () => {
    const { failed, accepted, outcomes } = await apply(8, (indices) =>
      indices.includes(5) ? failure("AccessDenied", ["not authorized"], { httpStatus: 403 }) : null,
    );
    expect({ failed, accepted: accepted.length }).toEqual({ failed: [5], accepted: 7 });
    expect(outcomes.get(5)).toMatchObject({ retryable: false, detail: expect.stringMatching(/^AWS does not permit/) });
  });

  it("keeps what it says about each domain short, however much Route 53 says", async () => {
    const { outcomes } = await apply(40, () => failure("InvalidChangeBatch", ["x".repeat(30_000)]));
    for (const outcome of outcomes.values()) expect(JSON.stringify(outcome).length).toBeLessThan(800);
  });

  it("reads an InvalidChangeBatch after a lost answer as stale, without splitting", async () => {
    const { asked, stale, outcomes } = await apply(250, () => failure("InvalidChangeBatch", ["no"], { uncertain: true }));
    expect({ requests: asked.length, stale: stale.length }).toEqual({ requests: 1, stale: 250 });
    expect(outcomes.get(0)).toMatchObject({ detail: expect.stringMatching(/may have succeeded; read again/) });
  });

  it.each([
    [failure("Throttling", ["slow down"], { retryable: true }), true],
    [failure("timeout", ["late"], { httpStatus: null, retryable: true, uncertain: true }), true],
    [failure("ExpiredToken", ["old"], { httpStatus: 403 }), false],
    [failure("NoSuchHostedZone", ["gone"], { httpStatus: 404 }), false],
  ])("does not split for what is not about its content (%j)", async (refused, retryable) => {
    const { asked, outcomes } = await apply(4, () => refused);
    expect(asked).toHaveLength(1);
    expect([...outcomes.values()]).toEqual(Array(4).fill(expect.objectContaining({ status: "failed", retryable })));
  });
});

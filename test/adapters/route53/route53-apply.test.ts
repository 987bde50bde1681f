import { describe, expect, it } from "vitest";
import { changesTo, dns, half, names, type Seed, server, settle, weightsOf, zoneId, useAccount } from "./account.ts";
import { route53At } from "./support.ts";

useAccount();

const aliasHalf = (type: "A" | "AAAA", setIdentifier: string, weight: number, dnsName: string): Seed => ({
  name: "alias.example.com",
  type,
  setIdentifier,
  weight,
  values: [],
  aliasTarget: { hostedZoneId: "Z2FDTNDATAQYW2", dnsName, evaluateTargetHealth: false },
});

describe("apply", () => {
  it("moves the weights of a pair and nothing else, and reports until it is in sync", async () => {
    const before = server.records(zoneId("example.com"));
    const [result] = await dns.apply(await changesTo(["www.example.com"], 0, 100));
    if (result?.status !== "accepted") throw new Error(JSON.stringify(result));
    expect(weightsOf("example.com", "www.example.com")).toBe("CNAME BACKUP 100, CNAME Primary 0");
    const restored = server
      .records(zoneId("example.com"))
      .map((set) => (set.name === "www.example.com." && set.weight !== undefined ? { ...set, weight: 100 - set.weight } : set));
    expect(restored).toEqual(before);
    const { changeId } = result;
    expect(await dns.status([changeId, changeId, "CUNKNOWN"])).toEqual(
      new Map([
        [changeId, "pending"],
        ["CUNKNOWN", "unknown"],
      ]),
    );
    settle();
    expect(await dns.status([changeId])).toEqual(new Map([[changeId, "insync"]]));
  });

  it("moves alias pairs of several types together", async () => {
    const aliases = (["A", "AAAA"] as const).flatMap((type) => [
      aliasHalf(type, "primary", 100, "d1.cloudfront.net"),
      aliasHalf(type, "backup", 0, "d2.cloudfront.net"),
    ]);
    server.seed(zoneId("example.com"), aliases);
    const results = await dns.apply(await changesTo(["alias.example.com"], 0, 100));
    expect(results).toEqual([expect.objectContaining({ status: "accepted" })]);
    expect(weightsOf("example.com", "alias.example.com")).toBe("A backup 100, A primary 0, AAAA backup 100, AAAA primary 0");
  });

  it("sends one batch per zone and answers in the order asked", async () => {
    const domains = ["www.eu.example.com", "www.example.com", "app.example.com"];
    const results = await dns.apply(await changesTo(domains, 0, 100));
    expect(results.map(({ domain, status }) => [domain, status])).toEqual(domains.map((domain) => [domain, "accepted"]));
    expect(server.requests.filter(({ method }) => method === "POST")).toHaveLength(2);
  });

  it("does not overwrite what someone changed since the reading; the others of the batch go through", async () => {
    const changes = await changesTo(["www.example.com", "app.example.com"], 0, 100);
    server.seed(zoneId("example.com"), [half("app.example.com", "Primary", 42)]);
    const results = await dns.apply(changes);
    expect(results[0]).toMatchObject({ domain: "www.example.com", status: "accepted" });
    expect(results[1]).toMatchObject({
      domain: "app.example.com",
      status: "stale",
      detail: expect.stringMatching(/app\.example\.com/),
    });
    expect(weightsOf("example.com", "app.example.com")).toBe("CNAME BACKUP 0, CNAME Primary 42");
    const again = await dns.apply(await changesTo(["app.example.com"], 0, 100));
    expect(again[0]).toMatchObject({ status: "accepted" });
  });

  it("lets only one of two controllers with the same view win", async () => {
    const changes = await changesTo(["www.example.com"], 0, 100);
    const other = await changesTo(["www.example.com"], 50, 50);
    const results = (await Promise.all([dns.apply(changes), route53At(server.url).apply(other)])).flat();
    expect(results.map(({ status }) => status).toSorted()).toEqual(["accepted", "stale"]);
  });

  it("keeps a broken zone from hindering the others", async () => {
    const good = await changesTo(["www.example.com"], 0, 100);
    const gone = good.map((change) => ({ ...change, zoneId: "ZGONE" }));
    const results = await dns.apply([...gone, ...good]);
    expect(results[0]).toMatchObject({
      status: "failed",
      retryable: false,
      detail: expect.stringMatching(/NoSuchHostedZone/),
    });
    expect(results[1]).toMatchObject({ status: "accepted" });
  });

  it("moves 160 pairs of one zone in one batch", async () => {
    const results = await dns.apply(await changesTo(names(160, "bulk.example.org"), 0, 100));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["accepted"]));
    expect(server.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  it("sends nothing for a change without a difference, a bad weight, or no change", async () => {
    const [same] = await changesTo(["www.example.com"], 100, 0);
    const [bad] = await changesTo(["app.example.com"], 300, 0);
    server.requests.length = 0;
    const results = await dns.apply([same, bad].filter((change) => change !== undefined));
    expect(results).toMatchObject([
      { status: "stale", detail: expect.stringMatching(/already/) },
      { status: "failed", retryable: false, detail: expect.stringMatching(/0 to 255/) },
    ]);
    expect(await dns.apply([])).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });
});

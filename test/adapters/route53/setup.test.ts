import { describe, expect, it } from "vitest";
import { dns as plainDns, found, half, pair, server, weightsOf, zoneId, useAccount } from "./account.ts";
import { route53At } from "./support.ts";

useAccount();

const access = () => route53At(server.url);
const wish = (domain: string) => ({
  domain,
  targets: { primary: "app.a.cdn.net", backup: "app.b.cdn.net" },
  weights: { primary: 100, backup: 0 },
  ttlSeconds: 60,
});
const at = (name: string) => server.records(zoneId("example.com")).filter((set) => set.name === `${name}.`);

describe("provision", () => {
  it("creates the pair, which is then found and can be steered", async () => {
    const result = await access().provision(wish("New1.example.com"));
    expect(result).toMatchObject({
      status: "created",
      zoneId: zoneId("example.com"),
      records: [{ setIdentifier: "primary", value: "app.a.cdn.net" }, { setIdentifier: "backup" }],
    });
    expect(at("new1.example.com")).toMatchObject([
      { type: "CNAME", setIdentifier: "backup", weight: 0, ttlSeconds: 60, values: ["app.b.cdn.net"] },
      { type: "CNAME", setIdentifier: "primary", weight: 100, ttlSeconds: 60, values: ["app.a.cdn.net"] },
    ]);
    expect(found((await plainDns.read(["new1.example.com"])).get("new1.example.com")).records).toHaveLength(2);
    expect(await access().provision(wish("new1.example.com"))).toEqual({ status: "exists", zoneId: zoneId("example.com") });
  });

  it("creates the missing half with the TTL of the other", async () => {
    server.seed(zoneId("example.com"), [half("new2.example.com", "PRIMARY", 100, { ttlSeconds: 30 })]);
    expect(await access().provision(wish("new2.example.com"))).toMatchObject({
      status: "created",
      records: [{ setIdentifier: "backup", ttlSeconds: 30 }],
    });
    expect(weightsOf("example.com", "new2.example.com")).toBe("CNAME PRIMARY 100, CNAME backup 0");
  });

  it.each<[string, "primary" | "backup", number, { primary: number; backup: number }, string]>([
    ["a live backup alone", "backup", 100, { primary: 100, backup: 0 }, "CNAME backup 100, CNAME primary 0"],
    [
      "a live primary alone, where both share the visitors normally",
      "primary",
      50,
      { primary: 50, backup: 50 },
      "CNAME backup 0, CNAME primary 50",
    ],
  ])("takes nobody from %s: what is created beside it has weight 0, and it says what follows", async (_, side, weight, weights, after) => {
    const name = `lone-${side}.example.com`;
    server.seed(zoneId("example.com"), [half(name, side, weight)]);
    expect(await access().provision({ ...wish(name), weights })).toMatchObject({
      status: "created",
      records: [{ weight: 0 }],
      question: expect.stringMatching(/has weight 0 and answers nobody.*once the primary is known to be up.*frozen/s),
    });
    expect(weightsOf("example.com", name)).toBe(after);
  });

  it("fault 7: takes nobody from weighted neighbours: what is created beside them has weight 0, and asks", async () => {
    server.seed(zoneId("example.com"), [half("new3.example.com", "canary", 3, { ttlSeconds: 20 })]);
    expect(await access().provision(wish("new3.example.com"))).toMatchObject({
      status: "created",
      records: [{ weight: 0 }, { weight: 0 }],
      question: expect.stringMatching(/answered by "canary" with weight 3.*routing override with mode primary/),
    });
    expect(weightsOf("example.com", "new3.example.com")).toBe("CNAME backup 0, CNAME canary 3, CNAME primary 0");
    expect(at("new3.example.com").map(({ setIdentifier, ttlSeconds }) => [setIdentifier, ttlSeconds])).toEqual([
      ["backup", 20],
      ["canary", 20],
      ["primary", 20],
    ]);
  });

  it.each<[string, string, Parameters<typeof server.seed>[1], RegExp]>([
    [
      "an unweighted CNAME",
      "old1.example.com",
      [{ name: "old1.example.com", type: "CNAME", ttlSeconds: 60, values: ["x.cdn.net"] }],
      /unweighted CNAME \(to x\.cdn\.net\): in one change, delete it and create two/,
    ],
    ["an address", "plain.example.com", [], /type A.*two weighted A record sets/],
    ["a text", "wwx.example.com", [], /type TXT.*move it/],
    ["the apex", "example.com", [], /takes no CNAME.*alias/],
    [
      "another routing policy",
      "old2.example.com",
      [{ name: "old2.example.com", type: "CNAME", ttlSeconds: 60, values: ["x.cdn.net"], setIdentifier: "eu", region: "eu-west-1" }],
      /unweighted/,
    ],
    [
      "a half of weight 0, which has all visitors",
      "zero1.example.com",
      [half("zero1.example.com", "primary", 0)],
      /weight 0.*above 0 first/,
    ],
    [
      "others of weight 0, which have them",
      "zero2.example.com",
      [half("zero2.example.com", "canary", 0)],
      /"canary" with weight 0.*above 0 first/,
    ],
    ["a name of no zone", "www.example.net", [], /no public hosted zone/],
  ])("refuses %s, says what to do, and writes nothing", async (_, name, seeds, words) => {
    server.seed(zoneId("example.com"), seeds);
    const before = server.records(zoneId("example.com"));
    const result = await access().provision(wish(name));
    expect(result).toMatchObject({ status: "refused", detail: expect.stringMatching(words) });
    expect(server.records(zoneId("example.com"))).toEqual(before);
  });

  it("tells a permission that is missing from a bad moment", async () => {
    server.setFault({ kind: "access-denied", operations: ["ChangeResourceRecordSets"] });
    expect(await access().provision(wish("new4.example.com"))).toMatchObject({
      status: "failed",
      retryable: false,
      detail: expect.stringContaining("does not permit"),
    });
    server.setFault({ kind: "throttle" });
    expect(await access().provision(wish("new4.example.com"))).toMatchObject({ status: "failed", retryable: true });
    expect(at("new4.example.com")).toEqual([]);
  });

  it("finds out by repeating what a lost answer had done", async () => {
    server.setFault({ kind: "reset-after-apply", operations: ["ChangeResourceRecordSets"], times: 1 });
    expect(await access().provision(wish("new5.example.com"))).toMatchObject({
      status: "refused",
      detail: expect.stringContaining("may have succeeded"),
    });
    expect(await access().provision(wish("new5.example.com"))).toMatchObject({ status: "exists" });
  });
});

describe("inspect", () => {
  it("fault 9: finds HTTPS records at a name, and the closest CAA records above it", async () => {
    server.seed(zoneId("example.com"), [
      ...pair("svc.example.com", { type: "A", values: ["192.0.2.1"] }),
      { name: "svc.example.com", type: "HTTPS", ttlSeconds: 60, values: ["1 . ipv4hint=192.0.2.1"] },
      { name: "example.com", type: "CAA", ttlSeconds: 60, values: ['0 issue "amazon.com"'] },
    ]);
    const seen = await access().inspect(["svc.example.com", "nowhere.example.net"]);
    expect([...seen]).toEqual([
      [
        "svc.example.com",
        [
          { name: "svc.example.com", type: "HTTPS", values: ["1 . ipv4hint=192.0.2.1"] },
          { name: "example.com", type: "CAA", values: ['0 issue "amazon.com"'] },
        ],
      ],
    ]);
  });
});

describe("rewrite", () => {
  const proofs = async (names: string[]) => {
    const readings = await access().read(names);
    return names.map((domain) => ({ domain, ...found(readings.get(domain)), after: found(readings.get(domain)).records }));
  };

  it("of the same records is accepted, and changes nothing", async () => {
    const before = server.records(zoneId("example.com"));
    expect(await access().rewrite(await proofs(["www.example.com", "app.example.com", "www.eu.example.com"]))).toMatchObject([
      { domain: "www.example.com", status: "accepted" },
      { domain: "app.example.com", status: "accepted" },
      { domain: "www.eu.example.com", status: "accepted" },
    ]);
    expect(server.records(zoneId("example.com"))).toEqual(before);
  });

  it("fails where it is not permitted, and where the records are not as read", async () => {
    const pairs = await proofs(["app.example.com"]);
    server.setFault({ kind: "access-denied", operations: ["ChangeResourceRecordSets"] });
    expect(await access().rewrite(pairs)).toMatchObject([{ status: "failed", retryable: false }]);
    server.setFault(null);
    server.seed(zoneId("example.com"), pair("app.example.com", { weight: 7 }));
    expect(await access().rewrite(pairs)).toMatchObject([{ status: "stale" }]);
    expect(await access().rewrite([])).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { cutsOf } from "../../../src/adapters/route53/delegations.ts";
import { dns, names, pair, server, zoneId, useAccount } from "./account.ts";
import { route53At } from "./support.ts";

useAccount();

const zone = { id: "Z1", name: "example.com", isPrivate: false };

it.each([
  ["example.com", []],
  ["www.example.com", ["www.example.com"]],
  ["a.b.c.example.com", ["c.example.com", "b.c.example.com", "a.b.c.example.com"]],
])("%s can be handed on at %j", (name, cuts) => {
  expect(cutsOf(zone, name)).toEqual(cuts);
});

describe("a name below a delegated label", () => {
  const delegate = (name: string) =>
    server.seed(zoneId("example.com"), [{ name, type: "NS", ttlSeconds: 300, values: ["ns1.elsewhere.test.", "ns2.elsewhere.test."] }]);
  const requests = () => server.requests.filter(({ path }) => path.endsWith("/rrset")).length;

  it("is not steered in the parent's zone, whose records are never asked for", async () => {
    delegate("shop.example.com");
    server.seed(zoneId("example.com"), pair("eu.shop.example.com"));
    const readings = await dns.read(["eu.shop.example.com", "shop.example.com", "www.example.com"]);
    expect(readings.get("eu.shop.example.com")).toEqual({
      status: "unprovisioned",
      zoneId: null,
      detail: expect.stringMatching(
        /^shop\.example\.com is delegated by NS records in zone example\.com .* to ns1\.elsewhere\.test, ns2\.elsewhere\.test/,
      ),
    });
    expect(readings.get("shop.example.com")).toMatchObject({ status: "unprovisioned", detail: expect.stringContaining("delegated") });
    expect(readings.get("www.example.com")).toMatchObject({ status: "found" });
  });

  it("is told so by a walk over the zone as well", async () => {
    delegate("walk.example.com");
    const many = names(21, "walk.example.com");
    server.seed(zoneId("example.com"), pair(many[0] ?? ""));
    const readings = await dns.read(many);
    expect([...readings.values()].every((reading) => reading.status === "unprovisioned" && reading.detail.includes("delegated"))).toBe(
      true,
    );
  });

  it("gets no records there", async () => {
    delegate("new.example.com");
    const before = server.records(zoneId("example.com"));
    const wish = {
      domain: "app.new.example.com",
      targets: { primary: "a.cdn.net", backup: "b.cdn.net" },
      weights: { primary: 1, backup: 0 },
      ttlSeconds: 60,
    };
    expect(await route53At(server.url).provision(wish)).toMatchObject({ status: "refused", detail: expect.stringContaining("delegated") });
    expect(server.records(zoneId("example.com"))).toEqual(before);
  });

  it("is steered in the zone of the account to which it is delegated", async () => {
    expect((await dns.read(["www.eu.example.com"])).get("www.eu.example.com")).toMatchObject({
      status: "found",
      zoneId: zoneId("eu.example.com"),
    });
  });

  it("is not steered in a zone of the account whose name servers are not those that it is delegated to", async () => {
    delegate("eu.example.com");
    expect((await dns.read(["www.eu.example.com"])).get("www.eu.example.com")).toMatchObject({
      status: "unprovisioned",
      zoneId: null,
      detail: expect.stringMatching(
        /delegated by NS records .* to ns1\.elsewhere\.test, .*which are not the name servers of zone eu\.example\.com/,
      ),
    });
  });

  it("costs one question per label between, however many names are below it", async () => {
    server.seed(
      zoneId("example.com"),
      ["a", "b", "c"].flatMap((label) => pair(`${label}.deep.example.com`)),
    );
    const readings = await dns.read(["a.deep.example.com", "b.deep.example.com", "c.deep.example.com"]);
    expect([...readings.values()].map(({ status }) => status)).toEqual(["found", "found", "found"]);
    expect(requests()).toBe(4);
  });
});

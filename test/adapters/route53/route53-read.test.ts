import { describe, expect, it } from "vitest";
import { startRoute53 } from "../../../local/route53/server.ts";
import { dns, found, half, names, pair, server, zoneId, useAccount } from "./account.ts";
import { credentials, fakeClock, route53At } from "./support.ts";

useAccount();

describe("read", () => {
  it("finds each name's pair in the right zone and says what the others lack", async () => {
    const readings = await dns.read([
      "WWW.example.com.",
      "www.eu.example.com",
      "*.example.com",
      "half.example.com",
      "plain.example.com",
      "none.example.com",
      "inside.example.com",
      "example.net",
    ]);
    expect([...readings.keys()]).toHaveLength(8);
    expect(found(readings.get("WWW.example.com."))).toEqual({
      status: "found",
      zoneId: zoneId("example.com"),
      records: [
        {
          name: "www.example.com",
          type: "CNAME",
          setIdentifier: "Primary",
          weight: 100,
          ttl: 60,
          values: ["primary.cdn.example.net"],
          healthCheckId: "11111111-2222-3333-4444-555555555555",
        },
        expect.objectContaining({ setIdentifier: "BACKUP", weight: 0 }),
      ],
      surroundings: expect.objectContaining({ dangling: [], neighbours: [], leftBehind: [] }),
    });
    expect(found(readings.get("www.eu.example.com")).zoneId).toBe(zoneId("eu.example.com"));
    expect(found(readings.get("*.example.com")).records[0]?.name).toBe("*.example.com");
    expect(readings.get("half.example.com")).toMatchObject({
      status: "unprovisioned",
      detail: expect.stringMatching(/"backup"/),
    });
    expect(readings.get("plain.example.com")).toMatchObject({ status: "unprovisioned" });
    expect(readings.get("none.example.com")).toMatchObject({ status: "unprovisioned", zoneId: zoneId("example.com") });
    expect(readings.get("inside.example.com")).toMatchObject({ status: "unprovisioned" });
    expect(readings.get("example.net")).toMatchObject({ status: "unprovisioned", zoneId: null });
  });

  it("asks nothing for no names", async () => {
    expect(await dns.read([])).toEqual(new Map());
    expect(server.requests).toHaveLength(0);
  });

  it("asks once for each of 20 names, and walks the zone in pages of 300 for 21", async () => {
    const zone = "many.example.org";
    const few = await dns.read(names(20, zone));
    expect(server.requests.filter(({ path }) => path.endsWith("/rrset"))).toHaveLength(20);
    server.requests.length = 0;
    const many = await dns.read(names(21, zone));
    const walked = server.requests.filter(({ path }) => path.endsWith("/rrset"));
    expect(walked.map(({ query }) => new URLSearchParams(query).get("maxitems"))).toEqual(["300", "300"]);
    expect([...many].slice(0, 20)).toEqual([...few]);
    expect([...many.values()].every(({ status }) => status === "found")).toBe(true);
  });

  it("reads a name with more record sets than a page holds to its end", async () => {
    const crowd = Array.from({ length: 45 }, (_, index) => half("crowd.example.com", `a${index}`, 1));
    server.seed(zoneId("example.com"), [...crowd, ...pair("crowd.example.com")]);
    const readings = await dns.read(["crowd.example.com"]);
    expect(found(readings.get("crowd.example.com")).records.map(({ setIdentifier }) => setIdentifier)).toEqual(["Primary", "BACKUP"]);
    expect(server.requests.filter(({ path }) => path.endsWith("/rrset"))).toHaveLength(3);
  });

  it("lists the zones again only after ten minutes", async () => {
    const clock = fakeClock();
    const own = await startRoute53({ ...credentials, zones: [{ name: "example.com" }], now: () => clock.nowMs() });
    try {
      const cached = route53At(own.url, { clock });
      const listings = async (afterMs: number): Promise<number> => {
        clock.advance(afterMs);
        await cached.read(["www.example.com"]);
        return own.requests.filter(({ path }) => path.endsWith("/hostedzonesbyname")).length;
      };
      expect([await listings(0), await listings(599_999), await listings(1), await listings(1)]).toEqual([1, 1, 2, 2]);
    } finally {
      await own.close();
    }
  });

  it("finds a zone beyond the first page of 100", async () => {
    const zones = Array.from({ length: 205 }, (_, index) => ({ name: `z${index}.example` }));
    const own = await startRoute53({ ...credentials, zones, requestsPerSecond: 1_000, burst: 1_000 });
    try {
      const readings = await route53At(own.url).read(zones.map(({ name }) => `www.${name}`));
      const ids = [...readings.values()].map((reading) => (reading.status === "unprovisioned" ? reading.zoneId : "?"));
      expect(ids).toEqual(own.zones.map(({ id }) => id));
      expect(own.requests.filter(({ path }) => path.endsWith("/hostedzonesbyname"))).toHaveLength(3);
    } finally {
      await own.close();
    }
  });

  it("never has more than three requests under way", async () => {
    let running = 0;
    let most = 0;
    const counting: typeof fetch = async (...args) => {
      running += 1;
      most = Math.max(most, running);
      try {
        return await fetch(...args);
      } finally {
        running -= 1;
      }
    };
    await route53At(server.url, { fetch: counting }).read(names(20, "many.example.org"));
    expect(most).toBe(3);
  });
});

import { describe, expect, it } from "vitest";
import { startDoh } from "../../local/route53/doh.ts";
import type { RecordSet } from "../../local/route53/record-set.ts";
import { resolveWeighted } from "../../local/route53/resolve.ts";
import { startTestServer, zoneId } from "./route53-client.ts";

/** Deterministic numbers in [0, 1) (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pair(primary: number, backup: number): RecordSet[] {
  const side = (setIdentifier: string, weight: number): RecordSet => ({
    name: "app.example.com.",
    type: "CNAME",
    setIdentifier,
    weight,
    ttlSeconds: 60,
    values: [`${setIdentifier}.cdn.example.net`],
  });
  return [side("primary", primary), side("backup", backup)];
}

/** Share of answers that point to the backup. */
function backupShare(records: RecordSet[], draws = 10_000): number {
  const random = seeded(42);
  const draw = () => resolveWeighted(records, "app.example.com", "A", random).answers[0]?.data;
  return Array.from({ length: draws }, draw).filter((data) => data === "backup.cdn.example.net.").length / draws;
}

describe("drawing by weight", () => {
  it("never answers a weight of zero beside another", () => {
    expect(backupShare(pair(100, 0))).toBe(0);
    expect(backupShare(pair(0, 100))).toBe(1);
    const extreme = (records: RecordSet[], number: number) =>
      resolveWeighted(records, "app.example.com", "CNAME", () => number).answers[0]?.data;
    expect(extreme(pair(0, 1), 0)).toMatch(/^backup/);
    expect(extreme(pair(1, 0), 1 - 2 ** -53)).toMatch(/^primary/);
  });

  it("follows the ratio of the weights; all zero means equal probability", () => {
    // Standard deviation at 10,000 draws is at most 0.005.
    expect(Math.abs(backupShare(pair(50, 50)) - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(backupShare(pair(255, 85)) - 0.25)).toBeLessThan(0.02);
    expect(Math.abs(backupShare(pair(0, 0)) - 0.5)).toBeLessThan(0.02);
  });
});

describe("resolving", () => {
  const records: RecordSet[] = [
    { name: "www.example.com.", type: "CNAME", ttlSeconds: 30, values: ["host.example.com"] },
    { name: "host.example.com.", type: "A", ttlSeconds: 60, values: ["192.0.2.1", "192.0.2.2"] },
    { name: "host.example.com.", type: "TXT", ttlSeconds: 60, values: ['"x"'] },
    { name: "\\052.wild.example.com.", type: "AAAA", ttlSeconds: 60, values: ["2001:db8::1"] },
    { name: "deep.in.wild.example.com.", type: "TXT", ttlSeconds: 60, values: ['"deep"'] },
    {
      name: "example.com.",
      type: "A",
      values: [],
      aliasTarget: { hostedZoneId: "Z1", dnsName: "host.example.com.", evaluateTargetHealth: false },
    },
    { name: "loop.example.com.", type: "CNAME", ttlSeconds: 1, values: ["loop.example.com"] },
  ];
  const ask = (name: string, type: string) => {
    const { status, answers } = resolveWeighted(records, name, type, () => 0);
    return [status, answers.map((answer) => `${answer.name} ${answer.type} ${answer.data}`)];
  };

  it("follows CNAMEs within the records and aliases, and tells NXDOMAIN from no data", () => {
    const hosts = ["host.example.com. A 192.0.2.1", "host.example.com. A 192.0.2.2"];
    expect(ask("WWW.example.com", "A")).toEqual([0, ["www.example.com. CNAME host.example.com.", ...hosts]]);
    expect(ask("www.example.com", "CNAME")).toEqual([0, ["www.example.com. CNAME host.example.com."]]);
    expect(ask("host.example.com.", "TXT")).toEqual([0, ['host.example.com. TXT "x"']]);
    expect(ask("host.example.com", "AAAA")).toEqual([0, []]);
    expect(ask("example.com", "A")).toEqual([0, ["example.com. A 192.0.2.1", "example.com. A 192.0.2.2"]]);
    expect(ask("nowhere.example.com", "A")).toEqual([3, []]);
    expect(ask("bad..name", "A")).toEqual([3, []]);
    expect(ask("loop.example.com", "A")[0]).toBe(0);
  });

  it("lets a wildcard answer below it, except where a name exists", () => {
    expect(ask("any.wild.example.com", "AAAA")).toEqual([0, ["any.wild.example.com. AAAA 2001:db8::1"]]);
    expect(ask("a.b.wild.example.com", "AAAA")).toEqual([0, ["a.b.wild.example.com. AAAA 2001:db8::1"]]);
    expect(ask("in.wild.example.com", "AAAA")).toEqual([0, []]);
    expect(ask("x.in.wild.example.com", "AAAA")).toEqual([3, []]);
  });
});

describe("DNS over HTTPS", () => {
  it("answers public zones live in the JSON form of public resolvers", async () => {
    const zones = [{ name: "example.com" }, { name: "secret.example", private: true }];
    const server = await startTestServer({ zones });
    const doh = await startDoh({ zones: server, random: () => 0 });
    const query = async (parameters: string, accept = "application/dns-json") => {
      const answer = await fetch(`${doh.url}?${parameters}`, { headers: { accept } });
      return { status: answer.status, type: answer.headers.get("content-type"), body: await answer.json() };
    };
    try {
      server.seed(zoneId(server), [
        ...pair(100, 0),
        { name: "_tranche-challenge.app.example.com", type: "TXT", ttlSeconds: 5, values: ['"token"'] },
      ]);
      server.seed(zoneId(server, 1), [{ name: "a.secret.example", type: "A", ttlSeconds: 5, values: ["192.0.2.1"] }]);
      expect(await query("name=app.example.com&type=A")).toEqual({
        status: 200,
        type: "application/dns-json",
        body: {
          Status: 0,
          TC: false,
          RD: true,
          RA: true,
          AD: false,
          CD: false,
          Question: [{ name: "app.example.com", type: 1 }],
          Answer: [{ name: "app.example.com", type: 5, TTL: 60, data: "primary.cdn.example.net." }],
        },
      });
      server.seed(zoneId(server), pair(0, 100));
      const moved = await query("name=app.example.com&type=cname");
      expect(moved.body).toMatchObject({ Answer: [{ data: "backup.cdn.example.net." }] });
      const txt = await query("name=_tranche-challenge.app.example.com&type=16");
      expect(txt.body).toMatchObject({ Answer: [{ type: 16, TTL: 5, data: '"token"' }] });
      expect((await query("name=a.secret.example&type=A")).body).toMatchObject({ Status: 3 });
      expect((await query("name=nope.example.com")).body).not.toHaveProperty("Answer");
      expect((await query("type=A")).status).toBe(400);
      expect((await query("name=a.example.com&type=BOGUS")).status).toBe(400);
      expect((await query("name=a.example.com", "text/html")).status).toBe(400);
    } finally {
      await doh.close();
      await server.close();
    }
  });
});

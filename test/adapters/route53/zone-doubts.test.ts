import { afterEach, describe, expect, it } from "vitest";
import type { PolicyDocument } from "../../../local/route53/iam-document.ts";
import { type Route53Server, startRoute53 } from "../../../local/route53/server.ts";
import { iamPolicyFor } from "../../../src/domain/steering/iam-policy.ts";
import { found, pair } from "./account.ts";
import { credentials, route53At } from "./support.ts";

const open: Route53Server[] = [];
const account = async (...zones: string[]): Promise<Route53Server> => {
  const own = await startRoute53({ ...credentials, zones: zones.map((one) => ({ name: one })), requestsPerSecond: 1_000, burst: 1_000 });
  open.push(own);
  return own;
};
afterEach(async () => {
  for (const own of open.splice(0)) await own.close();
});
const name = "a.shop.example.net";

describe("a pair that was found in a zone before", () => {
  it("stays there when a parent zone appears that delegates nothing, itself maybe never asked", async () => {
    const own = await account("example.net", "shop.example.net");
    const child = own.zones[1]?.id ?? "";
    own.seed(child, pair(name));
    const reading = found((await route53At(own.url).read([name], undefined, new Map([[name, child]]))).get(name));
    expect(reading.zoneId).toBe(child);
    expect(reading.surroundings?.otherZones).toEqual([expect.stringMatching(/example\.net/)]);
  });

  it("is looked for in the parent where that has records of the name", async () => {
    const own = await account("example.net", "shop.example.net");
    const [parent, child] = own.zones.map(({ id }) => id);
    own.seed(child ?? "", pair(name));
    own.seed(parent ?? "", pair(name));
    expect(found((await route53At(own.url).read([name], undefined, new Map([[name, child ?? ""]]))).get(name)).zoneId).toBe(parent);
  });

  it.each([
    ["known", true],
    ["not known yet", false],
  ])("is read with the policy that is advised, which lets nobody read the parent zone (zone %s)", async (_, isKnown) => {
    const own = await account("example.net", "shop.example.net");
    const [parent, child] = own.zones.map(({ id }) => id);
    own.seed(child ?? "", pair(name));
    const servers = own.records(child ?? "").find(({ type }) => type === "NS")?.values ?? [];
    own.seed(parent ?? "", [{ name: "shop.example.net", type: "NS", ttlSeconds: 300, values: servers }]);
    const advised = iamPolicyFor("aws", [{ name, zoneId: child ?? "" }], () => "example.net").policies;
    own.setPolicies(
      credentials.accessKeyId,
      advised.map((policy) => structuredClone(policy) as PolicyDocument),
    );
    const known = new Map(isKnown ? [[name, child ?? ""]] : []);
    const reading = found((await route53At(own.url).read([name], undefined, known)).get(name));
    expect(reading.zoneId).toBe(child);
  });

  it("is switched with it, too, where a child zone of another name's is beside it", async () => {
    const own = await account("example.net", "shop.example.net", "shop.example.net");
    const [parent, ...children] = own.zones.map(({ id }) => id);
    own.seed(parent ?? "", pair(name));
    const advised = iamPolicyFor("aws", [{ name, zoneId: parent ?? "" }], () => "example.net").policies;
    own.setPolicies(
      credentials.accessKeyId,
      advised.map((policy) => structuredClone(policy) as PolicyDocument),
    );
    expect(children).toHaveLength(2);
    expect(found((await route53At(own.url).read([name], undefined, new Map([[name, parent ?? ""]]))).get(name)).zoneId).toBe(parent);
  });

  it("is found in the other zone of that name once only that one has it: a stored zone that is wrong does not stay", async () => {
    const own = await account("example.net", "example.net");
    const [old, other] = own.zones.map(({ id }) => id);
    own.seed(other ?? "", pair(name));
    expect(found((await route53At(own.url).read([name], undefined, new Map([[name, old ?? ""]]))).get(name)).zoneId).toBe(other);
  });
});

describe("the records beside a pair", () => {
  it("are CAA records of the parent zone as well, which count below a delegation (RFC 8659 §3)", async () => {
    const own = await account("example.net", "shop.example.net");
    const [parent, child] = own.zones.map(({ id }) => id);
    const servers = own.records(child ?? "").find(({ type }) => type === "NS")?.values ?? [];
    own.seed(parent ?? "", [
      { name: "shop.example.net", type: "NS", ttlSeconds: 300, values: servers },
      { name: "example.net", type: "CAA", ttlSeconds: 300, values: ['0 issue "ca.example"'] },
    ]);
    own.seed(child ?? "", pair(name));
    expect((await route53At(own.url).inspect([name])).get(name)).toMatchObject([{ name: "example.net", type: "CAA" }]);
  });
});

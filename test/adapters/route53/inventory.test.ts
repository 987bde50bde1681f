import { describe, expect, it } from "vitest";
import { dns, half, server, useAccount, zoneId } from "./account.ts";

useAccount();

describe("the inventory of an account", () => {
  it("lists the zones, which of them are empty, and health checks that no record names", async () => {
    server.seed(zoneId("example.com"), [half("a.example.com", "primary", 100)]);
    const target = { type: "HTTPS", host: "probe.example.com", port: 443, path: "/" } as const;
    const made = [];
    for (const reference of ["named", "loose"]) made.push(await dns.createCheck(reference, target, false));
    const [named, loose] = made.map((one) => (one.status === "done" ? one.check.id : ""));
    server.seed(zoneId("example.com"), [half("b.example.com", "primary", 100, named === undefined ? {} : { healthCheckId: named })]);
    const inventory = await dns.inventory();
    expect(inventory.zones?.find(({ id }) => id === zoneId("example.com"))).toMatchObject({ name: "example.com", isEmpty: false });
    expect(inventory.zones?.filter(({ isEmpty }) => isEmpty).map(({ name }) => name)).toEqual(["ample.com"]);
    expect(inventory.looseChecks).toEqual([{ id: loose, isOnAws: false, options: 2 }]);
    expect(inventory.problems).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { changesTo, dns, half, server, useAccount, weightsOf, zoneId } from "./account.ts";
import { route53At } from "./support.ts";

useAccount();

// Route 53's message need not name the health check that is gone: then it has to be found out, and the others stay.

const [gone, kept] = ["dddddddd-2222-3333-4444-555555555555", "eeeeeeee-2222-3333-4444-555555555555"];
const nameless: typeof fetch = async (...request) => {
  const response = await fetch(...request);
  const text = await response.text();
  return new Response(text.replace(/A health check with id \S+ does not exist/, "No health check exists with the specified ID"), response);
};

const seeded = async (name: string) => {
  server.seed(zoneId("bulk.example.org"), [
    half(name, "primary", 100, { healthCheckId: kept }),
    half(name, "backup", 0, { healthCheckId: gone }),
  ]);
  await dns.deleteCheck(gone);
  return (await changesTo([name], 0, 100)).map((change) => ({ ...change, mayDropChecks: true }));
};
const checksAt = (name: string) =>
  server
    .records(zoneId("bulk.example.org"))
    .filter((set) => set.name === `${name}.`)
    .map(({ setIdentifier, healthCheckId }) => [setIdentifier, healthCheckId]);

describe("NoSuchHealthCheck that names none", () => {
  it("drops the one that is gone, and keeps the one that is there", async () => {
    const changes = await seeded("nameless.bulk.example.org");
    expect(await route53At(server.url, { fetch: nameless }).apply(changes)).toMatchObject([{ status: "accepted", droppedChecks: [gone] }]);
    expect(weightsOf("bulk.example.org", "nameless.bulk.example.org")).toBe("CNAME backup 100, CNAME primary 0");
    expect(checksAt("nameless.bulk.example.org")).toEqual([
      ["backup", undefined],
      ["primary", kept],
    ]);
  });

  it("drops them all where nobody may ask after them: the switch cannot wait", async () => {
    const changes = await seeded("denied.bulk.example.org");
    server.setFault({ kind: "access-denied", operations: ["GetHealthCheck"] });
    expect(await route53At(server.url, { fetch: nameless }).apply(changes)).toMatchObject([
      { status: "accepted", droppedChecks: [kept, gone] },
    ]);
  });

  it("keeps the records of a switch that may wait, and says which check it is", async () => {
    const [change] = await seeded("waits.bulk.example.org");
    if (change === undefined) throw new Error("no change");
    const { mayDropChecks: _, ...calm } = change;
    expect(await route53At(server.url, { fetch: nameless }).apply([calm])).toMatchObject([
      { status: "failed", detail: expect.stringContaining("NoSuchHealthCheck") },
    ]);
    expect(checksAt("waits.bulk.example.org")).toEqual([
      ["backup", gone],
      ["primary", kept],
    ]);
  });
});

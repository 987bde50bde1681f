import { beforeEach, describe, expect, it } from "vitest";
import { changesTo, dns, half, names, pair, server, weightsOf, zoneId, useAccount } from "../account.ts";

useAccount();

// Fault 6: a health check that was deleted while records name it. Route 53 refuses whatever would write them.

const gone = "dddddddd-2222-3333-4444-555555555555";
const mates = names(8, "bulk.example.org");

/** Seeds a pair whose backup names a check, and takes the check away. */
const seedDangling = (name: string, checkId = gone) => {
  server.seed(zoneId("bulk.example.org"), [half(name, "primary", 100), half(name, "backup", 0, { healthCheckId: checkId })]);
};
const forget = async (checkId = gone) => void (await dns.deleteCheck(checkId));
const changed = () => server.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/rrset")).length;

beforeEach(() =>
  server.seed(
    zoneId("bulk.example.org"),
    mates.flatMap((name) => pair(name)),
  ),
);

describe("a health check that is gone", () => {
  it("is dropped where the switch cannot wait, and reported; the others of the batch are switched with it", async () => {
    seedDangling("dangling.bulk.example.org");
    await forget();
    const changes = (await changesTo([...mates, "dangling.bulk.example.org"], 0, 100)).map((change) => ({
      ...change,
      mayDropChecks: true,
    }));
    const before = changed();
    const results = await dns.apply(changes);
    expect(results.map(({ status }) => status)).toEqual(changes.map(() => "accepted"));
    expect(results.at(-1)).toMatchObject({ droppedChecks: [gone] });
    expect(results[0]).not.toHaveProperty("droppedChecks");
    expect(changed() - before).toBe(2);
    expect(weightsOf("bulk.example.org", "dangling.bulk.example.org")).toBe("CNAME backup 100, CNAME primary 0");
    // Healed: the next change needs nobody's leave.
    expect(await dns.apply(await changesTo(["dangling.bulk.example.org"], 100, 0))).toMatchObject([{ status: "accepted" }]);
  });

  it("keeps its own pair alone from being switched where it may not be left out", async () => {
    seedDangling("kept.bulk.example.org");
    await forget();
    const changes = await changesTo([...mates, "kept.bulk.example.org"], 0, 100);
    const before = changed();
    const results = await dns.apply(changes);
    expect(results.map(({ status }) => status)).toEqual([...mates.map(() => "accepted"), "failed"]);
    expect(results.at(-1)).toMatchObject({ detail: expect.stringContaining("NoSuchHealthCheck"), retryable: false });
    expect(changed() - before).toBe(2);
  });
});

import { expect, it } from "vitest";
import { useWorld } from "../../support/use-world.ts";

// Somebody deletes the primary's health check while visitors are on the backup: Route 53 writes no record that names it.

const { world } = useWorld();

const name = "app.example.test";

it("a health check deleted in a storm does not keep visitors on the backup after it", async () => {
  const { dns, prober, roundsOf, sql, history, deps } = world;
  dns.put(name);
  const apply = deps.dns.apply;
  let isGone = false;
  deps.dns.apply = async (changes, budget) => {
    const refused = isGone && changes.some(({ mayDropChecks }) => mayDropChecks !== true);
    if (refused)
      return changes.map(
        ({ domain }) => ({ domain, status: "failed", detail: "NoSuchHealthCheck: h1", retryable: false, effect: "none" }) as const,
      );
    return (await apply(changes, budget)).map((result) =>
      isGone && result.status === "accepted" ? { ...result, droppedChecks: ["h1"] } : result,
    );
  };
  await world.seed();
  await roundsOf(4);
  prober.say("a.cdn.net", 503);
  await roundsOf(2);
  isGone = true;
  prober.say("a.cdn.net", 200);
  await roundsOf(30);
  expect(await history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 calm accepted"]);
  expect(await sql("select before from audit_log where action = 'drop_health_checks'")).toEqual([{ before: { health_check_ids: ["h1"] } }]);
});

it("a calm change of what tranche did not move still waits for an operator to fix it", async () => {
  const { dns, roundsOf, deps } = world;
  const may: (boolean | undefined)[] = [];
  const apply = deps.dns.apply;
  deps.dns.apply = async (changes, budget) => {
    may.push(...changes.map(({ mayDropChecks }) => mayDropChecks));
    return await apply(changes, budget);
  };
  dns.put(name, 60, 40);
  await world.seed();
  await roundsOf(5);
  expect([await world.history(), may]).toEqual([["60/40>100/0 calm accepted"], [undefined]]);
});

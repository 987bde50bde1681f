import type { Scenario } from "../stage.ts";
import { site } from "../outside.ts";

const theirs = { primary: 30, backup: 70 } as const;

/** Somebody's infrastructure-as-code sets other weights whenever it runs. Twice tranche heals; then it stops and calls. */
export const contested: Scenario = {
  title: "infrastructure-as-code keeps changing the weights back",
  env: { DRIFT_CHECK: "1s" },
  play: async ({ world, api, serviceId, tell, measure, until, always, routing, storms, switches, weights }) => {
    const apply = () =>
      world.route53.seed(
        world.zoneId,
        (["primary", "backup"] as const).map((side) => ({
          name: site.host,
          type: "CNAME",
          ttlSeconds: 5,
          setIdentifier: side,
          weight: theirs[side],
          values: [site[side]],
        })),
      );
    await until("calm", 20_000, async () => ((await routing()).domains[0]?.status === "found" ? true : null));
    tell("calm", weights() === "100/0", weights());
    for (const time of ["first", "second"]) {
      apply();
      await until(`healed the ${time} time`, 20_000, () => (weights() === "100/0" ? true : null));
      tell(`healed the ${time} time`, true, "30/70 was found and set back to 100/0");
    }
    apply();
    const seen = await until("contested", 20_000, async () => {
      const now = await routing();
      return now.domains[0]?.status === "contested" ? now : null;
    });
    tell(
      "the third time it is a fight",
      seen.drifts.length === 3,
      `${seen.drifts.length} drifts on record, the last one ${seen.drifts[0]?.left_alone}`,
    );
    await until("an alert", 70_000, () => (world.logs.some((line) => line.includes("weights_contested")) ? true : null));
    tell("an alert", true, "weights_contested");
    await always("no more fighting", 10_000, () => weights() === "30/70");
    measure("DNS changes by tranche", String(switches().length), "2", switches().length === 2);

    await world.cdns.primary.setFault({ kind: "5xx" });
    await until("a storm shifts it all the same", 30_000, () => (weights() === "0/100" ? true : null));
    tell("a storm shifts it all the same", (await storms()).length === 1, "0/100: insurance first");
    apply();
    await always("but no fight during it either", 8_000, () => weights() === "30/70");
    await world.cdns.primary.setFault({ kind: "healthy" });
    await until("the storm ends", 40_000, async () => ((await storms())[0]?.state === "ended" ? true : null));

    const domainId = (await routing()).domains[0]?.domain_id;
    await api.send("POST", `/v1/services/${serviceId}/domains/${domainId}/drift/resume`, undefined);
    await until("healed once an operator says so", 20_000, () => (weights() === "100/0" ? true : null));
    tell("healed once an operator says so", (await routing()).domains[0]?.status === "found", weights());
    measure("DNS changes by tranche in all", String(switches().length), "4", switches().length === 4);
  },
};

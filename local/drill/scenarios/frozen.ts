import type { Scenario } from "../stage.ts";

/** An operator has frozen the service: the storm is detected and recorded, and DNS is not changed. */
export const frozen: Scenario = {
  title: "the service is frozen when the storm comes",
  play: async ({ world, api, serviceId, tell, measure, until, always, routing, storms, switches, weights }) => {
    const path = `/v1/services/${serviceId}/routing/override`;
    await until("calm", 20_000, async () => ((await routing()).domains[0]?.status === "found" ? true : null));
    await api.send("PUT", path, { mode: "frozen", reason: "drill: the backup is being rebuilt" });
    await until("frozen", 10_000, async () => ((await routing()).state === "frozen" ? true : null));
    tell("frozen", true, "by an editor, with a reason");
    await world.cdns.primary.setFault({ kind: "5xx" });
    await until("storm declared", 20_000, async () => ((await storms())[0]?.state === "storm" ? true : null));
    tell("storm declared", true, "detection goes on");
    await always("DNS is left alone", 10_000, async () => switches().length === 0 && (await routing()).state === "frozen");
    const seen = await routing();
    tell("and it says so", seen.state === "frozen" && seen.reason === "frozen", `state ${seen.state}, reason ${seen.reason}`);
    measure("DNS changes while frozen", String(switches().length), "0", switches().length === 0);
    await api.send("DELETE", path, undefined);
    await until("thawed, it shifts", 15_000, () => (weights() === "0/100" ? true : null));
    tell("thawed, it shifts", true, "it was the freeze and nothing else");
  },
};

import type { Scenario } from "../stage.ts";

/** The backup has been dead for a while when the primary dies: there is nowhere to go, so nothing moves. */
export const badBackup: Scenario = {
  title: "the backup is dead before the primary is",
  play: async ({ world, tell, measure, until, always, routing, storms, switches }) => {
    await world.cdns.backup.setFault({ kind: "5xx" });
    tell("the backup breaks", true, "nobody notices: no visitor is sent there");
    await until("calm, with the backup known to be down", 20_000, async () =>
      (await routing()).state === "normal" && world.logs.length > 0 ? true : null,
    );
    await always("a dead backup is no storm", 6_000, async () => (await storms()).length === 0);
    await world.cdns.primary.setFault({ kind: "5xx" });
    tell("the primary breaks", true, "");
    await until("storm declared", 20_000, async () => ((await storms())[0]?.state === "storm" ? true : null));
    const held = await until("held", 10_000, async () => {
      const seen = await routing();
      return seen.state === "held" ? seen : null;
    });
    tell("tranche holds, and says why", held.reason === "backup_down", `state ${held.state}, reason ${held.reason}`);
    await always("it never shifts", 12_000, () => switches().length === 0);
    await world.cdns.primary.setFault({ kind: "healthy" });
    await until("the storm ends", 40_000, async () => ((await storms())[0]?.state === "ended" ? true : null));
    tell("the storm ends", true, "the primary is back; the backup still dead");
    measure("DNS changes", String(switches().length), "0", switches().length === 0);
  },
};

import type { Scenario } from "../stage.ts";

/** Both CDNs die at once, as when the origin behind them does: moving traffic would help nobody. */
export const bothDown: Scenario = {
  title: "both CDNs die at the same moment",
  play: async ({ world, tell, measure, until, always, routing, storms, switches, weights }) => {
    await Promise.all([world.cdns.primary.setFault({ kind: "5xx" }), world.cdns.backup.setFault({ kind: "5xx" })]);
    tell("both break", true, "");
    await until("storm declared", 20_000, async () => ((await storms())[0]?.state === "storm" ? true : null));
    const held = await until("held", 10_000, async () => {
      const seen = await routing();
      return seen.state === "held" && seen.reason === "backup_down" ? seen : null;
    });
    tell("tranche holds, and says why", true, `state ${held.state}, reason ${held.reason}`);
    await always("the weights stay", 12_000, () => switches().length === 0);
    const whileDown = switches().length;
    await Promise.all([world.cdns.primary.setFault({ kind: "healthy" }), world.cdns.backup.setFault({ kind: "healthy" })]);
    tell("both recover", true, "");
    await until("the storm ends", 40_000, async () => ((await storms())[0]?.state === "ended" ? true : null));
    // Whichever is known to be up first is used: a backup that recovers during the storm may be, rightly.
    await until("calm again", 20_000, async () => ((await routing()).state === "normal" && weights() === "100/0" ? true : null));
    tell("calm again", true, `100/0, ${switches().length} DNS changes since the recovery`);
    measure("DNS changes while both were down", String(whileDown), "0", whileDown === 0);
  },
};

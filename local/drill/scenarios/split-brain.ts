import { scale, uncontrolledLimit } from "../duo.ts";
import type { DuoScenario } from "../stage.ts";
import { actsAgain, bothAtWork, doubledActions, seconds } from "./two-providers.ts";

const stormGoesOnMs = 6_000;

/** The Worker lives and its edge answers, but it can not reach the database: two controllers, one of whom may act. */
export const splitBrain: DuoScenario = {
  title: "the Worker is cut off from the database, and lives",
  play: async (stage) => {
    const { world, tell, until, always, measure, storms, switches, weights } = stage;
    const { cloudflare, cdns, watch } = world;
    const calmSinceMs = await bothAtWork(stage);

    const cutAtMs = Date.now();
    cloudflare.link.cut();
    await cdns.primary.setFault("5xx");
    const edge = await fetch(`${cloudflare.edge.url}/healthz`);
    tell("the Worker is cut off", edge.status === 200, "nothing gets through to the database; its public /healthz still says ok. The primary breaks");
    const takeover = await until("takeover", 30_000, async () => (await watch.takeovers()).find(({ to }) => to === "vercel") ?? null);
    tell("takeover", takeover.lapsed, `${seconds(takeover.atMs - cutAtMs)} after, epoch ${takeover.epoch}`);
    const shift = await until("weights 0/100 accepted", 30_000, () => switches().find(({ to }) => to === "0/100") ?? null);
    tell("weights 0/100 accepted by Route 53", (await storms()).length === 1, "one storm, one switch, by the fallback");

    cloudflare.link.heal();
    const healedAtMs = Date.now();
    tell("the network is back, in the storm", true, "what the Worker had sent arrives late: its epoch is over");
    await until("the Worker is heard again", 30_000, async () => {
      const rows = await watch.query<{ at: number }>("select (extract(epoch from heartbeat_at) * 1000)::float8 as at from providers where name = 'cloudflare'");
      return (rows[0]?.at ?? 0) > healedAtMs ? true : null;
    });
    await always("it is a witness and touches nothing", stormGoesOnMs, () =>
      weights() === "0/100" && switches().length === 1 && !watch.acted.some(({ provider, atMs }) => provider === "cloudflare" && atMs > takeover.atMs));
    const stale = await watch.query<{ count: number }>(
      `select count(*)::int as count from routing_changes where epoch < ${takeover.epoch} and coalesce(accepted_at, intended_at) > to_timestamp(${takeover.atMs / 1_000})`);

    await cdns.primary.setFault("healthy");
    await until("weights 100/0 accepted", 60_000, () => (switches().at(-1)?.to === "100/0" ? true : null));
    tell("weights 100/0 accepted by Route 53", true, "after the cooldown, by the fallback");
    const handed = await until("hand-back", 60_000, async () => (await watch.takeovers()).find(({ kind }) => kind === "hand_back") ?? null);
    tell("handed back", handed.to === "cloudflare", `${seconds(handed.atMs - healedAtMs)} after the network was back`);
    await actsAgain(stage, "cloudflare", handed.atMs);

    const gapMs = watch.longestGapMs(calmSinceMs);
    const lost = await watch.slotsWithout(null, calmSinceMs, Date.now() - 2_000);
    const doubled = await doubledActions(stage, { storms: 1, switches: 2, invoices: 0 });
    measure("longest time without an acting controller", seconds(gapMs), uncontrolledLimit, gapMs <= scale.uncontrolledAtMostMs);
    measure("cut off -> weights accepted", seconds(shift.atMs - cutAtMs), "", true);
    measure("lost samples: slots without one of the primary", `${lost}`, "0", lost === 0);
    measure("switches under an epoch that was over", `${stale[0]?.count ?? "?"}`, "0", stale[0]?.count === 0);
    measure("doubled actions", `${doubled}`, "0", doubled === 0);
  },
};

import { firstFailureKnownAtMs, readPrimarySamples } from "../evidence.ts";
import type { Duo } from "../duo.ts";
import { scale, uncontrolledLimit } from "../duo.ts";
import type { DuoScenario } from "../stage.ts";
import { createVisitors } from "../visitors.ts";
import { actsAgain, bothAtWork, billedOnce, doubledActions, seconds, stormDetectedAtMs } from "./two-providers.ts";

const quietMs = 3_000;

/** When the fallback was first seen to act after that moment. */
const actedAfter = ({ watch }: Duo, provider: string, fromMs: number): number | null =>
  watch.acted.find((round) => round.provider === provider && round.atMs > fromMs)?.atMs ?? null;

/** Cloudflare dies in calm, with the Worker on it and the customer's primary behind it. */
export const cloudflareDark: DuoScenario = {
  title: "Cloudflare goes dark, with the Worker on it and the primary behind it",
  play: async (stage) => {
    const { world, tell, until, always, measure, storms, switches, weights } = stage;
    const { cloudflare, cdns, watch, databaseUrl } = world;
    const calmSinceMs = await bothAtWork(stage);

    const darkAtMs = Date.now();
    await Promise.all([cdns.primary.setFault("refuse"), cloudflare.kill()]);
    tell("Cloudflare is dark", true, "the primary refuses connections, the Worker's processes are killed, its edge is silent");
    const failedAtMs = await until("the witness sees it", 10_000, async () => firstFailureKnownAtMs(await readPrimarySamples(databaseUrl, "vercel"), darkAtMs));
    tell("the witness sees it", true, `first failed probe after ${seconds(failedAtMs - darkAtMs)}; the dead Worker still holds the lease`);
    const takeover = await until("takeover", 30_000, async () => (await watch.takeovers()).find(({ to }) => to === "vercel") ?? null);
    tell("takeover", takeover.lapsed, `${seconds(takeover.atMs - darkAtMs)} after; the lease had lapsed, epoch ${takeover.epoch}`);
    const storm = await until("storm declared", 30_000, async () => (await storms())[0] ?? null);
    const detectedAtMs = await stormDetectedAtMs(world);
    const shift = await until("weights 0/100 accepted", 30_000, () => switches().find(({ to }) => to === "0/100") ?? null);
    const actingAtMs = await until("an acting round", 5_000, () => actedAfter(world, "vercel", darkAtMs));
    tell("weights 0/100 accepted by Route 53", true, `storm ${storm.id}, by the fallback`);
    const visitors = createVisitors(world);
    const moved = await Promise.all(Array.from({ length: 20 }, () => visitors.visit()));
    tell("visitors reach the backup", moved.every(({ cdn, served }) => cdn === "backup" && served), `${moved.length} of ${moved.length}`);
    await until("an alert", 70_000, () => (world.logs.some((line) => line.includes(`"takeover"`)) ? true : null));
    tell("the takeover is an alert, and on record", true, "a warning in the log, a row in the chain of takeovers");

    await Promise.all([cdns.primary.setFault("healthy"), cloudflare.start()]);
    cloudflare.edge.setFault("healthy");
    const backAtMs = Date.now();
    tell("Cloudflare is back", true, "the primary answers, a new Worker is the witness of the fallback");
    await until("weights 100/0 accepted", 60_000, () => (switches().at(-1)?.to === "100/0" ? true : null));
    tell("weights 100/0 accepted by Route 53", true, "after the cooldown, still by the fallback");
    const handed = await until("hand-back", 60_000, async () => (await watch.takeovers()).find(({ kind }) => kind === "hand_back") ?? null);
    tell("handed back", handed.to === "cloudflare", `${seconds(handed.atMs - backAtMs)} after its return, with no storm active`);
    await actsAgain(stage, "cloudflare", handed.atMs);
    const invoices = await billedOnce(stage);
    await always("quiet afterwards", quietMs, () => weights() === "100/0" && switches().length === 2);

    const gapMs = watch.longestGapMs(calmSinceMs);
    const lost = await watch.slotsWithout(null, calmSinceMs, Date.now() - 2_000);
    const doubled = await doubledActions(stage, { storms: 1, switches: 2, invoices });
    measure("dark -> first acting round of the fallback", seconds(actingAtMs - darkAtMs), uncontrolledLimit, actingAtMs - darkAtMs <= scale.uncontrolledAtMostMs);
    measure("longest time without an acting controller", seconds(gapMs), uncontrolledLimit, gapMs <= scale.uncontrolledAtMostMs);
    measure("detection delay: first failed probe -> storm", seconds(detectedAtMs - failedAtMs), "", true);
    measure("switch delay: storm -> weights accepted", seconds(shift.atMs - detectedAtMs), "", true);
    measure("dark -> weights accepted", seconds(shift.atMs - darkAtMs), "", true);
    measure("lost samples: slots without one of the primary", `${lost}`, "0", lost === 0);
    measure("doubled actions", `${doubled}`, "0", doubled === 0);
  },
};

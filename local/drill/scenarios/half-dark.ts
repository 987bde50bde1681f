import { scale, uncontrolledLimit } from "../duo.ts";
import { cadence } from "../outside.ts";
import type { DuoScenario } from "../stage.ts";
import { bothAtWork, measureDoubled, measureLost, seconds, storedByNowMs, stormDetectedAtMs } from "./two-providers.ts";

/** Longer than window and cooldown together: a storm that the Worker's own samples could end would be over by then. */
const stormGoesOnMs = cadence.windowMs + cadence.cooldownMs + 4_000;
const quietMs = 3_000;

/** Cloudflare's cron lives and renews, its public edge answers 502, and from the inside all looks well. */
export const halfDark: DuoScenario = {
  title: "Cloudflare's edge is dark, its cron lives and sees nothing wrong",
  seesInside: true,
  play: async (stage) => {
    const { world, tell, until, always, measure, storms, switches, weights } = stage;
    const { cloudflare, cdns, watch } = world;
    const calmSinceMs = await bothAtWork(stage);
    const samples = (fromMs: number) =>
      watch.query<{ vantage: string; good: number; bad: number }>(
        `select vantage, count(*) filter (where ok)::int as good, count(*) filter (where not ok)::int as bad from probe_samples
         where path = 'primary' and probed_at > to_timestamp(${fromMs / 1_000}) group by 1 order by 1`,
      );

    const darkAtMs = Date.now();
    cloudflare.edge.setFault("5xx");
    await cdns.primary.setFault("52x");
    tell(
      "the edge is dark",
      true,
      "the primary and the Worker's own /healthz answer 5xx to the public; the Worker reaches the primary from the inside",
    );
    await until("storm declared", 30_000, async () => (await storms())[0] ?? null);
    const detectedAtMs = await stormDetectedAtMs(world);
    const shift = await until("weights 0/100 accepted", 30_000, () => switches().find(({ to }) => to === "0/100") ?? null);
    tell("weights 0/100 accepted by Route 53", true, "by the Worker itself, which holds the lease, on the word of the witness");
    await until("the dark edge is on record", 15_000, async () => {
      const rows = await watch.query<{ error: string | null }>("select public_error as error from providers where name = 'cloudflare'");
      return rows[0]?.error ?? null;
    });
    tell("the dark edge is on record", true, "the witness looks at the Worker's public /healthz");
    await always(
      "the storm goes on",
      stormGoesOnMs,
      async () => weights() === "0/100" && (await storms()).every(({ state }) => state === "storm"),
    );
    const seen = await samples(darkAtMs + cadence.intervalMs);
    const [own, other] = [seen.find(({ vantage }) => vantage === "cloudflare"), seen.find(({ vantage }) => vantage === world.fallbackName)];
    tell(
      "the witness' samples win",
      own?.bad === 0 && (own?.good ?? 0) > 0 && other?.good === 0,
      `the Worker saw ${own?.good ?? 0} good of ${(own?.good ?? 0) + (own?.bad ?? 0)}, the witness ${other?.good ?? 0} of ${(other?.good ?? 0) + (other?.bad ?? 0)}`,
    );

    cloudflare.edge.setFault("healthy");
    await cdns.primary.setFault("healthy");
    await until("weights 100/0 accepted", 60_000, () => (switches().at(-1)?.to === "100/0" ? true : null));
    tell("weights 100/0 accepted by Route 53", true, "when the witness saw it up for the cooldown");
    // Until the runs of both have changed once: that must not cost a sample either.
    await always(
      "quiet afterwards",
      Math.max(quietMs, world.secondRunsMs - Date.now()),
      () => weights() === "100/0" && switches().length === 2,
    );

    const takeovers = await watch.takeovers();
    const gapMs = watch.longestGapMs(calmSinceMs, null);
    const toMs = storedByNowMs();
    measure("takeovers: the lease was renewed all along", `${takeovers.length}`, "0", takeovers.length === 0);
    measure("longest time without a controller", seconds(gapMs), uncontrolledLimit, gapMs <= scale.uncontrolledAtMostMs);
    measure("detection delay: edge dark -> storm", seconds(detectedAtMs - darkAtMs), "", true);
    measure("switch delay: storm -> weights accepted", seconds(shift.atMs - detectedAtMs), "", true);
    await measureLost(stage, [
      { provider: world.fallbackName, what: "the fallback, all along", fromMs: calmSinceMs, toMs },
      { provider: "cloudflare", what: "the Worker, all along", fromMs: calmSinceMs, toMs },
    ]);
    await measureDoubled(stage, { storms: 1, switches: 2, invoices: 0 });
  },
};

import { scale, uncontrolledLimit } from "../duo.ts";
import type { DuoScenario } from "../stage.ts";
import { actsAgain, bothAtWork, dnsRequests, handedBack, measureDoubled, measureLost, seconds, storedByNowMs } from "./two-providers.ts";

const stormGoesOnMs = 6_000;
/** The Worker waits 15 s for its database: earlier answers are used. */
const inTimeMs = 14_000;

/** Rows that a batch has touched, by the answer to it. */
const rowsIn = (body: string): number =>
  (JSON.parse(body) as { readonly results: readonly { readonly rowCount: number | null }[] }).results.reduce(
    (sum, { rowCount }) => sum + (rowCount ?? 0),
    0,
  );

/**
 * The Worker decides, and is cut off from the database at that very moment: two controllers, one of whom may act. What it
 * decided arrives after the other one has taken over.
 */
export const splitBrain: DuoScenario = {
  title: "the Worker is cut off from the database as it decides, and lives",
  play: async (stage) => {
    const { world, tell, until, always, measure, storms, switches, weights } = stage;
    const { cloudflare, cdns, watch } = world;
    const calmSinceMs = await bothAtWork(stage);

    const brokenAtMs = Date.now();
    const late = cloudflare.link.cutAt("insert into storm_events");
    await cdns.primary.setFault("5xx");
    const cutAtMs = await until("the Worker decides", 15_000, () => late.heldAtMs);
    const [lease] = await watch.query<{ provider: string; epoch: number }>(
      "select provider, epoch::int as epoch from leases where name = 'shard:0'",
    );
    tell(
      "the Worker declares a storm",
      lease?.provider === "cloudflare",
      `${seconds(cutAtMs - brokenAtMs)} after the primary broke, under epoch ${lease?.epoch}`,
    );
    const edge = await fetch(`${cloudflare.edge.url}/healthz`);
    tell(
      "the network goes, with that in it",
      edge.status === 200 && (await storms()).length === 0 && late.delivered === null,
      "nothing gets through to the database; its public /healthz still says ok",
    );
    const takeover = await until(
      "takeover",
      30_000,
      async () => (await watch.takeovers()).find(({ to, atMs }) => to === world.fallbackName && atMs > cutAtMs) ?? null,
    );
    tell("takeover", takeover.lapsed, `${seconds(takeover.atMs - cutAtMs)} after; the lease had lapsed, epoch ${takeover.epoch}`);
    const actingAtMs = await actsAgain(stage, world.fallbackName, cutAtMs);
    const shift = await until("weights 0/100 accepted", 10_000, () => switches().find(({ to }) => to === "0/100") ?? null);
    tell(
      "weights 0/100 accepted by Route 53",
      (await storms()).length === 1 && late.delivered === null,
      "one storm, one switch, by the fallback",
    );

    const healedAtMs = Date.now();
    cloudflare.link.heal();
    tell(
      "the network is back, in the storm",
      healedAtMs - cutAtMs < inTimeMs,
      `after ${seconds(healedAtMs - cutAtMs)}: the Worker still waits for its answer`,
    );
    const { atMs, status, body } = await until("the late decision arrives", 10_000, () => late.delivered);
    const written = status === 200 ? rowsIn(body) : -1;
    tell(
      "the late decision writes nothing",
      status === 200 && written === 0 && atMs - cutAtMs < inTimeMs,
      `delivered ${seconds(atMs - cutAtMs)} late, answered ${status}, ${written} rows`,
    );
    await until("the Worker is heard again", 30_000, async () => {
      const rows = await watch.query<{ at: number }>(
        "select (extract(epoch from heartbeat_at) * 1000)::float8 as at from providers where name = 'cloudflare'",
      );
      return (rows[0]?.at ?? 0) > healedAtMs ? true : null;
    });
    await always("it is a witness and touches nothing", stormGoesOnMs, () => {
      const { accepted, refused } = dnsRequests(world);
      const actsToo = watch.acted.some((round) => round.provider === "cloudflare" && round.atMs > takeover.atMs);
      return weights() === "0/100" && accepted === 1 && refused === 0 && !actsToo;
    });

    await cdns.primary.setFault("healthy");
    await until("weights 100/0 accepted", 60_000, () => (switches().at(-1)?.to === "100/0" ? true : null));
    tell("weights 100/0 accepted by Route 53", true, "after the cooldown, by the fallback");
    await actsAgain(stage, "cloudflare", await handedBack(stage, healedAtMs, "the network was back"));

    const [stale] = await watch.query<{ switches: number; evidence: number }>(
      `select (select count(*)::int from routing_changes where epoch < ${takeover.epoch}) as switches,
         (select count(*)::int from evidence where (body::jsonb #>> '{decided_by,epoch}')::int < ${takeover.epoch}) as evidence`,
    );
    const gapMs = watch.longestGapMs(calmSinceMs, cutAtMs);
    measure(
      "cut off -> first acting round of the fallback",
      seconds(actingAtMs - cutAtMs),
      uncontrolledLimit,
      actingAtMs - cutAtMs <= scale.uncontrolledAtMostMs,
    );
    measure("longest time without a controller", seconds(gapMs), uncontrolledLimit, gapMs <= scale.uncontrolledAtMostMs);
    measure("detection delay: primary breaks -> the Worker's storm", seconds(cutAtMs - brokenAtMs), "", true);
    measure("switch delay: takeover -> weights accepted", seconds(shift.atMs - takeover.atMs), "", true);
    measure("cut off -> weights accepted", seconds(shift.atMs - cutAtMs), "", true);
    measure("rows of the decision that came too late", `${written}`, "0", written === 0);
    measure(
      "switches, evidence under the epoch that was over",
      `${stale?.switches}, ${stale?.evidence}`,
      "0, 0",
      stale?.switches === 0 && stale.evidence === 0,
    );
    await measureLost(stage, [
      { provider: world.fallbackName, what: "the fallback, all along", fromMs: calmSinceMs, toMs: storedByNowMs() },
      { provider: "cloudflare", what: "the Worker, until it is cut off", fromMs: calmSinceMs, toMs: cutAtMs },
    ]);
    await measureDoubled(stage, { storms: 1, switches: 2, invoices: 0 });
  },
};

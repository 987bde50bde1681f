import type { Clock, SharedClock } from "../adapters/ports/platform/clock.ts";
import type { Shard } from "../adapters/ports/coordination/shards.ts";
import type { Peer } from "../adapters/ports/coordination/peer.ts";
import type { Place } from "../adapters/ports/detection/probe.ts";
import type { Presence } from "../adapters/ports/detection/round.ts";
import { patiently } from "./with-timeout.ts";
import type { Connections } from "./connection-slots.ts";
import { nobody } from "./connection-slots.ts";

type Present = {
  readonly vantage: string;
  readonly clock: Clock;
  readonly place?: Place;
  readonly peer?: Peer;
  readonly sharedClock?: Pick<SharedClock, "skewMs">;
};

/** One shard writes its provider's heartbeat: several would contend for the rows of `providers`. */
const speaksFor = (shard: Shard): boolean => shard.index === 0;

/** Longer than either of these checks takes. */
const lookMs = 8_000;

/**
 * Checks the other provider, without waiting: the next round may report the result; and looks up this one's location.
 * @param untilMs deadline of the location
 */
export const lookAround = async (
  { peer, place, clock }: Present,
  shard: Shard,
  connections: Connections,
  untilMs: number,
): Promise<void> => {
  const look = async (work: () => Promise<void>): Promise<unknown> =>
    await connections
      .until({ lane: "background", key: nobody }, { untilMs: clock.nowMs() + lookMs, answerMs: lookMs }, work)
      .catch(() => undefined);
  if (peer !== undefined && speaksFor(shard)) void look(() => peer.look());
  if (place !== undefined)
    await patiently(
      clock,
      look(() => place.look()),
      untilMs - clock.nowMs(),
      undefined,
    );
};

/** The heartbeat of a round. @param acted whether it is a round of the lease's holder, rather than a witness' */
export const presenceOf = (
  { vantage, place, peer, sharedClock }: Omit<Present, "clock">,
  shard: Shard,
  acted: boolean,
  nowMs: number,
): Presence => ({
  vantage,
  place: place?.known() ?? null,
  nowMs,
  beat: speaksFor(shard) ? { provider: vantage, acted, seen: peer?.take() ?? null, clockSkewMs: sharedClock?.skewMs() ?? null } : null,
});

import type { SharedClock } from "../adapters/ports/clock.ts";
import type { Shard } from "../adapters/ports/dispatcher.ts";
import type { Peer } from "../adapters/ports/peer.ts";
import type { Place } from "../adapters/ports/place.ts";
import type { Presence } from "../adapters/ports/round.ts";
import type { Slots } from "./slots.ts";
import { nobody } from "./slots.ts";

type Present = { readonly vantage: string; readonly place?: Place; readonly peer?: Peer; readonly sharedClock?: Pick<SharedClock, "skewMs"> };

/** One shard stands for its provider: of more, each row of `providers` would be written by all at once. */
const speaksFor = (shard: Shard): boolean => shard.index === 0;

/** Begins to look at the other provider; the round does not wait for what comes of it, the next one may report it. */
export const lookAtPeer = ({ peer }: Present, shard: Shard, slots: Slots): void => {
  if (peer !== undefined && speaksFor(shard)) void slots(nobody, false, () => peer.look());
};

/** What a round says of itself. @param acted whether it is a round of the lease's holder, rather than a witness' */
export const presenceOf = ({ vantage, place, peer, sharedClock }: Present, shard: Shard, acted: boolean, nowMs: number): Presence => ({
  vantage,
  place: place?.known() ?? null,
  nowMs,
  beat: speaksFor(shard) ? { provider: vantage, acted, seen: peer?.take() ?? null, clockSkewMs: sharedClock?.skewMs() ?? null } : null,
});

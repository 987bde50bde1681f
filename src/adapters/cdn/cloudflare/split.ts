import type { Patience } from "./client.ts";
import { CloudflareError } from "./error.ts";

type Send<Item> = (part: readonly Item[], patience: Patience) => Promise<void>;
type GiveUp<Item> = (item: Item, error: CloudflareError) => Promise<void>;

/**
 * Queries several things together and, where that fails, separately. `giveUp` gets a single thing that cannot be queried.
 * `isTroubled`: they have failed before, so they get a shorter time-out.
 */
export type Splitter = <Item>(items: readonly Item[], send: Send<Item>, giveUp: GiveUp<Item>, isTroubled?: boolean) => Promise<void>;

/** After so many queries without any answer Cloudflare is taken to be down, rather than one of the things to be the cause. */
const MOST_IN_VAIN = 6;
/** Splitting is itself another attempt. */
const ATTEMPTS_APART = 2;

/**
 * A splitter for one reading: a zone whose query is refused, malformed or fails is found by bisection and
 * does not affect the rest.
 * The splitter throws CloudflareError where further queries are pointless: no quota, no time, or no answer to any query.
 */
export const createSplitter = (signal: AbortSignal): Splitter => {
  let hasAnswered = false;
  let inVain = 0;

  return async function split<Item>(items: readonly Item[], send: Send<Item>, giveUp: GiveUp<Item>, isAgain = false): Promise<void> {
    const [first] = items;
    if (first === undefined) return;
    try {
      // A time-out for several things costs the time of the others: they are split at once.
      const attemptsOnTimeout = isAgain || items.length > 1 ? { attemptsOnTimeout: 1 } : {};
      await send(items, { signal, ...(isAgain && { attempts: ATTEMPTS_APART }), ...attemptsOnTimeout });
      hasAnswered = true;
    } catch (error) {
      if (!(error instanceof CloudflareError) || error.isForLater) throw error;
      // A refused token may concern one of the things only.
      if (!error.retryable && error.code !== "auth") hasAnswered = true;
      inVain += 1;
      if (!hasAnswered && inVain >= MOST_IN_VAIN) throw error;
      if (items.length === 1) return await giveUp(first, error);
      const half = Math.ceil(items.length / 2);
      await split(items.slice(0, half), send, giveUp, true);
      await split(items.slice(half), send, giveUp, true);
    }
  };
};

import type { Patience } from "./client.ts";
import { CloudflareError } from "./error.ts";

type Send<Item> = (part: readonly Item[], patience: Patience) => Promise<void>;
type GiveUp<Item> = (item: Item, error: CloudflareError) => Promise<void>;

/**
 * Asks for several things together and, where that fails, apart. `giveUp` gets a single thing that cannot be asked for.
 * `isTroubled`: they have failed before, so that less is waited for them.
 */
export type Splitter = <Item>(items: readonly Item[], send: Send<Item>, giveUp: GiveUp<Item>, isTroubled?: boolean) => Promise<void>;

/** So many questions without any answer, and Cloudflare is taken for down instead of one of the things for the cause. */
const MOST_IN_VAIN = 6;
/** Asking apart is itself another attempt. */
const ATTEMPTS_APART = 2;

/**
 * A splitter for one reading, so that a zone that is refused, garbled, or that Cloudflare chokes on is found by halving and
 * does not spoil the rest.
 * The splitter throws CloudflareError where there is no point in asking on: no quota, no time, or no answer whatever is asked.
 */
export const createSplitter = (signal: AbortSignal): Splitter => {
  let hasAnswered = false;
  let inVain = 0;

  return async function split<Item>(items: readonly Item[], send: Send<Item>, giveUp: GiveUp<Item>, isAgain = false): Promise<void> {
    const [first] = items;
    if (first === undefined) return;
    try {
      // A timeout of several things costs the time of the others: they are asked for apart at once.
      const attemptsOnTimeout = isAgain || items.length > 1 ? { attemptsOnTimeout: 1 } : {};
      await send(items, { signal, ...(isAgain && { attempts: ATTEMPTS_APART }), ...attemptsOnTimeout });
      hasAnswered = true;
    } catch (error) {
      if (!(error instanceof CloudflareError) || error.isForLater) throw error;
      // A refused token may be about one of the things only.
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

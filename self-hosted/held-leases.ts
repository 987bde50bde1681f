import type { Fence, LeaseStore } from "../src/adapters/ports/coordination/lease.ts";

/** A lease store that knows what it holds, so that a process that is stopped in order leaves nothing behind that others wait for. */
export type HeldLeases = {
  readonly leases: LeaseStore;
  /** Gives up all of them, and takes none any more. */
  readonly giveUpAll: () => Promise<void>;
};

/** Whoever still works under a lease that was given up is fenced off: what it writes from then on has no effect. */
export const heldLeases = (own: LeaseStore): HeldLeases => {
  const held = new Map<string, Fence>();
  let isOver = false;
  const keyOf = ({ name, epoch }: Fence) => `${name}:${epoch}`;
  const keep = (fence: Fence | null): void => void (fence === null || held.set(keyOf(fence), fence));
  /** What was asked for before the end, and came after it. */
  const tooLate = async (fence: Fence | null): Promise<boolean> => {
    if (isOver && fence !== null) await own.giveUp(fence);
    return isOver && fence !== null;
  };
  const drop = (fence: Fence): void => void held.delete(keyOf(fence));
  return {
    leases: {
      ttlMs: own.ttlMs,
      take: async (...asked) => {
        // As if it were the other provider's, for as long as this process still lives.
        if (isOver) return { held: null, by: asked[1], freeInMs: own.ttlMs };
        const taking = await own.take(...asked);
        if (await tooLate(taking.held)) return { held: null, by: asked[1], freeInMs: own.ttlMs };
        keep(taking.held);
        return taking;
      },
      acquire: async (...asked) => {
        const fence = isOver ? null : await own.acquire(...asked);
        if (await tooLate(fence)) return null;
        keep(fence);
        return fence;
      },
      renew: async (fence) => {
        const isHeld = await own.renew(fence);
        if (!isHeld) drop(fence);
        return isHeld;
      },
      release: async (fence) => {
        await own.release(fence);
        drop(fence);
      },
      giveUp: async (fence) => {
        await own.giveUp(fence);
        drop(fence);
      },
      handBack: async (fence, ...rest) => {
        const isHandedBack = await own.handBack(fence, ...rest);
        if (isHandedBack) drop(fence);
        return isHandedBack;
      },
    },
    giveUpAll: async () => {
      isOver = true;
      await Promise.allSettled([...held.values()].map((fence) => own.giveUp(fence)));
      held.clear();
    },
  };
};

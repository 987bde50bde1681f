import type { Clock } from "../../src/adapters/ports/platform/clock.ts";
import type { LeaseStore } from "../../src/adapters/ports/coordination/lease.ts";

const ttlMs = 45_000;

/** Leases as the database keeps them, on the test's clock; without the preference after a release, except after a hand-back. */
export const createMemoryLeases = (clock: Clock) => {
  const held = new Map<string, { holder: string; provider: string; epoch: number; expiresAtMs: number; keptUntilMs: number }>();
  const log: string[] = [];
  /** Whether a hand-back is due, as far as the test says. */
  const state = { handBack: false };
  const current = ({ name, epoch }: { name: string; epoch: number }) => {
    const lease = held.get(name);
    return lease === undefined || lease.epoch !== epoch || lease.expiresAtMs <= clock.nowMs() ? null : lease;
  };
  const take: LeaseStore["take"] = async (name, provider, holder) => {
    const before = held.get(name);
    const freeAtMs =
      before === undefined ? 0 : before.provider === provider ? before.expiresAtMs : Math.max(before.expiresAtMs, before.keptUntilMs);
    if (before !== undefined && freeAtMs > clock.nowMs() && (before.holder !== holder || before.provider !== provider)) {
      return { held: null, by: before.provider, freeInMs: freeAtMs - clock.nowMs() };
    }
    const epoch = (before?.epoch ?? 0) + 1;
    held.set(name, { holder, provider, epoch, expiresAtMs: clock.nowMs() + ttlMs, keptUntilMs: 0 });
    log.push(`acquired ${name} by ${holder}`);
    return { held: { name, epoch }, from: before?.provider ?? null };
  };
  const leases: LeaseStore = {
    ttlMs,
    take,
    acquire: async (...asked) => (await take(...asked)).held,
    renew: async (fence) => {
      const lease = current(fence);
      if (lease === null) return false;
      held.set(fence.name, { ...lease, expiresAtMs: clock.nowMs() + ttlMs });
      log.push(`renewed ${fence.name}`);
      return true;
    },
    release: async (fence) => {
      const lease = current(fence);
      if (lease === null) return;
      held.set(fence.name, { ...lease, expiresAtMs: clock.nowMs() });
      log.push(`released ${fence.name}`);
    },
    giveUp: async (fence) => {
      const lease = current(fence);
      if (lease === null) return;
      held.set(fence.name, { ...lease, expiresAtMs: clock.nowMs(), keptUntilMs: 0 });
      log.push(`gave up ${fence.name}`);
    },
    handBack: async (fence, preferred) => {
      const lease = current(fence);
      if (lease === null || lease.provider === preferred || !state.handBack) return false;
      held.set(fence.name, { ...lease, provider: preferred, expiresAtMs: clock.nowMs(), keptUntilMs: clock.nowMs() + ttlMs });
      log.push(`handed back ${fence.name} to ${preferred}`);
      return true;
    },
  };
  return { leases, log, state };
};

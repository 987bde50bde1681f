import type { Clock } from "../../src/adapters/ports/clock.ts";
import type { LeaseStore } from "../../src/adapters/ports/lease.ts";

/** Leases as the database keeps them, on the test's clock; without the preference after a release. */
export const createMemoryLeases = (clock: Clock) => {
  const held = new Map<string, { holder: string; epoch: number; expiresAtMs: number }>();
  const log: string[] = [];
  const leases: LeaseStore = {
    acquire: async (name, _, holder) => {
      const before = held.get(name);
      if (before !== undefined && before.expiresAtMs > clock.nowMs() && before.holder !== holder) return null;
      const epoch = (before?.epoch ?? 0) + 1;
      held.set(name, { holder, epoch, expiresAtMs: clock.nowMs() + 45_000 });
      log.push(`acquired ${name} by ${holder}`);
      return { name, epoch };
    },
    renew: async ({ name, epoch }) => {
      const lease = held.get(name);
      if (lease === undefined || lease.epoch !== epoch || lease.expiresAtMs <= clock.nowMs()) return false;
      held.set(name, { ...lease, expiresAtMs: clock.nowMs() + 45_000 });
      log.push(`renewed ${name}`);
      return true;
    },
    release: async ({ name, epoch }) => {
      const lease = held.get(name);
      if (lease === undefined || lease.epoch !== epoch || lease.expiresAtMs <= clock.nowMs()) return;
      held.set(name, { ...lease, expiresAtMs: clock.nowMs() });
      log.push(`released ${name}`);
    },
  };
  return { leases, log };
};

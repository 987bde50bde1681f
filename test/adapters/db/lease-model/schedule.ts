import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Database } from "../../../../src/adapters/db/platform/client.ts";
import { systemClock } from "../../../../src/adapters/platform/clock.ts";
import { fenceCte } from "../../../../src/adapters/db/platform/fence.ts";
import { createLeaseStore, defaultTtlMs } from "../../../../src/adapters/db/coordination/leases.ts";
import type { Clock } from "../../../../src/adapters/ports/platform/clock.ts";
import type { Fence, LeaseStore } from "../../../../src/adapters/ports/coordination/lease.ts";
import { whileHeld } from "../../../../src/pipeline/lease.ts";
import { seededRandom } from "../../../support/random.ts";

/** What a holder asked for, and was told. `starved`: nobody got the lease in the end. */
export type Call =
  | { readonly kind: "take"; readonly holder: string; readonly epoch: number | null; readonly from: string | null; readonly ok: boolean }
  | { readonly kind: "renew" | "release" | "handBack"; readonly epoch: number; readonly ok: boolean }
  | { readonly kind: "write"; readonly epoch: number; readonly ok: boolean; readonly accepted: number }
  | { readonly kind: "starved"; readonly epoch: number | null; readonly ok: boolean };

export type Schedule = { readonly seed: number; readonly lease: string; readonly ttlMs: number };

const providers = ["cloudflare", "vercel"] as const;

/**
 * A schedule's lease. Half of them have a life of milliseconds, so that time is the database's own and a lease ends while
 * a write is under way; the other half have the real one, and somebody who makes time pass for them.
 */
export const scheduleOf = (seed: number, run = 0): Schedule => {
  const random = seededRandom(seed);
  const ttlMs = [defaultTtlMs, defaultTtlMs, 12, 30][Math.floor(random() * 4)] ?? defaultTtlMs;
  return { seed, lease: `${random() < 0.5 ? "shard" : "job"}:model-${run}-${seed}`, ttlMs };
};

/** A process's own idea of time: off by up to a day, and up to three times too slow or too fast. */
const skewedClock = (random: () => number): Clock => {
  const offsetMs = (random() - 0.5) * 2 * 86_400_000;
  const rate = 3 ** (random() * 2 - 1);
  return { nowMs: () => Date.now() + offsetMs, sleep: (ms, until) => systemClock.sleep(ms * rate, until) };
};

const write = (fence: Fence, holder: string, slowMs: number): SQL => sql`
  with ${fenceCte(fence)}, slow as materialized (select ${slowMs === 0 ? sql`1` : sql`pg_sleep(${slowMs / 1_000})`} from fence)
  insert into written (lease, epoch, holder) select ${fence.name}, ${fence.epoch}::bigint, ${holder}
  where exists (select from ${slowMs === 0 ? sql`fence` : sql`slow`}) returning id`;

/** Runs a schedule: four holders, two runs of each provider, do what their seeds say, side by side. */
export const runSchedule = async (db: Database, { seed, lease, ttlMs }: Schedule): Promise<readonly Call[]> => {
  const calls: Call[] = [];
  const isLong = ttlMs === defaultTtlMs;
  /** How long a pause is that a lease does not outlive, give or take. */
  const lifeMs = isLong ? 8 : ttlMs;
  const open = new Set<Promise<unknown>>();
  const leases = observed(createLeaseStore(db, ttlMs), calls, open);

  const takeAs = async (provider: string, holder: string) => {
    const taking = await leases.take(lease, provider, holder);
    calls.push({
      kind: "take",
      holder,
      epoch: taking.held?.epoch ?? null,
      from: taking.held === null ? null : taking.from,
      ok: taking.held !== null,
    });
    return taking;
  };
  const age = (ms: number) =>
    db.rows(sql`
    update leases set acquired_at = acquired_at - ${ms} * interval '1 millisecond', expires_at = expires_at - ${ms} * interval '1 millisecond',
      released_at = released_at - ${ms} * interval '1 millisecond' where name = ${lease}`);
  const writeAs = async (fence: Fence, holder: string, slowMs = 0): Promise<boolean> => {
    const accepted = (await db.rows(write(fence, holder, slowMs))).length;
    calls.push({ kind: "write", epoch: fence.epoch, ok: accepted > 0, accepted });
    return accepted > 0;
  };
  const writeTwice = async (fence: Fence, holder: string, slowMs: number): Promise<boolean> => {
    const results = await db.batch([write(fence, holder, 0), write(fence, holder, slowMs), write(fence, holder, 0)]);
    for (const rows of results) calls.push({ kind: "write", epoch: fence.epoch, ok: rows.length > 0, accepted: rows.length });
    return results.every((rows) => rows.length > 0);
  };

  const act = async (actor: number): Promise<void> => {
    const random = seededRandom(seed * 7 + actor + 1);
    const clock = skewedClock(random);
    const provider = providers[actor % 2] ?? "cloudflare";
    let run = actor;
    const holder = () => `${provider}:run-${run}`;
    let fence: Fence | null = null;
    let takenAtMs = 0;
    const moment = () => random() * lifeMs * 0.3;
    const steps = 3 + Math.floor(random() * 4);
    for (let step = 0; step < steps; step += 1) {
      if (random() < 0.6) await systemClock.sleep(moment());
      if (fence === null) {
        const taking = await takeAs(provider, holder());
        fence = taking.held;
        takenAtMs = performance.now();
        if (taking.held === null) await systemClock.sleep(Math.min(taking.freeInMs, lifeMs) * (0.5 + random()));
        continue;
      }
      const held: Fence = fence;
      const slowMs = 1 + random() * 7;
      let isHeld = true;
      const what = random();
      if (what < 0.2) isHeld = await writeAs(held, holder());
      else if (what < 0.35) {
        // Begun just before the lease ends, and done after.
        if (!isLong) await systemClock.sleep(takenAtMs + ttlMs - performance.now() - random() * 5);
        isHeld = await writeAs(held, holder(), slowMs);
      } else if (what < 0.42) isHeld = await writeTwice(held, holder(), slowMs);
      else if (what < 0.56) {
        await whileHeld({ leases, clock }, held, async () => {
          await systemClock.sleep(random() * lifeMs * 1.5);
          isHeld = await writeAs(held, holder(), random() < 0.3 ? slowMs : 0);
        });
      } else if (what < 0.64) isHeld = await leases.renew(held);
      else if (what < 0.72) {
        await leases.release(held);
        isHeld = random() < 0.3;
      } else if (what < 0.78) isHeld = !(await leases.handBack(held, "cloudflare", 60_000));
      else if (what < 0.92) {
        // Sleeps through its lease, and writes all the same.
        await systemClock.sleep(lifeMs * (0.8 + random()));
        isHeld = await writeAs(held, holder());
      } else {
        // Dies; comes back under the same name, or as another run.
        if (random() < 0.5) run += 4;
        fence = null;
      }
      // Who is told that it has lost the lease believes it, mostly.
      if (!isHeld && random() < 0.85) fence = null;
    }
  };

  const passTime = async (): Promise<void> => {
    const random = seededRandom(seed * 7 + 6);
    for (let step = 0; isLong && step < 4; step += 1) {
      await systemClock.sleep(1 + random() * 6);
      await age(5_000 + random() * 60_000);
    }
  };

  await Promise.all([...providers.keys(), 2, 3].map(act).concat(passTime()));
  while (open.size > 0) await Promise.allSettled(open);
  // In the end everybody is awake: somebody gets the lease, and with it may write.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const takings = await Promise.all(
      providers.map(async (provider) => ({ holder: `${provider}:last`, taking: await takeAs(provider, `${provider}:last`) })),
    );
    const won = takings.find(({ taking }) => taking.held !== null);
    if (won?.taking.held != null && (!isLong || (await writeAs(won.taking.held, won.holder)))) return calls;
    const waitMs = Math.max(...takings.map(({ taking }) => (taking.held === null ? taking.freeInMs : 0)));
    await (isLong ? age(waitMs) : systemClock.sleep(waitMs + 1));
  }
  return [...calls, { kind: "starved", epoch: null, ok: false }];
};

/** The store, with every renewal and return noted, also those that `whileHeld` asks for and nobody waits for. */
const observed = (leases: LeaseStore, calls: Call[], open: Set<Promise<unknown>>): LeaseStore => {
  const noted = async (kind: "renew" | "release" | "handBack", fence: Fence, work: Promise<boolean>): Promise<boolean> => {
    open.add(work);
    try {
      const ok = await work;
      calls.push({ kind, epoch: fence.epoch, ok });
      return ok;
    } finally {
      open.delete(work);
    }
  };
  return {
    ...leases,
    renew: (fence) => noted("renew", fence, leases.renew(fence)),
    release: async (fence) =>
      void (await noted(
        "release",
        fence,
        leases.release(fence).then(() => true),
      )),
    handBack: (fence, preferred, goodForMs) => noted("handBack", fence, leases.handBack(fence, preferred, goodForMs)),
  };
};

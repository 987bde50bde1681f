import { describe, expect, it } from "vitest";
import type { Dns } from "../../src/adapters/ports/steering/dns.ts";
import type { Fence } from "../../src/adapters/ports/coordination/lease.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import type { RoundDeps } from "../../src/pipeline/round.ts";
import { runRound } from "../../src/pipeline/round.ts";
import { seededRandom } from "../support/random.ts";
import type { World } from "../support/round-world.ts";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";
const killed = () => {
  throw new Error("killed");
};

/** Switches that the history says were made: one row for each that was, and no row for any that was not. */
const told = async () =>
  (
    await world.sql<{ from_primary: number; to_primary: number; epoch: string }>(
      "select from_primary, to_primary, epoch from routing_changes where result in ('accepted', 'insync', 'unconfirmed') order by id",
    )
  ).length;

type Kill = (world: World) => Partial<RoundDeps>;

/** `round` 1 is the one in which the switch is made, 2 the next, in which it is found to be in sync. */
const points: readonly (readonly [string, 1 | 2, Kill])[] = [
  ["before the intent is stored", 1, ({ rounds }) => ({ rounds: { ...rounds, saveDecisions: killed } })],
  [
    "after the intent is stored",
    1,
    ({ rounds }) => ({
      rounds: { ...rounds, saveDecisions: async (...args) => (await rounds.saveDecisions(...args), killed()) },
    }),
  ],
  ["before the call", 1, ({ dns, rounds }) => ({ dns: { ...dns.dns, apply: killed }, rounds: { ...rounds, saveOutcomes: killed } })],
  [
    "after the call, without its answer",
    1,
    ({ dns, rounds }) => ({
      dns: { ...dns.dns, apply: async (...args) => (await dns.dns.apply(...args), killed()) },
      rounds: { ...rounds, saveOutcomes: killed },
    }),
  ],
  ["before the change id is stored", 1, ({ rounds }) => ({ rounds: { ...rounds, saveOutcomes: killed } })],
  [
    "after the change id is stored",
    1,
    ({ rounds }) => ({
      rounds: { ...rounds, saveOutcomes: async (...args) => (await rounds.saveOutcomes(...args), killed()) },
    }),
  ],
  [
    "before INSYNC is asked for",
    2,
    ({ dns, rounds }) => ({ dns: { ...dns.dns, status: killed }, rounds: { ...rounds, saveAndEvaluate: killed } }),
  ],
  ["after INSYNC is heard, before it is stored", 2, ({ rounds }) => ({ rounds: { ...rounds, saveOutcomes: killed } })],
  [
    "after INSYNC is stored",
    2,
    ({ rounds }) => ({
      rounds: { ...rounds, saveOutcomes: async (...args) => (await rounds.saveOutcomes(...args), killed()) },
    }),
  ],
];

describe("a controller killed", () => {
  for (const successor of ["the same provider", "another provider"] as const)
    for (const [point, when, kill] of points) {
      it(`${point}: ${successor} brings the weights where they belong within one round, and tells of one switch`, async () => {
        const { dns, seed, round, roundsOf, prober, held, acquire, history, domain } = world;
        dns.put(name);
        const { domainIds } = await seed();
        await roundsOf(4);
        prober.say("a.cdn.net", 503);
        if (when === 2) {
          await roundsOf(1);
          dns.settle();
        }
        await expect(round(kill(world))).rejects.toThrow("killed");
        if (successor === "another provider") held.fence = await acquire("vercel");
        await roundsOf(1);
        expect(dns.weights(name), "within one round").toBe("0/100");
        dns.settle();
        await roundsOf(10);
        expect(dns.made, "made once").toHaveLength(1);
        expect(await told(), "told once").toBe(1);
        const rows = (await history()).filter((line) => !line.endsWith("superseded"));
        expect(rows).toHaveLength(1);
        expect(rows[0], "nothing is left in doubt").toMatch(/^100\/0>0\/100 storm (accepted|insync)$/);
        expect(await domain(domainIds[0] ?? 0)).toMatchObject({ primary_weight: 0, backup_weight: 100, last_error: null });
        expect((await domain(domainIds[0] ?? 0))?.moved_at).not.toBeNull();
      });
    }
});

describe("an intent of an earlier holder", () => {
  it("that takes effect after all is found within one round, although its holder was taken for dead", async () => {
    const { dns, seed, roundsOf, clock, deps, held, acquire, override, run } = world;
    dns.put(name);
    const { serviceId } = await seed();
    await roundsOf(4);
    await override(serviceId, "backup");
    let slowMs = 20_000;
    dns.hooks.latencyMs = () => slowMs;
    const zombie = run(clock.nowMs()).catch(() => undefined);
    while (dns.changes.length === 0 && (await world.history()).length === 0) await clock.advance(1);
    held.fence = await acquire("vercel");
    await override(serviceId, "primary");
    slowMs = 0;
    await clock.run(runRound(deps, held.fence, { index: 0, count: 1 }, clock.nowMs()));
    expect(dns.weights(name)).toBe("100/0");
    await clock.run(zombie);
    // Its round gave the call up long ago; that does not keep it from having an effect.
    await clock.advance(40_000);
    expect(dns.weights(name), "the zombie's call").toBe("0/100");
    await roundsOf(1);
    expect(dns.weights(name), "one round later").toBe("100/0");
    expect([dns.made.length, await told()]).toEqual([2, 2]);
  });
});

/** How long each of its steps takes a controller, and where it dies, if it does. */
const clumsy = (fence: Fence, random: () => number): RoundDeps => {
  const { rounds, dns, clock, deps } = world;
  let left = random() < 0.4 ? Math.floor(random() * 10) : -1;
  let isDead = false;
  /** Who is dead does nothing any more, whoever survives what it throws. */
  const perhaps = (): void => {
    isDead ||= left-- === 0;
    if (isDead) killed();
  };
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    perhaps();
    await clock.sleep(Math.floor(random() * 8_000));
    const done = await work();
    await clock.sleep(Math.floor(random() * 2_000));
    perhaps();
    return done;
  };
  const store: RoundStore = {
    ...rounds,
    load: (...args) => step(() => rounds.load(...args)),
    saveAndEvaluate: (...args) => step(() => rounds.saveAndEvaluate(...args)),
    saveDecisions: (...args) => step(() => rounds.saveDecisions(...args)),
    saveOutcomes: (...args) => step(() => rounds.saveOutcomes(...args)),
  };
  const slow: Dns = {
    ...dns.dns,
    read: (...asked) => step(() => dns.dns.read(...asked)),
    apply: (changes, budget) => {
      for (const change of changes) epochs.set(change, fence.epoch);
      return step(() => dns.dns.apply(changes, budget));
    },
  };
  return { ...deps, rounds: store, dns: slow };
};

/** Under which epoch a switch was sent. */
const epochs = new WeakMap<object, number>();

describe("two controllers at once", () => {
  it("converge within one round in 200 random interleavings, never overwrite a newer switch, and tell of each switch once", async () => {
    const { dns, seed, roundsOf, clock, held, acquire, override, deps } = world;
    dns.put(name);
    const { serviceId } = await seed();
    await roundsOf(4);
    let deaths = 0;
    let switches = 0;
    for (let number = 0; number < 200; number += 1) {
      const random = seededRandom(number);
      const want = async (): Promise<string> => {
        const mode = random() < 0.5 ? "backup" : "primary";
        await override(serviceId, mode);
        return mode === "backup" ? "0/100" : "100/0";
      };
      let wanted = await want();
      const made = dns.made.length;
      // Every third call hangs so long that its holder is taken for dead.
      dns.hooks.latencyMs = () => Math.floor(random() * (random() < 0.3 ? 25_000 : 3_000));
      const control = (fence: Fence) =>
        runRound(clumsy(fence, random), fence, { index: 0, count: 1 }, clock.nowMs()).then(
          () => 0,
          () => 1,
        );
      const older = control(held.fence);
      const newer = (async () => {
        await clock.sleep(Math.floor(random() * 30_000));
        held.fence = await acquire(random() < 0.5 ? "local" : "vercel");
        if (random() < 0.5) wanted = await want();
        return await control(held.fence);
      })();
      const [first, second] = await clock.run(Promise.all([older, newer]));
      deaths += first + second;
      // No round waits for a call that hangs; whatever comes of it comes within this.
      await clock.advance(60_000);
      const madeBy = dns.made.slice(made).map((change) => epochs.get(change) ?? 0);
      expect(madeBy, `${number}: an old view overwrote a newer switch`).toEqual(madeBy.toSorted((a, b) => a - b));
      dns.hooks.latencyMs = () => 0;
      if (second === 1) held.fence = await acquire();
      await clock.run(runRound(deps, held.fence, { index: 0, count: 1 }, clock.nowMs()));
      expect(dns.weights(name), `${number}: one round later`).toBe(wanted);
      switches += dns.made.length - made;
      expect(await told(), `${number}: rows of switches`).toBe(dns.made.length);
    }
    expect(deaths, "the test is worth something").toBeGreaterThan(50);
    expect(switches, "the test is worth something").toBeGreaterThan(80);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import type { Dns } from "../../src/adapters/ports/steering/dns.ts";
import type { World } from "../support/round-world.ts";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

beforeEach(async () => {
  world.dns.put(name);
  await world.seed();
  await world.roundsOf(4);
});

const name = "app.example.test";
const storm = () => world.prober.say("a.cdn.net", 503);
/** As in production: each minute is another run, with the lease taken anew. */
const minutes = async (count: number, over: Parameters<World["round"]>[0] = {}) => {
  for (let minute = 0; minute < count; minute += 1) {
    world.held.fence = await world.acquire();
    for (let slot = 0; slot < 6; slot += 1) await world.round(over);
  }
};
const untilTried = async () => {
  const before = world.dns.changes.length;
  for (let count = 0; world.dns.changes.length === before && count < 10; count += 1) await world.round();
};
type Row = { result: string; reason: string; attempts: number; waits: boolean; error: string | null };
const rows = () =>
  world.sql<Row>("select result, reason, attempts, next_attempt_at is not null as waits, error from routing_changes order by id");

describe("a switch that is refused", () => {
  it("is one row however long that lasts, and is asked for ever more seldom", async () => {
    world.dns.hooks.refuse = () => "AccessDenied";
    storm();
    await minutes(5);
    const asked = world.dns.changes.length;
    expect(asked, "in five minutes").toBeLessThanOrEqual(9);
    expect(asked, "a storm's is not put off for longer than a minute").toBeGreaterThanOrEqual(6);
    expect(await rows()).toEqual([{ result: "failed", reason: "storm", attempts: asked, waits: true, error: "AccessDenied" }]);
    expect(await world.domain(1), "told all the while, however well the records read").toMatchObject({ last_error: "AccessDenied" });
    world.dns.hooks.refuse = () => null;
    await minutes(1);
    expect([world.dns.weights(name), await rows()]).toEqual([
      "0/100",
      [{ result: "accepted", reason: "storm", attempts: asked + 1, waits: false, error: null }],
    ]);
  });

  it("waits longer where it only heals somebody else's change", async () => {
    world.dns.hooks.refuse = () => "AccessDenied";
    world.dns.put(name, 50, 50);
    await world.clock.advance(300_000);
    // What the probes said five minutes ago says nothing now: it is held for as long as that takes.
    await minutes(5);
    expect(world.dns.changes.length).toBeLessThanOrEqual(5);
    expect(await rows()).toMatchObject([{ reason: "calm", waits: true }]);
    world.dns.hooks.refuse = () => null;
    await minutes(4);
    world.dns.hooks.refuse = () => "AccessDenied";
    world.dns.put(name, 50, 50);
    await minutes(6);
    const [, healing] = await rows();
    expect(healing, "for the same reason, round after round").toMatchObject({ reason: "drift", result: "failed" });
    expect(await rows()).toHaveLength(2);
    expect(healing?.attempts).toBeLessThanOrEqual(5);
  });

  it("is tried at once where other weights are wanted, or the records were changed", async () => {
    world.dns.hooks.refuse = () => "AccessDenied";
    storm();
    await minutes(2);
    const before = world.dns.changes.length;
    await world.override(1, "backup");
    await world.round();
    expect(world.dns.changes.length - before, "an operator's order").toBe(1);
    await minutes(2);
    await untilTried();
    const later = world.dns.changes.length;
    await world.round();
    expect(world.dns.changes.length - later, "which waits for its turn, too").toBe(0);
    world.dns.put(name, 100, 0, { targets: ["c.cdn.net", "d.cdn.net"] });
    await world.sql("update domain_routing set read_at = null");
    await world.round();
    expect(world.dns.changes.length - later, "somebody has changed the records").toBe(1);
    expect((await rows()).map(({ reason }) => reason)).toEqual(["storm", "override"]);
  });

  it("is not held back once nobody wants it: its row and its error are history", async () => {
    world.dns.hooks.refuse = () => "AccessDenied";
    storm();
    await minutes(2);
    world.prober.say("a.cdn.net", 200);
    await minutes(3);
    expect(await rows()).toMatchObject([{ result: "failed", waits: false }]);
    expect(await world.domain(1)).toMatchObject({ last_error: null });
  });

  it("is one row where its answer is lost each time, too, and none of it is made", async () => {
    const lost: Dns = {
      ...world.dns.dns,
      apply: async (changes) =>
        changes.map(({ domain }) => ({ domain, status: "failed", detail: "no answer", retryable: true, effect: "unknown" })),
    };
    storm();
    await minutes(6, { dns: lost });
    const all = await rows();
    expect(all.length, "what may yet take effect is a row of its own until it cannot").toBeLessThanOrEqual(3);
    expect(all.reduce((sum, { attempts }) => sum + attempts, 0)).toBeGreaterThanOrEqual(6);
    await minutes(4, { dns: lost });
    expect((await rows()).length).toBeLessThanOrEqual(3);
    await minutes(3);
    expect(world.dns.weights(name)).toBe("0/100");
    expect((await rows()).filter(({ result }) => result === "accepted")).toHaveLength(1);
  });

  it("that never left is tried again in the next round, and nothing is in doubt", async () => {
    const unsent: Dns = {
      ...world.dns.dns,
      apply: async (changes) =>
        changes.map(({ domain }) => ({ domain, status: "failed", detail: "no time", retryable: true, effect: "unsent" })),
    };
    storm();
    await world.round({ dns: unsent });
    const reads = world.dns.reads.length;
    expect(await rows()).toMatchObject([{ result: "failed", waits: false }]);
    await world.round();
    expect([world.dns.weights(name), world.dns.reads.length - reads]).toEqual(["0/100", 0]);
    expect(await rows()).toMatchObject([{ result: "accepted", attempts: 2 }]);
  });

  it("is still in doubt where an earlier attempt was never answered: what came of that is found, and is nobody else's change", async () => {
    storm();
    const lost = {
      ...world.dns.dns,
      apply: async (...args: Parameters<Dns["apply"]>) => {
        await world.dns.dns.apply(...args);
        return args[0].map(
          ({ domain }) => ({ domain, status: "failed", detail: "no answer", retryable: true, effect: "unknown" }) as const,
        );
      },
    } satisfies Dns;
    for (let count = 0; world.dns.made.length === 0 && count < 10; count += 1) await world.round({ dns: lost });
    expect(world.dns.weights(name), "it was made, and its answer lost").toBe("0/100");
    // Nothing can be read or written for a while, and it is certain each time that nothing was.
    world.dns.hooks.reading = () => ({ status: "error", detail: "paused", retryable: true });
    for (const effect of ["unsent", "none", "unsent"] as const) {
      const closed: Dns = {
        ...world.dns.dns,
        apply: async (changes) => changes.map(({ domain }) => ({ domain, status: "failed", detail: "paused", retryable: true, effect })),
      };
      for (let count = 0; count < 4; count += 1) await world.round({ dns: closed });
    }
    expect(await rows()).toMatchObject([{ result: "intent", error: "paused" }]);
    world.dns.hooks.reading = () => null;
    await world.round();
    expect(await rows()).toMatchObject([{ result: "accepted" }]);
    expect(await world.sql("select * from routing_drifts"), "nobody else changed anything").toEqual([]);
  });

  it("is given up in its time where nothing came of the attempt that was never answered", async () => {
    storm();
    const refusing = (effect: "unknown" | "none"): Dns => ({
      ...world.dns.dns,
      apply: async (changes) =>
        changes.map(({ domain }) => ({ domain, status: "failed", detail: "refused", retryable: effect === "unknown", effect })),
    });
    for (let count = 0; (await rows()).length === 0 && count < 10; count += 1) await world.round({ dns: refusing("unknown") });
    await minutes(4, { dns: refusing("none") });
    expect(await rows(), "however often it was tried since").toMatchObject([{ result: "failed", error: "refused" }]);
  });
});

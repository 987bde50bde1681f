import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NotificationKind } from "../../../src/domain/notify/kinds.ts";
import type { Subscriber } from "../../../src/domain/notify/subscription.ts";
import { createNotifyModel } from "../../support/notify-model.ts";

const subscriber = (channelId: number, over: Partial<Subscriber> = {}): Subscriber => ({
  channelId,
  customerId: 1,
  kinds: null,
  minSeverity: "info",
  serviceIds: null,
  ...over,
});
const model = (channels: readonly Subscriber[] = [subscriber(1)], cdnOf: (serviceId: number) => string = () => "cdn-a") =>
  createNotifyModel(channels, (serviceId) => (serviceId < 1_000 ? 1 : 2), cdnOf);
const lines = ({ deliveries }: ReturnType<typeof model>, channelId = 1) =>
  deliveries.filter((one) => one.channelId === channelId && one.state !== "folded").map(({ action, kind }) => `${action} ${kind}`);

describe("a CDN that fails many services", () => {
  it("makes three messages of a thousand storms", () => {
    const world = model();
    for (let id = 1; id < 1_000; id += 1) {
      world.begin(id);
      if (id % 100 === 0) {
        world.expand();
        world.send();
        world.pass(200);
      }
    }
    world.expand();
    world.send();
    world.pass(60_000);
    world.send();
    for (let id = 1; id < 1_000; id += 1) {
      world.end(id);
      if (id % 100 === 0) {
        world.expand();
        world.pass(500);
        world.send();
      }
    }
    world.expand();
    world.send();
    expect(lines(world)).toEqual(
      ["trigger storm.started", "update storm.started", "resolve failback.done"].map((line) =>
        line.replace("failback.done", "storm.ended"),
      ),
    );
  });

  it("tells of a hold at once, one time, and of the next one when an update is due", () => {
    const world = model();
    world.begin(1);
    world.begin(2);
    world.expand();
    world.send();
    world.pass(3_000);
    world.hold(1);
    world.expand();
    expect(world.send()).toMatchObject([{ action: "update", kind: "switch.held", severity: "critical" }]);
    world.pass(3_000);
    world.hold(2);
    world.expand();
    expect(world.send()).toEqual([]);
    expect(lines(world)).toHaveLength(3);
  });

  it("is one incident of each CDN, kind and customer, and one of the installation", () => {
    const world = model([subscriber(1), subscriber(2, { customerId: 2 }), subscriber(3, { customerId: null })], (id) =>
      id % 2 === 0 ? "cdn-a" : "cdn-b",
    );
    for (const id of [1, 2, 3, 1_001, 1_002]) world.begin(id);
    world.service(4).backupDown = true;
    world.put("backup.down", 4, null);
    world.expand();
    expect(world.incidents.map(({ customerId, cdn, kind }) => `${customerId} ${cdn} ${kind}`).toSorted()).toEqual([
      "1 backup backup",
      "1 cdn-a storm",
      "1 cdn-b storm",
      "2 cdn-a storm",
      "2 cdn-b storm",
      "null backup backup",
      "null cdn-a storm",
      "null cdn-b storm",
    ]);
    expect([lines(world, 1), lines(world, 2), lines(world, 3)].map(({ length }) => length)).toEqual([3, 2, 3]);
  });

  it("is opened again where it fails within a minute of its end, and a new one later", () => {
    const world = model();
    for (const waitMs of [0, 59_000, 61_000]) {
      world.pass(waitMs);
      world.begin(1);
      world.expand();
      world.send();
      world.end(1);
      world.expand();
      world.send();
    }
    expect(world.incidents.map(({ customerId }) => customerId)).toEqual([1, null, 1, null]);
    expect(lines(world)).toEqual([
      "trigger storm.started",
      "resolve storm.ended",
      "trigger storm.started",
      "resolve storm.ended",
      "trigger storm.started",
      "resolve storm.ended",
    ]);
  });

  it("folds thirty relapses, and is not silent about the last of them", () => {
    const world = model();
    world.begin(1);
    world.expand();
    world.send();
    for (let count = 0; count < 30; count += 1) {
      world.pass(20_000);
      world.relapse(1);
      world.expand();
      world.send();
    }
    const { all, deliveries } = world;
    expect(lines(world).length).toBeLessThanOrEqual(5);
    expect(deliveries.at(-1)?.notificationId).toBe(all.at(-1)?.id);
    expect(deliveries.at(-1)).toMatchObject({ state: "pending", kind: "storm.relapsed", severity: "critical" });
  });
});

describe("what a channel wants", () => {
  it.each<[string, Partial<Subscriber>, readonly string[]]>([
    ["everything", {}, ["trigger storm.started", "resolve storm.ended"]],
    ["what is critical, and the end of what was told", { minSeverity: "critical" }, ["trigger storm.started", "resolve storm.ended"]],
    ["beginnings alone, and the end of what was told", { kinds: ["storm.started"] }, ["trigger storm.started", "resolve storm.ended"]],
    ["ends alone: nothing that was not told before", { kinds: ["storm.ended"] }, []],
    ["another service", { serviceIds: [2] }, []],
    ["this service", { serviceIds: [1] }, ["trigger storm.started", "resolve storm.ended"]],
  ])("%s", (_, over, expected) => {
    const world = model([subscriber(1, over)]);
    world.begin(1);
    world.expand();
    world.send();
    world.end(1);
    world.expand();
    expect(lines(world)).toEqual(expected);
  });

  it("hears of a storm that it has not heard the beginning of once that gets worse", () => {
    const channels = [subscriber(1)];
    const world = createNotifyModel(
      channels,
      () => 1,
      () => "cdn-a",
    );
    channels.pop();
    world.begin(1);
    world.expand();
    channels.push(subscriber(1));
    world.put("storm.recovering", 1, world.service(1).storm);
    world.expand();
    expect(lines(world)).toEqual([]);
    world.relapse(1);
    world.expand();
    expect(lines(world)).toEqual(["trigger storm.relapsed"]);
  });
});

/** Everything that can happen to five services of two customers, in any order and at any distance. */
const step = fc.oneof(
  fc.record({ do: fc.constantFrom("begin", "relapse", "end", "hold"), service: fc.constantFrom(1, 2, 3, 1_001, 1_002) }),
  fc.record({ do: fc.constantFrom("expand", "send", "fail"), service: fc.constant(0) }),
  fc.record({ do: fc.constant("pass"), service: fc.integer({ min: 1, max: 600_000 }) }),
);

describe("whatever happens", () => {
  it("opens and closes each thread in turn, tells nobody of others, and ends with the last word", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const channels = [
          subscriber(1),
          subscriber(2, { customerId: 2, minSeverity: "critical" }),
          subscriber(3, { customerId: null }),
          subscriber(4, { kinds: ["storm.started", "switch.held"] as NotificationKind[] }),
        ];
        const world = model(channels, (id) => (id % 2 === 0 ? "cdn-a" : "cdn-b"));
        for (const { do: what, service } of steps) {
          if (what === "pass") world.pass(service);
          else if (what === "expand") world.expand();
          else if (what === "send") world.send();
          else if (what === "fail") world.send(() => true);
          else world[what as "begin" | "relapse" | "end" | "hold"](service);
        }
        for (const id of [1, 2, 3, 1_001, 1_002]) world.end(id);
        world.expand();
        const sent: string[] = [];
        for (let turn = 0; turn < 200; turn += 1) {
          world.pass(3_600_000);
          sent.push(...world.send().map(({ channelId, thread, seq }) => `${channelId} ${thread} ${seq}`));
          world.expand();
        }
        expect(world.deliveries.filter(({ state }) => state === "pending")).toEqual([]);
        expect(new Set(sent).size).toBe(sent.length);
        expect(world.incidents.filter(({ open }) => open)).toEqual([]);
        for (const [key, own] of Map.groupBy(
          world.deliveries.filter(({ state }) => state === "sent"),
          ({ channelId, thread }) => `${channelId} ${thread}`,
        )) {
          let open = false;
          for (const { action } of own.toSorted((a, b) => a.seq - b.seq)) {
            if (action === "trigger") expect(open, key).toBe(false);
            if (action === "update" || action === "resolve") expect(open, key).toBe(true);
            open = action === "trigger" || action === "update";
          }
          expect(open, key).toBe(false);
        }
        for (const { channelId, notificationId } of world.deliveries) {
          const customer = channels.find((one) => one.channelId === channelId)?.customerId;
          if (customer !== null) expect(world.all[notificationId - 1]?.customerId).toBe(customer);
        }
      }),
      { numRuns: 400 },
    );
  });
});

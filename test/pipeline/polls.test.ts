import { beforeEach, describe, expect, it } from "vitest";
import type { ChangeStatus, Dns } from "../../src/adapters/ports/steering/dns.ts";
import { startMs } from "../support/round-world.ts";
import type { World } from "../support/round-world.ts";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();
let domainId: number;
let serviceId: number;

beforeEach(async () => {
  world.dns.put("app.example.test");
  const seeded = await world.seed();
  [serviceId, domainId] = [seeded.serviceId, seeded.domainIds[0] ?? 0];
});

/** Switches that were accepted a minute before the first round, and may still be on their way. */
const accepted = (ids: readonly string[]) =>
  world.sql(
    `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, change_id, intended_at, accepted_at)
   select $1, $2, 100, 0, 100, 0, 'calm', 'tranche', 1, 'accepted', id, $3, $3 from jsonb_array_elements_text($4::jsonb) id`,
    [serviceId, domainId, new Date(startMs - 60_000), JSON.stringify(ids)],
  );
const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(3, "0")}`);
const resultOf = async (id: string) =>
  (await world.sql<{ result: string; error: string | null }>("select result, error from routing_changes where change_id = $1", [id]))[0];
const results = async () =>
  Object.fromEntries(
    (await world.sql<{ result: string; count: string }>("select result, count(*) from routing_changes group by 1")).map(
      ({ result, count }) => [result, Number(count)],
    ),
  );

/** A DNS of which `answer` says what it answers for a change. */
const asked: string[][] = [];
const answering = (answer: (id: string) => ChangeStatus | null, dns: Dns = world.dns.dns): Dns => ({
  ...dns,
  status: async (ids) => {
    asked.push([...ids]);
    return new Map(
      ids.flatMap((id) => {
        const status = answer(id);
        return status === null ? [] : [[id, status] as const];
      }),
    );
  },
});
beforeEach(() => void asked.splice(0));
const rounds = async (count: number, over: Parameters<World["round"]>[0]) => {
  for (let index = 0; index < count; index += 1) await world.round(over);
};

describe("asking after changes", () => {
  it("gets round to everybody's, whatever sixty are never answered", async () => {
    await accepted([...numbered("A", 60), "Z1"]);
    await rounds(10, { dns: answering((id) => (id === "Z1" ? "insync" : null)) });
    expect((await resultOf("Z1"))?.result).toBe("insync");
    expect(Math.max(...asked.map((ids) => ids.length)), "of one account at once").toBeLessThanOrEqual(10);
  });

  it("is not done every round of what has been pending for long", async () => {
    await accepted(["C1"]);
    await rounds(24, { dns: answering(() => "pending") });
    expect(asked.length, "in four minutes").toBeLessThanOrEqual(10);
    await world.clock.advance(300_000);
    await rounds(1, { dns: answering(() => "insync") });
    expect((await resultOf("C1"))?.result).toBe("insync");
  });

  const denied: ChangeStatus = { refused: "AWS does not permit this: AccessDenied: route53:GetChange" };
  const standings = () =>
    world.sql<{ customer_id: string; polls_error: string | null }>("select customer_id, polls_error from dns_standings");

  it("is paused for a whole account that refuses it, which is reported, and delays nobody else", async () => {
    const { round } = world;
    await accepted([...numbered("c7:A", 60), ...numbered("Z", 3)]);
    const own = answering(() => denied);
    const dnsDirectory = {
      operator: answering(() => "insync") as never,
      of: async () => own as never,
      ofAll: async () => new Map([[7, own as never]]),
    };
    await round({ dnsDirectory });
    expect(await results()).toEqual({ accepted: 60, insync: 3 });
    expect(await standings()).toEqual([{ customer_id: "7", polls_error: denied.refused }]);
    const before = asked.length;
    await rounds(20, { dnsDirectory });
    expect(asked.length - before, "no call in the next minutes").toBe(0);
    // One question shows, ten minutes later, whether it is permitted now; then they all have their turn.
    await world.clock.advance(600_000);
    const mended = answering(() => "insync");
    await rounds(8, { dnsDirectory: { ...dnsDirectory, ofAll: async () => new Map([[7, mended as never]]) } });
    expect(asked[before]).toHaveLength(1);
    expect([await results(), await standings()]).toEqual([{ insync: 63 }, []]);
  });

  it("ends after an hour: what became of the change is not known then, and why is said", async () => {
    await accepted(["c7:A1", "B1"]);
    await world.sql(
      "insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at, accepted_at) values ($1, $2, 0, 100, 100, 0, 'calm', 'tranche', 1, 'accepted', $3, $3)",
      [serviceId, domainId, new Date(startMs - 60_000)],
    );
    const silent = answering(() => null);
    const dnsDirectory = {
      operator: silent as never,
      of: async () => silent as never,
      ofAll: async () => new Map([[7, answering(() => denied) as never]]),
    };
    await rounds(1, { dnsDirectory });
    await world.clock.advance(3_600_000);
    await rounds(1, { dnsDirectory });
    expect(await results()).toEqual({ unconfirmed: 3 });
    expect((await resultOf("c7:A1"))?.error).toContain("GetChange");
    expect((await resultOf("B1"))?.error).toContain("within an hour");
    const before = asked.length;
    await rounds(3, { dnsDirectory });
    expect(asked.length).toBe(before);
  });

  it("goes by turns among accounts, not by who has most", async () => {
    await accepted([...numbered("c7:A", 400), ...Array.from({ length: 30 }, (_, index) => `c${index + 10}:B`)]);
    const all = answering(() => "insync");
    const own = new Map(Array.from({ length: 40 }, (_, index) => [index + 7, all as never]));
    await rounds(1, { dnsDirectory: { operator: all as never, of: async () => all as never, ofAll: async () => own } });
    expect(await results()).toEqual({ accepted: 390, insync: 40 });
  });
});

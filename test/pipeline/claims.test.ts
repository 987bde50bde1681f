import { describe, expect, it } from "vitest";
import type { Surroundings } from "../../src/adapters/ports/steering/dns.ts";
import type { VisitorAnswers } from "../../src/domain/steering/backup-reach.ts";
import { withoutChecks } from "../../src/pipeline/steering/live-records.ts";
import { useWorld } from "../support/use-world.ts";

// `shifted` is said where at least 99 of 100 visitors are expected at the backup, and nowhere else.

const { world } = useWorld();

const name = "app.example.test";
const around = (more: Partial<Surroundings>): Surroundings => ({
  neighbours: [],
  health: {},
  dangling: [],
  leftBehind: [],
  otherZones: [],
  ...more,
});

/** Readings are those of the strict DNS, with something around them. */
const surround = (more: () => Partial<Surroundings> | null): void => {
  const read = world.deps.dns.read;
  const dns = {
    ...world.deps.dns,
    read: async (...asked: Parameters<typeof read>) =>
      new Map(
        [...(await read(...asked))].map(([one, reading]) => {
          const extra = more();
          return [one, reading.status === "found" && extra !== null ? { ...reading, surroundings: around(extra) } : reading] as const;
        }),
      ),
  };
  Object.assign(world.deps, { dns });
};
/** The backup half has the health check h1. */
const checkBackup = (): void => {
  const read = world.deps.dns.read;
  Object.assign(world.deps.dns, {
    read: async (...asked: Parameters<typeof read>) =>
      new Map(
        [...(await read(...asked))].map(
          ([one, reading]) =>
            [
              one,
              reading.status !== "found"
                ? reading
                : {
                    ...reading,
                    records: reading.records.map((record) =>
                      record.setIdentifier === "backup" ? { ...record, healthCheckId: "h1" } : record,
                    ),
                  },
            ] as const,
        ),
      ),
  });
  world.deps.dns.apply = async (changes, budget) =>
    await world.dns.dns.apply(
      changes.map((change) => ({ ...change, records: withoutChecks(change.records, ["h1"]) })),
      budget,
    );
};
const stormOf = async (seeded = world.seed()) => {
  const { serviceId, domainIds } = await seeded;
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
  const reports = await world.roundsOf(2);
  return { serviceId, domainId: domainIds[0] ?? 0, reports };
};
const said = async (serviceId: number) => {
  const routing = await world.routing(serviceId);
  return `${routing?.state} ${routing?.reason}`;
};
const expected = async (domainId: number) =>
  (await world.sql<{ expected: VisitorAnswers | null }>("select expected from domain_routing where domain_id = $1", [domainId]))[0]
    ?.expected;

describe("a service in a storm", () => {
  it("is shifted where its visitors are expected at the backup", async () => {
    world.dns.put(name);
    const { serviceId, domainId } = await stormOf();
    expect(await said(serviceId)).toBe("shifted storm");
    expect(await expected(domainId)).toEqual({
      types: [{ type: "CNAME", primary: { least: 0, most: 0 }, backup: { least: 1, most: 1 }, other: { least: 0, most: 0 } }],
      obstacle: null,
    });
  });

  it("fault 5: is not where the backup's health check fails", async () => {
    world.dns.put(name);
    surround(() => ({ health: { h1: "unhealthy" } }));
    checkBackup();
    const { serviceId, domainId, reports } = await stormOf();
    expect(await said(serviceId)).toBe("partial health_check");
    expect(reports.flatMap(({ unreached }) => unreached)).toEqual([
      {
        serviceId,
        domainId,
        name,
        reason: "health_check",
        detail: "CNAME: its health check h1 is unhealthy, so Route 53 answers the backup with 0 %",
        moved: true,
      },
    ]);
  });

  it("fault 7: is not where a third set answers beside the pair", async () => {
    world.dns.put(name);
    surround(() => ({ neighbours: [{ type: "CNAME", setIdentifier: "canary", weight: 100, values: ["c.cdn.net."] }] }));
    const { serviceId, domainId } = await stormOf();
    expect(await said(serviceId)).toBe("partial neighbour");
    expect(await world.history()).toEqual(["100/0>0/100 storm accepted"]);
    expect((await expected(domainId))?.obstacle).toEqual({
      reason: "neighbour",
      detail: expect.stringContaining('"canary" with weight 100'),
    });
  });

  it("fault 4: is not where a type stays behind", async () => {
    world.dns.put(name, 100, 0, { type: "A", targets: ["192.0.2.1", "192.0.2.2"] });
    surround(() => ({ neighbours: [{ type: "AAAA", values: ["2001:db8::1"] }], leftBehind: ["AAAA is routed simple"] }));
    const { serviceId } = await stormOf();
    expect(await said(serviceId)).toBe("partial type_left_behind");
    expect(world.dns.weights(name, "A")).toBe("0/100");
  });

  it("fault 4: is held, not shifted, where nothing can be switched", async () => {
    const { serviceId } = await stormOf();
    expect(await said(serviceId)).toBe("held unprovisioned");
    expect(await world.history()).toEqual([]);
  });

  it("is partial where one of its domains is left behind, and shifted once that follows", async () => {
    world.dns.put(name);
    const second = "www.example.test";
    const { serviceId } = await stormOf(world.seed({ domains: [{ name }, { name: second }] }));
    expect(await said(serviceId)).toBe("partial unprovisioned");
    world.dns.put(second);
    await world.sql("update domain_routing set read_at = null");
    await world.roundsOf(2);
    expect(await said(serviceId)).toBe("shifted storm");
  });

  it("is held where its switch is refused, and shifted when it is made", async () => {
    world.dns.put(name);
    world.dns.hooks.refuse = () => "AccessDenied";
    const { serviceId } = await stormOf();
    expect(await said(serviceId)).toBe("held switch_failed");
    world.dns.hooks.refuse = () => null;
    await world.roundsOf(8);
    expect(await said(serviceId)).toBe("shifted storm");
  });

  it("looks every minute at the health of what it is on, and says so when it changes", async () => {
    let health: "healthy" | "unhealthy" = "healthy";
    world.dns.put(name);
    surround(() => ({
      health: { h1: health },
      neighbours: [{ type: "CNAME", setIdentifier: "spare", weight: 0, values: ["b.cdn.net"], healthCheckId: "h1" }],
    }));
    checkBackup();
    const { serviceId } = await stormOf();
    expect(await said(serviceId)).toBe("shifted storm");
    health = "unhealthy";
    await world.roundsOf(8);
    expect(await said(serviceId)).toBe("partial health_check");
  });
});

it("fault 7: a pair without weight beside others stays so until somebody takes it into service", async () => {
  world.dns.put(name, 0, 0);
  surround(() => ({ neighbours: [{ type: "CNAME", setIdentifier: "old", weight: 100, values: ["old.cdn.net."] }] }));
  const { serviceId } = await world.seed();
  await world.roundsOf(5);
  world.prober.say("a.cdn.net", 503);
  await world.roundsOf(2);
  expect([await world.history(), await said(serviceId)]).toEqual([[], "held neighbour"]);
  await world.override(serviceId, "primary");
  await world.roundsOf(1);
  expect(await world.history()).toEqual(["0/0>100/0 override accepted"]);
});

it("fault 11: a failback of 90 % gives the primary 90 % of the visitors, whatever the weights add up to", async () => {
  const { dns, prober, roundsOf, seed, sql, history } = world;
  dns.put(name, 10, 0);
  await seed({ failbackSteps: [90, 100] });
  await sql("update service_domains set normal_primary_weight = 10, normal_backup_weight = 0");
  await roundsOf(4);
  prober.say("a.cdn.net", 503);
  await roundsOf(2);
  prober.say("a.cdn.net", 200);
  for (let count = 0; count < 30 && (await history()).length < 2; count += 1) await roundsOf(1);
  const [, back] = await history();
  expect(back).toBe("0/100>90/10 failback accepted");
});

it("fault 6: a switch to the backup leaves out a health check that is gone, with a trace; so may the way back", async () => {
  const { dns, seed, roundsOf, prober, sql, deps } = world;
  dns.put(name);
  const may: (boolean | undefined)[] = [];
  const apply = deps.dns.apply;
  deps.dns.apply = async (changes, budget) => {
    may.push(...changes.map(({ mayDropChecks }) => mayDropChecks));
    return (await apply(changes, budget)).map((result) =>
      result.status === "accepted" && may.length === 1 ? { ...result, droppedChecks: ["h1"] } : result,
    );
  };
  await seed();
  await roundsOf(4);
  prober.say("a.cdn.net", 503);
  await roundsOf(2);
  prober.say("a.cdn.net", 200);
  for (let count = 0; count < 30 && may.length < 2; count += 1) await roundsOf(1);
  expect(may).toEqual([true, true]);
  const trace = await sql<{ action: string; before: unknown }>("select action, before from audit_log where action = 'drop_health_checks'");
  expect(trace).toEqual([{ action: "drop_health_checks", before: { health_check_ids: ["h1"] } }]);
});

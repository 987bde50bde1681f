import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLineFactsStore } from "../../src/adapters/db/billing/line-facts.ts";
import { representFacts } from "../../src/routes/billing/line-facts-contract.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createMeteringWorld, fastly, gib, hourly, hourMs, minuteMs, noon, noAccounts, nowMs } from "../support/metering-world.ts";
import type { MeteringWorld } from "../support/metering-world.ts";
import { bill } from "./run.ts";
import { takeLease } from "./worlds.ts";

let database: TestDatabase;
let world: MeteringWorld;
beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
  world = createMeteringWorld(database);
});
afterEach(() => database.close());

/** A shop with hosts a (100 GiB an hour) and b (1 GiB), of which the hour before noon is metered. */
const shop = async () => {
  const acme = await world.customer("acme");
  const web = await world.service(acme, noon - hourMs);
  const a = await world.domain(web, "a.shopone.com", noon - hourMs);
  const b = await world.domain(web, "b.shopone.com", noon - hourMs);
  return { acme, web, a, b };
};

/** The latest explanation of each line of the customer, oldest line first. */
const explained = async (customerId: number, measuredCdns = ["fastly"]) => {
  const lines = await world.sql<{ id: string; invoice: string }>(
    "select l.id, l.invoice_id as invoice from invoice_line_items l join invoices i on i.id = l.invoice_id where i.customer_id = $1 order by l.id",
    [customerId],
  );
  const store = createLineFactsStore(database.db);
  return await Promise.all(
    lines.map(async ({ id, invoice }) => {
      const facts = await store.line(customerId, Number(invoice), Number(id), { windowMs: hourMs, measuredCdns });
      if (facts === null) throw new Error("no such line");
      return { ...representFacts(facts), estimated: facts.estimated, lineId: Number(id) };
    }),
  );
};
type Explained = Awaited<ReturnType<typeof explained>>[number];
const hosts = (line: Explained | undefined, side: "primary" | "backup" = "primary") =>
  line?.readings?.[side].hosts.map(
    ({ host, cdn, from, to, bytes }) => `${host} ${cdn} ${from.slice(11, 16)}-${to.slice(11, 16)} ${bytes === null ? "none" : bytes / gib}`,
  );

/** The same readings, others from then on. */
const rates = (b: number) => fastly([], { ...hourly, "b.shopone.com": b });

describe("the readings behind a line", () => {
  it("are told per host with when and by whose account they were read", async () => {
    const { acme, a } = await shop();
    await world.ingest([fastly()]);
    await bill(database.db, nowMs);
    const [line] = await explained(acme);
    const at = "2026-11-18T12:20:00.000Z";
    expect(line?.readings).toEqual({
      primary: {
        bytes: 101 * gib,
        hosts_without_reading: [],
        push: null,
        hosts: [100, 1].map((count, place) => ({
          host: ["a.shopone.com", "b.shopone.com"][place],
          domain_id: a + place,
          cdn: "fastly",
          from: "2026-11-18T11:00:00.000Z",
          to: "2026-11-18T12:00:00.000Z",
          bytes: count * gib,
          sampling: null,
          read_at: at,
          account: "operator",
        })),
      },
      backup: {
        bytes: null,
        hosts_without_reading: [],
        push: null,
        hosts: ["a.shopone.com", "b.shopone.com"].map((host, place) => ({
          host,
          domain_id: a + place,
          cdn: "cloudflare",
          from: "2026-11-18T11:00:00.000Z",
          to: "2026-11-18T12:00:00.000Z",
          bytes: null,
          sampling: null,
          read_at: null,
          account: null,
        })),
      },
      bytes_add_up: true,
    });
    expect([line?.changed, line?.estimated]).toEqual([null, false]);
  });

  it("are those of its time: a later one changes the adjustment, not the line before", async () => {
    const { acme } = await shop();
    await world.ingest([fastly()]);
    await bill(database.db, nowMs);
    await world.ingest([rates(3)], nowMs + hourMs);
    await bill(database.db, nowMs + hourMs + minuteMs);
    await world.ingest([rates(3.5)], nowMs + 2 * hourMs);
    await bill(database.db, nowMs + 2 * hourMs + minuteMs);
    // Each later invoice has a window of its own, too.
    const lines = (await explained(acme)).filter((line) => line.readings?.primary.hosts[0]?.from.includes("T11:00"));
    expect(lines.map((line) => hosts(line)?.[1])).toEqual([1, 3, 3.5].map((count) => `b.shopone.com fastly 11:00-12:00 ${count}`));
    expect(lines.map((line) => line.readings?.bytes_add_up)).toEqual([true, true, true]);
    const change = (before: number, after: number) => ({
      readings: [
        {
          side: "primary",
          host: "b.shopone.com",
          cdn: "fastly",
          from: "2026-11-18T11:00:00.000Z",
          to: "2026-11-18T12:00:00.000Z",
          bytes_before: before * gib,
          bytes_after: after * gib,
        },
      ],
      pushes: [],
      storms: [],
    });
    expect(lines.map(({ changed }) => changed)).toEqual([
      null,
      { since_line_id: lines[0]?.lineId, ...change(1, 3) },
      { since_line_id: lines[1]?.lineId, ...change(3, 3.5) },
    ]);
  });

  it("are told to be missing, and come with the adjustment", async () => {
    const { acme } = await shop();
    await world.ingest([fastly(["b.shopone.com"])]);
    // The look-back is over: what is incomplete is billed as an estimate.
    const later = nowMs + 8 * hourMs;
    await bill(database.db, later);
    await world.ingest([fastly()], later + minuteMs);
    await bill(database.db, later + 2 * minuteMs);
    const [first, second] = (await explained(acme)).filter((line) => line.readings?.primary.hosts[0]?.from.includes("T11:00"));
    expect(hosts(first)).toEqual(["a.shopone.com fastly 11:00-12:00 100", "b.shopone.com fastly 11:00-12:00 none"]);
    expect([first?.readings?.primary.hosts_without_reading, first?.readings?.bytes_add_up]).toEqual([["b.shopone.com"], true]);
    expect(second?.changed?.readings.map(({ host, bytes_before, bytes_after }) => [host, bytes_before, bytes_after])).toEqual([
      ["b.shopone.com", null, gib],
    ]);
    expect([second?.readings?.primary.hosts_without_reading, second?.readings?.bytes_add_up]).toEqual([[], true]);
  });

  it("that came in while the run went on belong to its lines", async () => {
    const { acme } = await shop();
    await world.ingest([fastly()], nowMs + 5_000);
    await bill(database.db, nowMs);
    await world.ingest([rates(3)], nowMs + hourMs);
    const [line] = await explained(acme);
    expect([hosts(line), line?.readings?.bytes_add_up]).toEqual([
      ["a.shopone.com fastly 11:00-12:00 100", "b.shopone.com fastly 11:00-12:00 1"],
      true,
    ]);
  });

  it("do not add up where somebody changed one, and are not known of windows from before there were any", async () => {
    const { acme } = await shop();
    await world.ingest([fastly()]);
    await bill(database.db, nowMs);
    await world.sql(
      "begin; set local session_replication_role = replica; update usage_readings set bytes = bytes + 1 where bytes < 2000000000; commit",
    );
    expect((await explained(acme))[0]?.readings).toMatchObject({ primary: { bytes: 101 * gib + 1 }, bytes_add_up: false });
    await world.sql("delete from usage_readings");
    expect((await explained(acme))[0]?.readings).toMatchObject({
      primary: { bytes: null, hosts_without_reading: ["a.shopone.com", "b.shopone.com"] },
      bytes_add_up: null,
    });
  });

  it("are cut where the CDNs changed sides or the host changed hands, and told of both", async () => {
    const acme = await world.customer("acme");
    const web = await world.service(acme, noon - hourMs);
    const a = await world.domain(web, "a.shopone.com", noon - hourMs);
    await world.swap(web, noon - 45 * minuteMs);
    await world.removeDomain(a, noon - 15 * minuteMs);
    const own = { open: async () => [{ accountId: 1, customerId: acme, cdn: "fastly", source: fastly() }], note: noAccounts.note };
    await world.ingest([], nowMs, own);
    await bill(database.db, nowMs);
    const [line] = await explained(acme, []);
    expect([hosts(line), hosts(line, "backup")]).toEqual([
      ["a.shopone.com fastly 11:00-11:15 25", "a.shopone.com cloudflare 11:15-11:45 none"],
      ["a.shopone.com cloudflare 11:00-11:15 none", "a.shopone.com fastly 11:15-11:45 50"],
    ]);
    expect(line?.readings?.primary.hosts.map(({ account }) => account)).toEqual(["own", null]);
    expect([line?.readings?.primary.hosts_without_reading, line?.readings?.bytes_add_up]).toEqual([[], true]);
  });
});

describe("what an adjustment changed", () => {
  it("may be a storm alone", async () => {
    const { acme, web } = await shop();
    await world.sql("insert into storm_policies (service_id, kind) values ($1, 'http_availability')", [web]);
    await world.sql(
      `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
       select service_id, id, 1, kind, 'ended', $2, $2, $3, 'recovered', 1.5 from storm_policies where service_id = $1`,
      [web, new Date(noon - 30 * minuteMs), new Date(noon - 20 * minuteMs)],
    );
    await world.push(acme, web, noon - hourMs, { backupBytes: 40 * gib }, false, []);
    await world.sql("update usage_pushes set pushed_at = $1", [new Date(nowMs - minuteMs)]);
    await world.ingest([fastly()]);
    await bill(database.db, nowMs);
    await world.sql("update storm_events set ended_at = $1", [new Date(noon - 10 * minuteMs)]);
    await bill(database.db, nowMs + minuteMs);
    const [first, second] = await explained(acme);
    const terms = (to: string) => ({ from: "2026-11-18T11:30:00.000Z", to: `2026-11-18T${to}:00.000Z`, max_coverage_factor: "1.5" });
    expect(second?.changed).toEqual({
      since_line_id: first?.lineId,
      readings: [],
      pushes: [],
      storms: [{ storm_id: 1, before: terms("11:40"), after: terms("11:50") }],
    });
    expect([first?.readings?.backup, second?.readings?.bytes_add_up]).toMatchObject([
      { bytes: 40 * gib, push: { covers: "rest", actor: "token:1" } },
      true,
    ]);
  });
});

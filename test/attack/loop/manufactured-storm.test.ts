import { describe, expect, it } from "vitest";
import type { CreditTerms } from "../../../src/domain/billing/credit.ts";
import { bill } from "../../billing/run.ts";
import { takeLease } from "../../billing/worlds.ts";
import type { ServiceSeed } from "../../support/round-world.ts";
import { intervalMs, startMs } from "../../support/round-world.ts";
import { useWorld } from "../../support/use-world.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const terabyte = 2 ** 40;
/** What a deployment has that sets nothing. */
const terms: CreditTerms = {
  rule: "verified",
  requireVerified: true,
  waitingMs: dayMs,
  maxGapMs: 600_000,
  floors: { minSamples: 3, minFailures: 3, minWindowSeconds: 30, maxThreshold: 0.99, minLatencyMs: 500 },
};

const { database, world } = useWorld();

const rounds = async (number: number, over: Partial<CreditTerms> = {}) => {
  for (let index = 0; index < number; index += 1) await world.round({ credit: { ...terms, ...over } });
};

/** Everything of a service was set up so long before the first round. */
const aged = async (ageMs: number): Promise<void> => {
  const then = new Date(startMs - ageMs);
  await world.sql("update services set created_at = $1, updated_at = $1", [then]);
  await world.sql("update service_cdns set from_at = $1", [then]);
  await world.sql("update service_domains set created_at = $1, updated_at = $1, trigger_edited_at = $1", [then]);
  await world.sql("update storm_policies set created_at = $1, updated_at = $1", [then]);
};

/** An edit as the API makes it, at the time of the loop. */
const edit = async (text: string, params: unknown[], touch: string): Promise<void> => {
  await world.sql(text, params);
  await world.sql(touch, [...params.slice(0, 1), new Date(world.clock.nowMs())]);
};
const editDomain = (id: number | undefined, column: string, value: unknown) =>
  edit(
    `update service_domains set ${column} = $2 where id = $1`,
    [id, value],
    "update service_domains set trigger_edited_at = $2, updated_at = $2 where id = $1",
  );

const setUp = async (service: ServiceSeed = {}, ageMs = 10 * dayMs) => {
  const seeded = await world.seed({ domains: [{ name: "app.example.test" }], ...service });
  world.dns.put("app.example.test");
  await aged(ageMs);
  return seeded;
};

const credits = async () =>
  (await world.sql<{ credit: string; reason: string | null }>("select credit, credit_reason as reason from storm_events order by id")).map(
    ({ credit, reason }) => [credit, ...(reason === null ? [] : [reason])].join(" "),
  );

/** Pushes a terabyte of backup bytes for the hour of the storm, and is billed for it. */
const invoice = async () => {
  await takeLease(database);
  const from = Math.floor(startMs / hourMs) * hourMs;
  await world.sql(
    "insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, backup_source) select id, $1, $2, 0, $3, 'push' from services",
    [new Date(from), new Date(from + hourMs), terabyte],
  );
  expect(await bill(database.db, from + 3 * hourMs)).toMatchObject({ failures: 0, invoices: 1 });
  const [line] = await world.sql<{ id: string; amount_cents: string; discount_cents: string }>(
    "select id, amount_cents, discount_cents from invoice_line_items",
  );
  const told = await world.sql<{ credit: string; reason: string | null }>(
    "select credit, reason from invoice_line_uncredited where line_id = $1",
    [line?.id],
  );
  return {
    amount: Number(line?.amount_cents),
    discount: Number(line?.discount_cents),
    told: told.map(({ credit, reason }) => `${credit} ${reason ?? ""}`),
  };
};

describe("the insured who makes his own storm", () => {
  it("by a target that does not exist, by the laxest policy, unverified: is steered, told why, and pays for his terabyte", async () => {
    const lax = { threshold: 1, minSamples: 1, minFailures: 1, window: 10, cooldown: 86_400 };
    await setUp({ domains: [{ name: "app.example.test", primary: "nowhere.cdn.net", verified: false }], policies: [lax] }, 0);
    world.prober.say("nowhere.cdn.net", "refuse");
    await rounds(6);
    expect(await invoice()).toEqual({ amount: 12_288, discount: 0, told: ["refused never_healthy"] });
  });

  it.each([
    ["threshold 1", { threshold: 1 }],
    ["one sample", { minSamples: 1 }],
    ["one failure", { minFailures: 1 }],
    ["a window of less than half a minute", { window: 29 }],
    ["a latency that nobody meets", { kind: "http_latency", latencyMs: 20 }],
  ])("by a policy with %s, once his name was healthy: a storm, steered, and no discount", async (_, policy) => {
    await setUp({ policies: [policy] });
    world.prober.say("a.cdn.net", [200, 5]);
    await rounds(8);
    world.prober.say("a.cdn.net", "kind" in policy ? [200, 100] : "refuse");
    await rounds(8);
    expect(await credits()).toEqual(["refused terms_below_floor"]);
    expect(world.dns.weights("app.example.test")).toBe("0/100");
    expect(await invoice()).toMatchObject({ discount: 0, told: ["refused terms_below_floor"] });
  });

  it("by pointing the probe at a page that he then takes away, an hour later", async () => {
    const {
      domainIds: [domain],
    } = await setUp();
    await rounds(6);
    await editDomain(domain, "probe_path", "/mine");
    await rounds(14);
    world.prober.say("a.cdn.net", 404);
    await rounds(8);
    expect(await credits()).toEqual(["refused recent_edit"]);
  });

  it("by taking the page away for a minute every quarter of an hour, under a cooldown of a day: what was calm in between is not credited", async () => {
    await setUp({ policies: [{ cooldown: 86_400 }] });
    await rounds(6);
    for (let time = 0; time < 3; time += 1) {
      world.prober.say("a.cdn.net", 404);
      await rounds(6);
      world.prober.say("a.cdn.net", 200);
      await rounds(90);
    }
    const spans = await world.sql<{ seconds: string }>(
      "select extract(epoch from coalesce(ended_at, recovering_since) - started_at)::int as seconds from storm_events order by id",
    );
    expect(spans).toHaveLength(3);
    for (const { seconds } of spans) expect(Number(seconds)).toBeLessThan(120);
  });

  it("by editing his policy while the storm is on: it keeps the terms by which it began, and the next one waits", async () => {
    const {
      policyIds: [policy],
    } = await setUp();
    await rounds(6);
    world.prober.say("a.cdn.net", "refuse");
    await rounds(6);
    await world.sql(
      "insert into storm_policy_versions select policy_id, 2, 1, 10, 0, 1.5, 1, 1, null, now() from storm_policy_versions where policy_id = $1",
      [policy],
    );
    await world.sql("update storm_policies set version = 2, updated_at = $2 where id = $1", [policy, new Date(world.clock.nowMs())]);
    await rounds(3);
    expect(await credits()).toEqual(["earned"]);
    world.prober.say("a.cdn.net", 200);
    await rounds(20);
    world.prober.say("a.cdn.net", "refuse");
    await rounds(6);
    expect(await credits()).toEqual(["earned", "refused terms_below_floor"]);
  });

  it("by recreating the service, whose history is clean: creation is an edit", async () => {
    await setUp({}, hourMs);
    await rounds(6);
    world.prober.say("a.cdn.net", "refuse");
    await rounds(6);
    expect(await credits()).toEqual(["refused recent_edit"]);
  });

  it("by swapping his CDNs for ones that he can break", async () => {
    const { serviceId } = await setUp();
    await rounds(6);
    await edit(
      "update services set primary_cdn = $2 where id = $1",
      [serviceId, "cdn-mine"],
      "update service_cdns set from_at = $2 where service_id = $1 and to_at is null",
    );
    await world.sql("update service_cdns set to_at = $2 where service_id = $1 and to_at is not null", [
      serviceId,
      new Date(world.clock.nowMs()),
    ]);
    await rounds(14);
    world.prober.say("a.cdn.net", "refuse");
    await rounds(6);
    expect((await credits()).filter((credit) => credit.startsWith("earned"))).toEqual([]);
  });

  it("by a target that he changes in DNS, not here", async () => {
    const {
      domainIds: [domain],
    } = await setUp();
    await rounds(6);
    await world.sql("update service_domains set primary_target = null where id = $1", [domain]);
    await aged(10 * dayMs);
    await rounds(14);
    await world.sql(
      "update domain_routing set discovered_primary_target = 'c.cdn.net', discovered_primary_ok = true where domain_id = $1",
      [domain],
    );
    const [found] = await world.sql<{ at: Date | null }>("select primary_found_at as at from domain_routing where domain_id = $1", [
      domain,
    ]);
    expect(found?.at, "the database notes when it became another").not.toBeNull();
  });

  it("by an edit in the round that begins his storm: the row is looked at again", async () => {
    const {
      domainIds: [domain],
    } = await setUp();
    await rounds(6);
    world.prober.say("a.cdn.net", "refuse");
    const { rounds: store } = world;
    const late = {
      ...store,
      saveDecisions: async (...[fence, decisions, nowMs]: Parameters<typeof store.saveDecisions>) => {
        if (decisions.storms.length > 0)
          await world.sql("update service_domains set backup_target = 'mine.cdn.net' where id = $1", [domain]);
        return await store.saveDecisions(fence, decisions, nowMs);
      },
    };
    for (let index = 0; index < 6; index += 1) await world.round({ credit: terms, rounds: late });
    expect(await credits()).toEqual(["refused recent_edit"]);
  });

  it("by losing the proof of his name while it fails: the storm ends, the next one earns nothing", async () => {
    const {
      domainIds: [domain],
    } = await setUp();
    await rounds(6);
    world.prober.say("a.cdn.net", "refuse");
    await rounds(3);
    await world.sql("update service_domains set verified_at = null where id = $1", [domain]);
    await rounds(3);
    expect(await credits()).toEqual(["earned", "refused unverified"]);
  });

  it("by a service that has nothing to move to", async () => {
    await setUp({ domains: [{ name: "app.example.com", primary: null, backup: null }] });
    await rounds(6);
    world.prober.say("app.example.com", "refuse");
    await rounds(6);
    expect(await credits()).toEqual(["refused monitor_only"]);
  });

  it("by switching off his own backend behind a CDN that is well: `verified` pays, `corroborated` shows it as pending", async () => {
    const { serviceId } = await setUp();
    await rounds(6);
    world.prober.say("a.cdn.net", 503);
    await rounds(6);
    expect(await credits()).toEqual(["earned"]);
    world.prober.say("a.cdn.net", 200);
    await rounds(20);
    await world.sql(
      "insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency, credit_rule) select customer_id, '2026-01-01', 12, 0.5, 'USD', 'corroborated' from services where id = $1",
      [serviceId],
    );
    await world.round({ credit: terms });
    world.prober.say("a.cdn.net", 503);
    await rounds(6);
    expect(await credits()).toEqual(["earned", "pending uncorroborated"]);
  });
});

it("an honest outage of a verified, settled service earns as ever, and its evidence says by what", async () => {
  await setUp();
  await rounds(6);
  world.prober.say("a.cdn.net", "refuse");
  await rounds(Math.ceil((hourMs - 6 * intervalMs) / intervalMs));
  const { amount, discount, told } = await invoice();
  expect([amount, told]).toEqual([12_288, []]);
  expect(discount).toBeGreaterThan(5_000);
  const [begun] = await world.sql<{ credit: string; terms: string }>(
    "select body::jsonb->'credit' as credit, body::jsonb->'credit_terms' as terms from evidence where kind = 'begin'",
  );
  expect(begun?.terms).toMatchObject({
    rule: "verified",
    proof_required: true,
    waiting_seconds: 86_400,
    max_gap_seconds: expect.any(Number),
  });
  expect(begun?.credit).toMatchObject({
    credit: "earned",
    reason: null,
    down: { entries: [{ verified: true, never_healthy: false, edited_at: new Date(startMs - 10 * dayMs).toISOString() }] },
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCloudflareApi } from "../../../local/cdn/cloudflare-api.ts";
import type { CloudflareApi } from "../../../local/cdn/cloudflare-api.ts";
import { createAuditLogs } from "../../../src/adapters/cdn/cloudflare/audit-log.ts";
import { createAuditReadings } from "../../../src/adapters/db/cost/audit-readings.ts";
import { createCdnAccountStore, sealingContext } from "../../../src/adapters/db/metering/cdn-accounts.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import { pollCosts } from "../../../src/cron/cost/poll.ts";
import type { IngestWorld } from "../../attack/cost/ingest-world.ts";
import { immortal, ingestWorld } from "../../attack/cost/ingest-world.ts";
import type { Life } from "../../attack/cost/mortal.ts";
import { createLife, mortalDatabase, mortalFetch } from "../../attack/cost/mortal.ts";
import { auditEntry } from "../../support/audit-logs.ts";
import { noBreakers } from "../../support/breakers.ts";
import { seededRandom } from "../../support/random.ts";

const noon = Date.parse("2026-11-28T12:00:00Z");
const minute = 60_000;
const hour = 60 * minute;
const token = "the-secret-token";
const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);

let world: IngestWorld;
let nowMs: number;
let log: unknown[];
let isForbidden: boolean;
let api: CloudflareApi;

beforeAll(async () => {
  world = await ingestWorld(() => nowMs);
});
afterAll(() => world.close());
beforeEach(async () => {
  [nowMs, log, isForbidden] = [noon, [], false];
  await world.database.sql("update cdn_accounts set deleted_at = now()");
  world.archive.objects.clear();
  api = await startCloudflareApi({
    apiToken: token,
    accountId: "acc",
    zones: [],
    bytes: () => 0,
    now: () => nowMs,
    auditLog: () => (isForbidden ? null : log),
  });
  return async () => await api.close();
});

const account = async ({ accountRef = "acc", apiToken = token } = {}) => {
  const [customer] = await world.database.sql<{ id: string }>(
    "insert into customers (name) values ('c' || gen_random_uuid()) returning id",
  );
  const customerId = Number(customer?.id);
  const [row] = await world.database.sql<{ id: string }>(
    `insert into cdn_accounts (customer_id, cdn, account_ref, sealed_token, created_at) values ($1, 'cloudflare', $2, $3, $4) returning id`,
    [customerId, accountRef, await secrets.seal(apiToken, sealingContext(customerId, "cloudflare")), new Date(noon).toISOString()],
  );
  return { customerId, id: Number(row?.id) };
};

const poller = async (life: Life = immortal) => {
  const { deps, fence } = await world.poller(life);
  const own = {
    ...deps,
    auditReadings: createAuditReadings(mortalDatabase(world.database.db, life)),
    auditLogs: createAuditLogs({
      secrets,
      fetch: mortalFetch(fetch, life),
      breakers: noBreakers,
      clock: { ...systemClock, nowMs: () => nowMs },
      graphqlEndpoint: api.graphqlUrl,
    }),
  };
  return { run: async () => await pollCosts(own, fence), deps: own, fence };
};
const poll = async (life?: Life) => await (await poller(life)).run();

const stored = async (customerId: number) =>
  (
    await world.database.sql<{ event_id: string }>("select event_id from cost_events where customer_id = $1 order by occurred_at, id", [
      customerId,
    ])
  ).map(({ event_id: id }) => id);
const idsOf = (entries: readonly unknown[]) => entries.map((entry) => `cloudflare:${(entry as { id: string }).id}`);
const state = async (id: number) => {
  const [row] = await world.database.sql<{ error: string | null; usage: string | null; cursor: Date | string | null }>(
    "select audit_log_error as error, last_error as usage, audit_log_cursor as cursor from cdn_accounts where id = $1",
    [id],
  );
  const cursor = row?.cursor ?? null;
  return { error: row?.error, usage: row?.usage, cursorMs: cursor === null ? null : new Date(cursor).getTime() };
};
/** So many entries a second apart, from then on, the oldest first. */
const entriesFrom = (count: number, fromMs: number, name = "e") =>
  Array.from({ length: count }, (_, nth) => auditEntry(`${name}${nth}`, fromMs + nth * 1_000));
/** How often events are in the archive, and in the queue. */
const copies = async (customerId: number) => {
  const texts = [...world.archive.objects.values()].flatMap((text) =>
    (JSON.parse(text) as { events: { event_id: string }[] }).events.map(({ event_id: id }) => id),
  );
  const queue = await world.database.sql<{ n: number }>(
    "select coalesce(sum(cardinality(event_ids)), 0)::int as n from cost_batches where customer_id = $1 and source = 'cloudflare'",
    [customerId],
  );
  return { archived: texts.toSorted(), queued: queue[0]?.n };
};

describe("audit logs at Cloudflare", () => {
  it("become events, once, archived once, however often the last hour is read again", async () => {
    const { customerId, id } = await account();
    log = [
      ...entriesFrom(3, noon - 10 * minute),
      auditEntry("login", noon - minute, { action: { type: "login", result: true } }),
      auditEntry("failed", noon - minute, { action: { type: "add", result: false } }),
    ];
    expect(await poll()).toMatchObject({ logs: 1, entries: 5, logEvents: 3, logFailures: 0 });
    expect(await state(id)).toEqual({ error: null, usage: null, cursorMs: noon - minute });
    nowMs += 5 * minute;
    // One that shows late is found.
    log.push(auditEntry("late", noon - 30 * minute), auditEntry("next", nowMs - 1_000));
    expect(await poll()).toMatchObject({ entries: 7, logEvents: 2, logFailures: 0 });
    expect(await poll()).toMatchObject({ entries: 7, logEvents: 0 });
    const ids = ["late", "e0", "e1", "e2", "next"].map((name) => `cloudflare:entry-${name}`);
    expect(await stored(customerId)).toEqual(ids);
    expect(await copies(customerId)).toEqual({ archived: ids.toSorted(), queued: 5 });
  });

  it("are read from two weeks back, in turns, to their end", async () => {
    const [{ customerId }, other] = [await account(), await account()];
    log = [...entriesFrom(2_500, noon - 10 * 24 * hour), auditEntry("old", noon - 15 * 24 * hour)];
    expect(await poll()).toMatchObject({ logEvents: 5_000, logFailures: 0 });
    expect(await stored(customerId)).toEqual(idsOf(log.slice(0, 2_500)));
    expect(await stored(other.customerId)).toHaveLength(2_500);
  });

  it("with more in the last hour than a turn reads lose nothing", async () => {
    const { customerId } = await account();
    log = entriesFrom(1_500, noon - 30 * minute);
    for (let run = 0; run < 12; run += 1, nowMs += 10 * minute) await poll();
    expect(await stored(customerId)).toEqual(idsOf(log));
  });

  it("with more in one second than a turn reads say so, and go on behind it", async () => {
    const { customerId, id } = await account();
    log = [...Array.from({ length: 1_100 }, (_, nth) => auditEntry(`same${nth}`, noon - 3 * hour)), auditEntry("behind", noon - 2 * hour)];
    await poll();
    expect(await stored(customerId)).toHaveLength(1_001);
    expect((await state(id)).cursorMs).toBe(noon - 2 * hour);
  });

  it("that a token may not read say so, cost one request in six hours, and usage nothing", async () => {
    const { id } = await account();
    isForbidden = true;
    expect(await poll()).toMatchObject({ logs: 1, logFailures: 1 });
    expect(await state(id)).toMatchObject({
      usage: null,
      error: expect.stringMatching(/may not read the audit log.*Account Settings: Read/) as string,
    });
    expect(await poll()).toMatchObject({ logs: 0 });
    expect(api.auditLogs).toHaveLength(1);
    await world.database.sql("update cdn_accounts set audit_log_due_at = now() - interval '1 second' where id = $1", [id]);
    isForbidden = false;
    expect(await poll()).toMatchObject({ logs: 1, logFailures: 0 });
    expect((await state(id)).error).toBeNull();
    const shown = await createCdnAccountStore(world.database.db, secrets).list((await account()).customerId, { afterId: null, limit: 9 });
    expect(shown).toMatchObject([{ auditLogError: null }]);
  });

  it("that fail stop nobody else, and go on where they were", async () => {
    const [bad, good] = [await account({ apiToken: "another-token" }), await account()];
    log = entriesFrom(450, noon - 5 * hour);
    api.setFault({ kind: "http_500_html", on: "audit_logs", page: 2, times: 1 });
    expect(await poll()).toMatchObject({ logs: 2, logEvents: 200, logFailures: 2 });
    expect(await state(good.id)).toMatchObject({ cursorMs: noon - 5 * hour + 199_000, error: expect.stringContaining("500") as string });
    expect(await poll()).toMatchObject({ logEvents: 250, logFailures: 0 });
    expect(await stored(good.customerId)).toEqual(idsOf(log));
    expect(await stored(bad.customerId)).toEqual([]);
  });

  it("of an account that is another's stay with whoever may read it", async () => {
    const [own, strange] = [await account(), await account({ accountRef: "acc2" })];
    log = entriesFrom(2, noon - minute);
    await poll();
    expect([await stored(own.customerId), await stored(strange.customerId)]).toEqual([idsOf(log), []]);
    const accounts = await world.database.sql("select distinct account_id from cost_events where customer_id = $1", [own.customerId]);
    expect(accounts).toEqual([{ account_id: "acc" }]);
  });

  it("with entries that make no sense are read beside those, which do not move the cursor", async () => {
    const { customerId, id } = await account();
    log = [...entriesFrom(2, noon - minute), { id: 7 }, null, { ...auditEntry("x", noon), id: "a b", when: "2031-01-01T00:00:00Z" }];
    expect(await poll()).toMatchObject({ logEvents: 2, logFailures: 1 });
    expect(await state(id)).toMatchObject({
      error: "left out 2 entries of the audit log that make no sense",
      cursorMs: noon - minute + 1_000,
    });
    expect(await stored(customerId)).toEqual(idsOf(log.slice(0, 2)));
  });

  it("miss nothing where the clock jumps, back or ahead", async () => {
    const { customerId } = await account();
    log = entriesFrom(3, noon - 3 * hour, "a");
    for (const jumpMs of [0, 24 * hour, -24 * hour, 0]) {
      nowMs = noon + jumpMs;
      await poll();
      log.push(auditEntry(`after${jumpMs}-${log.length}`, noon - 90 * minute + log.length * 1_000));
    }
    nowMs = noon;
    await poll();
    expect((await stored(customerId)).toSorted()).toEqual(idsOf(log).toSorted());
  });

  it("that an operator's job of before, which lost its lease, read again change nothing, nor two at once", async () => {
    const { customerId, id } = await account();
    log = entriesFrom(300, noon - 2 * hour);
    const [one, other] = [await poller(), await poller()];
    await Promise.all([one.run(), other.run(), one.run()]);
    expect(await stored(customerId)).toEqual(idsOf(log));
    expect(await copies(customerId)).toMatchObject({ queued: 300 });
    isForbidden = true;
    await pollCosts(one.deps, { ...one.fence, epoch: one.fence.epoch - 1 });
    expect((await state(id)).error).toBeNull();
  });

  it("lose and double nothing over thirty kills at any step", async () => {
    const { customerId, id } = await account();
    log = entriesFrom(900, noon - 6 * hour);
    const random = seededRandom(3);
    let kills = 0;
    for (let run = 0; kills < 30 && run < 200; run += 1) {
      const life = createLife(1 + Math.floor(random() * 10), random() < 0.5);
      await poll(life).catch(() => undefined);
      if (life.isOver()) kills += 1;
      // Whatever the cursor claims is stored.
      const { cursorMs } = await state(id);
      const known = new Set(await stored(customerId));
      const claimed = log.filter((entry) => Date.parse((entry as { when: string }).when) <= (cursorMs ?? 0));
      expect(idsOf(claimed).filter((one) => !known.has(one))).toEqual([]);
      log.push(...entriesFrom(20, nowMs - 30 * minute, `r${run}-`));
      nowMs += 5 * minute;
    }
    expect(kills).toBe(30);
    await poll();
    await poll();
    expect((await stored(customerId)).toSorted()).toEqual(idsOf(log).toSorted());
    const { archived, queued } = await copies(customerId);
    expect([queued, [...new Set(archived)]]).toEqual([log.length, idsOf(log).toSorted()]);
  });
});

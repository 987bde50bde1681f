import { noBreakers } from "../support/breakers.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIngestStore } from "../../src/adapters/db/metering/ingest.ts";
import type { CustomerSources } from "../../src/adapters/ports/metering/cdn-accounts.ts";
import { ingestUsage } from "../../src/cron/ingest-usage.ts";
import { bill } from "../billing/run.ts";
import { billingFence, takeLease } from "../billing/worlds.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { seededRandom } from "../support/random.ts";
import { keyOf, refereeOf } from "./attribution/referee.ts";
import type { Truth } from "./attribution/referee.ts";
import type { Schedule } from "./attribution/schedule.ts";
import { createSchedule, endMs, hourMs, measuredCdns, minuteMs, startMs } from "./attribution/schedule.ts";
import { cdnAt, play } from "./attribution/stage.ts";

const seed = Number(process.env["ATTRIBUTION_SEED"] ?? 1);
const count = Number(process.env["ATTRIBUTION_SCHEDULES"] ?? 300);

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterAll(() => database.close());

type Row = { service: number; start: string; primary: number; backup: number; incomplete: boolean };

const knownToday = async (): Promise<Row[]> => {
  const [answer] = await database.sql<{ rows: Row[] }>(
    `select coalesce(json_agg(json_build_object('service', u.service_id, 'start', u.window_start, 'primary', coalesce(k.primary_bytes, u.primary_bytes),
       'backup', coalesce(k.backup_bytes, u.backup_bytes), 'incomplete', case when k.snapshot_id is null then u.primary_incomplete or u.backup_incomplete
         else k.primary_incomplete or k.backup_incomplete end)), '[]') as rows
     from usage_snapshots u left join usage_corrections k on k.snapshot_id = u.id`,
  );
  return answer?.rows ?? [];
};

const billed = async (): Promise<Row[]> => {
  const [answer] = await database.sql<{ rows: Row[] }>(
    `select coalesce(json_agg(json_build_object('service', service_id, 'start', window_start, 'primary', primary_bytes, 'backup', backup_bytes, 'incomplete', false)), '[]') as rows
     from (select service_id, window_start, sum(primary_bytes) as primary_bytes, sum(backup_bytes) as backup_bytes from invoice_line_items group by service_id, window_start) l`,
  );
  return answer?.rows ?? [];
};

const noAccounts: CustomerSources = { open: async () => [], note: async () => undefined };

/** What differs from the truth, in words; at most five, each with the schedule that shows it. */
const differences = (
  rows: readonly Row[],
  truth: Truth,
  schedules: readonly Schedule[],
  what: string,
  may: (row: Row, key: string) => boolean,
): string[] => {
  const found: string[] = [];
  const seen = new Set<string>();
  const say = (service: number, windowMs: number, text: string) => {
    if (found.length < 5) {
      const schedule = schedules[Math.floor(service / 10)];
      found.push(
        `${what}: service ${service}, ${new Date(windowMs).toISOString()}: ${text}\n${JSON.stringify(schedule?.events.map((event) => ({ ...event, at: new Date(event.atMs).toISOString() })))} ${JSON.stringify(schedule?.blind)}`,
      );
    } else if (found.length === 5) found.push("...");
  };
  for (const row of rows) {
    const atMs = Date.parse(row.start);
    const key = keyOf(row.service, atMs);
    seen.add(key);
    const { primary, backup } = truth.get(key) ?? { primary: 0, backup: 0 };
    if ((row.primary !== primary || row.backup !== backup) && !may(row, key))
      say(row.service, atMs, `${row.primary}/${row.backup} instead of ${primary}/${backup}`);
  }
  for (const [key, { primary, backup }] of truth) {
    if (seen.has(key) || primary + backup === 0) continue;
    const [service = 0, atMs = 0] = key.split(" ").map(Number);
    if (!may({ service, start: "", primary: 0, backup: 0, incomplete: true }, key))
      say(service, atMs, `nothing instead of ${primary}/${backup}`);
  }
  return found;
};

describe("usage over random lives of services, domains and CDNs", () => {
  it(`bills no byte twice, none to a stranger and loses none: ${count} schedules of 48 hours`, async () => {
    const random = seededRandom(seed);
    const schedules = Array.from({ length: count }, (_, index) => createSchedule(index, seed));
    const truth = new Map(schedules.flatMap((schedule) => [...refereeOf(schedule)]));
    const lasting = new Set(
      schedules.flatMap(({ blind }) =>
        blind.filter(({ toMs }) => toMs === Number.POSITIVE_INFINITY).map(({ cdn, host }) => `${cdn} ${host}`),
      ),
    );
    const isBlind = (key: string) => [...(truth.get(key)?.hosts ?? [])].some((host) => lasting.has(host));
    await database.sql(
      `insert into customers (id, name) overriding system value select g, 'customer ' || g from generate_series(1, ${count * 2}) g`,
    );

    let playedUntilMs = startMs - 1;
    let before = new Map<string, Row>();
    const ingest = async (atMs: number, sound: boolean) => {
      await play(database, schedules, playedUntilMs, atMs);
      playedUntilMs = atMs;
      const sources = measuredCdns.map((cdn) => {
        const turn = random();
        return cdnAt(cdn, schedules, atMs, {
          isAway: !sound && turn < 0.15,
          puttingOff: (host) => !sound && (host.length + host.charCodeAt(2) + Math.floor(turn * 100)) % 9 === 0,
        });
      });
      const deps = {
        ingest: createIngestStore(database.db),
        usageSources: sources,
        customerSources: noAccounts,
        breakers: noBreakers,
        clock: createFakeClock(atMs),
        log: createMemoryLog().log,
        usageWindows: { windowMs: hourMs, lookbackMs: 6 * hourMs },
      };
      await ingestUsage(deps, billingFence).catch((error: unknown) => {
        if (!(error instanceof Error) || error.message !== "away") throw error;
      });
    };
    /** In between, a figure may be short of the truth, and says so; it never exceeds it, and never falls. */
    const neverTooMuch = async () => {
      const rows = await knownToday();
      const now = new Map(rows.map((row) => [keyOf(row.service, Date.parse(row.start)), row]));
      const wrong = rows.flatMap((row) => {
        const key = keyOf(row.service, Date.parse(row.start));
        const { primary, backup } = truth.get(key) ?? { primary: 0, backup: 0 };
        const old = before.get(key);
        const fell = old !== undefined && (row.primary < old.primary || row.backup < old.backup);
        const short = row.primary < primary || row.backup < backup;
        return row.primary > primary || row.backup > backup || fell || (short && !row.incomplete) ? [{ row, primary, backup, old }] : [];
      });
      expect(wrong.slice(0, 3)).toEqual([]);
      before = now;
    };

    let atMs = startMs;
    while (atMs < endMs - 5 * hourMs) {
      atMs += Math.floor((1 + random() * 7) * hourMs);
      await ingest(Math.min(atMs, endMs - minuteMs), false);
      if (random() < 0.4) await neverTooMuch();
      if (random() < 0.7) await bill(database.db, atMs);
    }
    await ingest(endMs + 10 * minuteMs, true);
    await ingest(endMs + 20 * minuteMs, true);
    const known = await knownToday();
    expect(differences(known, truth, schedules, "known", (_, key) => isBlind(key))).toEqual([]);
    // What stays blind says so, and is never more than there was.
    expect(known.filter((row) => row.incomplete && !isBlind(keyOf(row.service, Date.parse(row.start))))).toEqual([]);
    await neverTooMuch();

    // Bytes that cost nothing ride on an invoice of something: everybody has something in the end.
    await database.sql(
      `insert into services (id, customer_id, name, primary_cdn, backup_cdn) overriding system value select 1000000 + id, id, 'something', 'akamai', 'bunny' from customers`,
    );
    await database.sql(
      `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, primary_source) select 1000000 + id, $1, $1::timestamptz + interval '1 hour', 1073741824, 'push' from customers`,
      [new Date(endMs)],
    );
    await bill(database.db, endMs + hourMs);
    await bill(database.db, endMs + 24 * hourMs);
    const invoiced = new Map((await knownToday()).map((row) => [keyOf(row.service, Date.parse(row.start)), row]));
    const differs = (await billed()).filter((row) => {
      const now = invoiced.get(keyOf(row.service, Date.parse(row.start)));
      return now === undefined || now.primary !== row.primary || now.backup !== row.backup;
    });
    expect(differs).toEqual([]);
    expect(known.length).toBeGreaterThan(count * 10);
  });
});

import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import { isoTime } from "../../../iso-time.ts";
import type { HostState, IngestStore, MeteredHolding, MeteringMark, SavedUsage, SaveUsage } from "../../ports/metering/ingest.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { holdingsCte, standsCte } from "./holdings.ts";
import { factsCtes, measuredBy, touchedReadingsCte } from "./usage-facts.ts";
import { meteringCte, requireWindow } from "./usage-window.ts";
import { lockWindows, storeUsageCtes, touchedCte } from "./usage-write.ts";
import type { WindowKey } from "./usage-write.ts";

type Outcome = { held: boolean; seconds: number | null; stored: number; corrected: number; missed: number };

/** Retries where a window is stored or billed concurrently, the very first one included: a matter of milliseconds. */
const attempts = 3;

const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;

const fellRule = "reading_fell:";

/**
 * Whether a figure `i` may take the place of the reading `k`. For a window that is over a CDN's figure grows, never shrinks: a
 * lower one is of something else, as where the host moved within the account or another account sees
 * only a part. An estimate may move within its bounds.
 */
const isNoLess = sql`(i.bytes >= k.bytes or (k.sampling is not null and i.bytes >= coalesce((k.sampling->>'lower')::numeric, k.bytes * 0.5)))`;

/** What was read, into `readings_now`: together with what is stored, all readings of these windows. */
const readingCtes = ({ readings, accountId, readAtMs }: SaveUsage, allowed: SQL): SQL => {
  const rows = readings.map(({ domainId, serviceId, cdn, windowStartMs, startMs, endMs, bytes, sampling }) => ({
    d: domainId,
    s: serviceId,
    c: cdn,
    w: windowStartMs,
    f: startMs,
    t: endMs,
    b: bytes,
    g: sampling === undefined ? null : { interval: sampling.interval, lower: sampling.lowerBytes, upper: sampling.upperBytes },
  }));
  return sql`input as materialized (
    select d as domain_id, s as service_id, c as cdn, to_timestamp(w / 1000.0) as window_start, to_timestamp(f / 1000.0) as from_at,
      to_timestamp(t / 1000.0) as to_at, b as bytes, nullif(g, 'null') as sampling
    from jsonb_to_recordset(${json(rows)}) as x(d bigint, s bigint, c text, w bigint, f bigint, t bigint, b bigint, g jsonb)
    where ${allowed}
  ), ${touchedReadingsCte}, news as materialized (
    select i.* from input i
    left join usage_readings k on k.domain_id = i.domain_id and k.cdn = i.cdn and k.from_at = i.from_at
    where k.domain_id is null or ((k.bytes, k.sampling, k.to_at) is distinct from (i.bytes, i.sampling, i.to_at) and ${isNoLess})
  ), fell as materialized (
    select i.domain_id, i.cdn, d.customer_id, d.name, count(*) as slices, sum(k.bytes) as was, sum(i.bytes) as now
    from input i
    join usage_readings k on k.domain_id = i.domain_id and k.cdn = i.cdn and k.from_at = i.from_at
    join service_domains d on d.id = i.domain_id
    where not ${isNoLess}
    group by i.domain_id, i.cdn, d.customer_id, d.name
  ), told as (
    insert into reconciliation_findings as r (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at)
    select customer_id, ${fellRule} || cdn, 'domain', domain_id, name || ' carried ' || was || ' bytes at ' || cdn || ' in ' || slices || ' windows',
      now || ' bytes, as the CDN says now', ${isoTime(readAtMs)}, ${isoTime(readAtMs)}
    from fell
    order by domain_id
    on conflict (rule, object_id) where cleared_at is null
    do update set expected = excluded.expected, actual = excluded.actual, last_seen_at = excluded.last_seen_at
  ), calmed as (
    update reconciliation_findings r set cleared_at = ${isoTime(readAtMs)}::timestamptz
    from (select distinct domain_id, cdn from input) i
    where r.rule = ${fellRule} || i.cdn and r.object_id = i.domain_id and r.cleared_at is null
      and r.last_seen_at < ${isoTime(readAtMs)}::timestamptz
      and not exists (select from fell f where f.domain_id = i.domain_id and f.cdn = i.cdn)
  ), stored as (
    insert into usage_readings as r (domain_id, cdn, from_at, to_at, service_id, window_start, bytes, sampling, account_id, read_at)
    select domain_id, cdn, from_at, to_at, service_id, window_start, bytes, sampling, ${accountId}::bigint, ${isoTime(readAtMs)}::timestamptz
    from news
    order by domain_id, cdn, from_at
    on conflict (domain_id, cdn, from_at) do update set to_at = excluded.to_at, bytes = excluded.bytes,
      sampling = excluded.sampling, account_id = excluded.account_id, read_at = excluded.read_at
  ), readings_now as materialized (
    select distinct on (domain_id, cdn, from_at) domain_id, cdn, from_at, bytes, sampling
    from (
      select domain_id, cdn, from_at, bytes, sampling, 0 as place from news
      union all
      select domain_id, cdn, from_at, bytes, sampling, 1 from touched_readings
    ) x
    order by domain_id, cdn, from_at, place
  )`;
};

const saveStatement = (fence: Fence, usage: SaveUsage, windows: readonly WindowKey[]): SQL => {
  const windowSeconds = usage.windowMs / 1_000;
  const allowed = sql`exists (select from fence) and (select seconds from metering) = ${windowSeconds}`;
  return sql`
    with ${fenceCte(fence)}, ${meteringCte(windowSeconds, sql`exists (select from fence)`)}, ${touchedCte(windows)},
      ${readingCtes(usage, allowed)}, ${standsCte(windowSeconds, sql`h.service_id in (select service_id from touched)`)},
      ${factsCtes({ windowSeconds, measured: measuredBy(usage.measurers, "r.customer_id", "r.cdn"), readings: "readings_now", pushes: "usage_pushes" })},
      ${storeUsageCtes(allowed)}
    select exists (select from fence) as held, (select seconds from metering) as seconds, (select count(*) from added) + (select count(*) from replaced) as stored,
      (select count(*) from corrected) as corrected, (select count from missed) as missed`;
};

const unreadableRule = (cdn: string): string => `host_unreadable:${cdn}`;

const noteStatement = (fence: Fence, states: readonly HostState[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, input as materialized (
    select * from jsonb_to_recordset(${json(states.map((state) => ({ ...state, rule: unreadableRule(state.cdn) })))})
      as x("domainId" bigint, "customerId" bigint, cdn text, host text, reason text, rule text)
    where exists (select from fence)
  ), marked as (
    insert into metering_marks as m (domain_id, cdn, unreadable_since, unreadable_reason)
    select "domainId", cdn, case when reason is not null then ${isoTime(nowMs)}::timestamptz end, reason from input
    on conflict (domain_id, cdn) do update
    set unreadable_since = case when excluded.unreadable_reason is not null then coalesce(m.unreadable_since, excluded.unreadable_since) end,
      unreadable_reason = excluded.unreadable_reason
  ), found as (
    insert into reconciliation_findings as r (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at)
    select "customerId", rule, 'domain', "domainId", host || ' can be read at ' || cdn, reason, ${isoTime(nowMs)}, ${isoTime(nowMs)}
    from input where reason is not null
    on conflict (rule, object_id) where cleared_at is null do update set actual = excluded.actual, last_seen_at = excluded.last_seen_at
  )
  update reconciliation_findings r set cleared_at = ${isoTime(nowMs)}::timestamptz
  from input i
  where i.reason is null and r.rule = i.rule and r.object_id = i."domainId" and r.cleared_at is null`;

const settleStatement = (fence: Fence, marks: readonly MeteringMark[]): SQL => sql`
  with ${fenceCte(fence)}
  insert into metering_marks as m (domain_id, cdn, settled_until)
  select "domainId", cdn, to_timestamp("settledUntilMs" / 1000.0)
  from jsonb_to_recordset(${json(marks)}) as x("domainId" bigint, cdn text, "settledUntilMs" bigint)
  where exists (select from fence)
  on conflict (domain_id, cdn) do update set settled_until = greatest(m.settled_until, excluded.settled_until)`;

export const createIngestStore = (db: Database): IngestStore => ({
  holdings: ({ cdn, windowMs, sinceMs, afterDomainId, limit }) => {
    const since = sql`${isoTime(sinceMs)}::timestamptz`;
    return db.rows<MeteredHolding>(sql`
      with page as materialized (
        select t.domain_id from domain_tenures t
        join service_cdns h on h.service_id = t.service_id
        where t.domain_id > ${afterDomainId} and coalesce(t.to_at, 'infinity') > ${since} and ${cdn} in (h.primary_cdn, h.backup_cdn)
        group by t.domain_id
        order by t.domain_id
        limit ${limit}
      ), ${holdingsCte(windowMs / 1_000, sql`t.domain_id in (select domain_id from page) and ${cdn} in (h.primary_cdn, h.backup_cdn)`)}
      select h.domain_id as "domainId", h.service_id as "serviceId", h.customer_id as "customerId", h.host, h.cdn,
        h.from_at as "fromMs", nullif(h.to_at, 'infinity') as "toMs", m.settled_until as "settledUntilMs",
        m.unreadable_since is not null as "isUnreadable"
      from holdings h
      left join metering_marks m on m.domain_id = h.domain_id and m.cdn = h.cdn
      where h.cdn = ${cdn} and h.to_at > ${since}
      order by h.domain_id, h.from_at`);
  },

  noteHosts: async (fence, states, nowMs) => {
    await db.rows(noteStatement(fence, states, nowMs));
  },

  save: async (fence, usage): Promise<SavedUsage> => {
    const windows = [...usage.readings, ...usage.touched].map(({ serviceId, windowStartMs }) => ({
      serviceId,
      startMs: windowStartMs,
      endMs: windowStartMs + usage.windowMs,
    }));
    if (windows.length === 0) return { stored: 0, corrected: 0 };
    for (let attempt = 1; ; attempt += 1) {
      const [, [outcome]] = await db.batch<[unknown[], Outcome[]]>([lockWindows(windows), saveStatement(fence, usage, windows)]);
      if (outcome === undefined) throw new TypeError("the usage statement answered without a row");
      if (!outcome.held) return { stored: 0, corrected: 0 };
      if (outcome.seconds !== null) requireWindow(outcome.seconds, usage.windowMs / 1_000);
      if (outcome.seconds !== null && outcome.missed === 0) return { stored: outcome.stored, corrected: outcome.corrected };
      if (attempt === attempts) throw new AppError("unavailable", "the windows are being stored or billed");
    }
  },

  settle: async (fence, marks) => {
    await db.rows(settleStatement(fence, marks));
  },
});

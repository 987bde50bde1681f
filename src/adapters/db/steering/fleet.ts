import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Trouble } from "../../../domain/steering/trouble.ts";
import { silentAfterMs, troubleNames } from "../../../domain/steering/trouble.ts";
import { isoTime } from "../../../iso-time.ts";
import type { FleetService, FleetStore } from "../../ports/steering/fleet.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { domainStatus } from "../platform/views.ts";
import { measuredNow, readMeasured } from "../slo/measures.ts";
import { freezeOfAll, isAllFrozen } from "./orders.ts";

/** Ids are below it: a trouble times this and an id make a place. */
const idsBelow = 1_000_000_000_000;

const epoch = (column: string): SQL => sql.raw(`trunc(extract(epoch from ${column}) * 1000)::bigint`);

/** The storm that is looked at first: a side that is dead is worse than one that is slow. */
const storm = sql`
  select e.state, e.monitor_only, jsonb_build_object('id', e.id, 'kind', e.kind, 'state', e.state, 'monitorOnly', e.monitor_only,
    'startedAtMs', ${epoch("e.started_at")}, 'relapses', e.relapses) as told
  from storm_events e where e.service_id = s.id and e.ended_at is null order by e.kind = 'http_latency', e.id limit 1`;

/** The domains of a service in figures. Each domain's latest sample is one look into the key of the samples. */
const domains = sql`
  select count(*) as total, count(*) filter (where d.verified_at is not null) as verified, min(d.verified_at) as since,
    count(*) filter (where r.primary_weight > 0 and r.backup_weight = 0) as on_primary, count(*) filter (where r.primary_weight = 0 and r.backup_weight > 0) as on_backup,
    count(*) filter (where r.primary_weight > 0 and r.backup_weight > 0) as on_both,
    count(*) filter (where ${domainStatus} = 'contested') as contested, count(*) filter (where ${domainStatus} = 'error') as failing,
    count(*) filter (where jsonb_typeof(r.expected->'obstacle') = 'object') as hindered,
    max((select max(p.round_at) from probe_samples p where p.domain_id = d.id)) as round_at
  from service_domains d left join domain_routing r on r.domain_id = d.id
  where d.service_id = s.id and d.deleted_at is null`;

/** Frozen where visitors are on the backup already: its storm is waited out there. */
const frozenOnBackup = sql`g.state = 'frozen' and d.on_backup > 0 and d.on_primary + d.on_both + d.hindered = 0`;

/** By which facts a service is in which trouble; what is worse stands first in `troubles`. */
const facts = (nowMs: number): Readonly<Record<Exclude<Trouble, "none">, SQL>> => ({
  held: sql`(g.state = 'held' and e.state is not null) or g.reason in ('backup_down', 'backup_unknown', 'latched', 'bad_backup')`,
  failing: sql`e.state = 'storm' and coalesce(g.state, 'normal') <> 'shifted' and not (${frozenOnBackup})`,
  silent: sql`d.since < ${isoTime(nowMs - silentAfterMs)}::timestamptz and (d.round_at is null or d.round_at < ${isoTime(nowMs - silentAfterMs)}::timestamptz)`,
  contested: sql`d.contested + d.failing > 0`,
  on_backup: sql`g.state in ('shifted', 'partial') or (${frozenOnBackup})`,
  recovering: sql`e.state = 'recovering' or g.state = 'failback'`,
  backup_down: sql`g.backup_health = 'down'`,
  overridden: sql`g.state = 'frozen' or o.told is not null`,
  not_ready: sql`c.result = 'fail'`,
});

const trouble = (nowMs: number): SQL => {
  const cases = Object.entries(facts(nowMs)).map(([name, fact]) => sql`when ${fact} then ${troubleNames.indexOf(name as Trouble)}::int`);
  return sql`case ${sql.join(cases, sql` `)} else ${troubleNames.indexOf("none")}::int end`;
};

const services = (customerId: number | null, nowMs: number): SQL => sql`
  select s.id as "serviceId", s.customer_id as "customerId", u.name as "customerName", s.name, s.primary_cdn as "primaryCdn", s.backup_cdn as "backupCdn", s.steering,
    t.trouble, t.trouble::bigint * ${idsBelow} + s.id as place, coalesce(g.state, 'normal') as state, coalesce(g.reason, '') as reason, e.told as storm,
    jsonb_build_object('total', d.total, 'primary', d.on_primary, 'backup', d.on_backup, 'both', d.on_both,
      'unread', d.total - d.on_primary - d.on_backup - d.on_both, 'contested', d.contested, 'failing', d.failing, 'hindered', d.hindered) as domains,
    o.told as override, g.backup_health as "backupHealth", c.result as readiness, ${epoch("d.round_at")} as "lastRoundAtMs"
  from services s
  join customers u on u.id = s.customer_id
  left join service_routing g on g.service_id = s.id
  ${freezeOfAll("s.customer_id", sql`${isoTime(nowMs)}::timestamptz`)}
  left join readiness_checks c on c.service_id = s.id
  left join lateral (${storm}) e on true
  cross join lateral (${domains}) d
  cross join lateral (
    select case when ${isAllFrozen("g", sql`${isoTime(nowMs)}::timestamptz`)} then jsonb_build_object(
      'mode', 'frozen', 'reason', f.reason, 'untilMs', ${epoch("f.until")}, 'actor', f.actor, 'setAtMs', ${epoch("f.set_at")}, 'ofAll', true)
      when g.override_mode is not null and (g.override_until is null or g.override_until > ${isoTime(nowMs)}::timestamptz) then jsonb_build_object(
      'mode', g.override_mode, 'reason', coalesce(g.override_reason, ''), 'untilMs', ${epoch("g.override_until")}, 'actor', coalesce(g.override_actor, ''),
      'setAtMs', ${epoch("g.override_set_at")}) end as told
  ) o
  cross join lateral (select ${trouble(nowMs)} as trouble) t
  where s.deleted_at is null ${customerId === null ? sql`` : sql`and s.customer_id = ${customerId}`}`;

/** Behind a place: by the name that its service has now. */
const behind = (place: number): SQL => {
  const [rank, id] = [Math.floor(place / idsBelow), place % idsBelow];
  return sql`where (f.trouble, f.name collate "C", f."serviceId") > (${rank}::int, coalesce((select name from services where id = ${id}::bigint), ''), ${id}::bigint)`;
};

type Row = Omit<FleetService, "trouble"> & { readonly trouble: number };

const order = sql`trouble, name collate "C", "serviceId"`;

const page = (customerId: number | null, afterPlace: number | null, nowMs: number): SQL =>
  withinBytes(sql`select * from (${services(customerId, nowMs)}) f ${afterPlace === null ? sql`` : behind(afterPlace)}`, order);

const named = <One extends Row>(row: One): Omit<One, "trouble"> & Pick<FleetService, "trouble"> => ({
  ...row,
  trouble: troubleNames[row.trouble] ?? "none",
});

/** Objectives that are measured for one look, whatever the services have. */
const mostObjectives = 500;

/** `counts`: by the number of a trouble. */
type Look = {
  readonly services: readonly Row[];
  readonly counts: Readonly<Record<string, number>>;
  readonly measured: readonly unknown[] | null;
};

export const createFleetStore = (db: Database): FleetStore => ({
  list: async (customerId, afterPlace, nowMs) => (await db.rows<Paged<Row>>(page(customerId, afterPlace, nowMs))).map(named),

  look: async (customerId, afterPlace, nowMs, first) => {
    // Of a thousand services a hundred are sent: the others are counted where they are.
    const [look] = await db.rows<Look>(sql`
      with fleet as materialized (${services(customerId, nowMs)}
      ), shown as materialized (
        select * from fleet f ${afterPlace === null ? sql`` : behind(afterPlace)} order by ${order} limit ${first + 1}::int
      )
      select coalesce((select jsonb_agg(to_jsonb(f) order by ${order}) from shown f), '[]') as services,
        coalesce((select jsonb_object_agg(trouble, number) from (select trouble, count(*) as number from fleet group by trouble) n), '{}') as counts,
        ${measuredNow(sql`select "serviceId" from shown order by ${order} limit ${first}::int`, mostObjectives)} as measured`);
    const { services: rows = [], counts = {}, measured = [] } = look ?? {};
    return {
      services: rows.slice(0, first).map(named),
      hasMore: rows.length > first,
      counts: troubleNames.map((name, rank) => ({ trouble: name, services: counts[rank] ?? 0 })).filter((one) => one.services > 0),
      ...readMeasured(measured ?? []),
    };
  },
});

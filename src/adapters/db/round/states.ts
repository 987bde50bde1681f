import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { StateChange } from "../../ports/detection/round.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import { fenceCte } from "../platform/fence.ts";

const ms = (name: string): SQL => sql.raw(`to_timestamp(${name} / 1000.0)`);

const rowsOf = ({ serviceId, presentId, spans }: StateChange) =>
  spans.map((span, nth) => ({
    service_id: serviceId,
    present_id: presentId,
    nth,
    started_at: span.startedAtMs,
    ended_at: spans[nth + 1]?.startedAtMs ?? null,
    state: span.state,
    serving: span.serving,
    attribution: span.attribution,
    upstream_cdn: span.upstreamCdn,
    avoided: span.avoided,
    outage_at: span.outageAtMs,
  }));

/**
 * Ends the present spans and begins those that follow, each with the storm that the service is in. Nothing is written where the
 * present one is not the one that the round knew. Services are locked as a deletion locks them, before anything of theirs: one
 * that is being deleted gets no span that would stay open.
 */
export const saveStates = (fence: Fence, changes: readonly StateChange[]): SQL => sql`
  with ${fenceCte(fence)}, sent as (
    select * from jsonb_to_recordset(${JSON.stringify(changes.flatMap(rowsOf))}::jsonb) as x(service_id bigint, present_id bigint, nth int,
      started_at bigint, ended_at bigint, state text, serving text, attribution text, upstream_cdn text, avoided boolean, outage_at bigint)
  ), live as materialized (
    select v.id, x.present_id, x.started_at from services v join sent x on x.service_id = v.id and x.nth = 0
    where v.deleted_at is null and exists (select from fence)
    order by v.id for share of v
  ), closed as (
    update service_states s set ended_at = greatest(s.started_at, ${ms("l.started_at")})
    from live l where s.id = l.present_id and s.service_id = l.id and s.ended_at is null
    returning s.service_id, s.ended_at
  ), following as (
    select service_id, ended_at as since from closed
    union all
    select l.id, ${ms("l.started_at")} from live l
    where l.present_id is null and not exists (select from service_states o where o.service_id = l.id and o.ended_at is null)
  )
  insert into service_states (service_id, started_at, ended_at, state, serving, attribution, upstream_cdn, avoided, outage_at, storm_id)
  select x.service_id, greatest(f.since, ${ms("x.started_at")}), case when x.ended_at is not null then greatest(f.since, ${ms("x.ended_at")}) end, x.state, x.serving, x.attribution,
    x.upstream_cdn, x.avoided, ${ms("x.outage_at")}, (
      select e.id from storm_events e where e.service_id = x.service_id and e.ended_at is null order by e.kind, e.id limit 1)
  from sent x join following f on f.service_id = x.service_id
  order by x.service_id, x.nth
  on conflict do nothing`;

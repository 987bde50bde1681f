import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { kindNames, notificationKinds } from "../../../domain/notify/kinds.ts";
import type { Effect } from "../../../domain/notify/kinds.ts";

const kindsThat = (...effects: readonly Effect[]): SQL =>
  sql.raw(
    kindNames
      .filter((kind) => effects.includes(notificationKinds[kind].effect))
      .map((kind) => `'${kind}'`)
      .join(),
  );

/**
 * As a CTE of the statement that switches a channel on again: a resolve for each matter that was opened on it and ended while
 * nothing was sent to it. An alert would stay open for ever otherwise, for its end is news only once. What has begun anew meanwhile
 * is open, and ends as everything does.
 * @param channel the CTE of the channel's row; empty: nothing was changed
 */
export const missedEnds = (channel: SQL): SQL => sql`
  insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, incident_id, next_at)
  select t.channel_id, t.thread, l.seq + 1, 'resolve', e.kind, 'info', e.id, e.id, t.incident_id, t.next_at
  from (
    select distinct on (d.thread) d.* from ${channel} c join deliveries d on d.channel_id = c.id
    where d.action in ('trigger', 'resolve') and d.state not in ('folded', 'dropped') and not d.replay order by d.thread, d.seq desc
  ) t
  cross join lateral (select max(d.seq) as seq from deliveries d where d.channel_id = t.channel_id and d.thread = t.thread) l
  cross join lateral (
    select case i.kind when 'backup' then 'backup.up' else 'storm.ended' end as kind, t.notification_id as id
    from incidents i where i.id = t.incident_id and i.ended_at is not null
    union all
    select x.kind, x.id from (
      select n.kind, n.id, n.expanded_at from notifications o join notifications n on n.customer_id is not distinct from o.customer_id and n.subject = o.subject
      where t.incident_id is null and o.id = t.notification_id and n.id > t.notification_id and n.kind in (${kindsThat("open", "close")})
      order by n.id desc limit 1
    ) x where x.kind in (${kindsThat("close")}) and x.expanded_at is not null
  ) e
  where t.action = 'trigger'
  on conflict do nothing`;

/**
 * As a CTE: the end of what was told of a channel that fails, where no attempt can bring it about: it is switched on again after
 * its receiver wanted no more, or it is deleted.
 * @param from a CTE, or a subquery, with the channel's rows as they were
 */
export const failingEnds = (from: SQL, how: "deleted" | "enabled"): SQL => sql`
  insert into notifications (customer_id, kind, subject, facts, occurred_at)
  select w.customer_id, 'channel.recovered', 'channel:' || w.id, jsonb_build_object('channelId', w.id, 'channel', w.name, 'channelKind', w.kind, 'how', ${how}::text), now()
  from ${from} w where ${how === "deleted" ? sql`w.failures >= 5 or` : sql`w.failures < 5 and`} (w.disabled_at is not null and w.disabled_reason = 'gone')`;

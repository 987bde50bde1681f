import { sql } from "drizzle-orm";

/**
 * How the telling of people stands, for whoever watches the installation. Each reads what is open or waits, along an index of its
 * own, or what ended within a day.
 */
export const openIncidents = sql`
  select kind, case when customer_id is null then 'installation' else 'customer' end as scope, count(*) as count from incidents where ended_at is null group by 1, 2 order by 1, 2`;

/** A channel that is paused is disabled no less, and one that is not confirmed neither. */
export const channelStandings = sql`
  select kind, case when disabled_at is not null then 'disabled' when confirmed_at is null then 'unconfirmed' when paused_until > now() then 'paused' else 'active' end as state,
    count(*) as count
  from channels where deleted_at is null group by 1, 2 order by 1, 2`;

export const pendingDeliveries = sql`
  select c.kind, count(*) as count, extract(epoch from now() - min(d.created_at))::float8 as "oldestAgeSeconds",
    extract(epoch from now() - min(d.next_at) filter (where d.next_at <= now() and c.disabled_at is null and coalesce(c.paused_until, '-infinity') <= now()))::float8 as "overdueSeconds"
  from deliveries d join channels c on c.id = d.channel_id where d.state = 'pending' group by 1 order by 1`;

export const deadDeliveries = sql`
  select c.kind, count(*) as count from deliveries d join channels c on c.id = d.channel_id
  where d.ended_at > now() - interval '1 day' and d.state = 'dead' group by 1 order by 1`;

/** Of the notification that waits longest for its messages to be decided; null: none waits. */
export const outboxLagSeconds = sql`(
  select extract(epoch from now() - occurred_at)::float8 from notifications where expanded_at is null order by id limit 1)`;

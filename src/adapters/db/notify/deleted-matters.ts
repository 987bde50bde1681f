import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/*
 * What people were told of something that is deleted would never end: nothing changes it any more. Each of these is a CTE of the
 * statement that deletes it, over the CTE of the deleted rows.
 */

const ended = (from: SQL): SQL => sql`
  insert into notifications (customer_id, service_id, kind, subject, facts, occurred_at)
  select x.customer_id, x.service_id, x.kind, x.subject, jsonb_strip_nulls(x.facts) || '{"how": "deleted"}', now() from (${from}) x`;

/** Fights over the weights of domains (`d`: id, name, service_id, customer_id). */
const contests = (domains: SQL): SQL => sql`
  select d.customer_id, d.service_id, 'drift.resumed' as kind, 'domain:' || d.id || ':drift' as subject,
    jsonb_build_object('domain', d.name, 'service', (select s.name from services s where s.id = d.service_id)) as facts
  from ${domains} d join domain_routing r on r.domain_id = d.id where r.contested_at is not null`;

/** @param gone the CTE of rows of `services` */
export const endsOfServices = (gone: SQL): SQL =>
  ended(sql`
  select g.customer_id, g.id as service_id, 'override.cleared' as kind, 'service:' || g.id || ':override' as subject,
    jsonb_build_object('service', g.name, 'mode', r.override_mode) as facts
  from ${gone} g join service_routing r on r.service_id = g.id where r.override_mode is not null and r.override_expired_at is null
  union all
  select g.customer_id, g.id, 'readiness.passed', 'service:' || g.id || ':readiness', jsonb_build_object('service', g.name)
  from ${gone} g join readiness_checks c on c.service_id = g.id where c.result = 'fail'
  union all ${contests(sql`(select d.id, d.name, d.service_id, d.customer_id from service_domains d join ${gone} g on g.id = d.service_id where d.deleted_at is null)`)}`);

/** @param gone the CTE of rows of `service_domains` */
export const endsOfDomains = (gone: SQL): SQL => ended(contests(gone));

/** @param gone the CTE of rows of `cdn_accounts` */
export const endsOfCdnAccounts = (gone: SQL): SQL =>
  ended(sql`
  select g.customer_id, null::bigint as service_id, 'account.recovered' as kind, 'cdn-account:' || g.id as subject,
    jsonb_build_object('account', g.cdn || ' analytics') as facts
  from ${gone} g where g.last_error is not null`);

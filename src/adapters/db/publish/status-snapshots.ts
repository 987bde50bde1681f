import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { PublishedMonth, PublishedPage, StatusSnapshots } from "../../ports/publish/status-pages.ts";
import type { Database } from "../platform/client.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import { ms } from "../platform/write.ts";
import { measuredDays } from "./days.ts";
import { incidentColumns } from "./status-incidents.ts";

/** A customer decides how much is read here: its services flap, its updates are long. The page before is shown where it takes longer. */
const patience = sql`select set_config('statement_timeout', '5s', true)`;

/** Incidents of a page, and bytes of them. */
const mostShown = 60;
const mostBytes = 256 * 1024;

/** The page `p` of a name, and its services that are shown, in their order. @param ownerId whose it has to be; null: anybody's */
const published = (slug: string, ownerId: number | null = null): SQL => sql`
  p as materialized (
    select * from status_pages where slug = ${slug} and enabled and (${ownerId}::bigint is null or customer_id = ${ownerId}::bigint)
  ), shown as materialized (
    select s.id, x.entry->>'name' as name, x.place from p cross join lateral jsonb_array_elements(p.services) with ordinality x(entry, place)
    join services s on s.id = (x.entry->>'serviceId')::bigint and s.customer_id = p.customer_id and s.deleted_at is null
    where (x.entry->>'shown')::boolean
  )`;

/** Incidents of `p`, their services by those that are shown. @param which a condition on `i` */
const incidents = (which: SQL, order: SQL): SQL =>
  withinBytes(
    sql`select v."publicId", v.title, v.impact, v.state, v."startsAtMs", v."endsAtMs", v.updates, v."updatedAtMs", v.turn,
        array(select s.id from shown s where s.id = any(v."serviceIds") order by s.place) as "serviceIds"
      from (select ${incidentColumns}, case when i.state = 'resolved' or i.ends_at <= now() then 3 when i.impact <> 'maintenance' or i.starts_at <= now() then 1 else 2 end as turn
        from p join status_incidents i on i.customer_id = p.customer_id where ${which}) v order by ${order} limit ${mostShown + 1}::int`,
    order,
    mostBytes,
    mostShown,
  );

const collected = (relation: SQL, order: SQL): SQL =>
  sql`coalesce((select jsonb_agg(to_jsonb(x) - 'cut' - 'turn' order by ${order}) from ${relation} x), '[]')`;

const frame = sql`p.slug, p.customer_id as "ownerId", p.title, ${ms("now()", "atMs")},
  (select to_char(min(i.starts_at) at time zone 'UTC', 'YYYY-MM') from status_incidents i where i.customer_id = p.customer_id) as "firstMonth",
  coalesce((select bool_or(cut) from told), false) as "isCut"`;

/** What goes on, the worst first, as that is what the banner says; what is planned, the next first; what is over, the latest first. */
const worstFirst = sql`turn, case when turn = 1 then array_position(array['critical', 'major', 'minor', 'maintenance'], impact) end,
  case when turn = 2 then "startsAtMs" end, "startsAtMs" desc, "publicId"`;
const oldestFirst = sql`"startsAtMs", "publicId"`;

/** What anybody may see. Times are the database's. */
export const createStatusSnapshots = (db: Database): StatusSnapshots => {
  const one = async <Row>(statement: SQL): Promise<Row | null> => {
    const [, rows] = await db.batch<[unknown[], Row[]]>([patience, statement]);
    return rows[0] ?? null;
  };
  return {
    page: (slug) =>
      one<PublishedPage>(sql`
      with ${published(slug)}, measured as materialized (${measuredDays(sql`select id from shown`, sql`now()`)}
      ), told as materialized (${incidents(sql`true`, worstFirst)}
      )
      select ${frame}, ${collected(sql`told`, worstFirst)} as incidents, coalesce((
        select jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name, 'state', m.state, 'trackedUs', m."trackedUs", 'days', m.days) order by s.place)
        from shown s join measured m on m.service_id = s.id), '[]') as services
      from p`),

    month: ({ slug, ownerId }, fromMs, toMs) =>
      one<PublishedMonth>(sql`
      with ${published(slug, ownerId)}, told as materialized (
        ${incidents(sql`i.starts_at >= ${isoTime(fromMs)}::timestamptz and i.starts_at < ${isoTime(toMs)}::timestamptz`, oldestFirst)}
      )
      select ${frame}, ${collected(sql`told`, oldestFirst)} as incidents,
        coalesce((select jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name) order by s.place) from shown s), '[]') as services
      from p`),
  };
};

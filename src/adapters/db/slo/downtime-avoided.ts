import { sql } from "drizzle-orm";
import type { AvoidedDowntime, DowntimeAvoidedStore } from "../../ports/slo/downtime-avoided.ts";
import { stormsShown } from "../../ports/slo/downtime-avoided.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";
import type { DowntimeTerms } from "./avoided.ts";
import { avoidedByService, centsOf, currencyAt, lengthOf, moment, stormRange, stormsWithin } from "./avoided.ts";

export const createDowntimeAvoidedStore = (db: Database, { clock, currency }: DowntimeTerms): DowntimeAvoidedStore => ({
  between: async (customerId, fromMs, toMs, page) => {
    const [at, from, to] = [moment(clock.nowMs()), moment(fromMs), moment(toMs)];
    const customer = sql`${customerId}::bigint`;
    const [row] = await db.rows<AvoidedDowntime>(sql`
      with avoided as materialized (${avoidedByService(customer, from, to, at)}
      ), page as (
        select * from avoided where id > ${page.afterId ?? 0} order by id limit ${page.limit}
      ), services as (
        select p.id, p.name as "serviceName", p.us as "avoidedUs", p.price as "centsPerMinute", n.*
        from page p cross join lateral (
          select count(*) as "stormCount", coalesce(jsonb_agg(to_jsonb(t) - 'place' order by t.id desc) filter (where t.place <= ${stormsShown}::int), '[]') as storms
          from (
            select e.id, e.kind, ${ms("e.started_at", "startedAtMs")}, ${ms("e.ended_at", "endedAtMs")},
              ${lengthOf(sql`p.pieces * tstzmultirange(${stormRange(at)})`)} as "avoidedUs", row_number() over (order by e.id desc) as place
            from ${stormsWithin(sql`p.id`, from, to)} and p.pieces && ${stormRange(at)}
          ) t
        ) n
      )
      select coalesce(sum(us), 0)::bigint as "avoidedUs", coalesce(sum(us) filter (where price is null), 0)::bigint as "unpricedUs",
        ${centsOf(sql`sum(us::numeric * price)`)} as cents, ${currencyAt(customer, at, currency)} as currency, count(*) as "serviceCount",
        coalesce((select jsonb_agg(s order by s.id) from services s), '[]') as services
      from avoided`);
    if (row === undefined) throw new TypeError("a sum answered without a row");
    return row;
  },
});

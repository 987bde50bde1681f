import { sql } from "drizzle-orm";
import type { DnsSetup, DnsSetupStore } from "../ports/dns-setup.ts";
import type { Database } from "./client.ts";

const domainJson = sql`
  jsonb_build_object(
    'domainId', d.id, 'name', d.name,
    'primaryTarget', coalesce(d.primary_target, r.discovered_primary_target),
    'backupTarget', coalesce(d.backup_target, r.discovered_backup_target),
    'probePath', d.probe_path, 'expectStatus', d.expect_status, 'verified', d.verified_at is not null,
    'normal', jsonb_build_object('primary', d.normal_primary_weight, 'backup', d.normal_backup_weight),
    'zoneId', r.zone_id, 'records', r.records)`;

export const createDnsSetupStore = (db: Database): DnsSetupStore => ({
  get: async (customerId, serviceId) => {
    const rows = await db.rows<DnsSetup>(sql`
      select s.id as "serviceId", s.customer_id as "customerId",
        coalesce(jsonb_agg(${domainJson} order by d.id) filter (where d.id is not null), '[]') as domains
      from services s
      left join service_domains d on d.service_id = s.id and d.deleted_at is null
      left join domain_routing r on r.domain_id = d.id
      where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null
      group by s.id`);
    return rows[0] ?? null;
  },
});

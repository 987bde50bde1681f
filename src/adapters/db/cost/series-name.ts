import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/** `SeriesName` of the series `s`, whose service, if it has one, is `v`. */
export const seriesName: SQL = sql`jsonb_build_object('kind', s.kind, 'accountId', nullif(s.account_id, ''), 'resourceType', s.resource_type,
  'serviceId', s.service_id, 'serviceName', v.name, 'cdn', s.cdn, 'unit', s.unit)`;

/** Series with the services that they are of. */
export const namedSeries: SQL = sql`cost_series s left join services v on v.id = s.service_id`;

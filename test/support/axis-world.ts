import { sql } from "drizzle-orm";
import type { Api } from "./api.ts";
import type { ConsoleWorld } from "./console-world.ts";

const minuteMs = 60_000;

/** The last hour of the service `checkout` as it was measured and ordered: its primary gives way with its storm; seen from both providers. */
export const seedAxis = async (api: Api, world: ConsoleWorld): Promise<void> => {
  const nowMs = api.time.nowMs;
  const at = (agoMs: number) => new Date(nowMs - agoMs).toISOString();
  const serviceId = world.ids.checkout;
  await api.db.rows(sql`
    insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
    select ${serviceId}, d.id, path, vantage, t, 0, t + interval '1 second', good, 200,
      case path when 'primary' then 40 when 'backup' then 65 else 55 end + (extract(epoch from t)::bigint / 10 % 9)::int, case when not good then 'cdn_52x' end
    from service_domains d, unnest(array['primary', 'backup', 'direct']) path, unnest(array['cloudflare', 'vercel']) vantage,
      generate_series(${at(70 * minuteMs)}::timestamptz, ${at(10_000)}::timestamptz, '10 seconds') t,
      lateral (select path <> 'primary' or t < ${at(760_000)}::timestamptz or extract(epoch from t)::bigint / 10 % 4 = 0 as good) g
    where d.service_id = ${serviceId}
    on conflict do nothing`);
  await api.db.rows(sql`
    insert into audit_log (customer_id, actor, action, object_type, object_id, after, at)
    values (${world.acme.id}, 'token:7', 'set', 'routing_override', ${serviceId}, ${JSON.stringify({ mode: "primary", reason: "a test of <b>ours</b>", until: null, actor: "token:7" })}::jsonb, ${at(45 * minuteMs)}::timestamptz),
      (${world.acme.id}, 'token:7', 'clear', 'routing_override', ${serviceId}, null, ${at(38 * minuteMs)}::timestamptz)`);
};

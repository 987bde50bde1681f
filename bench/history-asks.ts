import type pg from "pg";
import { dayMs } from "./history-frame.ts";
import type { HistoryWorld } from "./history-world.ts";

export type Ids = Readonly<Record<string, number>>;

/** By what stands before it in a path. `old` and `new`: of the history, from its beginning and from its end. */
export const idsOf = async (client: pg.Client, customerId: number): Promise<Ids> => {
  const {
    rows: [row],
  } = await client.query<Record<string, string | null>>(
    `
    with s as (select min(id) as id from services where customer_id = $1 and deleted_at is null),
    i as (select min(id) as old, max(id) as new from invoices where customer_id = $1)
    select $1::bigint as customers, s.id as services,
      (select min(id) from service_domains where service_id = s.id) as domains, (select min(id) from storm_policies where service_id = s.id) as "storm-policies",
      (select min(id) from storm_events where service_id = s.id) as storms, (select max(id) from storm_events where service_id = s.id) as "new storms",
      i.old as invoices, i.new as "new invoices", (select min(id) from invoice_line_items where invoice_id = i.old) as lines,
      (select min(id) from invoice_links where invoice_id = i.old) as links, (select max(id) from customer_tokens where customer_id = $1) as tokens,
      1 as "dns-accounts", 1 as "cdn-accounts"
    from s, i`,
    [customerId],
  );
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, id]) => [name, Number(id)]));
};

/** Of each list, the id in the middle of what a tenant has: a page from there on is a deep one. Of a list over a service, `$2`. */
const middles: Readonly<Record<string, string>> = {
  "/v1/customers": "select id from customers where id > $1 * 0",
  "/v1/customers/{id}/tokens": "select id from customer_tokens where customer_id = $1",
  "/v1/services": "select id from services where customer_id = $1",
  "/v1/services/{id}": "select id from service_domains where service_id = $2",
  "/v1/storms": "select e.id from storm_events e join services s on s.id = e.service_id where s.customer_id = $1",
  "/v1/storms/{id}/evidence": "select seq as id from evidence where storm_id = (select min(id) from storm_events where service_id = $2)",
  "/v1/services/{id}/routing": "select id from routing_changes where service_id = $2",
  "/v1/services/{id}/readiness": "select id from service_domains where service_id = $2",
  "/v1/services/{id}/usage": "select id from usage_snapshots where service_id = $2",
  "/v1/dns-accounts": "select id from dns_accounts where customer_id = $1",
  "/v1/cdn-accounts": "select id from cdn_accounts where customer_id = $1",
  "/v1/customers/{id}/billing-terms": "select id from billing_terms where customer_id = $1",
  "/v1/invoices": "select id from invoices where customer_id = $1",
  "/v1/invoices/{id}/lines":
    "select l.id from invoice_line_items l where l.invoice_id = (select min(id) from invoices where customer_id = $1)",
  "/v1/invoices/{id}/links": "select id from invoice_links where customer_id = $1",
  "/v1/audit-log": "select id from audit_log where customer_id = $1",
};

export const middleOf = async (client: pg.Client, path: string, { customers, services }: Ids): Promise<number> => {
  const text = middles[path];
  if (text === undefined) throw new Error(`${path} has pages: say in bench/history-asks.ts where its middle is`);
  const { rows } = await client.query<{ id: string | null }>(
    `select percentile_disc(0.5) within group (order by id) as id from (${text}) x where coalesce($1::bigint, $2::bigint) is not null`,
    [customers, services],
  );
  return Number(rows[0]?.id ?? 1);
};

/** What a path is asked beside its first and its deep page, where filters may pass over much for little. */
export const filters = ({ frame, deps }: HistoryWorld, { services }: Ids): Readonly<Record<string, readonly string[]>> => {
  const iso = (ms: number) => new Date(ms).toISOString();
  const beganMs = frame.endMs - frame.days * dayMs;
  const [old, recent] = [`from=${iso(beganMs)}&to=${iso(beganMs + 2 * dayMs)}`, `from=${iso(deps.clock.nowMs() - 2 * dayMs)}`];
  return {
    "/v1/storms": [
      `service_id=${services}`,
      "active=true",
      "active=false",
      old,
      recent,
      `${old}&active=true`,
      `service_id=${services}&${old}`,
    ],
    "/v1/services/{id}/usage": ["gaps=true", old, recent, `${old}&gaps=true`],
    "/v1/services/{id}/availability": [old + "&step=3600", recent + "&step=3600", `from=${iso(beganMs)}&step=86400`],
    "/v1/audit-log": [
      "action=create",
      "object_type=customer",
      "action=create&object_type=domain",
      "action=none",
      "action=create&object_type=none",
    ],
  };
};

/** Bodies where the example of the document would be refused. */
export const bodies = ({ frame, deps }: HistoryWorld): Readonly<Record<string, unknown>> => {
  const iso = (ms: number) => new Date(ms).toISOString();
  const window = (startMs: number) => ({
    window_start: iso(startMs),
    window_end: iso(startMs + dayMs),
    primary_bytes: 70_000_000_000,
    backup_bytes: 5_000_000_000,
  });
  const soon = iso(deps.clock.nowMs() + 3_600_000);
  return {
    "POST /v1/services": { name: `new ${frame.days}`, primary_cdn: "cloudflare", backup_cdn: "fastly" },
    "PATCH /v1/services/{id}": { name: "renamed", primary_cdn: "fastly", backup_cdn: "cloudflare" },
    "PATCH /v1/customers/{id}": { name: "big and renamed" },
    "POST /v1/services/{id}/storm-policies": { kind: "http_latency", latency_ms: 500 },
    "PATCH /v1/services/{id}/storm-policies/{childId}": { threshold_avail: 0.8 },
    "POST /v1/services/{id}/storm-policies/backtest": {
      policy: { kind: "http_availability" },
      from: iso(deps.clock.nowMs() - 3_600_000),
      to: iso(deps.clock.nowMs()),
    },
    "PUT /v1/services/{id}/routing/override": { mode: "primary", reason: "bench", until: soon },
    "PUT /v1/freeze": { reason: "bench", until: soon },
    // One that is billed by the next run, and one that was billed long ago.
    "PUT /v1/services/{id}/usage": [window(frame.endMs - frame.days * dayMs), window(frame.endMs - dayMs)],
    "POST /v1/customers/{id}/billing-terms": {
      valid_from: iso(frame.endMs + 30 * dayMs),
      rate_cents_per_gb: 11,
      discount_rate: 0.5,
      currency: "USD",
    },
  };
};

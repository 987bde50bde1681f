import { sql } from "drizzle-orm";
import type { Api, Json } from "./api.ts";
import { insertStates } from "./states.ts";

const minuteUs = 60_000_000;

/** A name that would be markup, or turn its surroundings around. */
export const hostileName = `<b onclick="x">"שלום"</b> & co`;

/** A customer with services in many states, a storm that is on, one that is over, objectives and an invoice. */
export const seedConsole = async (api: Api) => {
  api.time.nowMs = Date.now();
  const acme = await api.onboard("acme");
  const at = (agoSeconds: number) => new Date(api.time.nowMs - agoSeconds * 1_000).toISOString();
  const nowUs = api.time.nowMs * 1_000;
  const options = { token: acme.editor };

  const service = async (name: string, terms: object = {}): Promise<Json> =>
    await api.created(
      "/v1/services",
      { name, primary_cdn: "cloudflare", backup_cdn: "fastly", downtime_cents_per_minute: 12_000, ...terms },
      options,
    );

  let domains = 0;
  const domain = async (
    serviceId: number,
    weights: readonly [number, number],
    over: { sampledAgo?: number; error?: string } = {},
  ): Promise<number> => {
    const { id } = await api.created(`/v1/services/${serviceId}/domains`, { name: `app${(domains += 1)}.example.test` }, options);
    await api.db.rows(sql`update service_domains set verified_at = '2026-11-01T00:00:00Z' where id = ${id}`);
    await api.db.rows(sql`
      insert into domain_routing (domain_id, service_id, status, primary_weight, backup_weight, read_at, last_error)
      values (${id}, ${serviceId}, 'found', ${weights[0]}::int, ${weights[1]}::int, ${at(6)}::timestamptz, ${over.error ?? null}::text)`);
    await api.db.rows(sql`
      insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms)
      values (${serviceId}, ${id}, 'primary', 'local', ${at(over.sampledAgo ?? 6)}::timestamptz, 0, ${at(over.sampledAgo ?? 6)}::timestamptz, true, 200, 5)`);
    return id;
  };

  const routing = (serviceId: number, state: string, reason: string) =>
    api.db.rows(sql`
      insert into service_routing (service_id, state, reason, backup_health) values (${serviceId}, ${state}, ${reason}, ${reason === "backup_down" ? "down" : "up"})
      on conflict (service_id) do update set state = excluded.state, reason = excluded.reason`);

  const storm = async (
    serviceId: number,
    agoSeconds: number,
    state: "storm" | "recovering" | "ended",
    domainId: number,
  ): Promise<number> => {
    const policies = await api.call("GET", `/v1/services/${serviceId}/storm-policies`, options);
    const policy = policies.list[0] ?? (await api.created(`/v1/services/${serviceId}/storm-policies`, {}, options));
    const [row] = await api.db.rows<{ id: number }>(sql`
      insert into storm_events (service_id, policy_id, policy_version, kind, state, recovering_since, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
      values (${serviceId}, ${policy.id}, 1, 'http_availability', ${state}, ${state === "storm" ? null : at(agoSeconds - 500)}::timestamptz, ${at(agoSeconds)}::timestamptz,
        ${at(agoSeconds - 18)}::timestamptz, ${state === "ended" ? at(agoSeconds - 800) : null}::timestamptz, ${state === "ended" ? "recovered" : null}, 1.5) returning id`);
    const id = row?.id ?? 0;
    await api.db.rows(sql`
      insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at, accepted_at, insync_at)
      values (${serviceId}, ${domainId}, ${id}, 100, 0, 0, 100, 'storm', 'tranche', 1, 'insync', ${at(agoSeconds - 18)}::timestamptz, ${at(agoSeconds - 19)}::timestamptz, ${at(agoSeconds - 48)}::timestamptz)`);
    return id;
  };

  const [checkout, held, failback, frozen, calm, odd] = [
    await service("checkout"),
    await service("downloads-eu"),
    await service("images"),
    await service("search"),
    await service("web", { steering: "shadow" }),
    await service(hostileName),
  ];
  const checkoutDomain = await domain(checkout.id, [0, 100]);
  await domain(checkout.id, [0, 100]);
  await routing(checkout.id, "shifted", "storm");
  const over = await storm(checkout.id, 93_600, "ended", checkoutDomain);
  const on = await storm(checkout.id, 760, "storm", checkoutDomain);
  const heldDomain = await domain(held.id, [100, 0]);
  await routing(held.id, "held", "backup_down");
  await storm(held.id, 200, "storm", heldDomain);
  await domain(failback.id, [50, 50]);
  await routing(failback.id, "failback", "failback");
  await domain(frozen.id, [100, 0]);
  await api.call("PUT", `/v1/services/${frozen.id}/routing/override`, {
    ...options,
    body: { mode: "frozen", reason: "index rebuild, see INC-42" },
  });
  await domain(calm.id, [100, 0]);
  await routing(calm.id, "normal", "calm");
  await domain(odd.id, [30, 70], { error: "AccessDenied: not authorized to perform route53:ChangeResourceRecordSets" });

  const dayUs = 1_440 * minuteUs;
  await insertStates(api.db, checkout.id, [
    { fromUs: nowUs - 12 * dayUs, toUs: nowUs - 93_600e6, state: "up" },
    { fromUs: nowUs - 93_600e6, toUs: nowUs - 93_540e6, state: { upstream: "cloudflare" } },
    { fromUs: nowUs - 93_540e6, toUs: nowUs - 92_800e6, state: "avoided" },
    { fromUs: nowUs - 92_800e6, toUs: nowUs - 760e6, state: "up" },
    { fromUs: nowUs - 760e6, toUs: nowUs - 700e6, state: { upstream: "cloudflare" } },
    { fromUs: nowUs - 700e6, toUs: null, state: "avoided" },
  ]);
  await insertStates(api.db, held.id, [
    { fromUs: nowUs - 20 * dayUs, toUs: nowUs - 200e6, state: "up" },
    { fromUs: nowUs - 200e6, toUs: null, state: "self" },
  ]);
  await insertStates(api.db, calm.id, [{ fromUs: nowUs - 30 * dayUs, toUs: null, state: "up" }]);
  for (const [one, target] of [
    [checkout, 99.95],
    [held, 99.99],
    [calm, 99.9],
    [odd, 99],
  ] as const) {
    await api.created(`/v1/services/${one.id}/objectives`, { name: "availability", target }, options);
  }
  await api.db.rows(sql`
    insert into readiness_checks (service_id, checked_at, actor, result, checks, domains_checked, domains_total)
    values (${checkout.id}, ${at(7_200)}::timestamptz, 'token:1', 'warn', ${JSON.stringify([
      {
        domainId: checkoutDomain,
        domain: "app1.example.test",
        check: "ttl",
        result: "warn",
        detail: "TTL 300 s: so long may a visitor stay on a dead CDN after a switch",
        mend: "give all of them one TTL of at most 60 s",
      },
      { domainId: checkoutDomain, domain: "app1.example.test", check: "zone", result: "pass", detail: "its zone is Z1", mend: null },
    ])}::jsonb, 2, 2)`);
  const [invoice] = await api.db.rows<{ id: number }>(sql`
    with invoice as (
      insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
      values (${acme.id}, 1, '2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z', 1234567, 10450, 1224117, '2026-11-01T02:00:00Z') returning *
    ), usage as (
      insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source, invoice_id)
      select ${checkout.id}, '2026-10-20T01:00:00Z', '2026-10-20T02:00:00Z', 9876543210987, 1234567890123, 'push', 'push', id from invoice returning *
    )
    insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes, rate_cents_per_gb, discount_rate,
      storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
    select invoice_id, id, service_id, window_start, window_end, primary_bytes, backup_bytes, 12, 0.5, 600000000, 1.5, 1234567, 10450 from usage returning invoice_id as id`);
  return {
    acme,
    ids: { checkout: checkout.id, held: held.id, frozen: frozen.id, calm: calm.id, odd: odd.id, on, over, invoice: invoice?.id ?? 0 },
  };
};

export type ConsoleWorld = Awaited<ReturnType<typeof seedConsole>>;

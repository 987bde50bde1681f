import { sql } from "drizzle-orm";
import type { Api } from "./api.ts";
import { seedAnomaly, seedBatch, seedSeries, seedZombie } from "./cost-seed.ts";
import type { Operation } from "./openapi.ts";

/** The ids of one tenant's rows, by the path segment before the parameter that takes them. */
export type Ids = Readonly<Record<string, number>>;

export type Tenant = {
  id: number;
  name: string;
  owner: string;
  editor: string;
  viewer: string;
  /** The secret of its probe agent. */ agent: string;
  ids: Ids;
};

/** No row has it. */
export const missingId = 999_999_999;

/** Makes a channel one whose recipients have not agreed yet, so that there is something to confirm: by the code that the document has for an example. */
export const unconfirmed = (channelId: number) => sql`
  update channels set confirmed_at = null, confirm_hash = encode(sha256('01234567'), 'hex'), confirm_until = '2099-01-01T00:00:00Z' where id = ${channelId}`;

/** A channel beside another of the same owner, on which messages can be sent once more: no mail leaves where tests run. */
const mailBeside = (channelId: number, name: string) => sql`
  insert into channels (customer_id, name, kind, settings, sealed_secret, confirmed_at)
  select customer_id, ${`${name}-mail`}, 'email', jsonb_build_object('to', jsonb_build_array(${`${name}@example.test`}::text)), sealed_secret, '2026-11-20T00:00:00Z' from channels where id = ${channelId} returning id`;

/** A message that was sent, of a notification `n`, behind the channel and the thread. */
const sentColumns = sql.raw(
  "channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, state, attempts, next_at, ended_at, created_at, message",
);
const sentValues = (name: string) => sql`
  coalesce((select max(seq) from deliveries), 0) + 1, 'trigger', 'readiness.failed', 'warning', n.id, n.id, 'sent', 1, '2026-11-20T01:00:21Z'::timestamptz, '2026-11-20T01:00:22Z'::timestamptz, '2026-11-20T01:00:21Z'::timestamptz,
  ${JSON.stringify({
    kind: "readiness.failed",
    action: "trigger",
    severity: "warning",
    thread: `${name}-thread`,
    title: `${name}-web is not ready`,
    summary: "It is not.",
    facts: [],
    services: [],
    servicesTotal: 1,
    occurredAtMs: Date.parse("2026-11-20T01:00:20Z"),
    startedAtMs: null,
    customer: null,
    ids: {},
    path: null,
  })}::jsonb`;

/** The week of a tenant's digest, by year and number: of each another one. */
const digestOf = (customerId: number): number => (2_100 + (customerId % 7_000)) * 100 + 1;

/** Such a week as text; of a missing row one of which there is none. */
export const weekOf = (id: number): string =>
  id === missingId ? "1999-W01" : `${Math.floor(id / 100)}-W${String(id % 100).padStart(2, "0")}`;

/** What is recorded of an objective: an alert, a day, an achievement and a digest of the week. @returns the id of a correction beside it */
const objectiveHistory = (customerId: number, serviceId: number, objectiveId: number, name: string) => {
  const figures = JSON.stringify({
    burn: 20,
    shortBurn: 100,
    threshold: 14.4,
    allowedUs: 2_592e6,
    consumedUs: 60e6,
    remainingUs: 2_532e6,
    downUs: 60e6,
  });
  const line = {
    objectiveId,
    name: `${name}-promise`,
    serviceId,
    service: `${name}-web`,
    target: 99.9,
    state: "healthy",
    availability: 99.99,
    remainingUs: 2_532e6,
    remainingPercent: 97.68518,
    weekDownUs: 60e6,
    weekConsumedUs: 60e6,
  };
  const digest = JSON.stringify({
    week: weekOf(digestOf(customerId)),
    objectives: 1,
    states: { healthy: 1, at_risk: 0, degraded: 0, breaching: 0, insufficient_data: 0 },
    best: [line],
    worst: [],
    storms: 2,
    switches: 1,
    avoidedUs: 3_480e6,
    avoidedCents: null,
    discountCents: 3,
    currency: "EUR",
  });
  return sql`
    with alert as (
      insert into slo_alerts (objective_id, service_id, kind, fired_at, fired, resolved_at, resolved)
      values (${objectiveId}, ${serviceId}, '1h', '2026-11-20T01:01:00Z', ${figures}::jsonb, '2026-11-20T02:10:00Z', ${figures}::jsonb)
    ), day as (
      insert into slo_daily_snapshots (objective_id, day, version, state, allowed_us, consumed_us, down_us, measured_us, elapsed_us,
        day_consumed_us, day_down_us, day_measured_us, day_elapsed_us, verdict, streak)
      values (${objectiveId}, '2026-11-20', 1, 'healthy', 2592000000, 60000000, 60000000, 86400000000, 86400000000, 60000000, 60000000, 86400000000, 86400000000, 'good', 1)
    ), achievement as (
      insert into slo_achievements (service_id, name, objective_id, day, created_at) values (${serviceId}, 'first_steps', ${objectiveId}, '2026-11-20', '2026-11-21T02:10:00Z')
    ), digest as (
      insert into slo_digests (customer_id, week, body, created_at) values (${customerId}, ${weekOf(digestOf(customerId))}, ${digest}::jsonb, '2026-11-23T09:00:00Z')
    )
    insert into slo_corrections (service_id, from_at, to_at, reason, actor, created_at)
    values (${serviceId}, '2026-11-20T03:00:00Z', '2026-11-20T04:00:00Z', ${`${name}-maintenance`}, ${`${name}-editor`}, '2026-11-21T00:00:00Z') returning id`;
};

/** What is known of a customer's costs. A rate is named by digits, as its CDN may be: by no other tenant's. */
const seedCosts = async (api: Api, customerId: number, serviceId: number, name: string): Promise<Ids> => {
  const series = await seedSeries(api.db, customerId, { serviceId, cdn: `${name}-cdn`, actors: [`${name}-actor`] });
  await api.db.rows(sql`insert into cost_hours (series_id, hour, value, usual_low, usual_mean, usual_high)
    values (${series}, '2026-11-21T10:00:00Z', 1240, 131, 310, 489), (${series}, '2026-11-21T11:00:00Z', 1100, 131, 310, 489)`);
  const rate = 200_000 + customerId;
  await api.db.rows(sql`insert into cost_rates (customer_id, cdn, monthly_cents) values (${customerId}, ${String(rate)}, 7)`);
  await api.db.rows(sql`insert into zombie_hunts (customer_id, hunted_at, unread)
    values (${customerId}, '2026-11-21T03:23:00Z', ${JSON.stringify([{ source: `${name}-source`, problem: "denied" }])}::jsonb)`);
  await api.db.rows(
    sql`insert into cost_modes (customer_id, mode, since, changed_by) values (${customerId}, 'audit', '2026-11-20T00:00:00Z', ${`${name}-editor`})`,
  );
  return {
    baselines: series,
    anomalies: await seedAnomaly(api.db, customerId, series, { explanation: `${name}-explanation`, createdAt: "2026-11-21T11:05:00Z" }),
    zombies: await seedZombie(api.db, customerId, { resource: `${name}-volume` }),
    rates: rate,
    "dead-letters": await seedBatch(api.db, customerId, "dead"),
  };
};

/** A customer with at least one row of every kind; `name` is in all of them that hold a text. */
export const seedTenant = async (api: Api, name: string): Promise<Tenant> => {
  const { id, owner, editor, viewer } = await api.onboard(name);
  const options = { token: editor };
  const service = await api.service(editor, `${name}-web`);
  const at = `/v1/services/${service.id}`;
  const targets = { primary_target: `${name}.a.test`, backup_target: `${name}.b.test` };
  const domain = await api.created(`${at}/domains`, { name: `${name}.example.test`, ...targets }, options);
  const policy = await api.created(`${at}/storm-policies`, {}, options);
  const token = await api.created(`/v1/customers/${id}/tokens`, { name: `${name}-spare`, role: "viewer" }, { token: owner });
  const adminToken = await api.created("/v1/admin-tokens", { name: `${name}-admin`, scopes: ["read"] });
  const agent = await api.created("/v1/probe-agents", { name: `${name}-agent`, location: `${name}-city` });
  const [storm] = await api.db.rows<{ id: number }>(sql`
    with ended as (
      insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at,
        ended_reason, max_coverage_factor)
      values (${service.id}, ${policy.id}, 1, 'http_availability', 'ended', '2026-11-20T01:00:00Z', '2026-11-20T01:00:20Z',
        '2026-11-20T02:00:00Z', ${`${name}-recovered`}, 1.5) returning id
    ), active as (
      insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
      values (${service.id}, ${policy.id}, 1, 'http_availability', 'storm', '2026-11-21T10:00:00Z', '2026-11-21T10:00:20Z', 1.5)
    ), avoided as (
      insert into service_states (service_id, started_at, ended_at, state, serving, avoided)
      values (${service.id}, '2026-11-20T01:01:00Z', '2026-11-20T01:59:00Z', 'up', 'backup', true)
    ), routing as (
      insert into service_routing (service_id, state, reason, override_mode, override_reason, override_actor, override_set_at)
      values (${service.id}, 'frozen', ${`${name}-maintenance`}, 'frozen', ${`${name}-maintenance`}, 'admin', now())
    ), live as (
      insert into domain_routing (domain_id, service_id, status, primary_weight, backup_weight, read_at, last_error)
      values (${domain.id}, ${service.id}, 'ready', 0, 100, '2026-11-21T10:00:00Z', ${`${name}-error`})
    ), changed as (
      insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason,
        actor, epoch, result, intended_at)
      select ${service.id}, ${domain.id}, ended.id, 100, 0, 0, 100, ${`${name}-storm`}, 'local', 1, 'insync', '2026-11-20T01:01:00Z'
      from ended
    ), probed as (
      insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms)
      select ${service.id}, ${domain.id}, 'primary', 'local', minute, 0, minute, true, 200, 12
      from generate_series('2026-11-21T09:00:00Z'::timestamptz, '2026-11-21T09:10:00Z', '1 minute') minute
    )
    select id from ended`);
  const objective = await api.created(`${at}/objectives`, { name: `${name}-promise`, target: 99.9 }, options);
  const [sloCorrection] = await api.db.rows<{ id: number }>(objectiveHistory(id, service.id, objective.id, name));
  const head = "a".repeat(64);
  await api.db.rows(sql`
    with anchor as (insert into evidence_anchors (body, hash) values ('{"chains":1}', ${head}) returning id)
    insert into evidence_anchor_leaves (service_id, anchor_id, seq, hash, place, path)
    select ${service.id}, id, 1, ${head}, 0, '{}' from anchor`);
  const dnsKey = { access_key_id: `AKIA${id}`.padEnd(20, "X"), secret_access_key: `${name}-secret-at-aws` };
  const dnsAccount = await api.created("/v1/dns-accounts", dnsKey, options);
  const costAccount = await api.created(
    "/v1/cost/accounts",
    { ...dnsKey, name: `${name}-cloud`, region: "us-east-1", aws_accounts: ["123456789012"], regions: ["us-east-1"] },
    options,
  );
  await api.call("POST", `${at}/domains/${domain.id}/standing-failover`, options);
  const account = await api.created("/v1/cdn-accounts", { cdn: "fastly", api_token: `${name}-token-at-fastly` }, options);
  await api.db.rows(sql`
    insert into breakers (name, kind, customer_id, account_id, failures, in_a_row, pauses, opened_at, probe_at, last_error, updated_at)
    values (${`cdn:${account.id}`}, 'cdn', ${id}, ${account.id}, '{}', 5, 1, '2026-11-21T11:00:00Z', '2026-11-21T11:01:00Z', ${`${name}-silence`},
      '2026-11-21T11:00:00Z')`);
  await api.created(`/v1/customers/${id}/billing-terms`, {
    valid_from: "2026-12-01T00:00:00Z",
    rate_cents_per_gb: 10,
    discount_rate: 1,
    currency: "EUR",
  });
  const [invoice] = await api.db.rows<{ id: number; line: number }>(sql`
    with invoice as (
      insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
      values (${id}, 1, '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z', 10, 3, 7, '2026-11-20T03:00:00Z') returning *
    ), usage as (
      insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source,
        backup_source, invoice_id)
      select ${service.id}, period_start, period_end, 1, 2, ${`${name}-push`}, 'push', id from invoice returning *
    ), unbilled as (
      insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, primary_source)
      values (${service.id}, '2026-11-20T05:00:00Z', '2026-11-20T06:00:00Z', 7, ${`${name}-push`})
    )
    insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes,
      backup_bytes, rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
    select invoice_id, id, service_id, window_start, window_end, primary_bytes, backup_bytes, 12, 0.5, 0, 1.5, 10, 3
    from usage returning invoice_id as id, id as line`);
  const [disputed] = await api.db.rows<{ id: number }>(sql`
    insert into service_domains (service_id, customer_id, name, challenge_token, disputed_at, proof_seen_at)
    values (${service.id}, ${id}, ${`${name}-disputed.example.test`}, 'token', now(), now()) returning id`);
  const grant = await api.created("/v1/zone-grants", { zone_id: `Z${id}TENANT`, customer_id: id });
  // Its expiry is far away on every clock: that of the machine decides in some suites, one that stands in others.
  const [link] = await api.db.rows<{ id: number }>(sql`
    insert into invoice_links (invoice_id, customer_id, created_by, created_at, expires_at)
    values (${invoice?.id ?? 0}, ${id}, ${`${name}-editor`}, '2026-11-20T03:00:00Z', '2099-01-01T00:00:00Z') returning id`);
  const [correction] = await api.db.rows<{ id: number }>(sql`
    insert into usage_correction_requests (customer_id, service_id, snapshot_id, window_start, window_end, primary_bytes, was_primary_bytes, was_backup_bytes, actor)
    select ${id}, ${service.id}, snapshot_id, window_start, window_end, 0, 1, 2, ${`${name}-editor`} from invoice_line_items where id = ${invoice?.line ?? 0} returning id`);
  const channel = await api.created("/v1/channels", { name: `${name}-hook`, kind: "webhook", url: "http://127.0.0.1:9/hook" }, options);
  await api.db.rows(unconfirmed(channel.id));
  const [told] = await api.db.rows<{ notification: number; incident: number }>(sql`
    with incident as (
      insert into incidents (customer_id, cdn, kind, started_at, last_edge_at, ended_at)
      values (${id}, ${`${name}-cdn`}, 'storm', '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z', '2026-11-20T02:00:00Z') returning id
    ), member as (
      insert into incident_services (incident_id, service_id, storm_id, joined_at, left_at)
      select id, ${service.id}, ${storm?.id ?? 0}, '2026-11-20T01:00:20Z', '2026-11-20T02:00:00Z' from incident
    ), notification as (
      insert into notifications (customer_id, service_id, kind, subject, facts, occurred_at, expanded_at)
      values (${id}, ${service.id}, 'readiness.failed', ${`${name}-subject`}, ${JSON.stringify({ service: `${name}-web` })}::jsonb, '2026-11-20T01:00:20Z', '2026-11-20T01:00:21Z') returning id
    ), mail as (
      ${mailBeside(channel.id, name)}
    ), sent as (
      insert into deliveries (${sentColumns})
      select ${channel.id}, 'incident:' || i.id, ${sentValues(name)} from notification n, incident i
      union all
      select m.id, ${`customer:${id}:${name}-subject`}, ${sentValues(name)} from notification n, mail m
    )
    select n.id as notification, i.id as incident from notification n, incident i`);
  const operatorChannel = await api.created("/v1/operator/channels", {
    name: `${name}-operators-hook`,
    kind: "webhook",
    url: "http://127.0.0.1:9/hook",
  });
  const [operators] = await api.db.rows<{ notification: number; incident: number }>(sql`
    with channel as (${unconfirmed(operatorChannel.id)}
    ), incident as (
      insert into incidents (cdn, kind, started_at, last_edge_at, ended_at)
      values (${`${name}-cdn`}, 'backup', '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z', '2026-11-20T02:00:00Z') returning id
    ), notification as (
      insert into notifications (kind, subject, facts, occurred_at, expanded_at)
      values ('takeover', 'takeover', '{}', '2026-11-20T01:00:20Z', '2026-11-20T01:00:21Z') returning id
    ), mail as (
      ${mailBeside(operatorChannel.id, `${name}-operators`)}
    ), sent as (
      insert into deliveries (${sentColumns}) select m.id, 'operator:takeover', ${sentValues(name)} from notification n, mail m
    )
    select n.id as notification, i.id as incident from notification n, incident i`);
  await api.db.rows(sql`
    insert into cost_events (id, customer_id, event_id, account_id, resource_type, actor, hourly_cost_cents, occurred_at, data, created_at)
    values (md5(${`${name}-event`})::uuid, ${id}, ${`${name}-event`}, '123456789012', 'ec2:instance', ${`${name}-deploy`}, 12.5, '2026-11-20T01:00:00Z',
      ${JSON.stringify({ by: `${name}-raw` })}::jsonb, '2026-11-20T01:05:00Z')`);
  // Digits are a name, too: it is told from the id, and no other tenant's.
  const slug = 100_000 + id;
  await api.call("PUT", "/v1/status-page", {
    ...options,
    body: { slug: String(slug), title: `${name}-status`, enabled: true, services: [{ service_id: service.id, name: `${name}-published` }] },
  });
  const published = await api.created(
    "/v1/status-page/incidents",
    { title: `${name}-trouble`, impact: "major", text: `${name}-looks`, service_ids: [service.id] },
    options,
  );
  const costs = await seedCosts(api, id, service.id, name);
  return {
    id,
    name,
    owner,
    editor,
    viewer,
    agent: String(agent["secret"]),
    ids: {
      customers: id,
      tokens: token.id,
      "admin-tokens": adminToken.id,
      "probe-agents": agent.id,
      services: service.id,
      domains: domain.id,
      "storm-policies": policy.id,
      objectives: objective.id,
      "slo-corrections": sloCorrection?.id ?? 0,
      digests: digestOf(id),
      storms: storm?.id ?? 0,
      invoices: invoice?.id ?? 0,
      lines: invoice?.line ?? 0,
      corrections: correction?.id ?? 0,
      links: link?.id ?? 0,
      "cdn-accounts": account.id,
      "dns-accounts": dnsAccount.id,
      accounts: costAccount.id,
      // Local accounts are off where this is used: any id will do.
      invitations: costAccount.id,
      "domain-disputes": disputed?.id ?? 0,
      "zone-grants": grant.id,
      channels: channel.id,
      notifications: told?.notification ?? 0,
      incidents: told?.incident ?? 0,
      status: slug,
      "status-page/incidents": published.id,
      ...costs,
      "operator/channels": operatorChannel.id,
      "operator/notifications": operators?.notification ?? 0,
      "operator/incidents": operators?.incident ?? 0,
    },
  };
};

/** The resource of each parameter of a path, in order: the segment before it, and which of two owners' it is. */
export const resourcesOf = (path: string): string[] =>
  [...path.matchAll(/((?:operator\/|status-page\/)?[^/]+)\/\{\w+\}/g)].map((match) => match[1] ?? "");

/**
 * The path of an operation with ids in it.
 * @throws where a resource is not among the ids: a new kind of resource is to be seeded above
 */
export const pathWith = (operation: Pick<Operation, "path">, ids: Ids): string =>
  operation.path.replaceAll(/((?:operator\/|status-page\/)?[^/]+)\/\{\w+\}/g, (_, resource: string) => {
    const id = ids[resource];
    if (id === undefined) throw new Error(`seedTenant in test/support/tenant.ts knows no ${resource}`);
    return `${resource}/${resource === "digests" ? weekOf(id) : id}`;
  });

/**
 * What every table holds, as one digest each. Left out is when a token was last used: reading moves it.
 * @returns by table: rows and digest, to be compared as a whole
 */
export const tableStates = async (api: Api): Promise<Record<string, string>> => {
  const tables = await (namesOf.get(api.db) ?? readNames(api));
  const states = tables.map(
    (name) => sql`
    select ${name}::text as name, count(*) || ' ' || coalesce(sum(hashtextextended((to_jsonb(t) - 'last_used_at')::text, 0)), 0) as state
    from ${sql.identifier(name)} t`,
  );
  const rows = await api.db.rows<{ name: string; state: string }>(sql.join(states, sql` union all `));
  return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
};

const namesOf = new WeakMap<Api["db"], Promise<string[]>>();
const readNames = (api: Api): Promise<string[]> => {
  const reading = api.db
    .rows<{ name: string }>(sql`select tablename as name from pg_tables where schemaname = 'public' order by 1`)
    .then((rows) => rows.map(({ name }) => name));
  namesOf.set(api.db, reading);
  return reading;
};

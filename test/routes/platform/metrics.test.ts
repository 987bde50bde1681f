import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createJobRunStore } from "../../../src/adapters/db/coordination/job-runs.ts";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { seedAnomaly, seedBatch, seedSeries, seedZombie } from "../../support/cost-seed.ts";

const secret = "metrics-token-of-the-test";
let api: Api;

beforeAll(async () => {
  api = await startApi({ METRICS_TOKEN: secret });
  const { editor, id: customerId } = await api.onboard("acme");
  const { id } = await api.service(editor);
  await seedCosts(customerId);
  const policy = await api.created(`/v1/services/${id}/storm-policies`, {}, { token: editor });
  const domain = await api.created(`/v1/services/${id}/domains`, { name: "a.example.com" }, { token: editor });
  const jobRuns = createJobRunStore(api.db);
  const run = { job: "tick:0", provider: "local", startedAtMs: Date.now() - 60_000, endedAtMs: Date.now(), ok: true, overruns: 2 };
  const counts = [
    { name: "rounds", label: "", value: 6 },
    { name: "round_ms", label: "", value: 1_500 },
    { name: "witness_rounds", label: "", value: 3 },
    { name: "domains_left_out", label: "", value: 120 },
    { name: "route53_calls", label: "ok", value: 4 },
    { name: "route53_calls", label: "throttled", value: 0 },
  ] as const;
  await jobRuns.record({ ...run, counts, load: { shard: 0, shards: 1, domains: 3_000, leftOut: 500, utilisation: 2 } });
  await jobRuns.record({ ...run, counts });
  await jobRuns.record({ ...run, job: "bill", ok: false, overruns: 0 });
  await api.db.rows(sql`
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
    values (${id}, ${policy.id}, 1, 'http_availability', 'storm', now(), now(), 1.5)`);
  await api.db.rows(sql`
    insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
    select ${id}, ${domain.id}, 'primary', 'local', t, 0, t, false, null, 5000, 'timeout'
    from unnest(array[now(), now() - interval '10 seconds', now() - interval '10 minutes']) t`);
  await api.db.rows(sql`
    insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at)
    values (${id}, ${domain.id}, 100, 0, 0, 100, 'storm', 'tranche', 1, 'failed', now())`);
  await api.created("/v1/probe-agents", { name: "fra-1" });
  await api.created("/v1/probe-agents", { name: "gone" }).then(({ id: gone }) => api.call("DELETE", `/v1/probe-agents/${gone}`));
  const steered = await api.service(editor, "steered");
  const hindered = await api.service(editor, "hindered");
  await api.db.rows(
    sql`insert into service_routing (service_id, state, reason) values (${id}, 'held', 'backup_down'), (${steered.id}, 'shifted', 'storm'), (${hindered.id}, 'partial', 'neighbour')`,
  );
  await api.db
    .rows(sql`insert into incidents (customer_id, cdn, kind, started_at, last_edge_at, ended_at) values (1, 'cdn-a', 'storm', now(), now(), null),
    (null, 'cdn-a', 'storm', now(), now(), null), (1, 'cdn-b', 'backup', now(), now(), now())`);
  await api.db.rows(sql`
    insert into channels (customer_id, name, kind, settings, sealed_secret, confirmed_at, disabled_at, paused_until, deleted_at) values
      (1, 'a', 'webhook', '{}', '', now(), null, null, null), (1, 'b', 'webhook', '{}', '', now(), null, now() + interval '1 minute', null),
      (1, 'c', 'slack', '{}', '', now(), now(), now() + interval '1 minute', null), (null, 'd', 'email', '{}', '', null, null, null, null), (1, 'e', 'slack', '{}', '', now(), null, null, now())`);
  await api.db.rows(sql`update notifications set expanded_at = now(), occurred_at = now() - interval '1 hour'`);
  await api.db.rows(
    sql`update notifications set expanded_at = null, occurred_at = now() - interval '70 seconds' where id = (select max(id) from notifications)`,
  );
  await api.db.rows(sql`
    insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, state, created_at, next_at, ended_at)
    select c.id, 't', row_number() over (), 'event', 'takeover', 'info', n.id, n.id, x.state, now() - x.age, now() - x.due, x.ended
    from (select max(id) as id from notifications) n, (values
      ('a', 'pending', interval '300 seconds', interval '200 seconds', null::timestamptz), ('a', 'pending', '400 seconds', '-60 seconds', null),
      ('b', 'pending', '500 seconds', '450 seconds', null), ('c', 'dead', '1 hour', '1 hour', now()), ('c', 'dead', '3 days', '3 days', now() - interval '2 days')
    ) x(name, state, age, due, ended) join channels c on c.name = x.name`);
  await api.db.rows(sql`
    insert into leases (name, holder, provider, epoch, acquired_at, expires_at)
    values ('shard:0', 'local:run', 'local', 41, now() - interval '30 seconds', now() + interval '15 seconds'),
      ('shard:7', 'cloudflare:run', 'cloudflare', 1, now(), now()), ('readiness:1', 'local', 'local', 1, now(), now())`);
  await api.db.rows(sql`
    insert into providers (name, heartbeat_at, heartbeat_since, last_round_at, public_checked_at, public_ok_since, public_error)
    values ('local', now() - interval '7 seconds', now(), now() - interval '9 minutes', null, null, null),
      ('cloudflare', now() - interval '100 seconds', now(), null, now(), null, 'gone'), ('vercel', null, null, null, now(), now(), null)`);
  await api.db.rows(sql`
    insert into breakers (name, kind, failures, pauses, opened_at, probe_at, last_error, updated_at)
    values ('cdn:fastly', 'cdn', '{}', 1, now(), now(), 'x', now()), ('cdn:cloudflare', 'cdn', '{}', 0, null, null, 'x', now())`);
  await api.db.rows(sql`update leases set provider = 'local', epoch = 2 where name = 'shard:7'`);
  await api.db.rows(sql`update providers set clock_skew_ms = 45012 where name = 'cloudflare'`);
});

/** Of each something that counts, beside what does no more. */
const seedCosts = async (customerId: number): Promise<void> => {
  await seedAnomaly(api.db, customerId, await seedSeries(api.db, customerId));
  const over = await seedAnomaly(api.db, customerId, await seedSeries(api.db, customerId, { account: "other" }), { severity: "critical" });
  await api.db.rows(sql`update cost_anomalies set state = 'resolved', resolved_at = now() where id = ${over}`);
  await seedZombie(api.db, customerId);
  await seedZombie(api.db, customerId, { resource: "unpriced", waste: null });
  const dismissed = await seedZombie(api.db, customerId, { resource: "dismissed" });
  await api.db.rows(sql`update zombies set state = 'dismissed' where id = ${dismissed}`);
  const queued = await seedBatch(api.db, customerId, "queued");
  await api.db.rows(sql`update cost_batches set created_at = now() - interval '300 seconds' where id = ${queued}`);
  await seedBatch(api.db, customerId, "dead");
  await seedBatch(api.db, customerId, "dead");
};

const scrape = (token: string | null = secret) => api.call("GET", "/metrics", { token });

describe("/metrics", () => {
  it("tells what the database knows, in one round trip", async () => {
    const network = vi.spyOn(globalThis, "fetch");
    const { status, headers, text } = await scrape();
    expect([status, network.mock.calls.length]).toEqual([200, 1]);
    network.mockRestore();
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toMatch(/^tranche_probe_agent_last_sample_age_seconds\{agent="fra-1"\} \d/m);
    const lines = text.split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        'tranche_storms_active{kind="http_availability",state="storm"} 1',
        'tranche_storms_active{kind="http_latency",state="recovering"} 0',
        "tranche_storms_total 1",
        'tranche_probe_samples_5m{path="primary",vantage="local",result="timeout"} 2',
        'tranche_rounds_total{provider="local"} 12',
        'tranche_round_duration_seconds_total{provider="local"} 3',
        'tranche_round_overruns_total{job="tick:0",provider="local"} 4',
        'tranche_route53_calls_total{provider="local",result="ok"} 8',
        'tranche_routing_changes{result="failed"} 1',
        'tranche_job_runs_total{job="tick:0",provider="local",result="ok"} 2',
        'tranche_billing_runs_total{result="failed"} 1',
        'tranche_lease_held{name="shard:0",provider="local"} 1',
        'tranche_lease_epoch{name="shard:0",provider="local"} 41',
        "tranche_invoices_issued_total 0",
        'tranche_witness_rounds_total{provider="local"} 6',
        'tranche_provider_public_ok{provider="cloudflare"} 0',
        'tranche_provider_public_ok{provider="vercel"} 1',
        'tranche_takeovers_total{kind="takeover",from="cloudflare",to="local"} 1',
        "tranche_shards_wanted 4",
        'tranche_shard_utilisation{shard="0"} 2',
        'tranche_shard_domains_left_out{shard="0"} 500',
        'tranche_domains_left_out_total{provider="local"} 240',
        'tranche_clock_skew_seconds{provider="cloudflare"} 45.012',
        'tranche_services{state="held"} 1',
        'tranche_services{state="shifted"} 1',
        'tranche_services{state="normal"} 0',
        'tranche_services_held{reason="backup_down"} 1',
        'tranche_services_held{reason="latched"} 0',
        'tranche_services{state="partial"} 1',
        'tranche_services_held{reason="neighbour"} 1',
        'tranche_incidents_open{kind="storm",scope="customer"} 1',
        'tranche_incidents_open{kind="storm",scope="installation"} 1',
        'tranche_incidents_open{kind="backup",scope="customer"} 0',
        'tranche_channels{kind="webhook",state="active"} 1',
        'tranche_channels{kind="webhook",state="paused"} 1',
        'tranche_channels{kind="slack",state="disabled"} 1',
        'tranche_channels{kind="slack",state="active"} 0',
        'tranche_channels{kind="email",state="unconfirmed"} 1',
        'tranche_deliveries_pending{kind="webhook"} 3',
        'tranche_deliveries_dead{kind="slack"} 1',
        'tranche_deliveries_dead{kind="webhook"} 0',
        'tranche_deliveries_overdue_seconds{kind="slack"} 0',
        'tranche_cost_anomalies_open{severity="critical"} 0',
        'tranche_cost_anomalies_open{severity="high"} 1',
        'tranche_zombies_open{rule="backup-would-not-pay"} 0',
        'tranche_zombies_open{rule="volume-unattached"} 2',
        'tranche_zombies_waste_cents{rule="volume-unattached"} 800',
        'tranche_cost_batches{state="queued"} 1',
        'tranche_cost_batches{state="dead"} 2',
        'tranche_breakers_open{kind="cdn"} 1',
        'tranche_breakers_open{kind="archive"} 0',
      ]),
    );
    expect(text).not.toMatch(/throttled|job_last_success_age_seconds\{job="bill"/);
    expect(text).toMatch(/tranche_job_last_success_age_seconds\{job="tick:0",provider="local"\} \d/);
  });

  it("tells how long ago each provider was heard, and of what never was: nothing", async () => {
    const { text } = await scrape();
    const ageOf = (series: string) => Number(text.split(`\n${series} `)[1]?.split("\n")[0] ?? Number.NaN);
    for (const [series, seconds] of [
      ['tranche_lease_age_seconds{name="shard:0",provider="local"}', 30],
      ['tranche_provider_heartbeat_age_seconds{provider="local"}', 7],
      ['tranche_provider_heartbeat_age_seconds{provider="cloudflare"}', 100],
      ['tranche_provider_last_round_age_seconds{provider="local"}', 540],
      ['tranche_deliveries_pending_oldest_age_seconds{kind="webhook"}', 500],
      ['tranche_deliveries_overdue_seconds{kind="webhook"}', 200],
      ["tranche_outbox_lag_seconds", 70],
      ["tranche_cost_queue_oldest_age_seconds", 300],
    ] as const) {
      expect(ageOf(series), series).toBeGreaterThanOrEqual(seconds);
      expect(ageOf(series), series).toBeLessThan(seconds + 60);
    }
    expect(text).not.toMatch(
      /heartbeat_age_seconds\{provider="vercel"|last_round_age_seconds\{provider="(cloudflare|vercel)"|public_ok\{provider="local"/,
    );
    expect(text).not.toMatch(/name="(readiness:1|shard:7)"/);
  });

  it("counts takeovers from 0 on for every two providers, so that the first one is an increase", async () => {
    const { text } = await scrape();
    const series = text.split("\n").filter((line) => line.startsWith("tranche_takeovers_total"));
    expect(series.length).toBe(2 * 3 * 2);
    expect(series.filter((line) => !line.endsWith(" 0"))).toEqual([
      'tranche_takeovers_total{kind="takeover",from="cloudflare",to="local"} 1',
    ]);
    expect(series).toContain('tranche_takeovers_total{kind="hand_back",from="vercel",to="cloudflare"} 0');
  });

  it("is well-formed: every sample below its HELP and TYPE, every family once", async () => {
    const { text } = await scrape();
    expect(text.endsWith("\n")).toBe(true);
    const seen = new Set<string>();
    let family = "";
    for (const line of text.trimEnd().split("\n")) {
      const [, help, type, sample] =
        /^(?:# HELP (\S+) .+|# TYPE (\S+) (?:gauge|counter)|([a-z0-9_]+)(?:\{(?:[a-z]+="[^"]*",?)+\})? [\d.e+-]+)$/.exec(line) ?? [];
      if (help !== undefined) {
        expect(seen.has(help)).toBe(false);
        seen.add(help);
        family = help;
      } else expect([line, type ?? sample]).toEqual([line, family]);
    }
    expect([...seen].every((name) => name.startsWith("tranche_"))).toBe(true);
  });

  it("wants its own token", async () => {
    for (const token of [null, "wrong", api.env.ADMIN_TOKEN, secret.toUpperCase()]) {
      const answer = await scrape(token);
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
      expect(answer.text).not.toContain("tranche_");
    }
  });

  it("does not exist without one", async () => {
    const silent = await startApi();
    const answer = await silent.call("GET", "/metrics", { token: secret });
    const unknown = await silent.call("GET", "/nothing", { token: secret });
    expect([answer.status, answer.body["detail"]]).toEqual([404, unknown.body["detail"]]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { kindNames } from "../../../../src/domain/notify/kinds.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";

let database: TestDatabase;
let ids: { customer: number; service: number; domain: number; other: number; policy: number };
const sql = <Row = Record<string, unknown>>(text: string, params: readonly unknown[] = []) => database.sql<Row>(text, params);
const one = async (text: string, params: readonly unknown[] = []): Promise<number> =>
  Number((await sql<{ id: string }>(text, params))[0]?.id);

beforeAll(async () => {
  database = await freshDatabase();
  const customer = await one("insert into customers (name) values ('acme') returning id");
  const service = await one(
    "insert into services (customer_id, name, primary_cdn, backup_cdn) values ($1, 'shop', 'cdn-a', 'cdn-b') returning id",
    [customer],
  );
  const domain = await one(
    "insert into service_domains (service_id, customer_id, name, challenge_token) values ($1, $2, 'shop.example.test', 't') returning id",
    [service, customer],
  );
  const other = await one(
    "insert into service_domains (service_id, customer_id, name, challenge_token) values ($1, $2, 'www.example.test', 't') returning id",
    [service, customer],
  );
  const policy = await one("insert into storm_policies (service_id, kind) values ($1, 'http_availability') returning id", [service]);
  await sql(
    "insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures) values ($1, 1, 0.9, 60, 60, 1.5, 3, 3)",
    [policy],
  );
  ids = { customer, service, domain, other, policy };
});
afterAll(() => database.close());
beforeEach(() => sql("truncate notifications cascade"));

const told = async (): Promise<string[]> =>
  (await sql<{ kind: string }>("select kind from notifications order by id")).map(({ kind }) => kind);

const storm = () =>
  one(
    `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
   values ($1, $2, 1, 'http_availability', 'storm', now(), now(), 1.5) returning id`,
    [ids.service, ids.policy],
  );
const end = (id: number) =>
  sql("update storm_events set state = 'ended', ended_at = now(), ended_reason = 'recovered' where id = $1", [id]);
const steer = (state: string, reason: string, more = "") =>
  sql(
    `insert into service_routing (service_id, state, reason) values ($1, $2, $3)
    on conflict (service_id) do update set state = excluded.state, reason = excluded.reason ${more}`,
    [ids.service, state, reason],
  );
const change = (result: string, reason = "storm") =>
  one(
    `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at)
   values ($1, $2, 100, 0, 0, 100, $4, 'tranche', 1, $3, now()) returning id`,
    [ids.service, ids.domain, result, reason],
  );
/** What a round stores in one transaction, or what comes of it. */
const together = (...statements: readonly string[]) =>
  sql(`do $$ begin ${statements.map((statement) => `${statement};`).join(" ")} end $$`);
const intentOf = (domain: number) =>
  `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at)
   values (${ids.service}, ${domain}, 0, 100, 100, 0, 'calm', 'tranche', 1, 'intent', now())`;
const stateOf = (state: string, reason: string) => `update service_routing set state = '${state}', reason = '${reason}'`;
const movedOf = (domain: number) =>
  `insert into domain_routing (domain_id, service_id, status, moved_at) values (${domain}, ${ids.service}, 'found', now())
   on conflict (domain_id) do update set moved_at = excluded.moved_at`;
const accepted = (domain: number) => [
  `update routing_changes set result = 'accepted', accepted_at = '2026-11-18T11:20:00Z', next_attempt_at = null where domain_id = ${domain} and result = 'intent'`,
  `update domain_routing set moved_at = null where domain_id = ${domain}`,
];
const failed = (next: string) =>
  `update routing_changes set result = 'failed', error = 'AccessDenied', next_attempt_at = ${next} where result = 'intent'`;
const again = "update routing_changes set result = 'intent', attempts = attempts + 1, next_attempt_at = null where result = 'failed'";
/** A service on its backup, by its own switch. */
const onBackup = async (...domains: readonly number[]) => {
  await sql("delete from routing_changes where domain_id = any($1)", [domains]);
  await steer("shifted", "storm");
  for (const domain of domains) await sql(movedOf(domain));
};
const seriesOf = (account: string) =>
  one(
    "insert into cost_series (customer_id, kind, account_id, resource_type, unit, memory) values ($1, 'priced', $2, 'ec2:instance', 'cents', '{}') returning id",
    [ids.customer, account],
  );
const anomalyOf = (series: number, mode: string) =>
  one(
    `insert into cost_anomalies (customer_id, series_id, severity, score, explanation, figures, value, first_hour, last_hour, mode)
     values ($1, $2, 'high', 70, 'Odd.', '{}', 1240, now(), now(), $3) returning id`,
    [ids.customer, series, mode],
  );
const job = (ok: boolean, overruns = 0) =>
  sql(
    `insert into job_runs (job, provider, last_started_at, last_succeeded_at, last_failed_at, overruns) values ('tick:0', 'cloudflare', now(), case when $1 then clock_timestamp() end, case when not $1 then clock_timestamp() end, $2)
   on conflict (job, provider) do update set last_succeeded_at = coalesce(excluded.last_succeeded_at, job_runs.last_succeeded_at),
     last_failed_at = coalesce(excluded.last_failed_at, job_runs.last_failed_at), overruns = job_runs.overruns + $2`,
    [ok, overruns],
  );

const objectiveOf = async (name: string): Promise<number> => {
  const id = await one("insert into slo_objectives (service_id, name) values ($1, $2) returning id", [ids.service, name]);
  await sql(
    `insert into slo_objective_versions (objective_id, version, target, window_days, dependency_exclusion, burn_warning_percent, burn_critical_percent, fast_burn_multiplier)
     values ($1, 1, 99.9, 30, 'strict', 50, 80, 5)`,
    [id],
  );
  return id;
};

/** What is done, and what the outbox holds of it, in order. */
const changes: readonly [what: string, does: () => Promise<unknown>, kinds: readonly string[]][] = [
  [
    "a storm begins, gives way, comes back and ends",
    async () => {
      const id = await storm();
      await sql("update storm_events set state = 'recovering', recovering_since = now() where id = $1", [id]);
      await sql("update storm_events set state = 'storm', recovering_since = null, relapses = 1 where id = $1", [id]);
      await sql("update storm_events set relapses = 1 where id = $1", [id]);
      await end(id);
    },
    ["storm.started", "storm.recovering", "storm.relapsed", "storm.ended"],
  ],
  [
    "a service is held for one reason and another, and released",
    async () => {
      await steer("held", "backup_unknown");
      await steer("held", "backup_down");
      await steer("held", "backup_down");
      await steer("normal", "calm");
    },
    ["switch.held", "switch.held", "switch.released"],
  ],
  [
    "a service goes to its backup and back by steps",
    async () => {
      await steer("shifted", "storm");
      await steer("failback", "failback");
      await steer("failback", "failback");
      await steer("normal", "calm");
    },
    ["failback.started", "failback.done"],
  ],
  ["a service of which nothing is known", async () => await steer("held", "primary_not_known_up"), []],
  [
    "the backup does not answer, and does again",
    async () => {
      await sql("delete from service_routing");
      await steer("normal", "calm");
      for (const health of ["up", "down", "down", "unknown", "up"]) await sql("update service_routing set backup_health = $1", [health]);
    },
    ["backup.down", "backup.up"],
  ],
  [
    "an override is set, changed, runs out, is set and cleared",
    async () => {
      await steer("normal", "calm");
      const set = (mode: string | null) =>
        sql(
          "update service_routing set override_mode = $1::text, override_until = now(), override_set_at = case when $1::text is not null then clock_timestamp() end",
          [mode],
        );
      await set("backup");
      await set("primary");
      await sql("update service_routing set override_expired_at = now() where override_expired_at is null");
      await sql("update service_routing set override_expired_at = now()");
      await set("frozen");
      await set(null);
    },
    ["override.set", "override.set", "override.expired", "override.set", "override.cleared"],
  ],
  [
    "switches: made, failed once and again, of drift, in shadow, superseded",
    async () => {
      for (const [result, reason] of [
        ["accepted", "storm"],
        ["failed", "storm"],
        ["accepted", "drift"],
        ["superseded", "storm"],
      ]) {
        await sql("update routing_changes set result = $2, accepted_at = now() where id = $1", [await change("intent", reason), result]);
      }
      await sql("update routing_changes set result = 'intent', attempts = 2 where result = 'failed'");
      await sql("update routing_changes set result = 'failed' where attempts = 2");
      await sql("update routing_changes set result = 'insync' where result = 'accepted'");
      await change("shadow");
    },
    ["switch.done", "switch.failed", "drift.healed", "switch.shadowed"],
  ],
  [
    "a fight over weights begins and ends",
    async () => {
      await sql("insert into domain_routing (domain_id, service_id, status) values ($1, $2, 'ready')", [ids.domain, ids.service]);
      await sql("update domain_routing set contested_at = now()");
      await sql("update domain_routing set contested_at = now()");
      await sql("update domain_routing set contested_at = null");
    },
    ["drift.contested", "drift.resumed"],
  ],
  [
    "a shard passes to the other provider",
    async () => {
      await sql("insert into leases (name, holder, provider, acquired_at, expires_at) values ('shard:0', 'a', 'cloudflare', now(), now())");
      await sql("update leases set provider = 'vercel', epoch = epoch + 1, acquired_at = now()");
    },
    ["takeover"],
  ],
  [
    "a service is found not ready, again, and ready",
    async () => {
      const check = (result: string) =>
        sql(
          `insert into readiness_checks (service_id, checked_at, actor, result, checks) values ($1, now(), 'token:1', $2, '[{"check": "caa", "result": "fail"}, {"check": "ttl", "result": "pass"}]')
       on conflict (service_id) do update set result = excluded.result, checks = excluded.checks`,
          [ids.service, result],
        );
      for (const result of ["warn", "fail", "fail", "pass"]) await check(result);
      expect(await sql("select facts->'failed' as failed from notifications where kind = 'readiness.failed'")).toEqual([
        { failed: ["caa"] },
      ]);
    },
    ["readiness.failed", "readiness.passed"],
  ],
  [
    "everything is frozen, runs out, is frozen and lifted",
    async () => {
      await sql(
        "update settings set freeze_reason = 'maintenance', freeze_actor = 'admin:a', freeze_set_at = clock_timestamp(), freeze_until = now()",
      );
      await sql("update settings set freeze_expired_at = now()");
      await sql("update settings set freeze_set_at = clock_timestamp()");
      await sql("update settings set freeze_reason = null, freeze_until = null, freeze_actor = null, freeze_set_at = null");
    },
    ["freeze.set", "freeze.expired", "freeze.set", "freeze.lifted"],
  ],
  [
    "all services of a customer are frozen, run out, are frozen and released",
    async () => {
      await sql("insert into customer_freezes (customer_id, reason, actor, until) values ($1, 'maintenance', 'token:1', now())", [
        ids.customer,
      ]);
      await sql("update customer_freezes set expired_at = now()");
      await sql("update customer_freezes set set_at = clock_timestamp(), expired_at = null, until = null");
      await sql("delete from customer_freezes");
    },
    ["freeze.set", "freeze.expired", "freeze.set", "freeze.lifted"],
  ],
  [
    "there is a panic, which is lifted; other settings are changed meanwhile",
    async () => {
      await sql("update settings set panic_reason = 'a leaked key', panic_actor = 'admin:a', panic_set_at = clock_timestamp()");
      await sql("update settings set shards = shards");
      await sql("update settings set panic_reason = null, panic_actor = null, panic_set_at = null");
    },
    ["panic.set", "panic.lifted"],
  ],
  [
    "credentials are made",
    async () => {
      await sql("insert into customer_tokens (customer_id, name, role, token_hash) values ($1, 'ci', 'editor', repeat('a', 64))", [
        ids.customer,
      ]);
      await sql("insert into admin_tokens (name, scopes, token_hash, created_by) values ('grafana', '{read}', repeat('b', 64), 'admin')");
      expect(await sql("select customer_id is null as operators from notifications order by id")).toEqual([
        { operators: false },
        { operators: true },
      ]);
    },
    ["token.created", "token.created"],
  ],
  [
    "a DNS account fails, is still failing, and is well",
    async () => {
      const standing = (pauses: number) =>
        sql(
          "insert into dns_standings (customer_id, pauses, last_error, updated_at) values ($1, $2, 'AccessDenied', now()) on conflict (customer_id) do update set pauses = excluded.pauses",
          [ids.customer, pauses],
        );
      for (const pauses of [0, 1, 2, 0, 1]) await standing(pauses);
      await sql("delete from dns_standings");
    },
    ["account.failing", "account.recovered", "account.failing", "account.recovered"],
  ],
  [
    "a CDN account fails and is well",
    async () => {
      await sql("insert into cdn_accounts (customer_id, cdn, sealed_token) values ($1, 'fastly', 'x')", [ids.customer]);
      for (const error of ["401", "403", null]) await sql("update cdn_accounts set last_error = $1", [error]);
    },
    ["account.failing", "account.recovered"],
  ],
  [
    "a job fails twice, overruns and is well",
    async () => {
      await job(true);
      await job(false);
      await job(false);
      await job(true, 2);
      await job(true);
    },
    ["job.failing", "job.recovered", "job.overrun"],
  ],
  [
    "figures do not agree, and agree again",
    async () => {
      await sql(
        "insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at) values ($1, 'window_bytes', 'service', 1, '1', '2', now(), now())",
        [ids.customer],
      );
      await sql("update reconciliation_findings set cleared_at = now()");
    },
    ["finding.opened", "finding.cleared"],
  ],
  [
    "a channel fails five times and is well; another one wants no more; a message is given up",
    async () => {
      const channel = await one(
        "insert into channels (customer_id, name, kind, settings, sealed_secret) values ($1, 'hook', 'webhook', '{}', 'x') returning id",
        [ids.customer],
      );
      for (const failures of [4, 5, 6, 0, 1]) await sql("update channels set failures = $1 where id = $2", [failures, channel]);
      await sql("update channels set disabled_at = now(), disabled_reason = 'gone' where id = $1", [channel]);
      const about = await one("select max(id) as id from notifications");
      for (const kind of ["storm.started", "delivery.dead"]) {
        await sql(
          `insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, next_at)
        values ($1, $3, 1, 'event', $3, 'info', $2, $2, now())`,
          [channel, about, kind],
        );
      }
      await sql("update deliveries set state = 'dead', ended_at = now()");
    },
    ["channel.failing", "channel.recovered", "channel.failing", "delivery.dead"],
  ],
  [
    "alerts of an objective fire, are below, are resolved, and end with it",
    async () => {
      const objective = await objectiveOf("availability");
      for (const kind of ["1h", "budget_warning", "exhausted"])
        await sql(
          `insert into slo_alerts (objective_id, service_id, kind, fired_at, fired) values ($1, $2, $3, now(), '{"burn": 15, "shortBurn": null}')`,
          [objective, ids.service, kind],
        );
      await sql("update slo_alerts set below_since = now()");
      await sql(`update slo_alerts set resolved_at = now(), resolved = '{"burn": 1}' where kind = '1h'`);
      expect(
        await sql(
          "select subject, facts->>'alert' as alert, (facts->>'burn')::float8 as burn, facts->>'reason' as reason from notifications order by id",
        ),
      ).toEqual([
        { subject: `objective:${objective}:1h`, alert: "1h", burn: 15, reason: null },
        { subject: `objective:${objective}:budget_warning`, alert: "budget_warning", burn: 15, reason: null },
        { subject: `objective:${objective}:exhausted`, alert: "exhausted", burn: 15, reason: null },
        { subject: `objective:${objective}:1h`, alert: "1h", burn: 1, reason: null },
      ]);
      await sql("update slo_objectives set deleted_at = now()");
    },
    ["slo.burn", "slo.burn", "slo.exhausted", "slo.resolved", "slo.resolved", "slo.resolved"],
  ],
  [
    "an anomaly is found, gets worse, is snoozed, goes on, and ends",
    async () => {
      const series = await seriesOf("account 1");
      const id = await anomalyOf(series, "enforce");
      await sql("update cost_anomalies set hours = 2, severity = 'high' where id = $1", [id]);
      await sql("update cost_anomalies set state = 'acknowledged', changed_by = 'token:1', changed_at = now() where id = $1", [id]);
      await sql("update cost_anomalies set severity = 'critical' where id = $1", [id]);
      await sql(
        "update cost_anomalies set state = 'snoozed', snoozed_until = now() - interval '1 second', severity = 'critical' where id = $1",
        [id],
      );
      await sql("update cost_anomalies set state = 'open', snoozed_until = null where id = $1", [id]);
      await sql("update cost_anomalies set state = 'resolved', resolved_at = now() where id = $1", [id]);
      expect(
        await sql("select distinct subject, service_id is null as everywhere, facts->>'account' as account from notifications"),
      ).toEqual([{ subject: `cost-anomaly:${id}`, everywhere: true, account: "account 1" }]);
      expect(await sql("select facts->>'was' as was, facts->>'severity' as severity from notifications order by id")).toEqual([
        { was: null, severity: "high" },
        { was: "high", severity: "critical" },
        { was: "critical", severity: "critical" },
        { was: null, severity: "critical" },
      ]);
    },
    ["cost.anomaly", "cost.anomaly", "cost.anomaly", "cost.resolved"],
  ],
  [
    "an anomaly of the shadow is found, gets worse and ends, also after the mode has changed",
    async () => {
      const id = await anomalyOf(await seriesOf("account 2"), "shadow");
      await sql("insert into cost_modes (customer_id, mode, changed_by) values ($1, 'enforce', 'admin')", [ids.customer]);
      await sql("update cost_anomalies set severity = 'critical' where id = $1", [id]);
      await sql("update cost_anomalies set state = 'resolved', resolved_at = now() where id = $1", [id]);
    },
    [],
  ],
  [
    "thirty anomalies are found at once, two more in the next hour, and all of them end",
    async () => {
      await sql(
        "insert into cost_modes (customer_id, mode, changed_by) values ($1, 'enforce', 'admin') on conflict (customer_id) do update set mode = 'enforce'",
        [ids.customer],
      );
      await sql("update cost_anomalies set told_at = null");
      await sql(
        `with series as (insert into cost_series (customer_id, kind, account_id, resource_type, unit, memory)
           select $1, 'priced', 'flood ' || n, 'ec2:instance', 'cents', '{}' from generate_series(1, 32) n returning id)
         insert into cost_anomalies (customer_id, series_id, severity, score, explanation, figures, value, first_hour, last_hour, mode)
         select $1, id, 'high', 70, 'Odd.', '{}', 1240, now(), now(), 'enforce' from series order by id limit 30`,
        [ids.customer],
      );
      expect(await sql("select subject, count(*)::int as n from notifications where subject = 'cost-anomalies' group by 1")).toEqual([
        { subject: "cost-anomalies", n: 1 },
      ]);
      // Of those that were told it is told that they are worse.
      await sql("update cost_anomalies set severity = 'critical' where resolved_at is null");
      await sql("update cost_anomalies set told_at = told_at - interval '2 hours' where told_at is not null");
      await sql(
        `insert into cost_anomalies (customer_id, series_id, severity, score, explanation, figures, value, first_hour, last_hour, mode)
         select $1, id, 'high', 70, 'Odd.', '{}', 1240, now(), now(), 'enforce' from cost_series where account_id in ('flood 31', 'flood 32')`,
        [ids.customer],
      );
      await sql("update cost_anomalies set state = 'resolved', resolved_at = now() where resolved_at is null");
      const count = async (kind: string) =>
        (
          await sql<{ n: number }>("select count(*)::int as n from notifications where kind = $1 and subject <> 'cost-anomalies'", [kind])
        )[0]?.n;
      // Whatever was told is told to be over, and nothing else is.
      expect([await count("cost.anomaly"), await count("cost.resolved")]).toEqual([22 + 20, 22]);
      expect(await sql("select kind from notifications where subject = 'cost-anomalies' order by id")).toEqual([
        { kind: "cost.anomaly" },
        { kind: "cost.resolved" },
      ]);
      await sql("delete from notifications where kind like 'cost.%'");
    },
    [],
  ],
  [
    "an anomaly that a person called expected gets worse",
    async () => {
      const id = await anomalyOf(await seriesOf("account 3"), "audit");
      await sql("update cost_anomalies set state = 'expected' where id = $1", [id]);
      await sql("update cost_anomalies set severity = 'critical' where id = $1", [id]);
    },
    ["cost.anomaly"],
  ],
  [
    "a hunt finds many things, sees them again, and the last of them goes",
    async () => {
      await sql(
        `insert into zombies (customer_id, rule, resource, severity, first_seen, last_seen, last_activity, estimated_monthly_waste, reason, remedy)
         select $1, 'volume-unattached', 'vol-' || n, 'warning', now(), now(), now(), nullif(n, 7) * 100, 'Loose.', 'Delete it.' from generate_series(1, 9) n`,
        [ids.customer],
      );
      await sql("update zombies set last_seen = now()");
      expect(
        await sql(
          "select facts->'found' as found, facts->'wasteCents' as waste, facts->'unpriced' as unpriced, jsonb_array_length(facts->'listed') as listed, facts->'listed'->0->>'resource' as first from notifications",
        ),
      ).toEqual([{ found: 9, waste: 3_800, unpriced: 1, listed: 6, first: "vol-9" }]);
      await sql("update zombies set state = 'remediated', remediated_at = now() where resource <> 'vol-1'");
      await sql("update zombies set state = 'dismissed', changed_by = 'token:1' where resource = 'vol-1'");
      await sql("update zombies set state = 'open' where resource = 'vol-1'");
      await sql("update zombies set state = 'remediated', remediated_at = now() where resource = 'vol-1'");
    },
    ["zombie.found", "zombie.gone", "zombie.found", "zombie.gone"],
  ],
  [
    "two backups would not pay, beside what idles: one is dismissed, one is well again",
    async () => {
      await sql(
        `insert into zombies (customer_id, service_id, rule, resource, severity, first_seen, last_seen, last_activity, reason, remedy)
         select $1, $2, case n when 3 then 'token-unused' else 'backup-would-not-pay' end, 'backup ' || n, case n when 3 then 'warning' else 'critical' end, now(), now(), now(), 'Dead.', 'Mend it.' from generate_series(1, 3) n`,
        [ids.customer, ids.service],
      );
      await sql("update zombies set state = 'dismissed', changed_by = 'token:1', note = 'known' where resource = 'backup 1'");
      await sql("update zombies set state = 'remediated', remediated_at = now() where resource = 'backup 2'");
      await sql("update zombies set state = 'remediated', remediated_at = now() where resource = 'backup 1'");
      const rows = await sql<{ subject: string }>(
        "select subject, facts->>'actor' as actor, facts->>'service' as service from notifications order by id",
      );
      expect(rows.map(({ subject }) => subject.replace(/\d+/, "N"))).toEqual(["zombie:N", "zombie:N", "zombies", "zombie:N", "zombie:N"]);
      expect(rows[3]).toMatchObject({ actor: "token:1", service: "shop" });
      expect(rows[0]?.subject).toBe(rows[3]?.subject);
    },
    ["zombie.found", "zombie.found", "zombie.found", "zombie.gone", "zombie.gone"],
  ],
  [
    "days end a streak of three, and one of two",
    async () => {
      const objective = await objectiveOf("latency");
      for (const [day, broken] of [
        ["2026-11-17", 3],
        ["2026-11-18", 0],
        ["2026-11-19", 2],
      ])
        await sql(
          `insert into slo_daily_snapshots (objective_id, day, version, state, allowed_us, consumed_us, down_us, measured_us, elapsed_us, day_consumed_us, day_down_us,
             day_measured_us, day_elapsed_us, verdict, streak, broken_streak) values ($1, $2, 1, 'breaching', 1, 2, 2, 9, 9, 2, 2, 9, 9, 'bad', 0, $3)`,
          [objective, day, broken],
        );
      expect(
        await sql("select facts->>'day' as day, (facts->>'days')::int as days, facts->>'objective' as objective from notifications"),
      ).toEqual([{ day: "2026-11-17", days: 3, objective: "latency" }]);
    },
    ["slo.streak_broken"],
  ],
  [
    "a service achieves something",
    async () => {
      const objective = await objectiveOf("third");
      await sql("insert into slo_achievements (service_id, name, objective_id, day) values ($1, 'iron_uptime', $2, '2026-11-19')", [
        ids.service,
        objective,
      ]);
      expect(await sql("select subject, facts->>'objective' as objective from notifications")).toEqual([
        { subject: `service:${ids.service}:achievements`, objective: "third" },
      ]);
    },
    ["slo.achievement"],
  ],
  [
    "a week is over",
    async () => {
      await sql(`insert into slo_digests (customer_id, week, body) values ($1, '2026-W53', '{"storms": 2}')`, [ids.customer]);
      expect(await sql("select subject, facts from notifications")).toEqual([
        { subject: "digest:2026-W53", facts: { week: "2026-W53", storms: 2 } },
      ]);
    },
    ["digest.weekly"],
  ],
];

/** Until Route 53 has accepted the switches back, nothing is back. */
const returns: typeof changes = [
  [
    "and its switch is accepted",
    async () => {
      await onBackup(ids.domain);
      await together(stateOf("normal", "calm"), intentOf(ids.domain));
      expect(await told()).toEqual([]);
      await together(...accepted(ids.domain));
      expect(
        await sql(
          "select facts->>'reason' as reason, facts->>'state' as state, occurred_at from notifications where kind = 'failback.done'",
        ),
      ).toEqual([{ reason: "calm", state: "normal", occurred_at: new Date("2026-11-18T11:20:00Z") }]);
      await steer("normal", "calm");
      await sql("update routing_changes set result = 'insync' where result = 'accepted'");
    },
    ["switch.done", "failback.done"],
  ],
  [
    "and its switch is refused, for long, and accepted at last",
    async () => {
      await onBackup(ids.domain);
      await together(stateOf("normal", "calm"), intentOf(ids.domain));
      await together(failed("now() + interval '20 seconds'"));
      await together(stateOf("held", "switch_failed"));
      await together(again);
      await together(failed("now() + interval '40 seconds'"));
      await together(again);
      expect(await told()).toEqual(["switch.failed"]);
      await together(...accepted(ids.domain));
      await together(stateOf("normal", "calm"));
    },
    ["switch.failed", "switch.done", "failback.done"],
  ],
  [
    "and its switch is accepted in the second attempt, in the same state",
    async () => {
      await onBackup(ids.domain);
      await together(stateOf("normal", "calm"), intentOf(ids.domain));
      await together(failed("now() + interval '20 seconds'"));
      await together(again);
      await together(...accepted(ids.domain));
    },
    ["switch.failed", "switch.done", "failback.done"],
  ],
  [
    "and its switch does not even leave at first",
    async () => {
      await onBackup(ids.domain);
      await together(stateOf("normal", "calm"), intentOf(ids.domain));
      await together(failed("null"));
      await together(again);
      await together(...accepted(ids.domain));
    },
    ["switch.failed", "switch.done", "failback.done"],
  ],
  [
    "and its last step is refused before that is ever said to be done",
    async () => {
      await onBackup(ids.domain);
      await steer("failback", "failback");
      await together(stateOf("held", "switch_failed"), intentOf(ids.domain));
      await together(...accepted(ids.domain));
      await together(stateOf("normal", "calm"));
    },
    ["failback.started", "switch.done", "failback.done"],
  ],
  [
    "with two domains, which are accepted at once",
    async () => {
      await onBackup(ids.domain, ids.other);
      await together(stateOf("normal", "calm"), intentOf(ids.domain), intentOf(ids.other));
      await together(...accepted(ids.domain), ...accepted(ids.other));
    },
    ["switch.done", "switch.done", "failback.done"],
  ],
  [
    "with two domains, one after the other",
    async () => {
      await onBackup(ids.domain, ids.other);
      await together(stateOf("normal", "calm"), intentOf(ids.domain), intentOf(ids.other));
      await together(...accepted(ids.other));
      expect(await told()).toEqual(["switch.done"]);
      await together(...accepted(ids.domain));
    },
    ["switch.done", "switch.done", "failback.done"],
  ],
  [
    "in shadow mode, where nothing is switched",
    async () => {
      await onBackup();
      await together(stateOf("normal", "calm"), intentOf(ids.domain).replace("'intent'", "'shadow'"));
    },
    ["switch.shadowed", "failback.done"],
  ],
  [
    "and leaves again before it is there",
    async () => {
      await onBackup(ids.domain);
      await together(stateOf("normal", "calm"), intentOf(ids.domain));
      await together(stateOf("shifted", "storm"));
      await together("update routing_changes set result = 'superseded' where result = 'intent'");
    },
    [],
  ],
  [
    "because somebody else sets the weights",
    async () => {
      await onBackup(ids.domain);
      await together(stateOf("normal", "calm"), intentOf(ids.domain));
      await together(failed("now() + interval '20 seconds'"));
      await together(
        "update routing_changes set next_attempt_at = null where next_attempt_at is not null",
        "update domain_routing set moved_at = null",
      );
    },
    ["switch.failed", "failback.done"],
  ],
  [
    "in doubt: the attempt is merged into a later one, or deleted",
    async () => {
      await onBackup();
      await together(stateOf("normal", "calm"), intentOf(ids.domain));
      await together("delete from routing_changes where result = 'intent'");
    },
    ["failback.done"],
  ],
  [
    "off a backup that failed: that it is held is told, and its release",
    async () => {
      await onBackup(ids.domain);
      await together(stateOf("normal", "bad_backup"), intentOf(ids.domain));
      await together(...accepted(ids.domain));
      await together(stateOf("normal", "calm"));
    },
    ["switch.held", "switch.done", "switch.released"],
  ],
  [
    "once the domain that could not be is removed; not where the service is deleted",
    async () => {
      await onBackup(ids.domain, ids.other);
      await together(stateOf("normal", "calm"), intentOf(ids.domain));
      await together(...accepted(ids.domain));
      expect(await told()).toEqual(["switch.done"]);
      await sql("update service_domains set deleted_at = now() where id = $1", [ids.other]);
      expect(await told()).toEqual(["switch.done", "failback.done"]);
      await sql("update service_domains set deleted_at = null where id = $1", [ids.other]);
      await onBackup(ids.domain, ids.other);
      await together(stateOf("normal", "calm"));
      await together("update services set deleted_at = now()", "update service_domains set deleted_at = now()");
      await together("update services set deleted_at = null", "update service_domains set deleted_at = null");
    },
    ["switch.done", "failback.done"],
  ],
];

describe("a service goes back", () => {
  const none = async () => {
    for (const table of ["service_routing", "domain_routing", "routing_changes"]) await sql(`delete from ${table}`);
    await sql("truncate notifications cascade");
  };
  beforeEach(none);
  afterAll(none);

  it.each(returns)("%s", async (_, does, kinds) => {
    await does();
    expect(await told()).toEqual(kinds);
  });
});

describe("the outbox", () => {
  it.each(changes)("tells when %s", async (_, does, kinds) => {
    await sql("delete from service_routing");
    await does();
    expect(await told()).toEqual(kinds);
  });

  it("tells of invoices and adjustments by name and sum", async () => {
    // Written by billing's own statement in test/billing; the kinds are named here so that the list below is whole.
    expect(kindNames).toEqual(expect.arrayContaining(["invoice.issued", "invoice.adjusted"]));
  });

  it("knows a change for each kind there is", () => {
    const known = new Set([...changes.flatMap(([, , kinds]) => kinds), "invoice.issued", "invoice.adjusted"]);
    expect(kindNames.filter((kind) => !known.has(kind))).toEqual([]);
  });

  it("holds nothing of what did not come about", async () => {
    const before = await told();
    await expect(
      sql(
        "with x as (insert into customer_tokens (customer_id, name, role, token_hash) values ($1, 'x', 'viewer', repeat('c', 64)) returning 1) select 1 / 0 from x",
        [ids.customer],
      ),
    ).rejects.toThrow("division by zero");
    expect(await told()).toEqual(before);
  });

  it("names what a change is about as it was then", async () => {
    const id = await storm();
    await sql("update services set name = 'renamed' where id = $1", [ids.service]);
    expect(
      await sql(
        "select storm_id::int, service_id::int, customer_id::int, facts->>'service' as service, facts->>'primaryCdn' as cdn from notifications",
      ),
    ).toEqual([{ storm_id: id, service_id: ids.service, customer_id: ids.customer, service: "shop", cdn: "cdn-a" }]);
    await sql("update services set name = 'shop' where id = $1", [ids.service]);
    await end(id);
  });
});

import pg from "pg";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { startWorker } from "../local/worker.ts";
import { sha256Hex } from "../src/http/digest.ts";
import { percentile } from "./load.ts";
import { printTable } from "./table.ts";

const goalMs = 150;
const [services, domainsEach, customers] = [1_000, 3, 20];
const [warmUps, requests] = [10, 50];

const token = `trn_${"f".repeat(43)}`;
const admin = "admin-token-of-the-bench-of-fleets";
const secretsKey = btoa("sealing key of the bench, 32 byt");

/**
 * A fleet in the midst of a storm of one of its three CDNs: of each service its domains, an hour of samples by two vantages, a year of weekly
 * storms that are over, a check of its readiness, an objective with a year of states. One customer has all, or twenty share them.
 */
const seed = async (url: string, owners: number): Promise<void> => {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(
    `with c as (insert into customers (name) select 'customer ' || i from generate_series(1, ${owners}) i returning id)
     insert into services (customer_id, name, primary_cdn, backup_cdn)
     select (select min(id) from c) + mod(i, ${owners}), 'service ' || i, (array['cloudflare', 'fastly', 'cloudfront'])[1 + mod(i, 3)], 'akamai' from generate_series(1, ${services}) i`,
  );
  await client.query(
    "insert into customer_tokens (customer_id, name, role, token_hash) select min(id), 'bench', 'viewer', $1 from customers",
    [await sha256Hex(token)],
  );
  await client.query(`
    insert into service_domains (service_id, customer_id, name, challenge_token, verified_at, seen_healthy_at)
    select id, customer_id, 'host-' || id || '-' || k || '.example.test', 'none', now() - interval '30 days', now() - interval '30 days'
    from services cross join generate_series(1, ${domainsEach}) k;
    insert into storm_policies (service_id, kind) select id, kind from services cross join (values ('http_availability'), ('http_latency')) k(kind);
    insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
    select id, 1, 0.9, 60, 300, 1.5, 3, 3 from storm_policies on conflict do nothing;
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
    select p.service_id, p.id, 1, p.kind, 'ended', x.at, x.at, x.at + interval '20 minutes', 'recovered', 1.5
    from generate_series(52, 1, -1) n cross join storm_policies p cross join lateral (select now() - n * interval '7 days' as at) x where p.kind = 'http_availability';
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
    select p.service_id, p.id, 1, p.kind, 'storm', now() - interval '2 minutes', now(), 1.5
    from storm_policies p join services s on s.id = p.service_id where s.primary_cdn = 'cloudflare' and p.kind = 'http_availability';
    insert into service_routing (service_id, state, reason, backup_health)
    select id, case primary_cdn when 'cloudflare' then 'shifted' else 'normal' end, case primary_cdn when 'cloudflare' then 'storm' else 'calm' end, 'up' from services;
    insert into domain_routing (domain_id, service_id, status, zone_id, expected, read_at, primary_weight, backup_weight, records)
    select d.id, d.service_id, 'found', 'Z1', '{"types": [], "obstacle": null}', now(), case s.primary_cdn when 'cloudflare' then 0 else 100 end,
      case s.primary_cdn when 'cloudflare' then 100 else 0 end, (
        select jsonb_agg(jsonb_build_object('name', d.name || '.', 'type', 'CNAME', 'setIdentifier', side, 'weight', 100, 'ttl', 60, 'values', jsonb_build_array(d.name || '.cdn.example.')))
        from (values ('primary'), ('backup')) w(side))
    from service_domains d join services s on s.id = d.service_id;
    insert into readiness_checks (service_id, checked_at, actor, result, checks) select id, now(), 'admin', 'pass', '[]' from services;
    insert into slo_objectives (service_id, name) select id, 'availability' from services;
    insert into slo_objective_versions (objective_id, version, target, window_days, dependency_exclusion, excluded_upstreams, burn_warning_percent, burn_critical_percent, fast_burn_multiplier)
    select id, 1, 99.9, 30, 'strict', '{}', 50, 80, 5 from slo_objectives;
    insert into service_states (service_id, started_at, ended_at, state, serving, attribution, outage_at)
    select id, at, case when n > 1 then at + interval '7 days' end, case when mod(n, 2) = 0 then 'down' else 'up' end, 'primary', case when mod(n, 2) = 0 then 'self' end, case when mod(n, 2) = 0 then at end
    from services cross join generate_series(1, 53) n cross join lateral (select now() - n * interval '7 days' as at) x order by id, at;
    insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms)
    select d.service_id, d.id, p.path, v.vantage, x.at, 0, x.at, true, 200, 20
    from generate_series(119, 0, -1) n cross join lateral (select date_trunc('minute', now()) - n * interval '30 seconds' as at) x
    cross join service_domains d cross join (values ('primary'), ('backup')) p(path) cross join (values ('cloudflare'), ('vercel')) v(vantage)`);
  await client.query("vacuum analyze");
  await client.end();
};

type Measured = {
  readonly who: string;
  readonly rows: number;
  readonly kilobytes: number;
  readonly trips: number;
  readonly latenciesMs: readonly number[];
};

/** @returns the cookie of a session of the console */
const signIn = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/console/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: new URL(url).origin, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ token }).toString(),
  });
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
};

/** One after the other, as who looks at it does, with whatever a request costs besides the statement. */
const measure = async (owners: number): Promise<readonly Measured[]> => {
  const postgres = await startPostgres();
  const databaseUrl = postgres.urlFor("postgres");
  await migrate(databaseUrl);
  await seed(databaseUrl, owners);
  const endpoint = await startSqlEndpoint({});
  const worker = await startWorker({
    env: { DATABASE_URL: databaseUrl, NEON_FETCH_ENDPOINT: endpoint.url, PROVIDER: "local", ADMIN_TOKEN: admin, SECRETS_KEY: secretsKey },
    onLine: () => undefined,
  });
  const ask = async (path: string, headers: Record<string, string>): Promise<string> => {
    const response = await fetch(`${worker.url}${path}`, { headers });
    const body = await response.text();
    if (!response.ok || response.headers.get("link") !== null)
      throw new Error(`${path} answered ${response.status}: ${body.slice(0, 200)}`);
    return body;
  };
  const look = async (who: string, path: string, headers: Record<string, string>, count: (body: string) => number): Promise<Measured> => {
    let body = "";
    for (let at = 0; at < warmUps; at += 1) body = await ask(path, headers);
    endpoint.stats.reset();
    const latenciesMs: number[] = [];
    for (let at = 0; at < requests; at += 1) {
      const startedAtMs = performance.now();
      await ask(path, headers);
      latenciesMs.push(performance.now() - startedAtMs);
    }
    return { who, rows: count(body), kilobytes: body.length / 1_024, trips: endpoint.stats.requests / requests, latenciesMs };
  };
  const rowsOf = (body: string): number => (JSON.parse(body) as unknown[]).length;
  const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
  const measured =
    owners === 1
      ? [
          await look("a customer, its own", "/v1/fleet", bearer(token), rowsOf),
          await look("the console, of a customer", "/console", { cookie: await signIn(worker.url) }, (body) =>
            [...body.matchAll(/<span class="state \w+">(\d+) /g)].reduce((sum, match) => sum + Number(match[1]), 0),
          ),
        ]
      : [await look(`an admin, of ${owners} customers`, "/v1/fleet", bearer(admin), rowsOf)];
  await worker.close();
  await endpoint.close();
  await postgres.close();
  return measured;
};

/** What a look at all services takes, from request to the last byte of the answer. */
export const benchFleetView = async (): Promise<void> => {
  process.stdout.write(
    `\nfleet: GET /v1/fleet and the first page of /console, of the Worker in workerd, ${services} services with ${domainsEach} domains each, a third of them in a storm, ${requests} requests one after the other\n\n`,
  );
  const measured = [...(await measure(1)), ...(await measure(customers))];
  printTable(
    ["who", "services", "answer", "round trips", "p50", "p95", "goal"],
    measured.map(({ who, rows, kilobytes, trips, latenciesMs }) => [
      who,
      String(rows),
      `${kilobytes.toFixed(0)} KiB`,
      trips.toFixed(2),
      `${percentile(latenciesMs, 0.5).toFixed(0)} ms`,
      `${percentile(latenciesMs, 0.95).toFixed(0)} ms`,
      `${goalMs} ms`,
    ]),
  );
  if (measured.every(({ rows, latenciesMs }) => rows === services && percentile(latenciesMs, 0.95) <= goalMs)) return;
  process.stdout.write("MISSED: see the goal above\n");
  process.exitCode = 1;
};

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { createLeaseStore } from "../src/adapters/db/coordination/leases.ts";
import { createRoundStore } from "../src/adapters/db/round/rounds.ts";
import type { Dns } from "../src/adapters/ports/steering/dns.ts";
import { createProber } from "../src/adapters/probing/prober.ts";
import type { RoundDeps } from "../src/pipeline/round.ts";

/** What the origins of one side do: answer, fail, or take the request and say nothing. */
export type Behaviour = "up" | "5xx" | "hang";

const startOrigin = async () => {
  const state: { behaviour: Behaviour } = { behaviour: "up" };
  const server = createServer((_, response) => {
    if (state.behaviour !== "hang") response.writeHead(state.behaviour === "up" ? 200 : 503).end();
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    state,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

/** No domain here is verified, so nobody asks. */
const noDns: Dns = {
  provider: "log",
  read: async () => new Map(),
  apply: async () => [],
  status: async () => new Map(),
};

/** A database with as many services of one domain each, split into shards, and local origins for all three paths. */
export const createDetectWorld = async (domains: number, shards: number) => {
  const [postgres, endpoint] = [await startPostgres(), await startSqlEndpoint({})];
  const [primary, backup, direct] = [await startOrigin(), await startOrigin(), await startOrigin()];
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    with c as (insert into customers (name) select 'customer ' || i from generate_series(1, greatest(1, ${domains} / 20)) i returning id),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn)
      select (select min(id) from c) + mod(i, (select count(*) from c)), 'service ' || i, 'cdn-a', 'cdn-b' from generate_series(1, ${domains}) i returning id, customer_id),
    p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s)
    insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token)
    select id, customer_id, 'host-' || id || '.bench.example', '${primary.url}', '${backup.url}', 'none' from s`);
  await client.query(`
    insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
    select id, 1, 0.9, 60, 300, 1.5, 3, 3 from storm_policies`);
  await client.query("update settings set shards = $1", [shards]);
  // What a round once read of DNS, as it is stored; none of these domains is verified, so it is not read again.
  await client.query(`
    insert into domain_routing (domain_id, service_id, status, zone_id, records, read_at, primary_weight, backup_weight)
    select d.id, d.service_id, 'found', 'Z08264772EXAMPLE0', (
      select jsonb_agg(jsonb_build_object('name', d.name || '.', 'type', 'CNAME', 'setIdentifier', side, 'weight', weight, 'ttl', 60,
        'values', jsonb_build_array(d.name || '.' || side || '.cdn.example.')))
      from (values ('primary', 100), ('backup', 0)) x(side, weight)), now(), 100, 0
    from service_domains d`);
  await client.query("vacuum analyze");
  const db = connect(url, endpoint.url);
  // The public names resolve nowhere: what is sent to them goes to a local origin.
  const send: typeof fetch = (input, init) =>
    fetch(typeof input === "string" && input.includes(".bench.example/") ? direct.url : input, init);
  const deps: RoundDeps = {
    rounds: createRoundStore(db),
    prober: createProber(send, Date.now),
    dns: noDns,
    clock: systemClock,
    vantage: "local",
    slowPaths: new Set(),
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs: 10_000 },
    driftCheckMs: 300_000,
  };
  // Longer than any shard's round that is queued here.
  const leases = createLeaseStore(db, 600_000);
  return {
    url,
    endpoint,
    client,
    db,
    deps,
    primary,
    direct,
    /** Samples as rounds leave them, in every slot before `untilMs`. */
    history: async (slots: number, untilMs: number) => {
      await client.query(
        `
        insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms)
        select d.service_id, d.id, p.path, 'local', slot, 0, slot + interval '2 seconds', true, 200, 20
        from generate_series(1, $1::int) n
        cross join lateral (select to_timestamp($2::bigint / 1000.0) - n * interval '10 seconds' as slot) s
        cross join service_domains d cross join (values ('primary'), ('backup'), ('direct')) p(path)`,
        [slots, untilMs],
      );
      await client.query("vacuum analyze");
    },
    /**
     * A storm of every service of a shard that has been on for so long, with a sample in every slot of it, while a vantage has
     * been silent since it began. @returns how many samples
     */
    oldStorm: async (index: number, hours: number, untilMs: number): Promise<number> => {
      await client.query(
        "insert into vantages (name, last_heard_at) values ('dark', to_timestamp($1 / 1000.0) - make_interval(hours => $2::int))",
        [untilMs, hours],
      );
      await client.query(
        `
        insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
        select service_id, id, 1, kind, 'storm', t.at, t.at, 1.5 from storm_policies
        cross join (select to_timestamp($1 / 1000.0) - make_interval(hours => $2::int) as at) t where mod(service_id, $3) = $4
        on conflict (service_id, kind) where ended_at is null do update set started_at = excluded.started_at`,
        [untilMs, hours, shards, index],
      );
      const { rowCount } = await client.query(
        `
        insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
        select d.service_id, d.id, p.path, 'local', slot, 0, slot + interval '2 seconds', p.path = 'backup', null, 20, case p.path when 'primary' then 'timeout' end
        from generate_series(to_timestamp($1::bigint / 1000.0) - make_interval(hours => $2::int), to_timestamp($1::bigint / 1000.0) - interval '20 minutes', interval '10 seconds') slot
        cross join service_domains d cross join (values ('primary'), ('backup')) p(path) where mod(d.service_id, $3) = $4`,
        [untilMs, hours, shards, index],
      );
      await client.query(
        `
        insert into probe_marks (domain_id, path, vantage, setup, round_at)
        select d.id, p.path, v.name, 0, v.last_heard_at from service_domains d cross join vantages v cross join (values ('primary'), ('backup'), ('direct')) p(path)
        where v.name = 'dark' and mod(d.service_id, $1) = $2`,
        [shards, index],
      );
      await client.query("vacuum analyze");
      return rowCount ?? 0;
    },
    /** The services of a shard, as input of an evaluation. */
    services: async (index: number) =>
      (await client.query<{ id: string }>("select id from services where mod(id, $1) = $2", [shards, index])).rows.map(({ id }) => ({
        serviceId: Number(id),
        domains: [null],
      })),
    fence: async (index: number) => {
      const fence = await leases.acquire(`shard:${index}`, "local", "local:bench", shards);
      if (fence === null) throw new Error("the lease of a fresh database is taken");
      return fence;
    },
    close: async () => {
      for (const origin of [primary, backup, direct]) origin.close();
      await client.end();
      await endpoint.close();
      await postgres.close();
    },
  };
};

export type DetectWorld = Awaited<ReturnType<typeof createDetectWorld>>;

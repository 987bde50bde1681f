import type { BilledStorm } from "../../src/domain/billing/coverage.ts";
import type { TestDatabase } from "../support/database.ts";

/** Times are RFC 3339 texts, down to the microsecond where a test wants it so. `service` counts within the world. */
export type WorldSnapshot = {
  readonly service: number;
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly primaryBytes: number;
  readonly backupBytes: number;
};

export type WorldStorm = {
  readonly service: number;
  readonly state: BilledStorm["state"];
  readonly startedAt: string;
  readonly recoveringSince: string | null;
  readonly endedAt: string | null;
  readonly factor: string;
  readonly monitorOnly?: boolean;
  /** `earned` where nothing else is said. */
  readonly credit?: BilledStorm["credit"];
  /** Of a corroborated storm: it counts no longer than this. */
  readonly creditedUntil?: string | null;
};

/** One customer with services, usage and storms. */
export type World = { readonly snapshots: readonly WorldSnapshot[]; readonly storms: readonly WorldStorm[] };

/** One line as the database holds it, in the order of the invoice; `service` as in the world. */
export type StoredLine = {
  readonly invoice: number;
  readonly number: number;
  readonly kind: "usage" | "adjustment";
  readonly service: number;
  readonly windowStart: string;
  readonly arrears: boolean;
  readonly windowMicroseconds: number;
  readonly primaryBytes: number;
  readonly backupBytes: number;
  readonly stormMicroseconds: number;
  readonly factor: string;
  readonly amountCents: number;
  readonly discountCents: number;
};

let seeded = 0;

/** Stores worlds, one customer each, and gives the customers' ids in the same order. */
export const seed = async (database: TestDatabase, worlds: readonly World[]): Promise<number[]> => {
  const run = (seeded += 1);
  const services = worlds.flatMap((world, index) =>
    [...new Set([...world.snapshots, ...world.storms].map(({ service }) => service))].map((service) => ({
      world: index,
      service,
    })),
  );
  const snapshots = worlds.flatMap((world, index) => world.snapshots.map((snapshot) => ({ world: index, ...snapshot })));
  const storms = worlds.flatMap((world, index) => {
    const active = new Set<number>();
    return world.storms.map((storm, ordinal) => {
      // At most one active storm per kind: a second active one of a service needs the other kind.
      const kind = storm.endedAt === null && active.has(storm.service) ? "http_latency" : "http_availability";
      if (storm.endedAt === null) active.add(storm.service);
      return { world: index, ordinal, kind, ...storm };
    });
  });
  const ids = await database.sql<{ id: string }>(
    `insert into customers (name) select 'run ' || $1::int || ' world ' || g from generate_series(0, $2::int - 1) g
     order by g returning id`,
    [run, worlds.length],
  );
  const customerIds = ids.map(({ id }) => Number(id));
  await database.sql(
    `insert into services (customer_id, name, primary_cdn, backup_cdn)
     select ($1::bigint[])[x.world + 1], 'service ' || x.service, 'cloudflare', 'fastly'
     from jsonb_to_recordset($2::jsonb) as x(world int, service int) order by x.world, x.service`,
    [customerIds, JSON.stringify(services)],
  );
  await database.sql(
    `insert into storm_policies (service_id, kind)
     select s.id, k from services s, unnest(array['http_availability', 'http_latency']) k
     where s.customer_id = any($1::bigint[])`,
    [customerIds],
  );
  await addSnapshots(database, customerIds, snapshots);
  await database.sql(
    `insert into storm_events (service_id, policy_id, policy_version, kind, state, monitor_only, started_at,
       detected_at, recovering_since, ended_at, ended_reason, max_coverage_factor, credit, credit_reason, credited_until)
     select s.id, p.id, x.ordinal, x.kind, x.state, coalesce(x."monitorOnly", false), x."startedAt", x."startedAt",
       x."recoveringSince", x."endedAt", case when x.state = 'ended' then 'recovered' end, x.factor, coalesce(x.credit, 'earned'),
       case x.credit when 'pending' then 'uncorroborated' when 'refused' then 'recent_edit' end, x."creditedUntil"
     from jsonb_to_recordset($2::jsonb) as x(world int, ordinal int, service int, kind text, state text, "monitorOnly" boolean, credit text,
       "creditedUntil" timestamptz, "startedAt" timestamptz, "recoveringSince" timestamptz, "endedAt" timestamptz, factor numeric)
     join services s on s.customer_id = ($1::bigint[])[x.world + 1] and s.name = 'service ' || x.service
     join storm_policies p on p.service_id = s.id and p.kind = x.kind`,
    [customerIds, JSON.stringify(storms)],
  );
  return customerIds;
};

/** Stores usage of services that are there already. */
export const addSnapshots = async (
  database: TestDatabase,
  customerIds: readonly number[],
  snapshots: readonly (WorldSnapshot & { readonly world: number })[],
): Promise<void> => {
  await database.sql(
    `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes)
     select s.id, x."windowStart", x."windowEnd", x."primaryBytes", x."backupBytes"
     from jsonb_to_recordset($2::jsonb) as x(world int, service int, "windowStart" timestamptz, "windowEnd" timestamptz,
       "primaryBytes" bigint, "backupBytes" bigint)
     join services s on s.customer_id = ($1::bigint[])[x.world + 1] and s.name = 'service ' || x.service`,
    [customerIds, JSON.stringify(snapshots)],
  );
};

/**
 * Makes of worlds that are stored what they are now: same services, windows and storms, other bytes and times. Bytes of
 * billed windows become corrections, as those who store usage do it, those of others are replaced; of storms, billing is
 * told by the database itself.
 */
export const edit = async (database: TestDatabase, customerIds: readonly number[], worlds: readonly World[]): Promise<void> => {
  const snapshots = worlds.flatMap((world, index) => world.snapshots.map((snapshot) => ({ world: index, ...snapshot })));
  const storms = worlds.flatMap((world, index) => world.storms.map((storm, ordinal) => ({ world: index, ordinal, ...storm })));
  await database.sql(
    `with changed as (
       select u.id, u.service_id, u.window_start, u.window_end, u.invoice_id, x."primaryBytes" as p, x."backupBytes" as b
       from jsonb_to_recordset($2::jsonb) as x(world int, service int, "windowStart" timestamptz, "primaryBytes" bigint, "backupBytes" bigint)
       join services s on s.customer_id = ($1::bigint[])[x.world + 1] and s.name = 'service ' || x.service
       join usage_snapshots u on u.service_id = s.id and u.window_start = x."windowStart"
       where (u.primary_bytes, u.backup_bytes) <> (x."primaryBytes", x."backupBytes")
     ), replaced as (
       update usage_snapshots u set primary_bytes = c.p, backup_bytes = c.b from changed c where u.id = c.id and c.invoice_id is null
     ), corrected as (
       insert into usage_corrections (snapshot_id, primary_bytes, backup_bytes) select id, p, b from changed where invoice_id is not null
       on conflict (snapshot_id) do update set primary_bytes = excluded.primary_bytes, backup_bytes = excluded.backup_bytes
     )
     insert into adjustment_causes (service_id, cause, from_at, to_at) select service_id, 'usage', window_start, window_end from changed where invoice_id is not null`,
    [customerIds, JSON.stringify(snapshots)],
  );
  await database.sql(
    `update storm_events e set state = x.state, started_at = x."startedAt", recovering_since = x."recoveringSince",
       ended_at = x."endedAt", ended_reason = case when x.state = 'ended' then 'recovered' end, max_coverage_factor = x.factor,
       credit = coalesce(x.credit, 'earned'), credited_until = x."creditedUntil"
     from jsonb_to_recordset($2::jsonb) as x(world int, ordinal int, service int, state text, credit text, "creditedUntil" timestamptz, "startedAt" timestamptz,
       "recoveringSince" timestamptz, "endedAt" timestamptz, factor numeric)
     join services s on s.customer_id = ($1::bigint[])[x.world + 1] and s.name = 'service ' || x.service
     where e.service_id = s.id and e.policy_version = x.ordinal
       and (e.state, e.started_at, e.recovering_since, e.ended_at, e.max_coverage_factor, e.credit, e.credited_until)
         is distinct from (x.state, x."startedAt", x."recoveringSince", x."endedAt", x.factor, coalesce(x.credit, 'earned'), x."creditedUntil")`,
    [customerIds, JSON.stringify(storms)],
  );
};

/** The lease under which the tests bill. */
export const billingFence = { name: "job:bill", epoch: 7 } as const;

export const takeLease = async (database: TestDatabase): Promise<void> => {
  await database.sql(
    `insert into leases (name, holder, provider, epoch, acquired_at, expires_at)
     values ($1, 'local:test', 'local', $2, now(), now() + interval '1 hour')
     on conflict (name) do update set epoch = excluded.epoch, expires_at = excluded.expires_at`,
    [billingFence.name, billingFence.epoch],
  );
};

/** Every line of these customers, by invoice and in its order, keyed by customer. */
export const storedLines = async (database: TestDatabase, customerIds: readonly number[]): Promise<Map<number, StoredLine[]>> => {
  type Row = StoredLine & { readonly customer: number };
  const [answer] = await database.sql<{ rows: Row[] }>(
    `select coalesce(json_agg(r order by r.invoice, r.id), '[]') as rows from (
       select l.id, i.id as invoice, i.number, i.customer_id as customer, l.kind,
         replace(s.name, 'service ', '')::int as service,
         to_char(l.window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "windowStart", l.arrears,
         (extract(epoch from l.window_end - l.window_start) * 1000000)::bigint as "windowMicroseconds",
         l.primary_bytes as "primaryBytes", l.backup_bytes as "backupBytes",
         l.storm_microseconds as "stormMicroseconds",
         l.max_coverage_factor::text as factor, l.amount_cents as "amountCents", l.discount_cents as "discountCents"
       from invoice_line_items l
       join invoices i on i.id = l.invoice_id
       join services s on s.id = l.service_id
       where i.customer_id = any($1::bigint[])) r`,
    [customerIds],
  );
  return Map.groupBy(answer?.rows ?? [], (row) => row.customer);
};

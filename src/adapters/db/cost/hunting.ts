import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Zombie, ZombieRule } from "../../../domain/cost/zombie.ts";
import { backupKey, cdnKey } from "../../../domain/cost/zombie-steering.ts";
import { accountKey } from "../../../domain/cost/zombie-tenants.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Hunted, HuntStore, KnownFacts, PagedService, Sighting, SilentBackup, Unknown } from "../../ports/cost/hunting.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { silentBackups } from "./carried-facts.ts";
import { abandonedNames, factStatements, mostFacts } from "./zombie-facts.ts";

const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;
const names = (rules: readonly ZombieRule[]): SQL => sql`${`{${rules.join()}}`}::text[]`;

/** Whether the row `x` is of what was not read: by its account, and by what it is known by. */
const isUnknown = (unknown: readonly Unknown[], x: string, key: SQL): SQL => sql`exists (
  select from jsonb_to_recordset(${json(unknown)}) u(rule text, account text, key text)
  where u.rule = ${sql.raw(x)}.rule and (u.account is null or u.account = ${sql.raw(x)}.account) and (u.key is null or u.key = ${key}))`;

/** What a zombie `z` is known by, with its rule. */
const keyOf = sql.raw("coalesce(z.key, z.resource)");

/** Outside systems and people name things, and an index takes keys of this length at most. */
const mostKey = 500;
const mostText = 2_000;
/** As much of a text as can be stored: no more than so long, without NUL, and well-formed. */
const storable = (text: string, most: number): string => text.replaceAll("\0", "").slice(0, most).toWellFormed();

const zombieRow = ({ rule, severity, key, resource, account, serviceId, lastActivityMs, monthlyWasteCents, reason, remedy }: Zombie) => ({
  rule,
  severity,
  key: storable(key, mostKey),
  resource: storable(resource, mostKey),
  account: storable(account ?? "", mostKey),
  service: serviceId,
  activity: isoTime(lastActivityMs),
  waste: monthlyWasteCents,
  reason: storable(reason, mostText),
  remedy: storable(remedy, mostText),
});

const begin = (fence: Fence, customerId: number): SQL => sql`
  with ${fenceCte(fence)}
  insert into zombie_hunts (customer_id, tried_at) select ${customerId}::bigint, now() from fence
  on conflict (customer_id) do update set tried_at = excluded.tried_at returning 1 as held`;

const record = (
  fence: Fence,
  customerId: number,
  rules: readonly ZombieRule[],
  { found, unknown, unread }: Hunted,
  isWhole: boolean,
): SQL => {
  const own = sql`${customerId}::bigint`;
  // Of a service that was deleted while it was looked at nothing is found: its end has ended all that was.
  return sql`
    with ${fenceCte(fence)}, sent as materialized (
      select distinct on (rule, key) * from jsonb_to_recordset(${json(found.map(zombieRow))})
        as x(rule text, severity text, key text, resource text, account text, service bigint, activity timestamptz, waste bigint, reason text, remedy text)
      where exists (select from fence)
        and (x.service is null or exists (select from services s where s.id = x.service and s.customer_id = ${own} and s.deleted_at is null))
    ), seen as (
      update zombies z set last_seen = now(), last_activity = x.activity, severity = x.severity, estimated_monthly_waste = x.waste, reason = x.reason, remedy = x.remedy,
        key = x.key, resource = x.resource, account = x.account, service_id = x.service
      from sent x where z.customer_id = ${own} and z.rule = x.rule and ${keyOf} = x.key and z.state <> 'remediated' returning 1
    ), opened as (
      insert into zombies (customer_id, rule, key, resource, account, service_id, severity, first_seen, last_seen, last_activity, estimated_monthly_waste, reason, remedy)
      select ${own}, x.rule, x.key, x.resource, x.account, x.service, x.severity, now(), now(), x.activity, x.waste, x.reason, x.remedy from sent x order by x.rule, x.key
      on conflict (customer_id, rule, coalesce(key, resource)) where state <> 'remediated' do nothing returning 1
    ), ended as (
      update zombies z set state = 'remediated', remediated_at = now()
      where z.customer_id = ${own} and z.state <> 'remediated' and z.rule = any(${names(rules)}) and exists (select from fence)
        and not exists (select from sent x where x.rule = z.rule and x.key = ${keyOf})
        and not ${isUnknown(unknown, "z", keyOf)} returning 1
    ), hunt as (
      insert into zombie_hunts (customer_id, hunted_at, tried_at, unread) select ${own}, now(), now(), ${json(unread)} from fence where ${isWhole}::boolean
      on conflict (customer_id) do update set hunted_at = excluded.hunted_at, unread = excluded.unread
    )
    select exists (select from fence) as held, (select count(*) from opened)::int as opened, (select count(*) from ended)::int as ended`;
};

/** One that a clock dated ahead is seen from now on. An account is what is said of it, and may be another one the next time. */
const sighted = (
  fence: Fence,
  customerId: number,
  rules: readonly ZombieRule[],
  sightings: readonly Sighting[],
  unknown: readonly Unknown[],
): SQL => {
  const own = sql`${customerId}::bigint`;
  const rows = sightings.map(({ rule, resource, account }, n) => ({
    n,
    rule,
    resource: storable(resource, mostKey),
    account: storable(account ?? "", mostKey),
  }));
  return sql`
    with ${fenceCte(fence)}, sent as materialized (
      select * from jsonb_to_recordset(${json(rows)}) as x(n int, rule text, resource text, account text) where exists (select from fence)
    ), known as materialized (
      select s.rule, s.resource, min(least(s.first_seen, now())) as first_seen from zombie_sightings s where s.customer_id = ${own} group by 1, 2
    ), fresh as (
      insert into zombie_sightings as s (customer_id, rule, resource, account, first_seen)
      select distinct on (x.rule, x.resource) ${own}, x.rule, x.resource, x.account, coalesce(k.first_seen, now()) from sent x left join known k using (rule, resource)
      on conflict (customer_id, rule, resource, account) do update set first_seen = excluded.first_seen where s.first_seen > excluded.first_seen returning 1
    ), over as (
      delete from zombie_sightings s where s.customer_id = ${own} and s.rule = any(${names(rules)}) and exists (select from fence)
        and not exists (select from sent x where x.rule = s.rule and x.resource = s.resource) and not ${isUnknown(unknown, "s", sql.raw("s.resource"))} returning 1
    )
    select exists (select from fence) as held, (
      select coalesce(jsonb_agg(epoch_ms(coalesce(k.first_seen, now())) order by x.n), '[]') from sent x left join known k using (rule, resource)) as since`;
};

type Row = Record<string, unknown>;

type Judged = { readonly isKnown?: boolean };

/** Of facts that may be unknown: those that are not, each by its rule and key. */
const unknownOf = (facts: Record<string, readonly Row[]>): readonly Unknown[] => {
  const blind = <Fact>(kind: string): readonly Fact[] =>
    (facts[kind] ?? []).filter(({ isKnown }) => isKnown === false) as unknown as Fact[];
  return [
    ...blind<Parameters<typeof backupKey>[0]>("backups").map((one): Unknown => ({
      rule: "backup-would-not-pay",
      account: null,
      key: backupKey(one),
    })),
    ...blind<Parameters<typeof cdnKey>[0]>("cdns").map((one): Unknown => ({
      rule: "cdn-without-traffic",
      account: null,
      key: cdnKey(one),
    })),
    ...blind<Parameters<typeof accountKey>[0]>("unusedAccounts").map((one): Unknown => ({
      rule: "account-unused",
      account: null,
      key: accountKey(one),
    })),
  ];
};

/** The hunt for what idles, over the database. */
export const createHuntStore = (db: Database): HuntStore => ({
  due: async (beforeMs, triedBeforeMs, most) => {
    // What a clock dated ahead is not waited for.
    const rows = await db.rows<{ id: number }>(sql`
      select c.id from customers c left join zombie_hunts h on h.customer_id = c.id
      where (h.hunted_at is null or h.hunted_at < ${isoTime(beforeMs)}::timestamptz or h.hunted_at > now())
        and (h.tried_at is null or h.tried_at < ${isoTime(triedBeforeMs)}::timestamptz or h.tried_at > now())
      order by coalesce(h.tried_at, h.hunted_at) nulls first, c.id limit ${most}::int`);
    return rows.map(({ id }) => id);
  },

  begin: async (fence, customerId) => (await db.rows(begin(fence, customerId))).length > 0,

  facts: async (customerId, nowMs) => {
    const statements = factStatements(customerId, nowMs);
    const kinds = Object.keys(statements) as (keyof typeof statements)[];
    const answers = await db.batch<Row[][]>(kinds.map((kind) => statements[kind]));
    const all = Object.fromEntries(kinds.map((kind, index) => [kind, (answers[index] ?? []).slice(0, mostFacts)]));
    const facts = Object.fromEntries(kinds.map((kind) => [kind, (all[kind] ?? []).filter(({ isKnown }: Judged) => isKnown !== false)]));
    const cut = kinds.filter((_, index) => (answers[index] ?? []).length > mostFacts);
    return { ...facts, unknown: unknownOf(all), cut } as unknown as KnownFacts;
  },

  abandoned: async (customerId, nowMs) => (await db.rows<{ name: string }>(abandonedNames(customerId, nowMs))).map(({ name }) => name),

  services: (afterId, most) =>
    db.rows<PagedService>(sql`
      select s.id as "serviceId", s.customer_id as "customerId", s.backup_cdn as cdn from services s
      where s.id > ${afterId}::bigint and s.deleted_at is null order by s.id limit ${most}::int`),

  silentBackups: (serviceIds, nowMs) => db.rows<SilentBackup>(silentBackups(sql`s.id = any(${`{${serviceIds.join()}}`}::bigint[])`, nowMs)),

  customersWith: async (rule) => {
    const rows = await db.rows<{ id: number }>(
      sql`select distinct customer_id as id from zombies where rule = ${rule} and state <> 'remediated'`,
    );
    return rows.map(({ id }) => id);
  },

  sighted: async (fence, customerId, rules, sightings, unknown) => {
    const [row] = await db.rows<{ held: boolean; since: number[] }>(sighted(fence, customerId, rules, sightings, unknown));
    return row?.held === true ? row.since : null;
  },

  record: async (fence, customerId, rules, hunted, isWhole) => {
    const [row] = await db.rows<{ held: boolean; opened: number; ended: number }>(record(fence, customerId, rules, hunted, isWhole));
    return row?.held === true ? { opened: row.opened, ended: row.ended } : null;
  },
});

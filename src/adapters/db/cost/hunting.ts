import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Zombie, ZombieRule } from "../../../domain/cost/zombie.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Hunted, HuntStore, KnownFacts, Sighting, Unknown } from "../../ports/cost/hunting.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { factStatements, mostFacts, silentBackups } from "./zombie-facts.ts";

const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;
const names = (rules: readonly ZombieRule[]): SQL => sql`${`{${rules.join()}}`}::text[]`;

/** Whether the row `x` (rule, account) is of what was not read. */
const isUnknown = (unknown: readonly Unknown[], x: string): SQL => sql`exists (
  select from jsonb_to_recordset(${json(unknown)}) u(rule text, account text)
  where u.rule = ${sql.raw(x)}.rule and (u.account is null or u.account = ${sql.raw(x)}.account))`;

const zombieRow = ({ rule, severity, resource, account, lastActivityMs, monthlyWasteCents, reason, remedy }: Zombie) => ({
  rule,
  severity,
  resource,
  account: account ?? "",
  activity: isoTime(lastActivityMs),
  waste: monthlyWasteCents,
  reason,
  remedy,
});

const record = (
  fence: Fence,
  customerId: number,
  rules: readonly ZombieRule[],
  { found, unknown, unread }: Hunted,
  isWhole: boolean,
): SQL => {
  const own = sql`${customerId}::bigint`;
  const hunt = sql`
    insert into zombie_hunts (customer_id, hunted_at, unread) select ${own}, now(), ${json(unread)} from fence
    on conflict (customer_id) do update set hunted_at = excluded.hunted_at, unread = excluded.unread`;
  return sql`
    with ${fenceCte(fence)}, sent as materialized (
      select distinct on (rule, resource, account) * from jsonb_to_recordset(${json(found.map(zombieRow))})
        as x(rule text, severity text, resource text, account text, activity timestamptz, waste bigint, reason text, remedy text)
      where exists (select from fence)
    ), seen as (
      update zombies z set last_seen = now(), last_activity = x.activity, severity = x.severity, estimated_monthly_waste = x.waste, reason = x.reason, remedy = x.remedy
      from sent x where z.customer_id = ${own} and z.rule = x.rule and z.resource = x.resource and z.account = x.account and z.state <> 'remediated' returning 1
    ), opened as (
      insert into zombies (customer_id, rule, resource, account, severity, first_seen, last_seen, last_activity, estimated_monthly_waste, reason, remedy)
      select ${own}, x.rule, x.resource, x.account, x.severity, now(), now(), x.activity, x.waste, x.reason, x.remedy from sent x order by x.rule, x.resource, x.account
      on conflict (customer_id, rule, resource, account) where state <> 'remediated' do nothing returning 1
    ), ended as (
      update zombies z set state = 'remediated', remediated_at = now()
      where z.customer_id = ${own} and z.state <> 'remediated' and z.rule = any(${names(rules)}) and exists (select from fence)
        and not exists (select from sent x where x.rule = z.rule and x.resource = z.resource and x.account = z.account)
        and not ${isUnknown(unknown, "z")} returning 1
    ), hunt as (${isWhole ? hunt : sql`select 1`})
    select exists (select from fence) as held, (select count(*) from opened)::int as opened, (select count(*) from ended)::int as ended`;
};

const sighted = (customerId: number, rules: readonly ZombieRule[], sightings: readonly Sighting[], unknown: readonly Unknown[]): SQL => {
  const own = sql`${customerId}::bigint`;
  const rows = sightings.map(({ rule, resource, account }, n) => ({ n, rule, resource, account: account ?? "" }));
  return sql`
    with sent as materialized (
      select * from jsonb_to_recordset(${json(rows)}) as x(n int, rule text, resource text, account text)
    ), fresh as (
      insert into zombie_sightings (customer_id, rule, resource, account)
      select distinct ${own}, x.rule, x.resource, x.account from sent x on conflict do nothing returning rule, resource, account, first_seen
    ), over as (
      delete from zombie_sightings s where s.customer_id = ${own} and s.rule = any(${names(rules)})
        and not exists (select from sent x where x.rule = s.rule and x.resource = s.resource and x.account = s.account) and not ${isUnknown(unknown, "s")} returning 1
    )
    select x.n, epoch_ms(coalesce(s.first_seen, f.first_seen)) as "sinceMs" from sent x
    left join zombie_sightings s on s.customer_id = ${own} and s.rule = x.rule and s.resource = x.resource and s.account = x.account
    left join fresh f on f.rule = x.rule and f.resource = x.resource and f.account = x.account order by x.n`;
};

type Row = Record<string, unknown>;

/** The hunt for what idles, over the database. */
export const createHuntStore = (db: Database): HuntStore => ({
  due: async (beforeMs, most) => {
    const rows = await db.rows<{ id: number }>(sql`
      select c.id from customers c left join zombie_hunts h on h.customer_id = c.id
      where h.hunted_at is null or h.hunted_at < ${isoTime(beforeMs)}::timestamptz order by h.hunted_at nulls first, c.id limit ${most}::int`);
    return rows.map(({ id }) => id);
  },

  facts: async (customerId, nowMs) => {
    const statements = factStatements(customerId, nowMs);
    const kinds = Object.keys(statements) as (keyof typeof statements)[];
    const answers = await db.batch<Row[][]>(kinds.map((kind) => statements[kind]));
    const facts = Object.fromEntries(kinds.map((kind, index) => [kind, (answers[index] ?? []).slice(0, mostFacts)]));
    const cut = kinds.filter((_, index) => (answers[index] ?? []).length > mostFacts);
    return {
      ...facts,
      abandoned: (facts["abandoned"] ?? []).map((row) => String(row["name"])),
      cut,
    } as unknown as KnownFacts;
  },

  silentBackups: async (afterId, most, nowMs) => {
    type Silent = Awaited<ReturnType<HuntStore["silentBackups"]>>["backups"][number] & { readonly serviceId: number };
    const scope = sql`select id from services where id > ${afterId}::bigint and deleted_at is null order by id limit ${most}::int`;
    const [ids, backups] = await db.batch<[{ id: number }[], Silent[]]>([scope, silentBackups(sql`s.id in (${scope})`, nowMs)]);
    return { backups, nextId: ids.length < most ? null : (ids.at(-1)?.id ?? null) };
  },

  customersWith: async (rule) => {
    const rows = await db.rows<{ id: number }>(
      sql`select distinct customer_id as id from zombies where rule = ${rule} and state <> 'remediated'`,
    );
    return rows.map(({ id }) => id);
  },

  sighted: async (customerId, rules, sightings, unknown) =>
    (await db.rows<{ sinceMs: number }>(sighted(customerId, rules, sightings, unknown))).map(({ sinceMs }) => sinceMs),

  record: async (fence, customerId, rules, hunted, isWhole) => {
    const [row] = await db.rows<{ held: boolean; opened: number; ended: number }>(record(fence, customerId, rules, hunted, isWhole));
    return row?.held === true ? { opened: row.opened, ended: row.ended } : null;
  },
});

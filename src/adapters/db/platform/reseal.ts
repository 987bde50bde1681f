import { costSealingContext } from "../../../domain/cost/sealing.ts";
import { channelSealingContext } from "../../../domain/notify/sealing.ts";
import { sql } from "drizzle-orm";
import { sealedTables } from "../../ports/platform/reseal.ts";
import type { Resealer, ResealAuthor, ResealPlace, ResealStep } from "../../ports/platform/reseal.ts";
import type { Secrets } from "../../ports/platform/secrets.ts";
import { sealingContext } from "../metering/cdn-accounts.ts";
import { dnsSealingContext } from "../steering/dns-accounts.ts";
import type { Database } from "./client.ts";

/** Runs one statement with bound parameters; each is a transaction of its own. */
export type Ask = <Row>(text: string, params: readonly unknown[]) => Promise<Row[]>;

/** All steps of one table. */
export type Resealed = Omit<ResealStep, "next">;

/** Author of what is resealed by hand. */
const operator: ResealAuthor = { actor: "operator", requestId: null };

/** `customerId` null: the operator's. */
type Kept = { readonly id: string; readonly customerId: string | null; readonly place: string; readonly sealed: string };

/** Of accounts each is a customer's. */
const ofCustomer = (context: (customerId: number, place: string) => string) => (customerId: number | null, place: string) =>
  context(customerId ?? 0, place);

type Place = {
  readonly table: ResealPlace["table"];
  readonly column: string;
  readonly place: string;
  readonly object: string;
  readonly context: (customerId: number | null, place: string) => string;
};

/** Where secrets are kept, and what binds each to its place. Constants of this file only: they go into statements unescaped. */
const places: Readonly<Record<ResealPlace["table"], Omit<Place, "table">>> = {
  cdn_accounts: { column: "sealed_token", place: "cdn", object: "cdn_account", context: ofCustomer(sealingContext) },
  dns_accounts: { column: "sealed_secret", place: "access_key_id", object: "dns_account", context: ofCustomer(dnsSealingContext) },
  cost_accounts: { column: "sealed_secret", place: "access_key_id", object: "cost_account", context: ofCustomer(costSealingContext) },
  channels: { column: "sealed_secret", place: "kind", object: "channel", context: channelSealingContext },
};

/** The column of each table that holds a seal. As constants they may go into statements unescaped. */
export const sealedColumns: readonly { readonly table: ResealPlace["table"]; readonly column: string }[] = sealedTables.map((table) => ({
  table,
  column: places[table].column,
}));

const chunk = 100;

/** Seals by older keys of a table after an id, in order. */
const olderThan = (ask: Ask, { table, column, place }: Place, key: string, afterId: number): Promise<Kept[]> =>
  ask<Kept>(
    `select t.id::text as id, t.customer_id::text as "customerId", t.${place} as place, t.${column} as sealed from ${table} t
     where t.deleted_at is null and t.${column} is not null and split_part(t.${column}, '.', 2) <> $1 and t.id > $2::bigint
     order by t.id limit ${chunk}`,
    [key, afterId],
  );

/** Replaces exactly the seals that were read by new ones, with an audit row each. @returns how many */
const replace = async (
  ask: Ask,
  { table, column, object }: Place,
  seals: readonly { id: string; was: string; seal: string }[],
  { actor, requestId }: ResealAuthor,
): Promise<number> => {
  const rows = await ask<{ id: string }>(
    `with given as (
       select * from jsonb_to_recordset($1::jsonb) as g(id bigint, was text, seal text)
     ), moved as (
       update ${table} t set ${column} = g.seal from given g
       where t.id = g.id and t.${column} = g.was and t.deleted_at is null returning t.id, t.customer_id, g.was, g.seal
     ), audit as (
       insert into audit_log (customer_id, actor, action, object_type, object_id, before, after, request_id)
       select customer_id, $3, 'reseal', $2, id,
         jsonb_build_object('sealed_with', split_part(was, '.', 2)), jsonb_build_object('sealed_with', split_part(seal, '.', 2)), $4
       from moved
     )
     select id from moved`,
    [JSON.stringify(seals), object, actor, requestId],
  );
  return rows.length;
};

/** Opens what it can, and seals it anew. Whatever does not open is named. */
const sealAnew = async (secrets: Secrets, { context }: Place, kept: readonly Kept[]) => {
  const [seals, unopened]: [{ id: string; was: string; seal: string }[], number[]] = [[], []];
  for (const { id, customerId, place, sealed } of kept) {
    const bound = context(customerId === null ? null : Number(customerId), place);
    try {
      seals.push({ id, was: sealed, seal: await secrets.seal(await secrets.open(sealed, bound), bound) });
    } catch {
      // Its key is not configured, or it is corrupt: it stays as it is, and the others are resealed nevertheless.
      unopened.push(Number(id));
    }
  }
  return { seals, unopened };
};

const following = (table: ResealPlace["table"], kept: readonly Kept[]): ResealPlace | null => {
  if (kept.length === chunk) return { table, afterId: Number(kept.at(-1)?.id) };
  const next = sealedTables[sealedTables.indexOf(table) + 1];
  return next === undefined ? null : { table: next, afterId: 0 };
};

/** Bounded steps, each of two statements at most. */
export const createResealer = (ask: Ask, secrets: Secrets): Resealer => ({
  step: async (from, author) => {
    const [key] = await secrets.keyIds();
    if (key === undefined) throw new TypeError("no key");
    const { table, afterId } = from ?? { table: sealedTables[0], afterId: 0 };
    const place: Place = { table, ...places[table] };
    const kept = await olderThan(ask, place, key, afterId);
    const { seals, unopened } = await sealAnew(secrets, place, kept);
    const resealed = seals.length === 0 ? 0 : await replace(ask, place, seals, author);
    return { table, resealed, unopened, changed: seals.length - resealed, next: following(table, kept) };
  },
});

/** Asks by way of the application's own connection. */
export const askBy =
  (db: Pick<Database, "rows">): Ask =>
  async <Row>(text: string, params: readonly unknown[]) => {
    const parts = text.split(/\$(\d+)/).map((part, at) => (at % 2 === 0 ? sql.raw(part) : sql`${params[Number(part) - 1]}`));
    return await db.rows<Row>(sql.join(parts));
  };

/** Seals every kept secret with the newest key, step by step: it may be stopped and restarted at any time. */
export const reseal = async (ask: Ask, secrets: Secrets): Promise<readonly Resealed[]> => {
  const resealer = createResealer(ask, secrets);
  const done = new Map<ResealPlace["table"], Resealed>();
  let from: ResealPlace | null = null;
  do {
    const { next, ...step }: ResealStep = await resealer.step(from, operator);
    const before = done.get(step.table);
    done.set(step.table, {
      table: step.table,
      resealed: step.resealed + (before?.resealed ?? 0),
      unopened: [...(before?.unopened ?? []), ...step.unopened],
      changed: step.changed + (before?.changed ?? 0),
    });
    from = next;
  } while (from !== null);
  return [...done.values()];
};

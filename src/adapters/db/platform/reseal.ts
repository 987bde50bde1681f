import { channelSealingContext } from "../../../domain/notify/sealing.ts";
import type { Secrets } from "../../ports/platform/secrets.ts";
import { sealingContext } from "../metering/cdn-accounts.ts";
import { dnsSealingContext } from "../steering/dns-accounts.ts";

/** Runs one statement with bound parameters; each is a transaction of its own. */
export type Ask = <Row>(text: string, params: readonly unknown[]) => Promise<Row[]>;

/** How many secrets of a table were resealed, could not be opened, or were replaced or removed meanwhile. */
export type Resealed = {
  readonly table: string;
  readonly resealed: number;
  readonly unopened: readonly number[];
  readonly changed: number;
};

/** `customerId` null: the operator's. */
type Kept = { readonly id: string; readonly customerId: string | null; readonly place: string; readonly sealed: string };

/** Of accounts each is a customer's. */
const ofCustomer = (context: (customerId: number, place: string) => string) => (customerId: number | null, place: string) =>
  context(customerId ?? 0, place);

/** Where secrets are kept, and what binds each to its place. Constants of this file only: they go into statements unescaped. */
const places = [
  { table: "cdn_accounts", column: "sealed_token", place: "cdn", object: "cdn_account", context: ofCustomer(sealingContext) },
  { table: "dns_accounts", column: "sealed_secret", place: "access_key_id", object: "dns_account", context: ofCustomer(dnsSealingContext) },
  { table: "channels", column: "sealed_secret", place: "kind", object: "channel", context: channelSealingContext },
] as const;

type Place = (typeof places)[number];

const chunk = 100;

/** Seals by older keys of a table after an id, in order. */
const olderThan = (ask: Ask, { table, column, place }: Place, key: string, afterId: string): Promise<Kept[]> =>
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
): Promise<number> => {
  const rows = await ask<{ id: string }>(
    `with given as (
       select * from jsonb_to_recordset($1::jsonb) as g(id bigint, was text, seal text)
     ), moved as (
       update ${table} t set ${column} = g.seal from given g
       where t.id = g.id and t.${column} = g.was and t.deleted_at is null returning t.id, t.customer_id, g.was, g.seal
     ), audit as (
       insert into audit_log (customer_id, actor, action, object_type, object_id, before, after)
       select customer_id, 'operator', 'reseal', $2, id,
         jsonb_build_object('sealed_with', split_part(was, '.', 2)), jsonb_build_object('sealed_with', split_part(seal, '.', 2))
       from moved
     )
     select id from moved`,
    [JSON.stringify(seals), object],
  );
  return rows.length;
};

const resealPlace = async (ask: Ask, secrets: Secrets, place: Place, key: string): Promise<Resealed> => {
  const unopened: number[] = [];
  let [resealed, changed, afterId] = [0, 0, "0"];
  for (;;) {
    const kept = await olderThan(ask, place, key, afterId);
    const last = kept.at(-1);
    if (last === undefined) return { table: place.table, resealed, unopened, changed };
    afterId = last.id;
    const seals: { id: string; was: string; seal: string }[] = [];
    for (const { id, customerId, place: bound, sealed } of kept) {
      const context = place.context(customerId === null ? null : Number(customerId), bound);
      try {
        seals.push({ id, was: sealed, seal: await secrets.seal(await secrets.open(sealed, context), context) });
      } catch {
        // Its key is not configured, or it is corrupt: it stays as it is, and the others are resealed nevertheless.
        unopened.push(Number(id));
      }
    }
    const moved = seals.length === 0 ? 0 : await replace(ask, place, seals);
    resealed += moved;
    changed += seals.length - moved;
  }
};

/**
 * Seals every kept secret with the newest key, a hundred at a time. What is sealed with it already is skipped, so it may be
 * stopped and restarted at any time; what is replaced or removed meanwhile is not touched.
 */
export const reseal = async (ask: Ask, secrets: Secrets): Promise<readonly Resealed[]> => {
  const [key] = await secrets.keyIds();
  if (key === undefined) throw new TypeError("no key");
  const done: Resealed[] = [];
  for (const place of places) done.push(await resealPlace(ask, secrets, place, key));
  return done;
};

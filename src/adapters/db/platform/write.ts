import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import type { Change } from "../../ports/tenants/change.ts";
import { violates } from "./client.ts";
import type { Database } from "./client.ts";

/** A timestamp column as epoch milliseconds: the same in a row, in `to_jsonb` and in a remembered answer. */
export const ms = (column: string, alias: string): SQL => sql.raw(`trunc(extract(epoch from ${column}) * 1000)::bigint as "${alias}"`);

/** The author that an audit row names. */
type Author = { readonly actor: string; readonly requestId: string | null };

/** The author of a change to a customer that another customer caused: who that was is not disclosed. */
export const tranche: Author = { actor: "tranche", requestId: null };

/**
 * The audit row of a change, as a CTE of the statement that makes it.
 * @param from selects object_id, customer_id, before and after (jsonb), one row per changed object
 */
export const auditRow = (change: Author, action: string, objectType: string, from: SQL): SQL => sql`
  insert into audit_log (customer_id, actor, action, object_type, object_id, before, after, request_id)
  select x.customer_id, ${change.actor}, ${action}, ${objectType}, x.object_id, x.before, x.after, ${change.requestId}
  from (${from}) x`;

/**
 * The remembered answer of a creation, as a CTE of its statement; selects nothing without an Idempotency-Key.
 * @param view the CTE that holds the created row in the form that its store returns; null where the row holds a secret
 * @param created the CTE that is empty where nothing was created
 */
export const rememberedAnswer = (change: Change, created: string, view: string | null, status = 201): SQL => {
  const key = change.idempotency;
  if (key === null) return sql`select 1`;
  const answer = view === null ? sql`null` : sql.raw(`(select to_jsonb(v) from ${view} v)`);
  return sql`
  insert into idempotency_keys (customer_id, method, path, key, body_hash, status, answer)
  select ${key.customerId}::bigint, ${key.method}, ${key.path}, ${key.key}, ${key.bodyHash}, ${status}::bigint, ${answer}
  from ${sql.raw(created)}`;
};

const keyInUse = "idempotency_keys_customer_id_method_path_key_pk";

/**
 * Sends a write statement.
 * @param refusals what to raise when it fails on one of these constraints
 * @param before statements that go first, in the same round trip and transaction. After a lock the write sees what earlier
 *   holders wrote; a lock within the write itself would be too late for that (READ COMMITTED).
 */
export const write = async <Row>(
  db: Database,
  statement: SQL,
  refusals: Readonly<Record<string, () => AppError>> = {},
  ...before: readonly SQL[]
): Promise<Row[]> => {
  try {
    if (before.length === 0) return await db.rows<Row>(statement);
    const results = await db.batch<Row[][]>([...before, statement]);
    return results.at(-1) ?? [];
  } catch (error) {
    for (const [constraint, refusal] of Object.entries(refusals)) if (violates(error, constraint)) throw refusal();
    if (violates(error, keyInUse)) throw new AppError("conflict", "a request with this Idempotency-Key is under way");
    throw error;
  }
};

export const taken = (detail: string, pointer: string) => () =>
  new AppError("conflict", detail, { fields: [{ pointer, detail: "is taken" }] });

/** `set a = 1, b = 2` from the fields that a patch names, each with its column. */
export const assignments = <Patch extends object>(patch: Patch, columns: { readonly [Field in keyof Patch]-?: string }): SQL => {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined) as [keyof Patch & string, unknown][];
  const parts = given.map(([field, value]) => sql`${sql.identifier(columns[field])} = ${value}`);
  return sql.join([...parts, sql`updated_at = now()`], sql`, `);
};

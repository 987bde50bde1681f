import type { Change, IdempotencyKey } from "../adapters/ports/tenants/change.ts";
import type { Deps } from "../adapters/ports/deps.ts";
import type { RememberedAnswer } from "../adapters/ports/tenants/idempotency.ts";
import { sha256Hex } from "./digest.ts";
import { AppError } from "../errors.ts";
import type { AppContext } from "./env.ts";

/** The author of a change, for routes that need no Idempotency-Key. */
export const changeBy = (c: AppContext): Change => ({
  actor: c.var.principal.actor,
  requestId: c.var.requestId,
  idempotency: null,
});

const readKey = async (c: AppContext, customerId: number): Promise<IdempotencyKey | null> => {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new AppError("bad_request", "a header is not valid", {
      fields: [{ pointer: "Idempotency-Key", detail: "must be 1 to 255 visible ASCII characters" }],
    });
  }
  return { customerId, method: c.req.method, path: c.req.path, key, bodyHash: await sha256Hex(c.var.rawBody) };
};

/**
 * For a POST that is idempotent anyway: a key must be valid, and is otherwise ignored.
 * @throws AppError `bad_request`
 */
export const acceptKey = async (c: AppContext): Promise<void> => void (await readKey(c, 0));

const secretKept = "this Idempotency-Key was used before; its answer held a secret, which is not stored";

const replay = <Row>(c: AppContext, key: IdempotencyKey, answer: RememberedAnswer, withSecret: string): Row => {
  if (answer.bodyHash !== key.bodyHash) {
    throw new AppError("conflict", "this Idempotency-Key came with another body before");
  }
  if (answer.tooLarge) {
    throw new AppError("conflict", "this Idempotency-Key was used before; its answer is too large to be given again: read what it made");
  }
  if (answer.row === null) {
    throw new AppError("conflict", withSecret);
  }
  c.header("Idempotency-Replayed", "true");
  return answer.row as Row;
};

/**
 * Runs a creation once per Idempotency-Key (semantics §1); without a key it simply runs.
 * @param create stores `change.idempotency` together with what it writes
 */
export const answerOnce = async <Row>(
  c: AppContext,
  deps: Pick<Deps, "idempotency">,
  customerId: number,
  create: (change: Change) => Promise<Row>,
): Promise<Row> => {
  const key = await readKey(c, customerId);
  return key === null ? await create(changeBy(c)) : await answerKeyed(c, deps, key, create);
};

/**
 * The same by a key that was not sent as a header: that of a form.
 * @param withSecret what is said where the first answer held a secret
 */
export const answerKeyed = async <Row>(
  c: AppContext,
  deps: Pick<Deps, "idempotency">,
  key: IdempotencyKey,
  create: (change: Change) => Promise<Row>,
  withSecret = secretKept,
): Promise<Row> => {
  const before = await deps.idempotency.find(key);
  if (before !== null) return replay<Row>(c, key, before, withSecret);
  try {
    return await create({ ...changeBy(c), idempotency: key });
  } catch (error) {
    if (!(error instanceof AppError) || (error.code !== "conflict" && error.code !== "quota")) throw error;
    // The same request may have completed meanwhile: then this is its replay, not a conflict.
    const meanwhile = await deps.idempotency.find(key);
    if (meanwhile === null) throw error;
    return replay<Row>(c, key, meanwhile, withSecret);
  }
};

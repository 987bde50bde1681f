import type { z } from "zod";
import type { Deps } from "../adapters/ports/deps.ts";
import type { Change } from "../adapters/ports/tenants/change.ts";
import { AppError } from "../errors.ts";
import { sha256Hex, toBase64Url } from "../http/digest.ts";
import type { AppContext } from "../http/env.ts";
import { answerKeyed, changeBy } from "../http/idempotency.ts";
import { jsonPointer } from "../http/strict-json.ts";

/** What is wrong with a form, by field; what is about none of them under "". */
export type Faults = Readonly<Record<string, string>>;

/** A form as it is shown: what was typed, and what is wrong with it. */
export type Form = { readonly fields: URLSearchParams; readonly faults: Faults; readonly once: string };

/** Faults by field, as the API names them: `/reason` is the field `reason`, `/to/0` one of `to`. */
export const faultsOf = (error: AppError): Faults => {
  if (error.fields.length === 0) return { "": error.message };
  return Object.fromEntries(error.fields.map(({ pointer, detail }) => [pointer.split("/")[1] ?? "", detail]));
};

/** Refusals that whoever sent a form can do something about. */
const shownAtForm = new Set(["bad_request", "conflict", "quota"]);

export type Refused = {
  readonly faults: Faults;
  /** The same, as the API names the fields: of a list also which of it. */
  readonly pointers: readonly { readonly pointer: string; readonly detail: string }[];
  readonly status: 400 | 409 | 503;
};

/** Of the answer that shows a form. */
export type FormStatus = 200 | Refused["status"];

/**
 * @param isAway whether something that did not answer is said there as well
 * @returns what to show at the form. @throws whatever else it was
 */
export const refusalOf = (error: unknown, isAway = false): Refused => {
  if (error instanceof AppError && isAway && error.code === "unavailable")
    return { faults: faultsOf(error), pointers: error.fields, status: 503 };
  if (!(error instanceof AppError) || !shownAtForm.has(error.code)) throw error;
  return { faults: faultsOf(error), pointers: error.fields, status: error.code === "bad_request" ? 400 : 409 };
};

/** A body made of a form, by the schema of its route. @throws AppError `bad_request` naming each field */
export const readInput = <Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> => {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const fields = read.error.issues.map(({ path, message }) => ({ pointer: jsonPointer(path.map(String)), detail: message }));
  throw new AppError("bad_request", "the form is not valid", { fields });
};

const onceBytes = 16;

/** A form to be filled in. @param fields what is in it already */
export const newForm = ({ random }: Pick<Deps, "random">, fields = new URLSearchParams()): Form => ({
  fields,
  faults: {},
  once: toBase64Url(random.bytes(onceBytes)),
});

/** A form that was sent, to be shown again. */
export const sentForm = (deps: Pick<Deps, "random">, fields: URLSearchParams, { faults }: Pick<Refused, "faults">): Form => {
  const { once: fresh } = newForm(deps);
  return { fields, faults, once: fields.get("once") ?? fresh };
};

const formSentBefore =
  "this form was sent before, and what it made is there: its secret was shown once, and is not kept. Go back for a new form";

/**
 * Runs a creation once per form: sent twice, with the same in it, it gets the first answer. Two forms are two creations.
 * @param customerId of whom it is, where that is not the customer who is looked at
 * @throws AppError `conflict` where the first answer held a secret
 */
export const formOnce = async <Row>(
  c: AppContext,
  deps: Pick<Deps, "idempotency">,
  fields: URLSearchParams,
  create: (change: Change) => Promise<Row>,
  customerId = c.var.customerId,
): Promise<Row> => {
  const once = fields.get("once") ?? "";
  if (!/^[\w-]{22}$/.test(once)) return await create(changeBy(c));
  const bodyHash = await sha256Hex(fields.toString());
  const key = { customerId, method: "POST", path: c.req.path, key: `form:${once}:${bodyHash}`, bodyHash };
  return await answerKeyed(c, deps, key, create, formSentBefore);
};

/** A number as it was typed; what is none is left to the rules of the field. */
export const numberOf = (text: string | null): number | string | undefined => {
  const trimmed = (text ?? "").trim();
  if (trimmed === "") return undefined;
  return Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
};

/** What was typed, without what is around it; null where that is nothing. */
export const textOrNull = (text: string | null): string | null => {
  const trimmed = (text ?? "").trim();
  return trimmed === "" ? null : trimmed;
};

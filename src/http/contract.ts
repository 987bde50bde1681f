import { z } from "@hono/zod-openapi";
import { hiddenCharacter } from "../domain/platform/visible-text.ts";
import { problemTitles } from "../errors.ts";
import { isoTime } from "../iso-time.ts";

const fieldError = z.object({
  pointer: z.string().openapi({ description: "RFC 6901 pointer into the body, or the name of a parameter", example: "/name" }),
  detail: z.string().openapi({ example: "must not contain control or invisible characters (U+202E)" }),
});

/** RFC 9457. */
const problem = z
  .object({
    type: z.string().openapi({ example: "about:blank" }),
    title: z.string().openapi({ example: "Bad request" }),
    status: z.int().openapi({ example: 400 }),
    detail: z.string().openapi({ example: "the body is not valid" }),
    instance: z.string().openapi({ description: "the request id", example: "0f8fad5bd9cb469fa16570867728950e" }),
    errors: z.array(fieldError).optional(),
    quota: z
      .object({ kind: z.string().openapi({ example: "domains" }), limit: z.int().openapi({ example: 500 }) })
      .optional()
      .openapi({ description: "of the type urn:tranche:problem:quota: what nothing is left of" }),
  })
  .openapi("Problem");

const reasons = {
  400: "Something in the request is not valid; `errors` points at it",
  401: "No credential, or one that is not valid",
  403: "The credential does not allow this",
  404: "No such resource, or not yours",
  409: "In conflict with what is there, or beyond a quota",
  410: "It was deleted for its age",
  413: "The body is larger than 1 MiB",
  415: "The body is not application/json",
  429: "Too many requests; `Retry-After` says when to come again",
  500: "Our fault",
  503: "Out of reach for now; `Retry-After` says when to come again",
} as const;

type ProblemStatus = keyof typeof reasons;
type ProblemResponse = { description: string; content: { "application/problem+json": { schema: typeof problem } } };

/** Problems that any route may answer. */
const always = [429, 500, 503] as const;

const example = (status: ProblemStatus) => ({
  type: "about:blank",
  title: problemTitles[status] ?? "",
  status,
  detail: status === 400 ? "the body is not valid" : reasons[status].replace(/;.*/, "").toLowerCase(),
  instance: "0f8fad5bd9cb469fa16570867728950e",
  ...(status === 400 && { errors: [{ pointer: "/name", detail: "must not contain control or invisible characters (U+202E)" }] }),
});

/** The problem answers of a route that can give no others. */
export const onlyProblems = <Status extends ProblemStatus>(...statuses: readonly Status[]) =>
  Object.fromEntries(
    [...new Set<ProblemStatus>(statuses)].map((status) => [
      status,
      { description: reasons[status], content: { "application/problem+json": { schema: problem, example: example(status) } } },
    ]),
  ) as unknown as Record<Status, ProblemResponse>;

/** The problem answers of a route: these, and those that any route may give. */
export const problems = <Status extends ProblemStatus>(...statuses: readonly Status[]) =>
  onlyProblems<Status | (typeof always)[number]>(...statuses, ...always);

/** The problems that every tenant route can answer. */
export const readProblems = problems(400, 401, 403, 404);
export const writeProblems = problems(400, 401, 403, 404, 409, 413, 415);

export const jsonAnswer = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

export const jsonRequest = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true as const,
  content: { "application/json": { schema } },
});

export const noContent = { description: "Done" };

/** Positive and within 2^53: a path or query parameter that names a row. */
export const idText = z
  .string()
  .refine((text) => /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)), "must be a positive integer")
  .transform(Number)
  .openapi({ type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER, example: 1 });

export const idParams = z.strictObject({ id: idText });
export const childParams = z.strictObject({ id: idText, childId: idText });

/** Every tenant route takes the customer that an admin acts for. */
const customerId = idText.optional().openapi({ description: "for admins: the customer to act for, instead of X-Customer-ID" });
export const tenantQuery = z.strictObject({ customer_id: customerId });

const decodeCursor = (text: string): number | null => {
  try {
    const id = Number(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
    return Number.isSafeInteger(id) && id > 0 ? id : null;
  } catch {
    return null;
  }
};

export const encodeCursor = (id: number): string => btoa(String(id)).replaceAll("=", "");

const cursor = z
  .string()
  .max(40)
  .transform((text, ctx) => {
    const id = decodeCursor(text);
    if (id !== null) return id;
    ctx.addIssue({ code: "custom", message: "must be a cursor from a Link header" });
    return z.NEVER;
  })
  .openapi({
    type: "string",
    maxLength: 40,
    description: "from the `next` link of the page before; a page ends before its `limit` where it would become too large",
  });

const limit = z
  .string()
  .regex(/^([1-9]\d?|1\d\d|200)$/, "must be an integer from 1 to 200")
  .transform(Number)
  .default(100)
  .openapi({ type: "integer", minimum: 1, maximum: 200, default: 100 });

const pageFields = { limit, cursor: cursor.optional() };
export const pageQuery = z.strictObject(pageFields);
export const tenantPageQuery = tenantQuery.extend(pageFields);

/** For an answer with a list that is complete, unless it is too large for one answer. */
export const tenantCursorQuery = tenantQuery.extend({ cursor: cursor.optional() });

/** The cursor of an answer's domains, where `cursor` belongs to another list. */
export const domainsCursor = cursor.optional();

/** Bounds that both Postgres and RFC 3339 can represent. */
const minTimeMs = 0;
export const maxTimeMs = 253_402_300_799_999;

/** Sub-millisecond digits of a second, trailing zeros not counted. */
const finerThanMs = /\.\d{3}\d*[1-9]/;

const utc = "must be an RFC 3339 time in UTC, such as 2026-11-21T00:00:00Z";

/**
 * An RFC 3339 time in UTC, as epoch milliseconds. `+00:00` is UTC as well, and what clients in Python write. Sub-millisecond times are
 * refused: nothing is rounded silently.
 */
export const time = z.iso
  .datetime({ offset: true, abort: true, error: utc })
  .regex(/(?:Z|\+00:00)$/, utc)
  .max(40)
  .transform((text, ctx) => {
    if (!finerThanMs.test(text)) return Date.parse(text);
    ctx.addIssue({ code: "custom", message: "must be given in whole milliseconds: at most 3 decimals of a second" });
    return z.NEVER;
  })
  .refine((ms) => ms >= minTimeMs && ms <= maxTimeMs, "must be between 1970 and 9999")
  .openapi({
    type: "string",
    format: "date-time",
    maxLength: 40,
    // What the format lets in beyond the rule: offsets, parts of a millisecond, years before 1970.
    pattern: String.raw`^(19[7-9]|[2-9][0-9]{2})[0-9]-[0-9-]+T[0-9:]+(\.[0-9]{1,3}0*)?(Z|\+00:00)$`,
    example: isoTime(1_795_219_200_000),
  });

/** A named schema, or null. Plain `nullable()` would omit the null from the document (zod-to-openapi). */
export const orNull = <Schema extends z.ZodType>(schema: Schema) => z.union([schema]).nullable();

/** A field of an answer with an example of it. */
export const like = <Schema extends z.ZodType>(schema: Schema, value: z.infer<Schema>): Schema => schema.openapi({ example: value });

/** The forms of answers. */
export const id = z.int().min(1).openapi({ example: 1 });
export const timeText = z.string().openapi({ format: "date-time", example: isoTime(1_795_219_200_000) });

/** `trim()` would also remove a byte order mark or a line separator, which is to be refused. */
const hiddenInside = (text: unknown) => hiddenCharacter(String(text).replaceAll(/^[\t\n\r ]+|[\t\n\r ]+$/g, ""));

/** One line of text of which a reader sees every character: names are printed on invoices, and must not imitate others. */
export const label = (max: number) =>
  z
    .string()
    .refine((text) => hiddenInside(text) === null, {
      abort: true,
      error: ({ input }) => `must not contain control or invisible characters (${hiddenInside(input) ?? ""})`,
    })
    .trim()
    .min(1)
    .max(max)
    // As far as regular expressions of every language can say it: something to read, no control character but around it.
    .openapi({ pattern: String.raw`^[\t\n\r ]*[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?[\t\n\r ]*$` });

import { types } from "@neondatabase/serverless";
import type { SQL } from "drizzle-orm";
import { CasingCache } from "drizzle-orm/casing";
import { faultError, faultKind } from "./faults.ts";

/** What the template needs of drizzle's PgDialect; the dialect itself would pull every query builder into the bundle. */
const toPostgres: Parameters<SQL["toQuery"]>[0] = {
  casing: new CasingCache(),
  escapeName: (name) => `"${name.replaceAll('"', '""')}"`,
  escapeParam: (index) => `$${index + 1}`,
  escapeString: (text) => `'${text.replaceAll("'", "''")}'`,
};

/** A statement as it is sent: its text, and its parameters by position. */
export const toStatement = (query: SQL): { readonly sql: string; readonly params: unknown[] } => query.toQuery(toPostgres);

const toInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("an int8 from the database exceeds 2^53 - 1");
  return value;
};

const toEpochMs = (text: string): number => {
  const ms = Date.parse(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
  if (Number.isNaN(ms)) throw new RangeError("a timestamp from the database is not finite");
  return ms;
};

type Parse = (text: string) => unknown;

const asText: Parse = (text) => text;
const textArrayOid = 1009;
const eachOf =
  (parse: Parse): Parse =>
  (text) =>
    (types.getTypeParser(textArrayOid)(text) as (string | null)[]).map((item) => (item === null ? null : parse(item)));

/** By type oid (pg_type.dat): int8, timestamptz, their arrays, and what the driver would read in a local time zone. */
const own: Readonly<Record<number, Parse>> = {
  20: toInteger,
  1016: eachOf(toInteger),
  1184: toEpochMs,
  1185: eachOf(toEpochMs),
  1082: asText,
  1114: asText,
};

/** How a value is read from its text, by its type: the same for every driver. */
export const parsers = {
  getTypeParser: (oid: number, format?: "text" | "binary") => own[oid] ?? types.getTypeParser(oid, format),
} as typeof types;

/** A driver's answer. @throws AppError for a fault of the database, else what the driver throws (faults.ts) */
export const answered = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
  try {
    return await answer;
  } catch (error) {
    const kind = faultKind(error);
    throw kind === null ? error : faultError(kind, error);
  }
};

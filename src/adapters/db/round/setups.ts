import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/** By path: the configured target of the domain `d`, else the one found in its records `r` (0028). */
const numbers = {
  primary: "d.primary_setup + coalesce(r.primary_found, 0)",
  backup: "d.backup_setup + coalesce(r.backup_found, 0)",
  direct: "d.direct_setup",
} as const;

/** A sample has two bytes for it: the numbers wrap around after 32,768 set-ups, when the first samples are long gone. */
const wrapped = (number: string): string => `mod(${number}, 32768)`;

/** The present set-up of a path, as a sample carries it, where `d` is its domain and `r` the domain's records. */
export const setupOf = (path: string): SQL =>
  sql.raw(
    `case ${path} when 'primary' then ${wrapped(numbers.primary)} when 'backup' then ${wrapped(numbers.backup)} else ${wrapped(numbers.direct)} end`,
  );

/** The set-ups of all paths as JSON; null, the common case: all of them are the first. */
export const setupsJson: SQL = sql.raw(
  `case when ${Object.values(numbers).join(" + ")} > 0 then jsonb_build_object(${Object.entries(numbers)
    .map(([path, number]) => `'${path}', ${wrapped(number)}`)
    .join(", ")}) end`,
);

/**
 * What the rows of one answer may come to as JSON, where a tenant decides how large they are, in bytes. Escaped once more on
 * its way from the database it is at most twice that: well under the 10 MiB of Neon's proxy, as our own answer under the
 * 4.5 MB of a Vercel function (docs/decisions/0036).
 */
export const pageBytes = 2 * 1024 * 1024;

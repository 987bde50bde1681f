/**
 * The most bytes of JSON of the rows of one answer, where a tenant decides how large they are. Escaped once more in
 * the database's answer it is at most twice that: well under the 10 MiB of Neon's proxy, and under the 4.5 MB of a Vercel
 * function for the answer to the client (docs/decisions/0036).
 */
export const pageBytes = 2 * 1024 * 1024;

import { CloudflareError } from "./error.ts";

/** 300 GraphQL queries in five minutes are Cloudflare's quota per user; a tenth is left to other users of the token. */
const QUERY_BUDGET = 270;
const SPAN_MS = 300_000;

/**
 * Counts queries over the last five minutes. The count is kept in this process: it bounds a run, and
 * Cloudflare's own 429 bounds the rest.
 * @returns call it before each query; it throws CloudflareError `budget` where the quota is used up
 */
export function createQueryBudget(now: () => number, queries = QUERY_BUDGET): () => void {
  let sentAtMs: number[] = [];
  return () => {
    const nowMs = now();
    sentAtMs = sentAtMs.filter((atMs) => atMs > nowMs - SPAN_MS);
    if (sentAtMs.length >= queries) {
      throw new CloudflareError("budget", `${queries} queries were sent within five minutes; the rest waits for the next run`);
    }
    sentAtMs.push(nowMs);
  };
}

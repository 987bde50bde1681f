import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/** Latencies below this many ms are kept to the millisecond; above, to half a percent. */
const exactBelowMs = 256;

/** No probe takes longer (PROBE_TIMEOUT is at most 30 s): a bucket number has two bytes. */
const longestMs = 32_000;

const steps = Array.from({ length: 7 }, (_, index) => ({ belowMs: exactBelowMs * 2 ** (index + 1), stepMs: 2 ** (index + 1) }));

/** The bucket of a latency in a histogram: itself, rounded. In integers, so that every caller computes the same. */
export const latencyPlace = (column: SQL): SQL => sql`case when ${column} < ${sql.raw(String(exactBelowMs))} then ${column}
  ${sql.join(
    steps.map(({ belowMs, stepMs }) => {
      const [below, step, half] = [belowMs, stepMs, stepMs / 2].map((value) => sql.raw(String(value)));
      return sql`when ${column} < ${below} then least((${column} + ${half}) / ${step} * ${step}, ${sql.raw(String(longestMs))})`;
    }),
    sql` `,
  )} else ${sql.raw(String(longestMs))} end`;

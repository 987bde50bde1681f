import type { BatchItem } from "../api/batches.ts";
import { readCheckKind } from "./check-messages.ts";
import { type Failure, failureOf } from "../api/error.ts";
import type { Call } from "../api/send.ts";

/** The health checks that a part of a batch references in new records. */
export const checksOf = ({ changes }: BatchItem): readonly string[] => [
  ...new Set(changes.flatMap(({ action, record }) => (action === "CREATE" ? (record.healthCheckId ?? []) : []))),
];

/** Whether a health check is deleted; null: these credentials may not query it, or there was no answer. */
const isGone = async (call: Call, id: string): Promise<boolean | null> => {
  try {
    await call({ method: "GET", path: `healthcheck/${id}`, root: "GetHealthCheckResponse", read: readCheckKind });
    return false;
  } catch (thrown) {
    return failureOf(thrown).code === "NoSuchHealthCheck" ? true : null;
  }
};

/**
 * The health checks because of which a batch was refused (`NoSuchHealthCheck`): those that the message names. For a single
 * part of which it names none, those that a query shows deleted; where that is not conclusive, all that are not known to
 * exist. None: another fault, or it has to be found by bisection. Never throws.
 */
export const goneChecks = async (call: Call, part: readonly BatchItem[], { code, messages }: Failure): Promise<readonly string[]> => {
  if (code !== "NoSuchHealthCheck") return [];
  const carried = [...new Set(part.flatMap(checksOf))];
  const named = carried.filter((id) => messages.some((message) => message.includes(id)));
  if (named.length > 0 || part.length > 1) return named;
  if (carried.length < 2) return carried;
  const asked = new Map<string, boolean | null>();
  for (const id of carried) asked.set(id, await isGone(call, id));
  const gone = carried.filter((id) => asked.get(id) === true);
  return gone.length > 0 ? gone : carried.filter((id) => asked.get(id) === null);
};

/** The same part, its new records without these health checks; deletions still name theirs verbatim. */
export const withoutChecks = (item: BatchItem, gone: readonly string[]): BatchItem => ({
  ...item,
  changes: item.changes.map((change) => {
    const { healthCheckId, ...record } = change.record;
    return change.action === "CREATE" && healthCheckId !== undefined && gone.includes(healthCheckId) ? { ...change, record } : change;
  }),
});

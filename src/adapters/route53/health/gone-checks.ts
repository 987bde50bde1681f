import type { BatchItem } from "../api/batches.ts";
import { readCheckKind } from "./check-messages.ts";
import { type Failure, failureOf } from "../api/error.ts";
import type { Call } from "../api/send.ts";

/** The health checks with which a part of a batch writes records. */
export const checksOf = ({ changes }: BatchItem): readonly string[] => [
  ...new Set(changes.flatMap(({ action, record }) => (action === "CREATE" ? (record.healthCheckId ?? []) : []))),
];

/** Whether a health check is gone; null: these credentials may not ask, or there was no answer. */
const isGone = async (call: Call, id: string): Promise<boolean | null> => {
  try {
    await call({ method: "GET", path: `healthcheck/${id}`, root: "GetHealthCheckResponse", read: readCheckKind });
    return false;
  } catch (thrown) {
    return failureOf(thrown).code === "NoSuchHealthCheck" ? true : null;
  }
};

/**
 * The health checks for whose sake a batch was refused (`NoSuchHealthCheck`): those that the message names. Of a part that is by
 * itself and of which it names none, those that are gone when asked after; where none can be told from the others, all that are
 * not known to be there. None: another fault, or which one it is has to be found out by halves. Never throws.
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

/** The same part, its new records without these health checks; what is deleted is still named to the letter. */
export const withoutChecks = (item: BatchItem, gone: readonly string[]): BatchItem => ({
  ...item,
  changes: item.changes.map((change) => {
    const { healthCheckId, ...record } = change.record;
    return change.action === "CREATE" && healthCheckId !== undefined && gone.includes(healthCheckId) ? { ...change, record } : change;
  }),
});

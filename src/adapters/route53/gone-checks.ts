import type { BatchItem } from "./batches.ts";
import type { Failure } from "./error.ts";

/** The health checks with which a part of a batch writes records. */
export const checksOf = ({ changes }: BatchItem): readonly string[] => [
  ...new Set(changes.flatMap(({ action, record }) => (action === "CREATE" ? (record.healthCheckId ?? []) : []))),
];

/**
 * The health checks for whose sake a batch was refused (`NoSuchHealthCheck`): those that the message names, or all of a part that
 * is by itself. None: another fault, or which one it is has to be found out.
 */
export const goneChecks = (part: readonly BatchItem[], { code, messages }: Failure): readonly string[] => {
  if (code !== "NoSuchHealthCheck") return [];
  const carried = [...new Set(part.flatMap(checksOf))];
  const named = carried.filter((id) => messages.some((message) => message.includes(id)));
  return named.length > 0 || part.length > 1 ? named : carried;
};

/** The same part, its new records without these health checks; what is deleted is still named to the letter. */
export const withoutChecks = (item: BatchItem, gone: readonly string[]): BatchItem => ({
  ...item,
  changes: item.changes.map((change) => {
    const { healthCheckId, ...record } = change.record;
    return change.action === "CREATE" && healthCheckId !== undefined && gone.includes(healthCheckId) ? { ...change, record } : change;
  }),
});

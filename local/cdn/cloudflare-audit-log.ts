import { restRefusal } from "./cloudflare-replies.ts";
import type { Reply } from "./cloudflare-replies.ts";

/** An entry as Cloudflare's audit log (v1) has it. */
export type AuditEntry = {
  readonly id: string;
  /** RFC 3339, in UTC. */
  readonly when: string;
  readonly action: { readonly type: string; readonly result: boolean };
  readonly actor: { readonly id?: string; readonly email?: string; readonly type: string; readonly ip?: string };
  readonly resource: { readonly type: string; readonly id?: string };
  readonly owner?: { readonly id: string };
  readonly interface?: string;
  readonly metadata?: unknown;
  readonly oldValue?: string;
  readonly newValue?: string;
};

const parameters: ReadonlySet<string> = new Set(["since", "before", "direction", "page", "per_page", "hide_user_logs"]);
const perPageBounds = { min: 1, max: 1000, default: 100 };

/** `GET /accounts/{id}/audit_logs`: from `since` to `before`, both included, in the order of `direction`. */
export function listAuditLogs(entries: readonly unknown[], search: URLSearchParams): Reply {
  const invalid = (message: string): Reply => restRefusal(400, { code: 7400, message });
  const unknown = [...search.keys()].find((name) => !parameters.has(name));
  if (unknown !== undefined) return invalid(`unknown parameter ${unknown}`);
  const page = Number(search.get("page") ?? 1);
  const perPage = Number(search.get("per_page") ?? perPageBounds.default);
  if (!Number.isInteger(page) || page < 1) return invalid("page must be at least 1");
  if (!Number.isInteger(perPage) || perPage < perPageBounds.min || perPage > perPageBounds.max)
    return invalid("per_page must be 1 to 1000");
  const direction = search.get("direction") ?? "desc";
  if (direction !== "asc" && direction !== "desc") return invalid("direction must be asc or desc");
  if (!["true", "false"].includes(search.get("hide_user_logs") ?? "false")) return invalid("hide_user_logs must be true or false");
  const [since, before] = (["since", "before"] as const).map((name) => {
    const text = search.get(name);
    if (text === null) return null;
    return /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  });
  if (Number.isNaN(since) || Number.isNaN(before)) return invalid("since and before must be dates or RFC 3339 timestamps");
  const at = (entry: unknown): number => Date.parse(String((entry as AuditEntry | null)?.when));
  const found = entries.filter((entry) => {
    const atMs = at(entry);
    // What has no time can be found by none: it is shown, so that whoever reads meets it.
    return Number.isNaN(atMs) || (atMs >= (since ?? -Infinity) && atMs <= (before ?? Infinity));
  });
  const ordered = found.toSorted((one, other) => (at(one) || 0) - (at(other) || 0));
  if (direction === "desc") ordered.reverse();
  const result = ordered.slice((page - 1) * perPage, page * perPage);
  return { status: 200, body: { success: true, errors: [], messages: [], result } };
}

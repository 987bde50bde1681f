import type { IgnoredReason } from "./cost-event.ts";
import type { Json } from "./fields.ts";
import { asName, fieldOf, isObject, textAt, textOf } from "./fields.ts";
import { storageFault } from "./storable.ts";
import { parseUtc } from "./utc-time.ts";

const hourMs = 3_600_000;

/** How far back the first reading of an audit log goes: what is usual is learnt from that. */
const firstReadingMs = 14 * 24 * hourMs;

/** How much of the log before now is always read again: an entry may show late. */
const readAgainMs = hourMs;

/** Entries have times of whole seconds, and whether `since` excludes its own is not said. */
const tickMs = 1_000;

/** From when on the log is read. @param cursorMs up to when all is stored; null: nothing is; @param createdAtMs of the account here */
export const auditReadFrom = (cursorMs: number | null, createdAtMs: number, nowMs: number): number =>
  Math.min(cursorMs === null ? createdAtMs - firstReadingMs : cursorMs - tickMs, nowMs - readAgainMs);

/** Whether so much is still to be read that another turn goes on behind what was stored: within the last hour it would read the same again. */
export const isFarBehind = (cursorMs: number, nowMs: number): boolean => cursorMs < nowMs - readAgainMs;

/** A place that the next reading begins behind. */
export const pastTick = (cursorMs: number): number => cursorMs + 2 * tickMs;

/** What only looks, and who comes and goes: nothing is changed by either. */
const reading = /^(?:log_?in|log_?out|view|read|get|list)(?:_|$)|_(?:login|logout|view)$/i;

const mostMetadataChars = 4_096;
const mostTextChars = 256;

/** When an entry happened, epoch milliseconds; null: it does not say. */
export const auditTime = (entry: unknown): number | null => parseUtc(textOf(fieldOf(entry, "when")) ?? "");

/** `DNS_record` as `cloudflare:dns_record`: a short form's type has 64 of a-z, 0-9 and :._- */
const typeOf = (entry: Json): string => {
  const said = (textAt(entry, "resource.type") ?? "unknown").toLowerCase().replaceAll(/[^a-z\d._-]/g, "_");
  return `cloudflare:${said}`.slice(0, 64);
};

/** A person by the mail address, which lasts; else the token, by its id; else Cloudflare itself, where it says so. */
const actorOf = (entry: Json): string | null => {
  const email = textAt(entry, "actor.email");
  if (email !== null) return email;
  const id = textAt(entry, "actor.id");
  if (id !== null) return `token:${id}`;
  return textAt(entry, "actor.type")?.toLowerCase() === "cloudflare" ? "cloudflare" : null;
};

/** Of an object these texts and booleans, no longer than anybody reads. */
const partOf = (value: unknown, names: readonly string[]): Json =>
  Object.fromEntries(
    names.flatMap((name): [string, unknown][] => {
      const field = fieldOf(value, name);
      if (typeof field === "boolean") return [[name, field]];
      return typeof field === "string" ? [[name, asName(field.slice(0, mostTextChars))]] : [];
    }),
  );

/**
 * What is kept of an entry: who did what to which. Not the old and the new value of what was changed: they are as large as they please, and
 * who changed it is asked here, not into what.
 */
const rawOf = (entry: Json): Json => {
  const metadata = fieldOf(entry, "metadata");
  const isKept = isObject(metadata) && storageFault(metadata) === null && JSON.stringify(metadata).length <= mostMetadataChars;
  return {
    ...partOf(entry, ["id", "when", "interface"]),
    action: partOf(fieldOf(entry, "action"), ["type", "result"]),
    actor: partOf(fieldOf(entry, "actor"), ["id", "email", "type", "ip"]),
    owner: partOf(fieldOf(entry, "owner"), ["id"]),
    resource: partOf(fieldOf(entry, "resource"), ["type", "id"]),
    ...(isKept && { metadata }),
  };
};

/** An entry as an event in the short form, or why it is of no interest. */
export type AuditEvent = { readonly event: Json } | { readonly ignored: IgnoredReason } | { readonly malformed: true };

/**
 * Reads an entry of Cloudflare's audit log (v1, https://developers.cloudflare.com/api/resources/audit_logs/). Its cost is not known: how many
 * there are in an hour, and who is new among those who act, is scored.
 * @param accountRef the account at Cloudflare
 */
export const fromAuditEntry = (entry: unknown, accountRef: string): AuditEvent => {
  const id = textOf(fieldOf(entry, "id"));
  if (!isObject(entry) || id === null || !/^[\w.:-]{1,100}$/.test(id) || auditTime(entry) === null) return { malformed: true };
  if (fieldOf(fieldOf(entry, "action"), "result") === false) return { ignored: "failed" };
  if (reading.test(textAt(entry, "action.type") ?? "")) return { ignored: "read-only" };
  const [resourceId, actor] = [asName(textAt(entry, "resource.id")), asName(actorOf(entry))];
  return {
    event: {
      event_id: `cloudflare:${id}`,
      account_id: accountRef,
      resource_type: typeOf(entry),
      ...(resourceId !== null && { resource_id: resourceId }),
      ...(actor !== null && { actor }),
      occurred_at: textOf(fieldOf(entry, "when")),
      raw: rawOf(entry),
    },
  };
};

import { timeProblem } from "./cloudtrail.ts";
import type { Normalised } from "./cost-event.ts";
import { rejected } from "./cost-event.ts";
import type { Json } from "./fields.ts";
import { fieldOf, isObject, mostNameChars, pointerPart, textOf } from "./fields.ts";
import { parseUtc } from "./utc-time.ts";

const fields = ["event_id", "account_id", "resource_type", "resource_id", "actor", "hourly_cost_cents", "occurred_at", "raw"];

/** Most that something may cost an hour: ten million dollars. */
const mostCents = 1e9;

/** Whether a text is 1 to `most` characters, none of them a control character. */
const isName = (value: unknown, most: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= most && !/\p{Cc}/u.test(value);

/** An account at AWS, or of something else that costs. */
const isAccount = (value: unknown): boolean => typeof value === "string" && /^[\w.:/@-]{1,64}$/.test(value);

/** The first rule that an event breaks; null: none. */
const broken = (event: Json): readonly [field: string, problem: string] | null => {
  const at = (name: string): unknown => fieldOf(event, name);
  const unknown = Object.keys(event).find((name) => !fields.includes(name));
  if (unknown !== undefined) return [unknown, `is not a field of an event: there is ${fields.join(", ")}`];
  if (!isName(at("event_id"), 128)) return ["event_id", "is not 1 to 128 characters"];
  if (!isAccount(at("account_id"))) return ["account_id", "is not 1 to 64 letters, digits and ._:/@-"];
  if (typeof at("resource_type") !== "string" || !/^[a-z\d][a-z\d:._-]{0,63}$/.test(textOf(at("resource_type")) ?? ""))
    return ["resource_type", "is not 1 to 64 of a-z, 0-9 and :._-"];
  if (at("resource_id") !== undefined && !isName(at("resource_id"), mostNameChars))
    return ["resource_id", `is not 1 to ${mostNameChars} characters`];
  if (at("actor") !== undefined && !isName(at("actor"), mostNameChars)) return ["actor", `is not 1 to ${mostNameChars} characters`];
  const cents = at("hourly_cost_cents");
  if (cents !== undefined && !(typeof cents === "number" && cents >= 0 && cents <= mostCents))
    return ["hourly_cost_cents", `is not a number of 0 to ${mostCents}`];
  return null;
};

/** Reads an event in the short form. @param pointer where it stands in what was sent */
export const fromShortForm = (event: unknown, pointer: string, nowMs: number): Normalised => {
  if (!isObject(event)) return rejected(pointer, "is not an object");
  const wrong = broken(event);
  if (wrong !== null) return rejected(`${pointer}/${pointerPart(wrong[0])}`, wrong[1]);
  const occurredAtMs = parseUtc(textOf(fieldOf(event, "occurred_at")) ?? "");
  const problem = timeProblem(occurredAtMs, nowMs);
  if (problem !== null || occurredAtMs === null) return rejected(`${pointer}/occurred_at`, problem ?? "");
  const text = (name: string): string | null => textOf(fieldOf(event, name));
  const cents = fieldOf(event, "hourly_cost_cents");
  return {
    kind: "event",
    event: {
      eventId: text("event_id") ?? "",
      accountId: text("account_id") ?? "",
      resourceType: text("resource_type") ?? "",
      resourceId: text("resource_id"),
      actor: text("actor"),
      hourlyCostCents: typeof cents === "number" ? cents : null,
      occurredAtMs,
      raw: fieldOf(event, "raw") ?? null,
    },
  };
};

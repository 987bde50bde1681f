export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const text = (value: string): string => {
  if (!value.isWellFormed()) throw new RangeError("a lone surrogate has no canonical form");
  return JSON.stringify(value);
};

/**
 * Canonical JSON (RFC 8785): members in the order of their UTF-16 code units, no white space, numbers as
 * ECMAScript writes them. Equal values have the same text, so its hash identifies the value.
 * @throws RangeError for what I-JSON can not represent: a number that is not finite, a lone surrogate
 */
export const canonicalJson = (value: JsonValue): string => {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return text(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError("a number that is not finite has no canonical form");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => canonicalJson(item)).join(",")}]`;
  // sort() orders by UTF-16 code units.
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${text(key)}:${canonicalJson(member)}`).join(",")}}`;
};

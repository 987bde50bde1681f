/** Reading of JSON that anybody may have written. */
export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** The value of an object's own field. */
export const fieldOf = (value: unknown, name: string): unknown => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined);

/** A text that is not empty; null: it is none. */
export const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** A text deep inside, by names and, in lists, indexes: `instancesSet.items.0.instanceId`. */
export const textAt = (value: unknown, path: string): string | null =>
  textOf(
    path
      .split(".")
      .reduce<unknown>((inner, name) => (Array.isArray(inner) ? (inner as unknown[])[Number(name)] : fieldOf(inner, name)), value),
  );

/** The same name as a part of an RFC 6901 pointer. */
export const pointerPart = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** Most characters of a name: who acted, or on what. It is remembered with its series, hundreds of them. */
export const mostNameChars = 2_048;

/** A name as somebody else wrote it, of a length that can be remembered and without control characters, which would be told as they are. */
export const asName = (text: string | null): string | null =>
  text === null
    ? null
    : text
        .slice(0, mostNameChars)
        .replaceAll(/\p{Cc}/gu, "\uFFFD")
        .toWellFormed();

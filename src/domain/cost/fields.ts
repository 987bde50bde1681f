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

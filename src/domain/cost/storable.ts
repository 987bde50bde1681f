import { pointerPart } from "./fields.ts";

/** What of a value can not be stored, and where: below the value, by RFC 6901. */
export type StorageFault = { readonly pointer: string; readonly problem: string };

/** CloudTrail's records have about a dozen levels; PostgreSQL reads, and JSON.stringify writes, each of them on a stack. */
const maxDepth = 64;

const textFault = (text: string): string | null => {
  if (text.includes("\0")) return "has a NUL character, which can not be stored";
  return text.isWellFormed() ? null : "is not well-formed Unicode";
};

const faultOf = (value: unknown): string | null => {
  if (typeof value === "string") return textFault(value);
  return typeof value === "number" && !Number.isFinite(value) ? "is a number beyond what is kept" : null;
};

type Open = { readonly value: unknown; readonly path: readonly string[] };

/**
 * The first thing of parsed JSON that a jsonb column refuses, or that would not come back; null: nothing. Without recursion: what is nested
 * a hundred thousand levels deep is refused like anything else.
 */
export const storageFault = (value: unknown): StorageFault | null => {
  const open: Open[] = [{ value, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: inner, path } = next;
    const pointer = path.map((part) => `/${pointerPart(part)}`).join("");
    const problem = faultOf(inner);
    if (problem !== null) return { pointer, problem };
    if (typeof inner !== "object" || inner === null) continue;
    if (path.length === maxDepth) return { pointer: "", problem: `is nested deeper than ${maxDepth} levels` };
    for (const [name, child] of Object.entries(inner).toReversed()) {
      // Not told by its name: that is what is wrong.
      const wrong = textFault(name);
      if (wrong !== null) return { pointer, problem: `has a field whose name ${wrong}` };
      open.push({ value: child, path: [...path, name] });
    }
  }
  return null;
};

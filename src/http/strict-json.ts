import type { FieldError } from "../errors.ts";

export type StrictJson = { readonly ok: true } | ({ readonly ok: false } & FieldError);

/** No endpoint has deeper bodies. */
const maxDepth = 32;

type Frame = { readonly keys: Set<string> | null; segment: string | number; expectKey: boolean };

const escapePointer = (segment: string | number) => String(segment).replaceAll("~", "~0").replaceAll("/", "~1");

/** RFC 6901 pointer to a path of keys and indexes; the empty pointer is the whole document. */
export const jsonPointer = (path: readonly (string | number)[]): string => path.map((segment) => `/${escapePointer(segment)}`).join("");

const stringEnd = (text: string, start: number): number => {
  let end = start + 1;
  while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  return end;
};

/** A number's digits, without leading and trailing zeros, and the position of its point: `0.50`, `5e-1` and `0.5` are the same. */
const exactDecimal = (text: string): string => {
  const [, sign = "", whole = "", decimals = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${decimals}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  // An exponent may exceed a number's range: BigInt.
  return significant === ""
    ? "0"
    : `${sign}${significant}e${BigInt(exponent) - BigInt(decimals.length) + BigInt(digits.length - significant.length)}`;
};

/** Longer numbers are refused without parsing. */
const longestNumber = 400;

/** Whether JSON.parse represents a number exactly: `1e-400` is not 0, and 0.10000000000000000001 is not 0.1. */
const isKept = (text: string): boolean =>
  text.length <= longestNumber && Number.isFinite(Number(text)) && exactDecimal(String(Number(text))) === exactDecimal(text);

const numberEnd = (text: string, start: number): number => {
  let end = start + 1;
  while (end < text.length && /[\d.eE+-]/.test(text[end] ?? "")) end += 1;
  return end;
};

/**
 * Checks what JSON.parse lets through: an object key given twice, NUL characters and lone surrogates (Postgres stores
 * neither), numbers with more digits than a double keeps, and excessive depth.
 * @param levels what lies deeper than so many is judged elsewhere: 1 checks the body's own fields alone
 */
export const checkJson = (text: string, levels = Number.POSITIVE_INFINITY): StrictJson => {
  try {
    JSON.parse(text);
  } catch {
    return { ok: false, pointer: "", detail: "is not valid JSON" };
  }
  const stack: Frame[] = [];
  const fail = (detail: string): StrictJson => ({
    ok: false,
    pointer: jsonPointer(stack.map((frame) => frame.segment)),
    detail,
  });
  const isJudged = () => stack.length <= levels;
  for (let at = 0; at < text.length; at += 1) {
    const top = stack.at(-1);
    switch (text[at]) {
      case "{":
        stack.push({ keys: stack.length < levels ? new Set() : null, segment: "", expectKey: true });
        break;
      case "[":
        stack.push({ keys: null, segment: 0, expectKey: false });
        break;
      case "}":
      case "]":
        stack.pop();
        break;
      case ",":
        if (top?.keys) top.expectKey = true;
        else if (top) top.segment = Number(top.segment) + 1;
        break;
      case '"': {
        const end = stringEnd(text, at);
        const from = at;
        at = end;
        if (!isJudged()) break;
        const value = String(JSON.parse(text.slice(from, end + 1)));
        const isKey = top?.keys && top.expectKey;
        if (isKey) top.segment = value;
        if (value.includes("\0")) return fail("must not contain NUL characters");
        if (!value.isWellFormed()) return fail("must be well-formed Unicode");
        if (!isKey) break;
        if (top.keys.has(value)) return fail("is given twice");
        top.keys.add(value);
        top.expectKey = false;
        break;
      }
      default:
        if (isJudged() && /[-\d]/.test(text[at] ?? "")) {
          const end = numberEnd(text, at);
          if (!isKept(text.slice(at, end))) return fail("has more digits than are kept");
          at = end - 1;
        }
    }
    if (isJudged() && stack.length > maxDepth) return { ok: false, pointer: "", detail: `is nested deeper than ${maxDepth} levels` };
  }
  return { ok: true };
};

/** What a splitter finds: the JSON text of one element, or that there was one too large to be kept. */
export type Piece = { readonly kind: "record"; readonly text: string } | { readonly kind: "too-large" };

/** How a text ended: `whole`; `no-list`: it has no such list; `cut`: in the middle; `malformed`: it is no JSON object. */
export type SplitEnd = "whole" | "no-list" | "cut" | "malformed";

/**
 * Takes the list out of `{"Records": [...], ...}` while it is being read, an element at a time: neither the text nor the list is ever held
 * whole. What is wrong within an element is left to whoever parses it, and stops nothing after it.
 */
export type RecordSplitter = {
  readonly push: (text: string) => readonly Piece[];
  readonly end: () => SplitEnd;
};

const mostKeyChars = 64;
const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0xfeff;

/** @param name of the list among the members of the outermost object; @param mostChars of one element */
export const createRecordSplitter = (name: string, mostChars: number): RecordSplitter => {
  /** Open brackets: 1 in the outermost object, 2 in the list. */
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inList = false;
  let hadList = false;
  let state: "before" | "inside" | "after" | "malformed" = "before";
  /** The member that is read; null while its name is. */
  let key: string | null = null;
  let keyText: string | null = null;
  /** The element that is read, in parts, as far as it is not too large. */
  let parts: string[] | null = null;
  let kept = 0;

  let pieces: Piece[] = [];
  let text = "";
  let from = 0;

  const keep = (to: number): void => {
    kept += to - from;
    if (kept <= mostChars) parts?.push(text.slice(from, to));
    else parts = [];
    from = to;
  };
  const begin = (at: number): void => {
    parts = [];
    kept = 0;
    from = at;
  };
  const finish = (to: number): void => {
    keep(to);
    pieces.push(kept > mostChars ? { kind: "too-large" } : { kind: "record", text: (parts ?? []).join("") });
    parts = null;
  };
  /** Whether an element of the list begins where something stands. */
  const isElement = (): boolean => inList && depth === 2 && parts === null;

  const quote = (at: number): void => {
    inString = true;
    if (isElement()) begin(at);
    if (depth === 1 && key === null) keyText = "";
  };
  const inText = (char: string, code: number): void => {
    if (escaped) escaped = false;
    else if (code === 0x5c) escaped = true;
    else if (code === 0x22) {
      inString = false;
      if (keyText !== null) [key, keyText] = [keyText, null];
      return;
    }
    if (keyText !== null && keyText.length < mostKeyChars) keyText += char;
  };
  const open = (at: number, code: number): void => {
    if (state === "before" && code === 0x7b) state = "inside";
    if (isElement()) begin(at);
    if (depth === 1 && code === 0x5b && key === name && !hadList) inList = hadList = true;
    depth += 1;
  };
  const close = (at: number): void => {
    if (parts !== null && depth === 2) finish(at);
    depth -= 1;
    if (parts !== null && depth === 2) finish(at + 1);
    if (depth === 1) inList = false;
    if (depth === 0) state = "after";
  };
  const comma = (at: number): void => {
    if (parts !== null && depth === 2) finish(at);
    if (depth === 1) key = null;
  };

  const step = (at: number): void => {
    const code = text.charCodeAt(at);
    if (inString) return inText(text[at] ?? "", code);
    if (isSpace(code)) return;
    if (state === "after" || (state === "before" && code !== 0x7b)) return void (state = "malformed");
    if (code === 0x22) quote(at);
    else if (code === 0x7b || code === 0x5b) open(at, code);
    else if (code === 0x7d || code === 0x5d) close(at);
    else if (code === 0x2c) comma(at);
    else if (isElement()) begin(at);
  };

  return {
    push: (next) => {
      text = next;
      from = 0;
      pieces = [];
      for (let at = 0; at < text.length && state !== "malformed"; at += 1) step(at);
      if (parts !== null) keep(text.length);
      return pieces;
    },
    end: () => {
      if (state === "malformed") return "malformed";
      if (state !== "after") return "cut";
      return hadList ? "whole" : "no-list";
    },
  };
};

/**
 * Terraform's configuration language: a document as data, written in either of its two syntaxes ("Configuration Syntax" and "JSON
 * Configuration Syntax", Terraform language documentation). A text is always written as that text: whatever it holds, Terraform
 * never evaluates a part of it.
 */

/** An expression as Terraform evaluates it, such as `var.zone`: never of foreign text. */
export type Expression = { readonly expression: string };
/** What the JSON syntax has as bare text: the address of an `import`, a type, an attribute in `ignore_changes`. */
export type Reference = { readonly reference: string };
/** A value that is given as JSON text: `jsonencode(...)`. */
export type Encoded = { readonly encoded: HclValue };
export type HclObject = { readonly object: Readonly<Record<string, HclValue>> };
export type HclValue = string | number | boolean | null | readonly HclValue[] | Expression | Reference | Encoded | HclObject;

export type HclBlock = {
  readonly block: string;
  /** Names of ours, never foreign text. */
  readonly labels?: readonly string[];
  readonly attributes?: Readonly<Record<string, HclValue>>;
  readonly blocks?: readonly HclBlock[];
};
/** One line: any line breaks in it are taken out. */
export type HclComment = { readonly comment: string };
/** From top to bottom, with an empty line before each block and where `gap` stands. */
export type HclDocument = readonly (HclBlock | HclComment | "gap")[];

// Control characters, and those that show a text in another order than it has or not at all (Unicode TR 36, "bidi" and "format").
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const codeOf = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xff_ff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
};

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Lone halves of surrogate pairs, which are no text in UTF-8. */
const loneSurrogates = /\p{Cs}/gu;

const wellFormed = (text: string): string => text.replace(loneSurrogates, "\u{FFFD}");

/** A text without what starts an interpolation or a directive: `${` is `$${`, `%{` is `%%{`. */
const plain = (text: string): string => wellFormed(text).replace(/[$%]\{/g, (opening) => `${opening[0]}${opening}`);

/** A text in quotes ("Strings and Templates", Terraform language documentation). */
const quoted = (text: string): string =>
  `"${plain(text)
    .replace(/["\\]/g, (character) => `\\${character}`)
    .replace(unseen, (character) => short[character] ?? codeOf(character))}"`;

const isList = (value: HclValue): value is readonly HclValue[] => Array.isArray(value);
const isObject = (value: HclValue): value is HclObject => typeof value === "object" && value !== null && "object" in value;

/** A value in one line. */
const inline = (value: HclValue): string => {
  if (typeof value === "string") return quoted(value);
  if (value === null || typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(inline).join(", ")}]`;
  if ("expression" in value) return value.expression;
  if ("reference" in value) return value.reference;
  if ("encoded" in value) return `jsonencode(${inline(value.encoded)})`;
  const pairs = Object.entries(value.object).map(([key, one]) => `${quoted(key)} = ${inline(one)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
};

const indent = "  ";
/** Lists up to this long are in one line. */
const lineCharacters = 100;

const isLong = (value: HclValue): boolean =>
  typeof value === "object" &&
  value !== null &&
  (isList(value)
    ? value.length > 0 && (value.some(isLong) || inline(value).length > lineCharacters)
    : isObject(value)
      ? Object.keys(value.object).length > 0
      : "encoded" in value && isLong(value.encoded));

/** Assignments, those in one line that follow each other with their signs aligned, as `terraform fmt` has them. */
const assignments = (entries: readonly (readonly [key: string, value: HclValue])[], at: string): string[] => {
  const width = (place: number): number => {
    let [first, last] = [place, place];
    while (first > 0 && !isLong(entries[first - 1]?.[1] ?? null)) first -= 1;
    while (last + 1 < entries.length && !isLong(entries[last + 1]?.[1] ?? null)) last += 1;
    return Math.max(...entries.slice(first, last + 1).map(([key]) => key.length));
  };
  // Of the present group; null between groups.
  let group: number | null = null;
  return entries.map(([key, value], place) => {
    if (isLong(value)) {
      group = null;
      return `${at}${key} = ${written(value, at)}`;
    }
    group ??= width(place);
    return `${at}${key}${" ".repeat(group - key.length)} = ${inline(value)}`;
  });
};

/** A value, over several lines where it is long. @param at the indentation of the line that it begins in */
const written = (value: HclValue, at: string): string => {
  if (!isLong(value) || typeof value !== "object" || value === null) return inline(value);
  const inner = `${at}${indent}`;
  if (isList(value)) return `[\n${value.map((one) => `${inner}${written(one, inner)},\n`).join("")}${at}]`;
  if ("encoded" in value) return `jsonencode(${written(value.encoded, at)})`;
  if (!isObject(value)) return inline(value);
  const lines = assignments(
    Object.entries(value.object).map(([key, one]) => [quoted(key), one]),
    inner,
  );
  return `{\n${lines.join("\n")}\n${at}}`;
};

const blockLines = ({ block, labels = [], attributes = {}, blocks = [] }: HclBlock, at: string): string[] => {
  const entries = Object.entries(attributes);
  const inner = `${at}${indent}`;
  const head = `${at}${[block, ...labels.map(quoted)].join(" ")} {`;
  return [
    head,
    ...assignments(entries, inner),
    ...blocks.flatMap((one, index) => [...(index > 0 || entries.length > 0 ? [""] : []), ...blockLines(one, inner)]),
    `${at}}`,
  ];
};

const commentText = ({ comment }: HclComment): string => wellFormed(comment).replace(unseen, " ");

/** The document in Terraform's own syntax, as `terraform fmt` leaves it. */
export const writeHcl = (document: HclDocument): string => {
  const lines: string[] = [];
  let before: "comment" | "block" | "gap" = "gap";
  for (const item of document) {
    if (item === "gap") {
      if (before !== "gap") lines.push("");
      before = "gap";
    } else if ("comment" in item) {
      if (before === "block") lines.push("");
      lines.push(`# ${commentText(item)}`.trimEnd());
      before = "comment";
    } else {
      if (before === "block") lines.push("");
      lines.push(...blockLines(item, ""));
      before = "block";
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
};

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const jsonValue = (value: HclValue): Json => {
  if (typeof value === "string") return plain(value);
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map(jsonValue);
  if ("reference" in value) return value.reference;
  if ("expression" in value || "encoded" in value) return `\${${inline(value)}}`;
  return Object.fromEntries(Object.entries(value.object).map(([key, one]) => [plain(key), jsonValue(one)]));
};

type Tree = { [key: string]: Json };

const bodyOf = ({ attributes = {}, blocks = [] }: HclBlock): Tree => {
  const body: Tree = {};
  for (const [name, value] of Object.entries(attributes)) body[name] = jsonValue(value);
  for (const block of blocks) place(body, block);
  return body;
};

/** Blocks are under their labels; those without any are a list. */
const place = (parent: Tree, block: HclBlock): void => {
  const labels = block.labels ?? [];
  const last = labels.at(-1);
  if (last === undefined) {
    parent[block.block] = [...((parent[block.block] as Json[] | undefined) ?? []), bodyOf(block)];
    return;
  }
  let at = parent;
  for (const key of [block.block, ...labels.slice(0, -1)]) at = (at[key] ??= {}) as Tree;
  at[last] = bodyOf(block);
};

/** The same document in Terraform's JSON syntax, as a file `*.tf.json` has it; comments are the list `//`. */
export const writeTerraformJson = (document: HclDocument): { [key: string]: Json } => {
  const comments = document.flatMap((item) => (item !== "gap" && "comment" in item ? [commentText(item)] : []));
  const root: Tree = comments.length === 0 ? {} : { "//": comments };
  for (const item of document) if (item !== "gap" && "block" in item) place(root, item);
  return root;
};

import { XMLParser } from "fast-xml-parser";

/** An element with children; leaves are texts, repeated children arrays. Read it only through the functions below. */
export type XmlNode = Readonly<Record<string, unknown>>;

/** A document that is well-formed but not of the expected shape. */
export class XmlShapeError extends Error {
  override readonly name = "XmlShapeError";
}

// Texts stay as they are: numbers, padding and entities are ours to judge. The parser's own entity decoding caps the
// decoded length of a document, which a page of TXT records (all in &quot;) can pass.
const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  jPath: false,
});

/**
 * Parses a whole document.
 * @returns the root's name and node, or null where the text is not well-formed XML (truncated, HTML, a DOCTYPE)
 */
export const parseXml = (text: string): { readonly root: string; readonly node: XmlNode } | null => {
  if (/<!doctype/i.test(text)) return null;
  let document: unknown;
  try {
    document = parser.parse(text, true);
  } catch {
    return null;
  }
  if (!isNode(document)) return null;
  const [root, ...others] = Object.keys(document).filter((key) => key !== "#text");
  if (root === undefined || others.length > 0) return null;
  const node = document[root];
  if (isNode(node)) return { root, node };
  return typeof node === "string" ? { root, node: { "#text": node } } : null;
};

const isNode = (value: unknown): value is XmlNode => typeof value === "object" && value !== null && !Array.isArray(value);

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const entity = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi;

const decode = (text: string): string =>
  text.replace(entity, (whole: string, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

/** The text of a child element, entities decoded; undefined where there is no such child. */
export const optionalText = (node: XmlNode, name: string): string | undefined => {
  const value = node[name];
  if (value === undefined) return undefined;
  if (typeof value === "string") return decode(value);
  throw new XmlShapeError(`<${name}> is not a text`);
};

/** @throws XmlShapeError where the child is missing or empty */
export const text = (node: XmlNode, name: string): string => {
  const value = optionalText(node, name);
  if (value === undefined || value === "") throw new XmlShapeError(`<${name}> is missing`);
  return value;
};

/** A whole number that is not negative. @throws XmlShapeError where the child is something else */
export const optionalCount = (node: XmlNode, name: string): number | undefined => {
  const value = optionalText(node, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new XmlShapeError(`<${name}> is not a number`);
  return Number(value);
};

/** @throws XmlShapeError where the child is neither `true` nor `false` */
export const bool = (node: XmlNode, name: string): boolean => {
  const value = text(node, name).toLowerCase();
  if (value !== "true" && value !== "false") throw new XmlShapeError(`<${name}> is not true or false`);
  return value === "true";
};

/** A child element with children of its own; undefined where there is none or it is empty. */
export const optionalChild = (node: XmlNode, name: string): XmlNode | undefined => {
  const value = node[name];
  if (value === undefined || (typeof value === "string" && value.trim() === "")) return undefined;
  if (isNode(value)) return value;
  throw new XmlShapeError(`<${name}> is not one element`);
};

/** @throws XmlShapeError where the child is missing */
export const child = (node: XmlNode, name: string): XmlNode => {
  const value = optionalChild(node, name);
  if (value === undefined) throw new XmlShapeError(`<${name}> is missing`);
  return value;
};

/** The items of a wrapped list such as `<HostedZones><HostedZone/>...</HostedZones>`; empty where the list is. */
export const items = (node: XmlNode, list: string, item: string): readonly XmlNode[] =>
  repeated(optionalChild(node, list), item).map((value) => {
    if (isNode(value)) return value;
    throw new XmlShapeError(`<${item}> is not an element`);
  });

/** The texts of a wrapped list such as `<Messages><Message/>...</Messages>`. */
export const texts = (node: XmlNode, list: string, item: string): readonly string[] =>
  repeated(optionalChild(node, list), item).map((value) => {
    if (typeof value === "string") return decode(value);
    throw new XmlShapeError(`<${item}> is not a text`);
  });

const repeated = (node: XmlNode | undefined, item: string): readonly unknown[] => {
  const value = node?.[item];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
};

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Writes `<name>value</name>`, the value escaped so that any XML 1.0 parser reads back the same text. */
export const leaf = (name: string, value: string | number | boolean): string =>
  `<${name}>${String(value).replace(
    /[&<>"'\t\r\n\u0085\u2028]/g,
    (found) => escapes[found] ?? `&#x${found.charCodeAt(0).toString(16).toUpperCase()};`,
  )}</${name}>`;

/** Writes an element around children that are XML already. */
export const element = (name: string, ...children: readonly string[]): string => `<${name}>${children.join("")}</${name}>`;

import { XMLParser, XMLValidator } from "fast-xml-parser";

/** XML namespace of the Route 53 API 2013-04-01. */
export const ROUTE53_NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/";

/** Markup that is already escaped; only `element` makes it. */
export interface Markup {
  readonly markup: string;
}

/** A parsed element. `text` is its character data, unescaped; whitespace between child elements is dropped. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
}

export class MalformedXmlError extends Error {
  override name = "MalformedXmlError";
}

/** `<name>content</name>`; a string, number or boolean is escaped, an array of elements is nested. */
export function element(name: string, content: string | number | boolean | readonly Markup[]): Markup {
  const inner = typeof content === "object" ? content.map((part) => part.markup).join("") : escapeXml(String(content));
  return { markup: `<${name}>${inner}</${name}>` };
}

/** A whole answer: XML declaration and root element, by default in the Route 53 namespace. @param namespace null: in none */
export function xmlDocument(root: string, content: readonly Markup[], namespace: string | null = ROUTE53_NAMESPACE): string {
  const inner = content.map((part) => part.markup).join("");
  return `<?xml version="1.0"?>\n<${root}${namespace === null ? "" : ` xmlns="${namespace}"`}>${inner}</${root}>`;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
});

/** Parses one XML document. Throws MalformedXmlError: not well-formed, several roots, a DOCTYPE, an unknown entity. */
export function parseXml(text: string): XmlElement {
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw new MalformedXmlError(verdict.err.msg);
  if (/<!DOCTYPE/i.test(text)) throw new MalformedXmlError("DOCTYPE is not allowed");
  const roots = elementsOf(parser.parse(text)).filter(({ name }) => !name.startsWith("?"));
  const [root] = roots;
  if (!root || roots.length > 1) throw new MalformedXmlError("Expected exactly one root element");
  return root;
}

type RawNode = Record<string, unknown>;

function elementsOf(nodes: RawNode[]): XmlElement[] {
  const elements: XmlElement[] = [];
  for (const node of nodes) {
    const name = Object.keys(node).find((key) => key !== ":@");
    if (name === undefined || name === "#text") continue;
    const inner = node[name] as RawNode[];
    const attributes = (node[":@"] ?? {}) as Record<string, string>;
    elements.push({ name, attributes, children: elementsOf(inner), text: textOf(inner) });
  }
  return elements;
}

function textOf(nodes: RawNode[]): string {
  return unescapeXml(nodes.map((node) => (typeof node["#text"] === "string" ? node["#text"] : "")).join(""));
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&([^;]*);/g, (_match, entity: string) => {
    const named = NAMED[entity];
    if (named !== undefined) return named;
    const numeric = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(entity);
    if (!numeric) throw new MalformedXmlError(`Unknown entity &${entity};`);
    return String.fromCodePoint(numeric[1] ? Number.parseInt(numeric[1], 16) : Number(numeric[2]));
  });
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

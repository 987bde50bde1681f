import type { ApiError } from "./api-error.ts";
import { invalidInput, malformedInput } from "./api-error.ts";
import type { XmlElement } from "./xml.ts";
import { MalformedXmlError, parseXml, ROUTE53_NAMESPACE } from "./xml.ts";

// What the fields of a request have to be, in the words of Route 53. Everything here throws ApiError.

/** The root of a request of that name. */
export function rootOf(body: string, expected: string): XmlElement {
  let root: XmlElement;
  try {
    root = parseXml(body);
  } catch (error) {
    if (error instanceof MalformedXmlError) throw malformedInput(`Unable to parse XML: ${error.message}`);
    throw error;
  }
  if (root.name !== expected) throw malformedInput(`${root.name} is not valid, expected ${expected}`);
  if (root.attributes.xmlns !== ROUTE53_NAMESPACE) {
    throw invalidInput(`Invalid XML ; cvc-elt.1: Cannot find the declaration of element '${root.name}'.`);
  }
  return root;
}

/** The children by name: only `allowed` ones, each at most once, in any order, all `required` ones there. Throws ApiError. */
export function structure(parent: XmlElement, allowed: readonly string[], required: readonly string[]): Map<string, XmlElement> {
  const found = new Map<string, XmlElement>();
  for (const child of parent.children) {
    if (!allowed.includes(child.name) || found.has(child.name)) {
      const expected = allowed.filter((name) => !found.has(name)).map((name) => `"${ROUTE53_NAMESPACE}":${name}`);
      throw invalidInput(
        "Invalid XML ; cvc-complex-type.2.4.a: Invalid content was found starting with element " +
          `'${child.name}'. One of '{${expected.join(", ")}}' is expected.`,
      );
    }
    found.set(child.name, child);
  }
  const missing = required.find((name) => !found.has(name));
  if (missing === undefined) return found;
  throw invalidInput(
    `Invalid XML ; cvc-complex-type.2.4.b: The content of element '${parent.name}' is not complete. ` +
      `One of '{"${ROUTE53_NAMESPACE}":${missing}}' is expected.`,
  );
}

export function oneOf<const T extends string>(field: XmlElement | undefined, allowed: readonly T[], path: string): T {
  const value = allowed.find((candidate) => candidate === field?.text);
  if (value !== undefined) return value;
  throw constraint(field?.text ?? "", path, `Member must satisfy enum value set: [${allowed.join(", ")}]`);
}

export function integer(field: XmlElement, max: number, path: string, min = 0): number {
  if (!/^-?\d{1,15}$/.test(field.text)) throw malformedInput(`'${field.text}' is not a valid integer for ${path}`);
  const value = Number(field.text);
  if (value < min) throw constraint(field.text, path, `Member must have value greater than or equal to ${min}`);
  if (value > max) throw constraint(field.text, path, `Member must have value less than or equal to ${max}`);
  return value;
}

export function boolean(field: XmlElement, path: string): boolean {
  if (field.text !== "true" && field.text !== "false") {
    throw malformedInput(`'${field.text}' is not a valid boolean for ${path}`);
  }
  return field.text === "true";
}

export function lengthChecked(text: string, max: number, path: string): string {
  if (text.length < 1) throw constraint(text, path, "Member must have length greater than or equal to 1");
  if (text.length > max) throw constraint(text, path, `Member must have length less than or equal to ${max}`);
  return text;
}

export function constraint(value: string, path: string, rule: string): ApiError {
  const where = `'${value}' at 'changeBatch.changes.member.resourceRecordSet.${path}'`;
  return invalidInput(`1 validation error detected: Value ${where} failed to satisfy constraint: ${rule}`);
}

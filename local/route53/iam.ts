import type { ParsedOperator, PolicyDocument, PolicyStatement } from "./iam-document.ts";
import { listOf, parseOperator } from "./iam-document.ts";

/** What is asked of IAM: may this be done to that, in this context? A context key has one value or, as a list, several. */
export interface IamRequest {
  action: string;
  /** An ARN, or `*` for an action that knows no resource. */
  resource: string;
  context: Readonly<Record<string, string | readonly string[]>>;
}

export type Decision = "allowed" | "explicit-deny" | "implicit-deny";

/**
 * IAM's evaluation of identity-based policies of one account (IAM User Guide, "Policy evaluation logic" and "Condition
 * operators"): one statement that denies is enough; else one *single* statement has to allow the whole of the request.
 */
export function evaluate(policies: readonly PolicyDocument[], request: IamRequest): Decision {
  const matching = policies.flatMap(({ Statement }) => listOf(Statement)).filter((statement) => matches(statement, request));
  if (matching.some(({ Effect }) => Effect === "Deny")) return "explicit-deny";
  return matching.length > 0 ? "allowed" : "implicit-deny";
}

function matches(statement: PolicyStatement, { action, resource, context }: IamRequest): boolean {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  // Actions are compared without case, resources with it.
  const isAction = (patterns: readonly string[]) => patterns.some((pattern) => glob(pattern.toLowerCase(), action.toLowerCase()));
  const isResource = (patterns: readonly string[]) => patterns.some((pattern) => arnMatches(pattern, resource));
  if (Action === undefined ? isAction(listOf(NotAction)) : !isAction(listOf(Action))) return false;
  if (Resource === undefined ? isResource(listOf(NotResource)) : !isResource(listOf(Resource))) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(parseOperator(operator), valuesOf(context, key), listOf(wanted))),
  );
}

/** Names of keys have no case. Undefined: the request does not have it. */
function valuesOf(context: IamRequest["context"], key: string): { values: readonly string[]; multiple: boolean } | undefined {
  const found = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
  return found === undefined ? undefined : { values: listOf<string>(found), multiple: Array.isArray(found) };
}

function holds({ name, set, ifExists }: ParsedOperator, given: ReturnType<typeof valuesOf>, wanted: readonly string[]): boolean {
  const values = given?.values ?? [];
  if (name === "Null") return wanted.some((value) => (value.toLowerCase() === "true") === (values.length === 0));
  if (given === undefined && ifExists) return true;
  const isNegated = name.includes("Not");
  // A negated operator holds where the value is like none of those in the policy, others where it is like one of them.
  const test = (value: string): boolean => isNegated !== wanted.some((one) => compare(name, value, one));
  if (set === "all") return values.every(test);
  if (set === "any") return values.some(test);
  if (values.length === 0) return isNegated;
  // A key of several values takes a set operator; without one AWS promises nothing, and here it allows nothing.
  return values.length === 1 && values.every(test);
}

function compare(operator: string, value: string, wanted: string): boolean {
  switch (operator.replace("Not", "")) {
    case "StringLike":
      return glob(wanted, value);
    case "StringEquals":
      return value === plain(wanted);
    default:
      return value.toLowerCase() === plain(wanted).toLowerCase();
  }
}

/** `*` alone is everything; else each of an ARN's six parts is a pattern, and parts that are left out are `*`. */
function arnMatches(pattern: string, resource: string): boolean {
  if (pattern === "*") return true;
  const parts = (arn: string): string[] => {
    const split = arn.split(":");
    return [...split.slice(0, 5), split.slice(5).join(":")];
  };
  const given = parts(resource);
  return resource !== "*" && parts(pattern).every((part, index) => glob(part === "" && index === 5 ? "*" : part, given[index] ?? ""));
}

/** What stands for itself: `${*}`, `${?}` and `${$}`. */
const plain = (text: string): string => (text.includes("$") ? text.replace(/\$\{([*?$])\}/g, "$1") : text);

const compiled = new Map<string, RegExp>();

/** `*` is any number of characters and `?` one; a backslash is nothing special. */
function glob(pattern: string, text: string): boolean {
  if (!/[*?$]/.test(pattern)) return pattern === text;
  const known = compiled.get(pattern);
  if (known) return known.test(text);
  const parts = pattern.split(/(\$\{[*?$]\}|[*?])/);
  const source = parts.map((part) => (part === "*" ? "[^]*" : part === "?" ? "[^]" : plain(part).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  const regex = new RegExp(`^${source.join("")}$`);
  compiled.set(pattern, regex);
  return regex.test(text);
}

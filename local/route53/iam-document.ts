/** An identity-based policy as it is attached, and the checks that IAM makes of it then (IAM User Guide, policy grammar and quotas). */

type Texts = string | readonly string[];

export interface PolicyStatement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Action?: Texts;
  NotAction?: Texts;
  Resource?: Texts;
  NotResource?: Texts;
  Condition?: Readonly<Record<string, Readonly<Record<string, Texts>>>>;
}

export interface PolicyDocument {
  Version?: string;
  Statement: PolicyStatement | readonly PolicyStatement[];
}

/** IAM quotas: of a managed policy, white space not counted, and of managed policies of one user or role unless raised. */
const MAX_CHARACTERS = 6_144;
const MAX_ATTACHED = 10;

export const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** The operators of conditions, without their set operator and `IfExists`. */
export const OPERATORS = [
  "StringEquals",
  "StringNotEquals",
  "StringEqualsIgnoreCase",
  "StringNotEqualsIgnoreCase",
  "StringLike",
  "StringNotLike",
  "Bool",
  "Null",
] as const;
export type Operator = (typeof OPERATORS)[number];

export interface ParsedOperator {
  name: Operator;
  set: "all" | "any" | null;
  ifExists: boolean;
}

/** Takes `ForAllValues:StringLikeIfExists` apart. Throws where this server does not know the operator. */
export function parseOperator(text: string): ParsedOperator {
  const [, set, name = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(text) ?? [];
  const known = OPERATORS.find((operator) => operator === name);
  if (!known || (known === "Null" && (set !== undefined || ifExists !== undefined))) throw malformed(`Invalid Condition type : ${text}.`);
  return { name: known, set: set === undefined ? null : set === "ForAllValues" ? "all" : "any", ifExists: ifExists !== undefined };
}

/**
 * Refuses what IAM refuses to attach. What IAM knows and this server does not (variables, other operators) is refused, too:
 * a policy is never supported in part.
 */
export function checkPolicies(documents: readonly PolicyDocument[]): void {
  if (documents.length > MAX_ATTACHED) throw new PolicyError("LimitExceeded", `Cannot exceed quota for PoliciesPerUser: ${MAX_ATTACHED}`);
  for (const document of documents) {
    const characters = JSON.stringify(document).length;
    if (characters > MAX_CHARACTERS) throw new PolicyError("LimitExceeded", `Cannot exceed quota for PolicySize: ${MAX_CHARACTERS}`);
    if (document.Version !== undefined && !["2012-10-17", "2008-10-17"].includes(document.Version))
      throw malformed("Policy document must be version 2012-10-17 or greater.");
    const statements = listOf(document.Statement);
    if (statements.length === 0) throw malformed("Syntax errors in policy.");
    const sids = statements.flatMap(({ Sid }) => Sid ?? []);
    if (new Set(sids).size < sids.length) throw malformed("Statement IDs (SID) in a single policy must be unique.");
    if (sids.some((sid) => !/^[A-Za-z0-9]*$/.test(sid))) throw malformed("Statement IDs (SID) must be alpha-numeric.");
    for (const statement of statements) checkStatement(statement);
  }
}

function checkStatement(statement: PolicyStatement): void {
  if ("Principal" in statement) throw malformed("Policy document should not specify a principal.");
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") throw malformed("Syntax errors in policy.");
  for (const [one, other] of [
    ["Action", "NotAction"],
    ["Resource", "NotResource"],
  ] as const) {
    const [count, others] = [listOf(statement[one]).length, listOf(statement[other]).length];
    if (count + others === 0) throw malformed(`Policy statement must contain ${one.toLowerCase()}s.`);
    if (count > 0 && others > 0) throw malformed("Syntax errors in policy.");
  }
  const patterns = [...listOf(statement.Resource), ...listOf(statement.NotResource)];
  const stray = patterns.find((pattern) => pattern !== "*" && !pattern.startsWith("arn:"));
  if (stray !== undefined) throw malformed(`Resource ${stray} must be in ARN format or "*".`);
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    parseOperator(operator);
    const values = Object.values(keys).flatMap((value) => listOf(value));
    if ([...values, ...patterns].some((value) => /\$\{(?![*?$]\})/.test(value))) throw malformed("This server knows no policy variables.");
  }
}

/** What IAM answers to a policy that cannot be attached. */
class PolicyError extends Error {
  override name = "PolicyError";
  readonly code: "LimitExceeded" | "MalformedPolicyDocument";

  constructor(code: PolicyError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const malformed = (message: string): PolicyError => new PolicyError("MalformedPolicyDocument", message);

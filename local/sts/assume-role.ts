import { ApiError } from "../route53/api-error.ts";
import type { PolicyDocument } from "../route53/iam-document.ts";

/** A role of some account. It trusts whoever calls with this external id. */
export interface TrustingRole {
  arn: string;
  /** Null: its trust policy requires none. `*`: any, as with a careless StringLike. */
  externalId: string | null;
  /** Default one hour, as IAM's. */
  maxSessionSeconds?: number;
  /** Attached to it: what its sessions may do; absent: everything. */
  policies?: readonly PolicyDocument[];
}

export interface AssumeRole {
  roleArn: string;
  roleSessionName: string;
  durationSeconds: number;
  externalId: string | null;
}

const VERSION = "2011-06-15";
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[\x21-\x7e]*\/)?[\w+=,.@-]{1,64}$/;

/** What STS takes in an AssumeRole request; session policies, tags and MFA are not played. */
const PARAMETERS = ["Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"];

/** Whether the form asks who the caller is (GetCallerIdentity). Throws the ApiError (400) of a parameter beside. */
export function asksWhoCalls(body: string): boolean {
  const form = new URLSearchParams(body);
  if (form.get("Action") !== "GetCallerIdentity" || form.get("Version") !== VERSION) return false;
  for (const name of form.keys())
    if (name !== "Action" && name !== "Version") throw invalid(`${name} is not a parameter that this server knows`);
  return true;
}

/**
 * Reads the form of an AssumeRole request by the constraints of the STS API reference.
 * Throws the ApiError (400) of what breaks one of them.
 */
export function parseAssumeRole(body: string): AssumeRole {
  const form = new URLSearchParams(body);
  const action = form.get("Action");
  if (action === null) throw new ApiError(400, "MissingAction", "The request is missing an action or a required parameter.");
  if (action !== "AssumeRole" || form.get("Version") !== VERSION) {
    throw new ApiError(
      400,
      "InvalidAction",
      `Could not find operation ${action} for version ${form.get("Version") ?? "NO_VERSION_SPECIFIED"}`,
    );
  }
  for (const name of form.keys()) {
    if (!PARAMETERS.includes(name)) throw invalid(`${name} is not a parameter that this server knows`);
    if (form.getAll(name).length > 1) throw invalid(`Duplicate parameter ${name}`);
  }
  const roleArn = constrained(form, "RoleArn", { min: 20, max: 2048 });
  if (!ROLE_ARN.test(roleArn)) throw invalid(`${roleArn} is invalid`);
  const roleSessionName = constrained(form, "RoleSessionName", { min: 2, max: 64, pattern: String.raw`[\w+=,.@-]*` });
  const externalId = form.has("ExternalId")
    ? constrained(form, "ExternalId", { min: 2, max: 1224, pattern: String.raw`[\w+=,.@:\/-]*` })
    : null;
  const duration = form.get("DurationSeconds") ?? "3600";
  if (!/^\d{1,9}$/.test(duration)) throw new ApiError(400, "MalformedInput", "Invalid Argument");
  const durationSeconds = Number(duration);
  if (durationSeconds < 900) throw violated(duration, "DurationSeconds", "Member must have value greater than or equal to 900");
  if (durationSeconds > 43_200) throw violated(duration, "DurationSeconds", "Member must have value less than or equal to 43200");
  return { roleArn, roleSessionName, durationSeconds, externalId };
}

/**
 * The role, if it may be assumed so. A role that there is not, one that trusts somebody else and one that expects another
 * external id get the same answer. Throws the ApiError of a refusal.
 */
export function trusted(roles: readonly TrustingRole[], wanted: AssumeRole, caller: string): TrustingRole {
  const role = roles.find(({ arn }) => arn === wanted.roleArn);
  if (
    !role ||
    (role.externalId !== null && !(role.externalId === "*" ? wanted.externalId !== null : role.externalId === wanted.externalId))
  ) {
    throw new ApiError(403, "AccessDenied", `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${wanted.roleArn}`);
  }
  if (wanted.durationSeconds > (role.maxSessionSeconds ?? 3_600)) {
    throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  return role;
}

function constrained(form: URLSearchParams, name: string, { min, max, pattern }: { min: number; max: number; pattern?: string }): string {
  const value = form.get(name);
  if (value === null) throw violated(null, name, "Member must not be null");
  if (value.length < min) throw violated(value, name, `Member must have length greater than or equal to ${min}`);
  if (value.length > max) throw violated(value, name, `Member must have length less than or equal to ${max}`);
  if (pattern !== undefined && !new RegExp(`^${pattern}$`).test(value)) {
    throw violated(value, name, `Member must satisfy regular expression pattern: ${pattern}`);
  }
  return value;
}

function violated(value: string | null, name: string, constraint: string): ApiError {
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  const given = value === null ? "null" : `'${value}'`;
  return invalid(`1 validation error detected: Value ${given} at '${member}' failed to satisfy constraint: ${constraint}`);
}

function invalid(message: string): ApiError {
  return new ApiError(400, "ValidationError", message);
}

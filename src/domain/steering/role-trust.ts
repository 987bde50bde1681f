import type { Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";

/**
 * How far a customer's role trusts the operator, tested by AssumeRole with other external ids. `own`: it is in
 * the operator's own AWS account; `anybody`: it may be assumed without the external id, or with any; `guarded`: only with its own;
 * `unknown`: STS did not answer.
 */
export type RoleTrust = "own" | "anybody" | "guarded" | "unknown";

/** The AWS account of a role's ARN; null: invalid. */
export const accountOfRole = (roleArn: string): string | null => /^arn:aws[a-z-]*:iam::(\d{12}):role\//.exec(roleArn)?.[1] ?? null;

/** @param path of the accounts of which it is one */
const conditionOf = (path: string): string =>
  `a condition on sts:ExternalId in the trust policy of the role: {"StringEquals": {"sts:ExternalId": "<the external_id of GET ${path}>"}}`;

/** Why a role is refused; null: it is not. @param path of the accounts of which it is to be one */
export const roleRefusal = (trust: RoleTrust, path = "/v1/dns-accounts"): string | null => {
  if (trust === "own") return "must be a role of your own AWS account: this one is in the operator's";
  return trust === "anybody" ? `may be assumed without the external id, so on behalf of anybody; add ${conditionOf(path)}` : null;
};

export const checkRoleTrust = (trust: RoleTrust): Finding => {
  const condition = conditionOf("/v1/dns-accounts");
  if (trust === "guarded") return pass("role_trust", "the role is only assumed with its own external id");
  if (trust === "own")
    return found(
      "role_trust",
      "fail",
      "the role is in the operator's own AWS account",
      "delete the account and register a role of your own",
    );
  if (trust === "anybody")
    return found("role_trust", "fail", "the role may be assumed without the external id, so on behalf of anybody", `add ${condition}`);
  return found("role_trust", "unproven", "STS did not say whether the role is assumed without the external id", "check again");
};

import type { CheckResult } from "../steering/readiness-finding.ts";
import type { RoleTrust } from "../steering/role-trust.ts";
import { roleRefusal } from "../steering/role-trust.ts";

export const accountCheckNames = ["credentials", "role_trust", "listing", "reading"] as const;

/** What was found of a cost account. `about`: of which part of it; null: of all. */
export type AccountFinding = {
  readonly check: (typeof accountCheckNames)[number];
  readonly about: string | null;
  readonly result: CheckResult;
  readonly detail: string;
  readonly mend: string | null;
};

/** Why something could not be had, as the port says it. */
export type Refusal = { readonly kind: string; readonly words: string };

const policy = "attach all documents of GET /v1/cost/accounts/{id}/iam-policy";
const passed = (check: AccountFinding["check"], detail: string, about: string | null = null): AccountFinding => ({
  check,
  about,
  result: "pass",
  detail,
  mend: null,
});

const mends: Readonly<Record<string, string>> = {
  keys: "create the role with the external_id of the account in its trust policy, or store a key that is in force",
  denied: policy,
  "no-bucket": "name the bucket to which the trail is delivered, and its region",
};

const refused = (check: AccountFinding["check"], about: string | null, { kind, words }: Refusal): AccountFinding => ({
  check,
  about,
  // What is away for now says nothing of what is set up.
  result: kind === "away" || kind === "broken" ? "unproven" : "fail",
  detail: words,
  mend: mends[kind] ?? "check again",
});

/** Whether requests can be signed at all. @param identity the ARN that STS knows the credentials by */
export const credentialsFinding = (answer: { readonly identity: string } | Refusal): AccountFinding =>
  "identity" in answer ? passed("credentials", `AWS knows them as ${answer.identity}`) : refused("credentials", null, answer);

/** Whether a role may be assumed by nobody else's means. */
export const trustFinding = (trust: RoleTrust): AccountFinding => {
  if (trust === "guarded") return passed("role_trust", "the role is only assumed with its own external id");
  const refusal = roleRefusal(trust, "/v1/cost/accounts");
  if (refusal === null)
    return {
      check: "role_trust",
      about: null,
      result: "unproven",
      detail: "STS did not say whether the role is assumed without the external id",
      mend: "check again",
    };
  return { check: "role_trust", about: null, result: "fail", detail: `the role ${refusal}`, mend: "mend its trust policy" };
};

/** Whether the files of an AWS account are found. @param found a key; null: there are none */
export const listingFinding = (prefix: string, answer: { readonly found: string | null } | Refusal): AccountFinding => {
  if (!("found" in answer)) return refused("listing", prefix, answer);
  if (answer.found !== null) return passed("listing", `there are files, such as ${answer.found}`, prefix);
  return {
    check: "listing",
    about: prefix,
    result: "warn",
    detail: "the listing is permitted, and there is no file",
    mend: "see that the trail delivers to this bucket and prefix; a new trail takes a quarter of an hour",
  };
};

/** Whether a file is read. @param answer null: it is */
export const readingFinding = (key: string, answer: Refusal | null): AccountFinding => {
  if (answer === null) return passed("reading", "it is read and unpacked", key);
  const finding = refused("reading", key, answer);
  return answer.kind === "denied"
    ? {
        ...finding,
        mend: `${policy}; where the files are encrypted by a KMS key of your own, its policy has to permit kms:Decrypt as well`,
      }
    : finding;
};

/** The worst of all; what is unproven does not count against it. */
export const worstOf = (findings: readonly AccountFinding[]): "pass" | "warn" | "fail" =>
  (["fail", "warn"] as const).find((result) => findings.some((finding) => finding.result === result)) ?? "pass";

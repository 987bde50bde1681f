import type { CostAccess } from "../../adapters/ports/cost/access.ts";
import type { CallerIdentity } from "../../adapters/ports/cost/caller-identity.ts";
import type { TrailFiles } from "../../adapters/ports/cost/trail-files.ts";
import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { RoleTrustCheck } from "../../adapters/ports/steering/dns-access.ts";
import type { AccountFinding } from "../../domain/cost/account-check.ts";
import { credentialsFinding, listingFinding, readingFinding, trustFinding } from "../../domain/cost/account-check.ts";
import { accountPrefix } from "../../domain/cost/trail.ts";

export type CheckAccountDeps = {
  readonly trailFiles: TrailFiles;
  readonly callerIdentity: CallerIdentity;
  /** Null: the operator has no AWS credentials that a role could trust. */
  readonly roleTrust: RoleTrustCheck | null;
};

/** AWS accounts whose files are looked for in one check. */
const mostListed = 10;

/** Whether the beginning of a file can be read: what is permitted for one is so for all. */
const canRead = async ({ trailFiles }: CheckAccountDeps, access: CostAccess, key: string, budget: Budget): Promise<AccountFinding> => {
  const read = await trailFiles.read(access, key, budget, async (content) => {
    for await (const part of content) if (part.byteLength > 0) return;
  });
  return readingFinding(key, read.ok ? null : read.problem);
};

/** Tries what a cost account is for, and says in words what is missing. Never throws. */
export const checkCostAccount = async (
  deps: CheckAccountDeps,
  access: CostAccess,
  roleArn: string | null,
  budget: Budget,
): Promise<readonly AccountFinding[]> => {
  const known = await deps.callerIdentity.of(access, budget);
  const credentials = credentialsFinding(known.ok ? { identity: known.value } : known.problem);
  const trust =
    roleArn === null || deps.roleTrust === null
      ? []
      : [trustFinding(await deps.roleTrust.trustOf({ roleArn, region: access.region }, budget))];
  if (credentials.result === "fail" || access.bucket === null) return [credentials, ...trust];
  const listings: AccountFinding[] = [];
  let file: string | null = null;
  for (const awsAccount of access.awsAccounts.slice(0, mostListed)) {
    const prefix = accountPrefix(access.prefix, awsAccount);
    const page = await deps.trailFiles.list(access, { prefix, most: 1 }, budget);
    const found = page.ok ? (page.value.files[0]?.key ?? null) : null;
    listings.push(listingFinding(prefix, page.ok ? { found } : page.problem));
    file ??= found;
  }
  return [credentials, ...trust, ...listings, ...(file === null ? [] : [await canRead(deps, access, file, budget)])];
};

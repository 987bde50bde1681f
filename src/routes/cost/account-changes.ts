import type { z } from "@hono/zod-openapi";
import type { CostAccount, CostAccountPatch } from "../../adapters/ports/cost/accounts.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { roleRefusal } from "../../domain/steering/role-trust.ts";
import { invalidBody } from "../../errors.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { scopeProblem } from "./account-contract.ts";
import type { costAccountInput, costAccountPatch } from "./account-contract.ts";

type AccountDeps = Pick<Deps, "costAccounts" | "roleTrust" | "clock">;

const refuseScope = (scope: Parameters<typeof scopeProblem>[0]): void => {
  const problem = scopeProblem(scope);
  if (problem !== null) throw invalidBody(problem);
};

/** A role that trusts more than its own external id is open to confused deputies. @throws AppError `bad_request` */
const refuseRole = async ({ roleTrust, clock }: AccountDeps, roleArn: string, region: string): Promise<void> => {
  if (roleTrust === null) return;
  const trust = await roleTrust.trustOf({ roleArn, region }, requestBudget(clock, createConnections(clock)));
  const detail = roleRefusal(trust, "/v1/cost/accounts");
  if (detail !== null) throw invalidBody({ pointer: "/role_arn", detail });
};

/**
 * Has an AWS account watched. The API and the console do it by the same rules.
 * @throws AppError `bad_request` at the field that is wrong, `conflict` for a name that is taken, `quota`, `not_found`
 */
export const openCostAccount = async (
  deps: AccountDeps,
  customerId: number,
  {
    aws_accounts: awsAccounts,
    role_arn: roleArn,
    access_key_id: accessKeyId = "",
    secret_access_key: secretAccessKey = "",
    ...rest
  }: z.infer<typeof costAccountInput>,
  change: Change,
): Promise<CostAccount> => {
  refuseScope({ ...rest, awsAccounts, roleArn: roleArn ?? null });
  if (roleArn === undefined)
    return await deps.costAccounts.create(customerId, { ...rest, awsAccounts, accessKeyId, secretAccessKey }, change);
  await refuseRole(deps, roleArn, rest.region);
  return await deps.costAccounts.create(customerId, { ...rest, awsAccounts, roleArn }, change);
};

/**
 * Changes what of an account is watched.
 * @throws AppError as `openCostAccount`
 */
export const changeCostAccount = async (
  deps: AccountDeps,
  customerId: number,
  id: number,
  { aws_accounts: awsAccounts, ...rest }: z.infer<typeof costAccountPatch>,
  change: Change,
): Promise<CostAccount> => {
  const before = await deps.costAccounts.find(customerId, id);
  if (before === null) throw noSuchResource();
  const { roleArn, region: regionBefore } = before;
  const region = rest.region ?? regionBefore;
  const scope = { region, roleArn, awsAccounts: awsAccounts ?? before.awsAccounts, regions: rest.regions ?? before.regions };
  // A role is as it is: what does not fit to it is the new region.
  const problem = scopeProblem(scope);
  if (problem !== null)
    throw invalidBody(problem.pointer === "/role_arn" ? { pointer: "/region", detail: "must be of the partition of the role" } : problem);
  const patch: CostAccountPatch = { ...rest, awsAccounts };
  const saved = await deps.costAccounts.update(customerId, id, patch, change);
  if (saved === null) throw noSuchResource();
  return saved;
};

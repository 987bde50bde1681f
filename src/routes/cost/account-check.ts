import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { accountCheckNames, worstOf } from "../../domain/cost/account-check.ts";
import { costPolicyFor } from "../../domain/cost/iam-policy.ts";
import { noBody } from "../../http/body.ts";
import { id, idParams, jsonAnswer, like, problems, readProblems, tenantQuery, timeText } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { isoTime } from "../../iso-time.ts";
import { checkCostAccount } from "../../pipeline/cost/check-account.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { notesSchema, policiesSchema, representPolicy } from "../steering/iam-policy.ts";

const answer = z
  .object({
    account_id: id,
    checked_at: timeText,
    result: z
      .enum(["pass", "warn", "fail"])
      .openapi({ description: "the worst of all checks; what is unproven does not count against it" }),
    checks: z.array(
      z
        .object({
          check: z.enum(accountCheckNames),
          about: like(z.string().nullable(), "AWSLogs/123456789012/CloudTrail/").openapi({ description: "the prefix or file; null: all" }),
          result: z.enum(["pass", "warn", "fail", "unproven"]),
          detail: like(z.string(), "the listing is permitted, and there is no file"),
          mend: like(z.string().nullable(), "see that the trail delivers to this bucket and prefix"),
        })
        .openapi("CostAccountFinding"),
    ),
  })
  .openapi("CostAccountCheck");

const policyAnswer = z
  .object({
    account_id: id,
    policies: policiesSchema,
    external_id: z.string().optional().openapi({ description: "with a role: the sts:ExternalId of its trust policy" }),
    notes: notesSchema,
  })
  .openapi("CostIamPolicy");

/** `/v1/cost/accounts/{id}/check` and `/iam-policy`: what an account needs, and whether it has it. */
export const registerCostAccountChecks = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];

  const check = createRoute({
    method: "post",
    path: "/v1/cost/accounts/{id}/check",
    tags,
    summary: "Try what an account is for: its credentials, listing its trail, reading a file",
    description: "Nothing is stored. Of an account with many AWS accounts the files of ten are looked for.",
    middleware: [guards.editor, worth(deps, costs.probing), noBody],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(answer, "What was found"), ...problems(400, 401, 403, 404, 413) },
  });
  app.openapi(check, async (c) => {
    const { customerId } = c.var;
    const accountId = c.req.valid("param").id;
    const [account, access] = await Promise.all([
      deps.costAccounts.find(customerId, accountId),
      deps.costDirectory.of(customerId, accountId),
    ]);
    if (account === null || access === null) throw noSuchResource();
    const budget = requestBudget(deps.clock, createConnections(deps.clock));
    const checks = await answerOnce(c, deps, customerId, () => checkCostAccount(deps, access, account.roleArn, budget));
    return c.json({ account_id: accountId, checked_at: isoTime(deps.clock.nowMs()), result: worstOf(checks), checks: [...checks] }, 200);
  });

  const policy = createRoute({
    method: "get",
    path: "/v1/cost/accounts/{id}/iam-policy",
    tags,
    summary: "Read the least-privilege IAM policy of an account: its trail is read, idle resources are found, nothing is written",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(policyAnswer, "The policy documents"), ...readProblems },
  });
  app.openapi(policy, async (c) => {
    const account = await deps.costAccounts.find(c.var.customerId, c.req.valid("param").id);
    if (account === null) throw noSuchResource();
    const { policies, notes } = costPolicyFor(account);
    return c.json(
      { account_id: account.id, policies: policies.map(representPolicy), external_id: account.externalId ?? undefined, notes: [...notes] },
      200,
    );
  });
};

import type { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { invalidBody } from "../../errors.ts";
import { costs, worth } from "../../http/cost.ts";
import { toBase64Url } from "../../http/digest.ts";
import type { AppMiddleware } from "../../http/env.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { locate } from "../../pipeline/tenants/whereabouts.ts";
import type { domainBodies } from "./domain-contract.ts";

const challengeBytes = 24;

type Targets = { readonly primary_target?: string | null | undefined; readonly backup_target?: string | null | undefined };

/**
 * A host with a private address is refused as a target; one without an address yet, or without an answer, is accepted and looked
 * up again before it is probed (`cron/check-targets.ts`).
 * @throws AppError `bad_request` naming the target and its address
 */
const refusePrivate = async ({ clock, lookup }: Pick<Deps, "clock" | "lookup">, targets: Targets): Promise<void> => {
  const budget = requestBudget(clock, createConnections(clock));
  const faults = await Promise.all(
    (["primary_target", "backup_target"] as const).map(async (field) => {
      const host = targets[field];
      const found = host == null ? null : (await locate(lookup, host, budget)).private;
      return found === null ? [] : [{ pointer: `/${field}`, detail: `must not lead to a private address (${found})` }];
    }),
  );
  if (faults.flat().length > 0) throw invalidBody(...faults.flat());
};

type Bodies = ReturnType<typeof domainBodies>;

/** Whether targets are looked up before they are stored. */
const looksUp = ({ config }: Pick<Deps, "config">): boolean => !config.allowPrivateTargets;

/** What a look-up of targets costs whoever names them. */
export const askingForTargets = (deps: Pick<Deps, "config" | "rateLimits">): AppMiddleware =>
  looksUp(deps) ? worth(deps, costs.asking) : async (_, next) => await next();

/**
 * Adds a domain to a service, with the challenge that proves it. The API and the console do it by the same rules.
 * @throws AppError `bad_request` for a target with a private address, `conflict` for a name that is taken, `quota`, `not_found`
 */
export const addDomain = async (
  deps: Deps,
  customerId: number,
  serviceId: number,
  body: z.infer<Bodies["input"]>,
  change: Change,
): Promise<Domain> => {
  if (looksUp(deps)) await refusePrivate(deps, body);
  const input = {
    name: body.name,
    primaryTarget: body.primary_target,
    backupTarget: body.backup_target,
    probePath: body.probe_path,
    expectStatus: body.expect_status,
    normalPrimaryWeight: body.normal_weights.primary,
    normalBackupWeight: body.normal_weights.backup,
    steerGroup: body.steer_group,
    challengeToken: toBase64Url(deps.random.bytes(challengeBytes)),
    verified: !deps.config.domainVerification,
  };
  const domain = await deps.domains.create(customerId, serviceId, input, change);
  if (domain === null) throw noSuchResource();
  return domain;
};

/** Changes what a body names of a domain. @throws AppError `bad_request`, `conflict`, `not_found` */
export const changeDomain = async (
  deps: Deps,
  customerId: number,
  serviceId: number,
  id: number,
  body: z.infer<Bodies["patch"]>,
  change: Change,
): Promise<Domain> => {
  if (looksUp(deps)) await refusePrivate(deps, body);
  const fields = {
    primaryTarget: body.primary_target,
    backupTarget: body.backup_target,
    probePath: body.probe_path,
    expectStatus: body.expect_status,
    normalPrimaryWeight: body.normal_weights?.primary,
    normalBackupWeight: body.normal_weights?.backup,
    steerGroup: body.steer_group,
  };
  const domain = await deps.domains.update(customerId, serviceId, id, fields, change);
  if (domain === null) throw noSuchResource();
  return domain;
};

/** @throws AppError `not_found` */
export const removeDomain = async (
  { domains }: Pick<Deps, "domains">,
  customerId: number,
  serviceId: number,
  id: number,
  change: Change,
): Promise<void> => {
  if (!(await domains.remove(customerId, serviceId, id, change))) throw noSuchResource();
};

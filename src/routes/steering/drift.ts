import { createRoute, z } from "@hono/zod-openapi";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { noBody } from "../../http/body.ts";
import { childParams, id, jsonAnswer, problems, tenantQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTime } from "../../iso-time.ts";

const resumedSchema = z.object({ domain_id: id, resumed_at: timeText }).openapi("DriftResumed");

/** `/v1/services/{id}/domains/{childId}/drift/resume`: an operator resolves a fight over the weights. */
export const registerDrift = (app: App, deps: Pick<Deps, "routing" | "idempotency">, guards: Guards): void => {
  const resume = createRoute({
    method: "post",
    path: "/v1/services/{id}/domains/{childId}/drift/resume",
    tags: ["routing"],
    summary: "Let tranche heal a contested domain again; drifts found so far no longer count",
    middleware: [guards.editor, noBody],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(resumedSchema, "From the next round on"), ...problems(400, 401, 403, 404, 409, 413) },
  });
  app.openapi(resume, async (c) => {
    const { customerId } = c.var;
    const { id: serviceId, childId } = c.req.valid("param");
    const resumed = await answerOnce(c, deps, customerId, (change: Change) =>
      deps.routing.resumeDrift(customerId, serviceId, childId, change),
    );
    if (resumed === null) throw noSuchResource();
    return c.json({ domain_id: resumed.domainId, resumed_at: isoTime(resumed.resumedAtMs) }, 200);
  });
};

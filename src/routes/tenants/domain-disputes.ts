import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Dispute } from "../../adapters/ports/tenants/ownership.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { afterDecision } from "../../domain/tenants/ownership.ts";
import { AppError } from "../../errors.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { id, idParams, jsonAnswer, jsonRequest, like, noContent, orNull, pageQuery, problems, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { settle } from "../../pipeline/tenants/ownership.ts";

const party = { domain_id: id, customer_id: id, service_id: id };

const ownerSchema = z
  .object({
    ...party,
    verified_at: timeText,
    lapsed_at: timeText.nullable().openapi({ description: "since when their own record is gone", example: null }),
  })
  .openapi("DisputeOwner");

const disputeSchema = z
  .object({
    id: id.openapi({ description: "the newcomer's domain" }),
    name: like(z.string(), "app.example.com"),
    newcomer: z.object({ ...party, disputed_at: timeText, seen_at: timeText.nullable() }),
    owner: orNull(ownerSchema),
  })
  .openapi("DomainDispute");

const input = z.strictObject({ decision: z.enum(["hand_over", "reject"]) }).openapi("DisputeDecision");

const represent = ({
  id: domainId,
  name,
  customerId,
  serviceId,
  disputedAtMs,
  seenAtMs,
  owner,
}: Dispute): z.infer<typeof disputeSchema> => ({
  id: domainId,
  name,
  newcomer: {
    domain_id: domainId,
    customer_id: customerId,
    service_id: serviceId,
    disputed_at: isoTime(disputedAtMs),
    seen_at: isoTimeOrNull(seenAtMs),
  },
  owner:
    owner === null
      ? null
      : {
          domain_id: owner.id,
          customer_id: owner.customerId,
          service_id: owner.serviceId,
          verified_at: isoTime(owner.verifiedAtMs),
          lapsed_at: isoTimeOrNull(owner.lapsedAtMs),
        },
});

/** `/v1/domain-disputes`: names that a customer holds and another has proven as well. For admins only: it reveals both customers. */
export const registerDomainDisputes = (app: App, deps: Pick<Deps, "ownership" | "clock">, guards: Guards): void => {
  const tags = ["domains"];
  const path = "/v1/domain-disputes";

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the names that one customer holds and another has proven as well",
    middleware: [guards.admin],
    request: { query: pageQuery },
    responses: { 200: jsonAnswer(z.array(disputeSchema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const disputes = await paged(c, c.req.valid("query"), deps.ownership.disputes);
    return c.json(disputes.map(represent), 200);
  });

  const decide = createRoute({
    method: "post",
    path: `${path}/{id}/decision` as const,
    tags,
    operationId: "decideDomainDispute",
    summary: "Decide a dispute: hand the name over to the newcomer, or reject the newcomer's proof; both find it in their audit log",
    description:
      "Handed over, the name is the newcomer's from now on, and so are its visitors' bytes. Rejected, the newcomer gets another token.",
    middleware: [guards.admin, jsonBody],
    request: { params: idParams, query: z.strictObject({}), body: jsonRequest(input) },
    responses: { 204: noContent, ...problems(400, 401, 403, 404, 409, 413, 415) },
  });
  app.openapi(decide, async (c) => {
    const domainId = c.req.valid("param").id;
    const { decision } = c.req.valid("json");
    await acceptKey(c);
    if ((await deps.ownership.claims(domainId)) === null) throw noSuchResource();
    const decided = await settle(deps, domainId, changeBy(c), ({ claims }) =>
      afterDecision(claims, domainId, decision, deps.clock.nowMs()),
    );
    if (decided === null) throw new AppError("conflict", "this domain disputes nobody's name");
    return c.body(null, 204);
  });
};

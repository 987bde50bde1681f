import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ServiceAnchor } from "../../adapters/ports/evidence/evidence-anchors.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { id, idParams, jsonAnswer, readProblems, tenantPageQuery } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";

const hash = z.string().openapi({ description: "SHA-256, lower-case hex", pattern: "^[0-9a-f]{64}$" });

const anchorSchema = z
  .object({
    id,
    anchor: z.object({
      body: z
        .string()
        .openapi({ description: "canonical JSON: `at`, `chains` (how many leaves), `previous_hash` (of the anchor before), `root`, `v`" }),
      hash: hash.openapi({ description: "SHA-256 of the body, lower-case hex: what was time-stamped" }),
      key_id: z.string().nullable(),
      signature: z.string().nullable().openapi({ description: "Ed25519, base64url; of what is in docs/evidence.md" }),
      timestamp: z.string().nullable().openapi({ description: "the answer of the time-stamping authority (RFC 3161), base64" }),
      timestamp_error: z.string().nullable().openapi({ description: "why there is none; null: none was asked for" }),
    }),
    leaf: z.object({ seq: z.int().min(1), hash }).openapi({ description: "the last record of the service's chain then" }),
    place: z.int().min(0).openapi({ description: "of the leaf among all of them" }),
    path: z
      .array(hash)
      .openapi({ description: "the hashes beside the way from the leaf to the root; they tell nothing of whose they are" }),
  })
  .openapi("EvidenceAnchor");

const represent = (one: ServiceAnchor): z.infer<typeof anchorSchema> => ({
  id: one.id,
  anchor: {
    body: one.body,
    hash: one.hash,
    key_id: one.keyId,
    signature: one.signature,
    timestamp: one.timestamp,
    timestamp_error: one.timestampError,
  },
  leaf: { seq: one.seq, hash: one.leafHash },
  place: one.place,
  path: [...one.path],
});

/** `/v1/services/{id}/evidence-anchors`: proof that a chain of evidence was the same when it was anchored. */
export const registerEvidenceAnchors = (app: App, deps: Pick<Deps, "evidenceAnchors">, guards: Guards): void => {
  const list = createRoute({
    method: "get",
    path: "/v1/services/{id}/evidence-anchors",
    tags: ["storms"],
    summary: "List the anchors of a service's chain of evidence, oldest first",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(anchorSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const serviceId = c.req.valid("param").id;
    const anchors = await paged(c, c.req.valid("query"), (page) => deps.evidenceAnchors.ofService(c.var.customerId, serviceId, page));
    if (anchors === null) throw noSuchResource();
    return c.json(anchors.map(represent), 200);
  });
};

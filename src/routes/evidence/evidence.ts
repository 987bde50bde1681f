import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { EvidenceSigner } from "../../adapters/ports/evidence/evidence-signer.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { canonicalJson } from "../../domain/evidence/canonical-json.ts";
import type { SignedHead } from "../../domain/evidence/evidence-claim.ts";
import { headFields, headText } from "../../domain/evidence/evidence-claim.ts";
import { AppError } from "../../errors.ts";
import { id, idParams, jsonAnswer, orNull, problems, readProblems, tenantCursorQuery } from "../../http/contract.ts";
import type { App, AppContext } from "../../http/env.ts";
import { announceNext } from "../../http/paging.ts";

const hash = z.string().openapi({ description: "SHA-256, lower-case hex", pattern: "^[0-9a-f]{64}$" });

const recordFields = {
  body: z.looseObject({}).openapi({ description: "what was known and decided; its fields depend on the kind" }),
  hash: hash.openapi({ description: "SHA-256 of this record's canonical JSON (RFC 8785) without this field, lower-case hex" }),
  kind: z.enum(["begin", "relapse", "switch", "observed", "credit", "end"]),
  previous_hash: hash.nullable().openapi({ description: "of the service's record before; null for its first" }),
  seq: z.int().min(1).openapi({ description: "per service from 1, without gaps" }),
  service_id: id,
  storm_id: id,
};

const recordSchema = z.object({ ...recordFields, v: z.literal(1) }).openapi("EvidenceRecord");

const keyId = z
  .string()
  .openapi({ description: "the first half of the SHA-256 of the public key, lower-case hex", pattern: "^[0-9a-f]{32}$" });
const signature = z.string().openapi({ description: "Ed25519, base64url; of what is in docs/evidence.md" });

// Not an extension of the other one: nothing has both versions.
const signedRecordSchema = z
  .object({
    ...recordFields,
    follows: z
      .object({ hash: hash.nullable(), seq: z.int().min(0) })
      .nullable()
      .openapi({ description: "the chain's last record as the signer knew it" }),
    key_id: keyId,
    signature,
    v: z.literal(2),
  })
  .openapi("SignedEvidenceRecord");

const publicKey = z.object({ key_id: keyId, x: z.string().openapi({ description: "the public key, base64url (RFC 8037)" }) });

const micros = z.int().min(0);
const microTime = z.string().openapi({ format: "date-time", example: "2026-11-27T15:04:05.123456Z" });

const summarySchema = z
  .object({
    as_of: microTime,
    downtime: z.object({
      blamed: z.array(z.object({ microseconds: micros, upstream_cdn: z.string().nullable() })),
      microseconds: micros,
      unmeasured_microseconds: micros,
    }),
    downtime_avoided: z.object({
      cents: micros.nullable(),
      cents_per_minute: micros.nullable(),
      currency: z.string().nullable(),
      microseconds: micros,
      rest: orNull(z.object({ microseconds: micros, spans: micros })).openapi({ description: "those after the first hundred" }),
      spans: z.array(z.object({ from: microTime, to: microTime })),
    }),
  })
  .openapi("EvidenceSummary", { description: "what the storm's visitors got; avoided is only what came after a switch in the bundle" });

const headSchema = z
  .object({
    hash,
    key_id: keyId,
    keys: z.array(publicKey),
    kind: z.literal("head"),
    seq: z.int().min(1),
    service_id: id,
    signature,
    storm_id: id,
    summary: summarySchema.optional(),
    v: z.literal(2),
  })
  .openapi("EvidenceHead");

/** The bundle's last page with its signed end: truncation is detectable. */
const closed = async (signer: EvidenceSigner, bundle: string, head: SignedHead): Promise<string> => {
  const keys = await signer.publicKeys();
  const { signature: made, keyId: by } = await signer.sign((own) => headText(headFields(head, own, keys)));
  return `${bundle.slice(0, -1)},${canonicalJson({ ...headFields(head, by, keys), signature: made })}]`;
};

/**
 * One page of a storm's evidence as a file to keep, byte by byte.
 * @param after the cursor of the page before
 * @throws AppError `not_found`, `gone`
 */
export const evidenceAnswer = async (
  c: AppContext,
  deps: Pick<Deps, "evidence" | "evidenceSigner">,
  stormId: number,
  after: number | undefined,
): Promise<Response> => {
  const page = await deps.evidence.bundle(c.var.customerId, stormId, after);
  if (page === null) throw noSuchResource();
  if ("pruned" in page) {
    const { seq, hash: head } = page.pruned;
    throw new AppError(
      "gone",
      `the evidence of this storm was deleted for its age; the chain of its service begins after record ${seq}, ${head}`,
    );
  }
  if (page.nextAfterSeq !== null) announceNext(c, { cursor: page.nextAfterSeq });
  const part = after === undefined ? "" : `-from-${after + 1}`;
  c.header("Content-Disposition", `attachment; filename="storm-${stormId}-evidence${part}.json"`);
  const { bundle, head } = page;
  const isLast = page.nextAfterSeq === null && head !== null && bundle !== "[]";
  const whole = isLast && deps.evidenceSigner !== null ? await closed(deps.evidenceSigner, bundle, head) : bundle;
  return c.body(whole, 200, { "content-type": "application/json" });
};

/** `/v1/storms/{id}/evidence`: evidence that can be verified offline. */
export const registerEvidence = (app: App, deps: Pick<Deps, "evidence" | "evidenceSigner">, guards: Guards): void => {
  const get = createRoute({
    method: "get",
    path: "/v1/storms/{id}/evidence",
    tags: ["storms"],
    summary: "Read the evidence of a storm: hashed, chained records in canonical JSON; keep the bytes to verify them",
    description:
      "A bundle that is too large for one answer links to the next: `npm run evidence:verify` takes all of them, in their order.",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantCursorQuery },
    responses: {
      200: jsonAnswer(
        z.array(z.union([recordSchema, signedRecordSchema, headSchema])),
        "The records of the service from the storm's beginning to its last one, in order; where they are signed, the last page ends with a signed head",
      ),
      ...readProblems,
      ...problems(410),
    },
  });
  app.openapi(get, async (c) => {
    const answer = await evidenceAnswer(c, deps, c.req.valid("param").id, c.req.valid("query").cursor);
    return answer as never;
  });
};

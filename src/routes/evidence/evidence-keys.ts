import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { jsonAnswer, problems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";

const keysSchema = z
  .object({
    keys: z
      .array(
        z.object({
          kty: z.literal("OKP"),
          crv: z.literal("Ed25519"),
          use: z.literal("sig"),
          alg: z.literal("EdDSA"),
          kid: z.string().openapi({ description: "the first half of the SHA-256 of the key, lower-case hex", pattern: "^[0-9a-f]{32}$" }),
          x: z.string().openapi({ description: "the key, base64url" }),
        }),
      )
      .openapi({ description: "that which signs first, then those that signed before; empty: evidence is not signed" }),
  })
  .openapi("EvidenceKeys");

/** `/.well-known/tranche-evidence-keys`: public keys that verify evidence, unauthenticated. */
export const registerEvidenceKeys = (app: App, deps: Pick<Deps, "evidenceSigner">): void => {
  const get = createRoute({
    method: "get",
    path: "/.well-known/tranche-evidence-keys",
    tags: ["storms"],
    operationId: "getEvidenceKeys",
    summary: "Read the public keys of evidence, as a JSON Web Key Set (RFC 7517, RFC 8037)",
    security: [],
    request: { query: z.strictObject({}) },
    responses: { 200: jsonAnswer(keysSchema, "The keys"), ...problems(400) },
  });
  app.openapi(get, async (c) => {
    const keys = (await deps.evidenceSigner?.publicKeys()) ?? [];
    const known = keys.map(({ keyId, x }) => ({
      kty: "OKP" as const,
      crv: "Ed25519" as const,
      use: "sig" as const,
      alg: "EdDSA" as const,
      kid: keyId,
      x,
    }));
    return c.json({ keys: known }, 200, { "cache-control": "public, max-age=300" });
  });
};

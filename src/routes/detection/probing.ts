import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { KnownPath } from "../../adapters/ports/detection/targets.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { consentName, consentPath } from "../../domain/detection/target.ts";
import { childParams, id, jsonAnswer, like, readProblems, tenantQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTimeOrNull } from "../../iso-time.ts";

const pathSchema = z.object({
  path: z.enum(["primary", "backup", "direct"]),
  host: like(z.string(), "app.example.com.cdn.cloudflare.net"),
  probed: z
    .enum(["always", "in_turn", "held"])
    .openapi({ description: "in_turn: in one of `every_rounds` rounds, for nobody has proven the name" }),
  every_rounds: like(z.int().nullable(), 10),
  reason: z
    .enum(["not_looked_at", "no_consent", "private_address", "no_address"])
    .nullable()
    .openapi({ description: "why it is held; null: it is not" }),
  consent: z
    .enum(["cdn", "txt", "well_known"])
    .nullable()
    .openapi({ description: "how the host agrees to be probed for a name that nobody has proven; null: not, or nobody asked" }),
  consent_record: like(z.string(), "_tranche-probe.app.example.com.cdn.cloudflare.net").openapi({
    description: "the TXT record that may say `allow`",
  }),
  consent_url: like(z.string(), "https://app.example.com.cdn.cloudflare.net/.well-known/tranche-probe").openapi({
    description: "the page that may say `allow`",
  }),
  checked_at: timeText.nullable(),
});

const probingSchema = z.object({ domain_id: id, verified: z.boolean(), paths: z.array(pathSchema) }).openapi("DomainProbing");

type Probing = Pick<z.infer<typeof pathSchema>, "probed" | "every_rounds" | "reason">;

const held = (reason: Probing["reason"]): Probing => ({ probed: "held", every_rounds: null, reason });

/** The same rule as a round's (`domain/detection/target.ts`), in words. */
const probingOf = ({ addresses, consent, period }: KnownPath, freely: boolean): Probing => {
  if (addresses === "private") return held("private_address");
  if (freely) return { probed: "always", every_rounds: 1, reason: null };
  if (period !== null) return { probed: "in_turn", every_rounds: period, reason: null };
  if (addresses === null) return held("not_looked_at");
  if (addresses === "none") return held("no_address");
  return held(consent === null ? "no_consent" : "not_looked_at");
};

/** `/v1/services/{id}/domains/{childId}/probing`: which paths of a domain are probed, how often, or why not. */
export const registerProbing = (app: App, deps: Pick<Deps, "config" | "targets">, guards: Guards): void => {
  const get = createRoute({
    method: "get",
    path: "/v1/services/{id}/domains/{childId}/probing",
    tags: ["domains"],
    summary: "Read which paths of a domain are probed, how often, and what keeps the others from it",
    middleware: [guards.viewer],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(probingSchema, "Paths that have a host, as far as is known by now"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const { id: serviceId, childId } = c.req.valid("param");
    const known = await deps.targets.ofDomain(c.var.customerId, serviceId, childId);
    if (known === null) throw noSuchResource();
    const freely = known.verified || !deps.config.probe.restrainsUnverified;
    const paths = known.paths.map((path) => ({
      path: path.path,
      host: path.host,
      ...probingOf(path, freely),
      consent: path.consent,
      consent_record: consentName(path.host),
      consent_url: `https://${path.host}${consentPath}`,
      checked_at: isoTimeOrNull(path.checkedAtMs),
    }));
    return c.json({ domain_id: childId, verified: known.verified, paths }, 200);
  });
};

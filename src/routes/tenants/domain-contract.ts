import { z } from "@hono/zod-openapi";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import type { Hostname } from "../../domain/tenants/hostname.ts";
import { canBeExpected, parseStatusRanges, probePathFault } from "../../domain/detection/probe.ts";
import { stateOf } from "../../domain/tenants/ownership.ts";
import { challengeName, longestProvable } from "../../domain/tenants/ownership-record.ts";
import { parseDomainName, parseTarget } from "../../http/domain-names.ts";
import { id, like, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { nonEmpty, together } from "../schemas.ts";

const weight = z.int().min(0).max(255);

const weights = z
  .strictObject({ primary: weight, backup: weight })
  .refine(({ primary, backup }) => primary + backup > 0, "must not both be 0")
  .openapi({ example: { primary: 100, backup: 0 }, description: "Route 53 weights in calm times, not both 0" })
  .openapi(together({ not: { properties: { primary: { const: 0 }, backup: { const: 0 } } } }));

const steerGroup = z.boolean().openapi({
  example: false,
  description:
    "whether other weighted records of the name are steered with its pair: weight 0 while it is on its backup, their own weights afterwards",
});

/** Names may have U-labels, and targets be origins: longer than their canonical form. */
const maxHostname = 1_000;

const escaped = "%[0-9A-Fa-f]{2}";
const pathCharacter = String.raw`[A-Za-z0-9._~!$&'()*+,;=:@|\[\]-]|${escaped}`;
const queryCharacter = String.raw`[A-Za-z0-9._~!$&()*+,;=:@/?|\[\]{}\x60^-]|${escaped}`;

const hostname = (parse: (text: string) => Hostname) =>
  z
    .string()
    .min(1)
    .max(maxHostname)
    .transform((text, ctx) => {
      const parsed = parse(text);
      if (parsed.ok) return parsed.name;
      ctx.addIssue({ code: "custom", message: parsed.detail });
      return z.NEVER;
    });

/** The rule without that of dot segments, which needs more than regular expressions of every language have. */
const probePathPattern = String.raw`^/((${pathCharacter})(${pathCharacter}|/)*)?(\?(${queryCharacter})+)?$`;

const probePath = z
  .string()
  .refine((text) => probePathFault(text) === null, { error: ({ input }) => probePathFault(String(input)) ?? "" })
  .openapi({
    maxLength: 1_024,
    pattern: probePathPattern,
    example: "/healthz",
    description: "path and query, sent as they are: escaped, without . and .. as segments, and without a fragment",
  });

const statusRange = "([1-5][0-9]{2}-[2-5][0-9]{2}|[2-5][0-9]{2})";
const expectStatusPattern = `^ *${statusRange} *(, *${statusRange} *)*$`;

const expectStatus = z
  .string()
  .min(3)
  .max(200)
  .refine((text) => parseStatusRanges(text) !== null, { abort: true, error: "must be codes and ranges such as 200,301-308" })
  .refine((text) => canBeExpected(parseStatusRanges(text) ?? []), "must be final answers, 200 to 599 and not 407")
  .openapi({
    pattern: expectStatusPattern,
    example: "200-399",
    description: "codes and ranges, each from low to high, of final answers: 200 to 599 and not 407",
  });

export const recordName = like(z.string(), "_tranche-challenge.app.example.com");
export const recordValue = like(z.string(), "q1Zk0mQ9bS3vX7wL2nT5rY8uE4iO6pAd");

const states = ["unproven", "proven", "lapsing", "held", "disputed", "lost"] as const;
const orNever = (description: string) => timeText.nullable().openapi({ description, example: null });

/** The state of a claim to a name (docs/ownership.md). */
export const ownershipFields = {
  state: z.enum(states).openapi({
    description: "see docs/ownership.md; `proven` and `lapsing` are steered, `held` only goes back to normal",
    example: "proven",
  }),
  expires_at: orNever("until when a claim that has proven nothing may do so with this value; then another one is handed out"),
  verified_at: timeText.nullable().openapi({ description: "since when the name is yours; null: it is not" }),
  seen_at: orNever("when every resolver last saw the record"),
  lapsed_at: orNever("since when it is not seen any more"),
  held_at: orNever("since when nothing is switched for that, but back to normal"),
  disputed_at: orNever("since when this proof and somebody else's stand at the same time; who that is, nobody is told"),
};

export const domainSchema = z
  .object({
    id,
    service_id: id,
    name: like(z.string(), "app.example.com"),
    primary_target: like(z.string().nullable(), "app.example.com.cdn.cloudflare.net"),
    backup_target: like(z.string().nullable(), "dualstack.example.map.fastly.net"),
    probe_path: like(z.string().nullable(), "/healthz"),
    expect_status: like(z.string(), "200-399"),
    normal_weights: like(z.object({ primary: z.int(), backup: z.int() }), { primary: 100, backup: 0 }),
    steer_group: steerGroup,
    verification: z
      .object({ record_name: recordName, record_value: recordValue, ...ownershipFields })
      .openapi("DomainClaim", { description: "the TXT record that proves the ownership; DNS is steered once it was seen" }),
    created_at: timeText,
    updated_at: timeText,
  })
  .openapi("Domain");

/** A name to be proven must leave room for the label of its proof. */
const provable = (name: Hostname): Hostname =>
  name.ok && name.name.length > longestProvable
    ? {
        ok: false,
        detail: `must have at most ${longestProvable} characters: ${challengeName("<name>")} has to be a name as well, to prove it`,
      }
    : name;

/** @param allowPrivate ALLOW_PRIVATE_TARGETS @param isProven whether names have to be proven (DOMAIN_VERIFICATION) */
export const domainBodies = (allowPrivate: boolean, isProven: boolean) => {
  const target = hostname((text) => parseTarget(text, allowPrivate))
    .nullable()
    .openapi({
      type: ["string", "null"],
      minLength: 1,
      maxLength: maxHostname,
      example: "app.example.com.cdn.cloudflare.net",
      description: "where one CDN serves the domain; null: discovered from the live CNAME",
    });
  const fields = {
    primary_target: target,
    backup_target: target.openapi({ example: "dualstack.example.map.fastly.net" }),
    probe_path: probePath.nullable(),
    expect_status: expectStatus,
    normal_weights: weights,
    steer_group: steerGroup,
  };
  const name = hostname((text) => (isProven ? provable : (parsed: Hostname) => parsed)(parseDomainName(text, allowPrivate))).openapi({
    type: "string",
    minLength: 1,
    maxLength: maxHostname,
    example: "app.example.com",
  });
  const input = z
    .strictObject({
      name,
      primary_target: fields.primary_target.default(null),
      backup_target: fields.backup_target.default(null),
      probe_path: fields.probe_path.default(null),
      expect_status: fields.expect_status.default("200-399"),
      normal_weights: fields.normal_weights.default({ primary: 100, backup: 0 }),
      steer_group: fields.steer_group.default(false),
    })
    .openapi("DomainInput");
  const patch = nonEmpty(z.strictObject(fields).partial()).openapi("DomainPatch");
  return { input, patch };
};

/** @param required whether names have to be proven (DOMAIN_VERIFICATION) */
export const representOwnership = (domain: Domain, required: boolean) => {
  const claim = { ...domain, absences: 0, dueAtMs: 0 };
  const state = stateOf(claim, required);
  const counts = state === "proven" || state === "lapsing" || state === "held";
  return {
    state,
    expires_at: counts || state === "disputed" ? null : isoTimeOrNull(domain.challengeExpiresAtMs),
    verified_at: counts ? isoTimeOrNull(domain.verifiedAtMs) : null,
    seen_at: isoTimeOrNull(domain.seenAtMs),
    lapsed_at: isoTimeOrNull(domain.lapsedAtMs),
    held_at: isoTimeOrNull(domain.heldAtMs),
    disputed_at: isoTimeOrNull(domain.disputedAtMs),
  };
};

/** @param required whether names have to be proven (DOMAIN_VERIFICATION) */
export const representDomain = (domain: Domain, required: boolean): z.infer<typeof domainSchema> => ({
  id: domain.id,
  service_id: domain.serviceId,
  name: domain.name,
  primary_target: domain.primaryTarget,
  backup_target: domain.backupTarget,
  probe_path: domain.probePath,
  expect_status: domain.expectStatus,
  normal_weights: { primary: domain.normalPrimaryWeight, backup: domain.normalBackupWeight },
  steer_group: domain.steerGroup,
  verification: {
    record_name: challengeName(domain.name),
    record_value: domain.challengeToken,
    ...representOwnership(domain, required),
  },
  created_at: isoTime(domain.createdAtMs),
  updated_at: isoTime(domain.updatedAtMs),
});

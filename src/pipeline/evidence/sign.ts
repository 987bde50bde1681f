import type { EvidenceSigner } from "../../adapters/ports/evidence/evidence-signer.ts";
import type { Observed, Unobserved } from "../../adapters/ports/steering/observations.ts";
import type { ChainedProof, RoundDecisions, RoundOutcomes, StormDecision, StoredIntent } from "../../adapters/ports/detection/round.ts";
import type { RoundService } from "../../adapters/ports/detection/round-view.ts";
import type { JsonValue } from "../../domain/evidence/canonical-json.ts";
import type { ChainHead, Claim } from "../../domain/evidence/evidence-claim.ts";
import { claimText, emptyChain } from "../../domain/evidence/evidence-claim.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";

type Unsigned = Omit<Claim, "follows">;

/** The signed part of a switch (`domain/evidence/evidence-claim.ts`): tranche's request, and Route 53's answer. */
type Switch = {
  readonly name: string;
  readonly from: { readonly primary: number; readonly backup: number };
  readonly to: { readonly primary: number; readonly backup: number };
  readonly reason: string;
  readonly changeId: string | null;
  readonly acceptedAtMs: number | null;
};

const weights = ({ primary, backup }: Switch["to"]): JsonValue => ({ backup, primary });

const switchBody = ({ name, from, to, reason, changeId, acceptedAtMs }: Switch): JsonValue => ({
  accepted_at: isoTimeOrNull(acceptedAtMs),
  change_id: changeId,
  domain: name,
  from: weights(from),
  reason,
  to: weights(to),
});

/** Signs by the chain heads that a round has read. Where signing fails records stay unsigned: that must not prevent a decision. */
const createSigning = (signer: EvidenceSigner, services: readonly RoundService[]) => {
  const heads = new Map<number, ChainHead>(services.map(({ serviceId, chain }) => [serviceId, chain ?? emptyChain]));
  return async (claim: Unsigned): Promise<{ readonly proof?: ChainedProof }> => {
    const follows = heads.get(claim.serviceId);
    if (follows === undefined) return {};
    const signed = await signer.sign((keyId) => claimText({ ...claim, follows }, keyId)).catch(() => null);
    return signed === null ? {} : { proof: { ...signed, follows } };
  };
};

/** The decisions of a round with the signatures of the evidence that they add. */
export const signDecisions = async (
  signer: EvidenceSigner | null,
  services: readonly RoundService[],
  decisions: RoundDecisions,
  nowMs: number,
): Promise<RoundDecisions> => {
  const made = decisions.resolved.some(({ result }) => result === "accepted");
  if (signer === null || (!made && decisions.storms.every(({ evidence }) => evidence === undefined))) return decisions;
  const signing = createSigning(signer, services);
  const storms = await Promise.all(
    decisions.storms.map(async (decision): Promise<StormDecision> => {
      const {
        evidence,
        policy: { serviceId, storm },
        transition: { kind },
      } = decision;
      if (evidence === undefined || kind === "recover" || kind === "restart") return decision;
      return { ...decision, ...(await signing({ kind, serviceId, stormId: storm?.id ?? 0, body: JSON.parse(evidence) as JsonValue })) };
    }),
  );
  const open = new Map(
    services.flatMap(({ serviceId, domains }) =>
      domains.flatMap(({ name, openIntents }) => openIntents.map((intent) => [intent.id, { ...intent, serviceId, name }] as const)),
    ),
  );
  const resolved = await Promise.all(
    decisions.resolved.map(async (one) => {
      const intent = open.get(one.id);
      if (one.result !== "accepted" || intent?.stormId == null) return one;
      const body = switchBody({ ...intent, reason: intent.reason ?? "", changeId: null, acceptedAtMs: nowMs });
      return { ...one, ...(await signing({ kind: "switch", serviceId: intent.serviceId, stormId: intent.stormId, body })) };
    }),
  );
  return { ...decisions, storms, resolved };
};

/** The outcomes of switches, with the signatures of accepted ones for a storm. */
export const signSwitches = async (
  signer: EvidenceSigner | null,
  services: readonly RoundService[],
  decisions: Pick<RoundDecisions, "intents">,
  stored: ReadonlyMap<number, StoredIntent>,
  outcomes: RoundOutcomes["intents"],
): Promise<RoundOutcomes["intents"]> => {
  if (signer === null || !outcomes.some(({ result }) => result === "accepted")) return outcomes;
  const signing = createSigning(signer, services);
  const names = new Map(services.flatMap(({ domains }) => domains.map(({ domainId, name }) => [domainId, name])));
  const intents = new Map(
    decisions.intents.flatMap((intent) => {
      const row = stored.get(intent.domainId);
      return row === undefined ? [] : [[row.id, { ...intent, stormId: row.stormId }] as const];
    }),
  );
  return await Promise.all(
    outcomes.map(async (outcome) => {
      const intent = intents.get(outcome.changeRowId);
      if (outcome.result !== "accepted" || intent?.stormId == null) return outcome;
      const { changeId, acceptedAtMs } = outcome;
      const body = switchBody({ ...intent, name: names.get(intent.domainId) ?? "", changeId, acceptedAtMs });
      return { ...outcome, ...(await signing({ kind: "switch", serviceId: intent.serviceId, stormId: intent.stormId, body })) };
    }),
  );
};

/** The signature of a witness's or an admin's decision on a storm's credit. @param body canonical JSON */
export const signCredit = async (
  signer: EvidenceSigner | null,
  storm: { readonly serviceId: number; readonly stormId: number; readonly chain: ChainHead | null },
  body: string,
): Promise<ChainedProof | undefined> => {
  if (signer === null) return undefined;
  const { serviceId, stormId } = storm;
  const follows = storm.chain ?? emptyChain;
  const claim = { kind: "credit", serviceId, stormId, follows, body: JSON.parse(body) as JsonValue } as const;
  const signed = await signer.sign((keyId) => claimText(claim, keyId)).catch(() => null);
  return signed === null ? undefined : { ...signed, follows };
};

/** The signature of what public resolvers answered after a switch for a storm. */
export const signObservation = async (
  signer: EvidenceSigner | null,
  change: Unobserved,
  { atMs, verdict, type, expected, resolvers }: Observed,
): Promise<ChainedProof | undefined> => {
  const { serviceId, stormId, changeRowId, name } = change;
  if (signer === null || serviceId === undefined || stormId == null) return undefined;
  const follows = change.chain ?? emptyChain;
  const body = {
    change: changeRowId,
    domain: name,
    expected: [...expected],
    observed_at: isoTime(atMs),
    record_type: type,
    resolvers: resolvers.map(({ resolver, answers }) => ({ answers: answers && [...answers], resolver })),
    verdict,
  };
  const signed = await signer.sign((keyId) => claimText({ kind: "observed", serviceId, stormId, follows, body }, keyId)).catch(() => null);
  return signed === null ? undefined : { ...signed, follows };
};

import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { RoundDecisions } from "../../adapters/ports/detection/round.ts";
import type { RoundDomain, RoundService } from "../../adapters/ports/detection/round-view.ts";
import type { Look } from "../../domain/tenants/ownership.ts";
import { isFresh } from "../../domain/tenants/ownership.ts";
import type { OwnershipDeps } from "../tenants/ownership.ts";
import { lookOf, lookUp, storeLook } from "../tenants/ownership.ts";
import type { Connections } from "../connection-slots.ts";
import { connectionOf, nobody } from "../connection-slots.ts";

/** Looks up the proofs of names that are about to be switched for the first time. */
export interface FirstProofs {
  /** Never throws: names without a result in time are absent. */
  look(domainIds: readonly number[], fence: Fence, connections: Connections, untilMs: number): Promise<ReadonlyMap<number, Look>>;
}

/** Most names that a round looks up; for the others the last sight of the proof decides. */
const firstProofsPerRound = 12;

export const createFirstProofs = (deps: OwnershipDeps): FirstProofs => ({
  look: async (domainIds, fence, connections, untilMs) => {
    const looks = new Map<number, Look>();
    try {
      const claims = await deps.ownership.byIds(domainIds);
      await Promise.all(
        claims.map(async (claim) => {
          const budget = { untilMs, connection: connectionOf(connections, { lane: "dns", key: nobody }) };
          looks.set(claim.id, lookOf(await lookUp(deps, claim, budget)));
        }),
      );
      const seen = claims.filter(({ id }) => looks.get(id) === "seen");
      if (seen.length > 0)
        await deps.ownership.noteFirstSwitch(
          seen.map(({ id }) => id),
          fence,
        );
      const author = { actor: "tranche", requestId: null, fence };
      for (const claim of claims) if (looks.get(claim.id) === "missing") await storeLook(deps, claim, "missing", author);
    } catch {
      // The database is unreachable: it will not store the switch either. The look-up counts.
    }
    return looks;
  },
});

/** Domains of which this is to be the first switch. */
const firsts = (
  services: readonly RoundService[],
  { intents }: RoundDecisions,
): readonly (RoundDomain & { readonly customerId: number })[] => {
  const switched = new Set(intents.flatMap(({ domainId, result }) => (result === "intent" ? [domainId] : [])));
  return services.flatMap(({ customerId, domains }) =>
    domains.flatMap((domain) =>
      domain.proof?.unsteered === true && domain.proof.refused !== true && switched.has(domain.domainId) ? [{ ...domain, customerId }] : [],
    ),
  );
};

/** Round-robin over customers, so that none displaces another's names. */
const inTurns = <D extends { readonly customerId: number }>(domains: readonly D[]): readonly D[] => {
  const queues = [...Map.groupBy(domains, ({ customerId }) => customerId).values()];
  return queues
    .flatMap((own) => own.map((domain, place) => ({ domain, place })))
    .toSorted((a, b) => a.place - b.place)
    .map(({ domain }) => domain);
};

/**
 * A name's first switch requires a proof that is there now (semantics §3). The names that the decisions would switch are
 * looked up, and where a proof is not good enough everything is decided again without that name.
 */
export const withFirstProofs = async (
  proofs: FirstProofs | undefined,
  fence: Fence,
  connections: Connections,
  services: readonly RoundService[],
  decide: (services: readonly RoundService[]) => RoundDecisions,
  nowMs: number,
  untilMs: number,
): Promise<{ readonly decisions: RoundDecisions; readonly services: readonly RoundService[] }> => {
  const decisions = decide(services);
  const due = proofs === undefined ? [] : firsts(services, decisions);
  if (proofs === undefined || due.length === 0) return { decisions, services };
  const asked = inTurns(due.filter(({ proof }) => proof?.lapsed !== true)).slice(0, firstProofsPerRound);
  const looks =
    asked.length === 0
      ? new Map<number, Look>()
      : await proofs.look(
          asked.map(({ domainId }) => domainId),
          fence,
          connections,
          untilMs,
        );
  const refused = new Set(
    due.flatMap(({ domainId, proof }) => {
      const lapsedAtMs = proof?.lapsed === true ? nowMs : null;
      const isGood =
        lapsedAtMs === null &&
        isFresh({ verifiedAtMs: null, seenAtMs: proof?.seenAtMs ?? null, lapsedAtMs }, looks.get(domainId) ?? "undecided", nowMs);
      return isGood ? [] : [domainId];
    }),
  );
  if (refused.size === 0) return { decisions, services };
  const without = services.map((service) => ({
    ...service,
    domains: service.domains.map((domain) =>
      domain.proof != null && refused.has(domain.domainId) ? { ...domain, proof: { ...domain.proof, refused: true } } : domain,
    ),
  }));
  return { decisions: decide(without), services: without };
};

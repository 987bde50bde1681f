import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { ClaimAuthor, DueClaim, NamedClaims, OwnershipStore, StoredClaim } from "../../adapters/ports/tenants/ownership.ts";
import type { Resolver } from "../../adapters/ports/steering/resolver.ts";
import type { ClaimChange, Look } from "../../domain/tenants/ownership.ts";
import { afterLook, isFresh } from "../../domain/tenants/ownership.ts";
import type { Proof } from "../../domain/tenants/ownership-record.ts";
import { challengeName, judgeProof } from "../../domain/tenants/ownership-record.ts";
import { patiently } from "../with-timeout.ts";

export type OwnershipDeps = { readonly ownership: OwnershipStore; readonly resolver: Resolver; readonly clock: Clock };

/** How long an override waits for its look-ups: it is urgent. */
const orderLookMs = 5_000;
/** Domains of a service that are looked up for an override; for the others the last look-up decides. */
const mostPerOrder = 20;

const unanswered: Proof = { status: "undecided", resolvers: [] };

/** The public DNS's answer for a claim's record. Never throws, and waits at most until its deadline. */
export const lookUp = async (
  { resolver, clock }: OwnershipDeps,
  { name, token }: Pick<DueClaim, "name" | "token">,
  budget: Budget,
): Promise<Proof> => {
  const asked = resolver.txt(challengeName(name), budget).then((readings) =>
    judgeProof(
      readings.map((reading) => ({ resolver: reading.resolver, texts: reading.status === "answered" ? reading.texts : null })),
      token,
    ),
  );
  return await patiently(clock, asked, budget.untilMs - clock.nowMs(), unanswered);
};

export const lookOf = ({ status }: Proof): Look => (status === "proven" ? "seen" : status);

/** Attempts under concurrent changes of claims to the same name. */
const mostTries = 5;

/**
 * Decides and writes; retries where a claim has changed in between.
 * @param decide null: nothing can be decided
 * @returns the claims afterwards, and the one concerned; null where there is no such domain, or nothing was decided
 */
export const settle = async (
  { ownership }: Pick<OwnershipDeps, "ownership">,
  id: number,
  author: ClaimAuthor,
  decide: (named: NamedClaims, own: StoredClaim) => readonly ClaimChange[] | null,
): Promise<StoredClaim | null> => {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const named = await ownership.claims(id);
    const own = named?.claims.find((claim) => claim.id === id);
    const changes = named == null || own === undefined ? null : decide(named, own);
    if (named == null || own === undefined || changes === null) return null;
    if (await ownership.save(named, id, changes, author)) return { ...own, ...changes.find(({ claim }) => claim.id === id)?.claim };
  }
  throw new Error("the claims of a name change all the time");
};

/** Stores the result of a look-up. The token must still be the same. */
export const storeLook = async (
  deps: OwnershipDeps,
  { id, token }: Pick<DueClaim, "id" | "token">,
  look: Look,
  author: ClaimAuthor,
): Promise<StoredClaim | null> =>
  await settle(deps, id, author, ({ claims }, own) => (own.token === token ? afterLook(claims, id, look, deps.clock.nowMs()) : null));

/**
 * Whether a customer may override a service's routing: at least one of its domains is proven, by a look-up of its
 * record now. Results are stored, so that a round does not move the others.
 * @returns why not, null where they may
 */
export const refusalToOrder = async (
  deps: OwnershipDeps,
  customerId: number,
  serviceId: number,
  author: ClaimAuthor,
  budgetOf: (untilMs: number) => Budget,
): Promise<string | null> => {
  const domains = (await deps.ownership.ofService(customerId, serviceId, mostPerOrder)) ?? [];
  if (domains.length === 0) return null;
  const owned = domains.filter(({ verified }) => verified);
  if (owned.length === 0)
    return "no domain of the service is proven to be yours: publish the record and POST the domain's verification first";
  const found = await Promise.all(
    owned.map(async (domain) => ({ domain, fresh: await isFreshNow(deps, domain, author, budgetOf(deps.clock.nowMs() + orderLookMs)) })),
  );
  if (found.some(({ fresh }) => fresh)) return null;
  const [first] = owned;
  return `the record ${challengeName(first?.name ?? "")} is not seen: the proof of the name has lapsed. Publish it again and POST the domain's verification`;
};

/** Looks up a domain now, stores the result, and returns whether its proof suffices for something that moves visitors. */
export const isFreshNow = async (deps: OwnershipDeps, domain: DueClaim, author: ClaimAuthor, budget: Budget): Promise<boolean> => {
  const look = lookOf(await lookUp(deps, domain, budget));
  const claim = await storeLook(deps, domain, look, author);
  return claim !== null && claim.verifiedAtMs !== null && isFresh(claim, look, deps.clock.nowMs());
};

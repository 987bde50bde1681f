/** What one resolver said; null: it did not answer. */
export type Sighting = { readonly resolver: string; readonly texts: readonly string[] | null };

export type Proof =
  | { readonly status: "proven" }
  /** These answered and do not see the token. */
  | { readonly status: "missing"; readonly resolvers: readonly string[] }
  /** Nobody denies it, but these did not answer. */
  | { readonly status: "undecided"; readonly resolvers: readonly string[] };

/** What a whole name may have (RFC 1035 §2.3.4, without the trailing dot), and what the proof's own label takes of it. */
const maxNameLength = 253;

/** The longest name that can be proven: no record can be published below a longer one. */
export const longestProvable = maxNameLength - "_tranche-challenge.".length;

/** The TXT record that proves a domain (semantics §3). */
export const challengeName = (domain: string): string => `_tranche-challenge.${domain}`;

/**
 * A name is proven once every resolver sees the token. One that sees it is not enough: a proof takes the name from whoever
 * held it, so a single resolver that was lied to must not decide.
 */
export const judgeProof = (sightings: readonly Sighting[], token: string): Proof => {
  const missing = sightings.filter(({ texts }) => texts !== null && !texts.includes(token));
  if (missing.length > 0) return { status: "missing", resolvers: missing.map(({ resolver }) => resolver) };
  const silent = sightings.filter(({ texts }) => texts === null);
  if (silent.length > 0 || sightings.length === 0) {
    return { status: "undecided", resolvers: silent.map(({ resolver }) => resolver) };
  }
  return { status: "proven" };
};

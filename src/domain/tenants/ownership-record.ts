/** One resolver's answer; null: none. */
export type Sighting = { readonly resolver: string; readonly texts: readonly string[] | null };

export type Proof =
  | { readonly status: "proven" }
  /** These answered and do not see the token. */
  | { readonly status: "missing"; readonly resolvers: readonly string[] }
  /** None denies it, but these did not answer. */
  | { readonly status: "undecided"; readonly resolvers: readonly string[] };

/** The length of a whole name (RFC 1035 §2.3.4, without the trailing dot), less the proof's own label. */
const maxNameLength = 253;

/** The longest name that can be proven: no record can be published below a longer one. */
export const longestProvable = maxNameLength - "_tranche-challenge.".length;

/** The TXT record that proves a domain (semantics §3). */
export const challengeName = (domain: string): string => `_tranche-challenge.${domain}`;

/**
 * A name is proven once every resolver sees the token. One is not enough: a proof can take the name from its
 * holder, so a single poisoned resolver must not decide.
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

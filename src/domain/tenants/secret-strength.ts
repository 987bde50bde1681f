/**
 * The strength of configured secrets. Randomness can not be verified, but certainly non-random texts can be
 * detected: few different characters, a short repeated pattern, runs such as `0123` or `aaaa`.
 */

/** The shortest text of which this is a repetition (the last one may be cut); the text itself where there is none. */
const periodOf = (text: string): number => {
  for (let period = 1; period <= text.length / 2; period += 1) {
    if (text.startsWith(text.slice(period))) return period;
  }
  return text.length;
};

/** Characters that do not continue a run: neither the same as the previous one nor its neighbour in the alphabet. */
const changes = (text: string): number => {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (at === 0 || Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) > 1) count += 1;
  }
  return count;
};

/** Shannon entropy of the characters' frequencies: bits per character. */
const entropyPerCharacter = (text: string): number => {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
};

/** Three in four random hexadecimal texts of the required minimum length reach twice as much. */
const bitsPerRequiredCharacter = 1.5;

/** An upper bound of the entropy, in bits, for an attacker who knows the pattern. */
export const guessableBits = (text: string): number => {
  const once = text.slice(0, periodOf(text));
  return changes(once) * entropyPerCharacter(once);
};

/**
 * @param minLength characters that this secret must have at least
 * @returns the problem, to complete "... X"; null: none detected. Never contains a part of the secret.
 */
export const secretFault = (text: string, minLength: number): string | null => {
  if (text.length < minLength) return `must have at least ${minLength} characters`;
  if (guessableBits(text) >= minLength * bitsPerRequiredCharacter) return null;
  return "must be random: it repeats itself or has too few different characters (openssl rand -base64 32)";
};

export type NamedSecret = { readonly name: string; readonly text: string };

/** Pairs of settings with the same secret: who learns one could use it as the other. Each name is the later one of one pair. */
export const equalSecrets = (secrets: readonly NamedSecret[]): readonly { readonly name: string; readonly sameAs: string }[] => {
  const first = new Map<string, string>();
  return secrets.flatMap(({ name, text }) => {
    const sameAs = first.get(text);
    if (sameAs === undefined) first.set(text, name);
    return sameAs === undefined ? [] : [{ name, sameAs }];
  });
};

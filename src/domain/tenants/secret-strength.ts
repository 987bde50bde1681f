/**
 * Whether a configured secret is one at all. Nobody can tell a random text from a chosen one; what is certainly not random can be
 * told: few different characters, a short pattern over and over, runs such as `0123` or `aaaa`.
 */

/** The shortest text whose repetition this is (its last one may be cut); the text itself where there is none. */
const periodOf = (text: string): number => {
  for (let period = 1; period <= text.length / 2; period += 1) {
    if (text.startsWith(text.slice(period))) return period;
  }
  return text.length;
};

/** Characters that do not merely go on from the one before: the same again, the next one or the previous one of the alphabet. */
const changes = (text: string): number => {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (at === 0 || Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) > 1) count += 1;
  }
  return count;
};

/** Shannon's, of how often each character stands in the text: bits per character. */
const entropyPerCharacter = (text: string): number => {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
};

/** Of a random text of the least length that is asked for, in digits of hexadecimal, three in four would reach twice as much. */
const bitsPerRequiredCharacter = 1.5;

/** An upper bound, in bits, of what somebody must guess who knows how such texts are made up. */
export const guessableBits = (text: string): number => {
  const once = text.slice(0, periodOf(text));
  return changes(once) * entropyPerCharacter(once);
};

/**
 * @param minLength characters that this secret must have at least
 * @returns what is wrong with it, for "... X"; null: nothing that can be told. Never says a part of the secret.
 */
export const secretFault = (text: string, minLength: number): string | null => {
  if (text.length < minLength) return `must have at least ${minLength} characters`;
  if (guessableBits(text) >= minLength * bitsPerRequiredCharacter) return null;
  return "must be random: it repeats itself or has too few different characters (openssl rand -base64 32)";
};

export type NamedSecret = { readonly name: string; readonly text: string };

/** Pairs of settings that hold one and the same secret: whoever is shown one could use it as the other. Each name comes once as the later one. */
export const equalSecrets = (secrets: readonly NamedSecret[]): readonly { readonly name: string; readonly sameAs: string }[] => {
  const first = new Map<string, string>();
  return secrets.flatMap(({ name, text }) => {
    const sameAs = first.get(text);
    if (sameAs === undefined) first.set(text, name);
    return sameAs === undefined ? [] : [{ name, sameAs }];
  });
};

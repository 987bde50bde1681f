/** Why Route 53 refuses a domain name, in its own words. */
export class InvalidNameError extends Error {
  override name = "InvalidNameError";
}

const SEPARATOR = 0x2e;
const BACKSLASH = 0x5c;
const PLAIN = /^[a-z0-9_-]$/;

/**
 * Brings a DNS name into the one form that Route 53 stores and answers: lower case, trailing dot, every octet other
 * than a-z 0-9 - _ as a three-digit octal escape (`*` -> `\052`). Escaped and unescaped input mean the same.
 * Throws InvalidNameError: empty label, label over 63 octets, name over 255 octets, malformed escape.
 */
export function canonicalName(input: string): string {
  const labels = splitLabels(input);
  if (labels.some((label) => label.length === 0)) throw refusal("DomainLabelEmpty (Domain label is empty)", input);
  const longest = Math.max(...labels.map((label) => label.length));
  if (longest > 63) throw refusal("DomainLabelTooLong (Domain label is too long)", input);
  const octets = labels.reduce((sum, label) => sum + label.length + 1, 1);
  if (octets > 255) throw refusal("DomainNameTooLong (Domain name is too long)", input);
  return labels.map((label) => label.map(escapeOctet).join("")).join(".") + ".";
}

/** How listings sort names: labels reversed, trailing dot kept (`com.example.`). */
export function reversedName(canonical: string): string {
  return canonical.slice(0, -1).split(".").reverse().join(".") + ".";
}

/** True for the zone's own name and for names below it, on label boundaries. Both names canonical. */
export function isWithinZone(canonical: string, zoneName: string): boolean {
  return canonical === zoneName || canonical.endsWith(`.${zoneName}`);
}

/** ASCII order, as Route 53 sorts. */
export function compareAscii(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function splitLabels(input: string): number[][] {
  const octets = [...new TextEncoder().encode(input)];
  const labels: number[][] = [[]];
  for (let index = 0; index < octets.length; index += 1) {
    const octet = octets[index] ?? 0;
    if (octet === SEPARATOR) {
      labels.push([]);
      continue;
    }
    if (octet !== BACKSLASH) {
      labels.at(-1)?.push(octet);
      continue;
    }
    const digits = String.fromCharCode(...octets.slice(index + 1, index + 4));
    if (!/^[0-3][0-7]{2}$/.test(digits)) throw refusal("DomainNameInvalidEscape (Escape code is not valid)", input);
    labels.at(-1)?.push(Number.parseInt(digits, 8));
    index += 3;
  }
  if (labels.length > 1 && labels.at(-1)?.length === 0) labels.pop();
  return labels;
}

function escapeOctet(octet: number): string {
  const character = String.fromCharCode(octet).toLowerCase();
  return octet < 0x80 && PLAIN.test(character) ? character : `\\${octet.toString(8).padStart(3, "0")}`;
}

function refusal(problem: string, input: string): InvalidNameError {
  return new InvalidNameError(`FATAL problem: ${problem} encountered with '${input}'`);
}

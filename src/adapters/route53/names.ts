/**
 * Names as Route 53 writes them and as tranche compares them. The canonical form is lower-case, without the trailing
 * dot, octal escapes decoded; only an escaped dot or backslash stays escaped, as decoded it would be another name.
 */

const keptEscaped = new Set([".", "\\"]);

/** The canonical form of a name in any spelling Route 53 uses (`\052.Example.com.` -> `*.example.com`). */
export const canonicalName = (text: string): string =>
  text
    .replace(/\\([0-3][0-7]{2})/g, (escape, octal: string) => {
      const character = String.fromCharCode(Number.parseInt(octal, 8));
      return keptEscaped.has(character) ? escape : character;
    })
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/\.$/, "");

/** The fully qualified, octal-escaped form of a canonical name, as requests carry it (ends with a dot). */
export const fqdn = (canonical: string): string =>
  `${canonical.replace(/\\(?:056|134)|[^a-z0-9\-_.*]/g, (found) => (found.length > 1 ? found : octal(found)))}.`;

const octal = (character: string): string => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;

/** Whether a canonical name is the zone's or below it, on label boundaries: `ample.com` does not contain `example.com`. */
export const liesIn = (name: string, zoneName: string): boolean => name === zoneName || name.endsWith(`.${zoneName}`);

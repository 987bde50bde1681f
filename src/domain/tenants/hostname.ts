/** Why a text is not a usable hostname; the message is for the caller. */
export type Hostname = { readonly ok: true; readonly name: string } | { readonly ok: false; readonly detail: string };

/** To A-labels as a browser does (UTS #46), or null. Plain names and literals are returned in parsed form. */
export type ToAscii = (text: string) => string | null;

const maxNameLength = 253;
const labelForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Suffixes without public names: the IANA registry of Special-Use Domain Names (RFC 6761, 6762, 7686, 9476; its other entries
 * are under `arpa`, such as home.arpa, or are example.com, .net and .org, which exist), ICANN's `internal`, those it will never
 * delegate because of their private use (corp, home, mail), and other common suffixes of private networks (RFC 6762,
 * appendix G, and defaults of routers and systems).
 */
const privateSuffixes: ReadonlySet<string> = new Set([
  "alt",
  "arpa",
  "example",
  "invalid",
  "local",
  "localhost",
  "onion",
  "test",
  "internal",
  "corp",
  "home",
  "mail",
  "intranet",
  "lan",
  "private",
  "domain",
  "localdomain",
  "workgroup",
]);

const no = (detail: string): Hostname => ({ ok: false, detail });

const isIpv4 = (name: string) => /^\d{1,3}(\.\d{1,3}){3}$/.test(name);

/** True for names that are not in the public DNS: literals, single labels, and private suffixes. */
export const isPrivateHost = (name: string): boolean => {
  const lastLabel = name.slice(name.lastIndexOf(".") + 1);
  return name.includes(":") || isIpv4(name) || !name.includes(".") || privateSuffixes.has(lastLabel);
};

/**
 * The canonical form of a hostname: lower-case A-labels without the trailing dot (RFC 1123 §2.1, RFC 5890).
 * @param allowPrivate lets literals, single labels and private suffixes pass (ALLOW_PRIVATE_TARGETS)
 */
export const parseHostname = (text: string, toAscii: ToAscii, allowPrivate: boolean): Hostname => {
  // Whatever a URL parser would not read as a host, or silently drop, is refused here. Joiners are left to the
  // parser: some scripts need them (UTS #46, CheckJoiners).
  if (text === "" || /[\s/?#@:\\%[\]<>^|\u0000-\u001f\u007f]|(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}/u.test(text)) {
    return no("must be a hostname");
  }
  const ascii = toAscii(text);
  if (ascii === null) return no("must be a hostname");
  const name = ascii.endsWith(".") ? ascii.slice(0, -1) : ascii;
  if (name.length > maxNameLength) return no(`must have at most ${maxNameLength} characters`);
  if (!name.split(".").every((label) => labelForm.test(label))) {
    return no("each label must be 1 to 63 letters, digits or inner hyphens");
  }
  if (!allowPrivate && isPrivateHost(name)) return no("must be a public name of several labels");
  return { ok: true, name };
};

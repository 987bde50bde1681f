import { getPublicSuffix } from "tldts";
import { isPrivateHost, parseHostname } from "../domain/tenants/hostname.ts";
import type { Hostname } from "../domain/tenants/hostname.ts";

/** `URL.parse` is not on every edge yet. */
const parseUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);

/** The host parser of the URL standard does IDNA (UTS #46) on every runtime. */
const toAscii = (text: string): string | null => parseUrl(`http://${text}/`)?.hostname ?? null;

/** A steerable name: not a public suffix. */
export const parseDomainName = (text: string, allowPrivate: boolean): Hostname => {
  const parsed = parseHostname(text, toAscii, allowPrivate);
  if (!parsed.ok || (allowPrivate && isPrivateHost(parsed.name))) return parsed;
  return getPublicSuffix(parsed.name, { allowPrivateDomains: true }) === parsed.name
    ? { ok: false, detail: "must not be a public suffix" }
    : parsed;
};

const originOf = (text: string): Hostname => {
  // As `parseHostname`: nothing that the parser would drop or reinterpret.
  const isPlain = !/[\s?#@%\\\u0000-\u001f\u007f]|\p{Default_Ignorable_Code_Point}/u.test(text) && /^https?:\/\/[^/]+\/?$/i.test(text);
  const url = isPlain ? parseUrl(text) : null;
  if (url === null) return { ok: false, detail: "must be a hostname or an http(s) origin without a path" };
  return { ok: true, name: url.origin };
};

/** The hostname under which a CDN serves a domain; where private targets are allowed, a full origin too (semantics §3). */
export const parseTarget = (text: string, allowPrivate: boolean): Hostname =>
  allowPrivate && text.includes("://") ? originOf(text) : parseHostname(text, toAscii, allowPrivate);

import type { Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";

/** A record of another type that affects whether a switch works. */
export type BesideRecord = { readonly name: string; readonly type: string; readonly values: readonly string[] };

/** Whether clients that follow an HTTPS or SVCB record bypass the name's own addresses (RFC 9460 §2.4.2, §7.3). */
const leadsElsewhere = (value: string): boolean => {
  const [, target = "."] = value.trim().split(/\s+/);
  return target !== "." || /\bipv[46]hint=/i.test(value);
};

const httpsRecords = (name: string, beside: readonly BesideRecord[]): Finding => {
  const leading = beside.filter(
    (record) => ["HTTPS", "SVCB"].includes(record.type) && record.name === name && record.values.some(leadsElsewhere),
  );
  if (leading.length === 0) return pass("https_records", "no HTTPS or SVCB record leads past the pair");
  const said = leading.map(({ type, values }) => `${name} ${type} ${values.filter(leadsElsewhere).join(" | ")}`).join("; ");
  return found(
    "https_records",
    "warn",
    `${said}: clients that follow it stay on the CDN that it names after a switch`,
    `take ipv4hint, ipv6hint and the target name out of ${leading.map(({ type }) => `${name} ${type}`).join(", ")}`,
  );
};

/**
 * The certificate authorities of CDNs, by their names in CAA records:
 * - Cloudflare: developers.cloudflare.com/ssl/edge-certificates/caa-records
 * - Fastly: docs.fastly.com/en/guides/tls-prerequisites-and-limitations and .../products/tls-service-options name Certainly, Let's
 *   Encrypt and GlobalSign; the CAA records of fastly.com itself name them as below
 * - CloudFront, by Certificate Manager: docs.aws.amazon.com/acm/latest/userguide/setup-caa.html, "one of the following four Amazon CAs"
 */
const authorities: Readonly<Record<string, readonly string[]>> = {
  cloudflare: ["letsencrypt.org", "pki.goog", "ssl.com", "sectigo.com", "comodoca.com", "digicert.com"],
  fastly: ["certainly.com", "letsencrypt.org", "globalsign.com"],
  cloudfront: ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"],
};

/** Who may issue for a name by its CAA records: `0 issue "letsencrypt.org; validationmethods=dns-01"` (RFC 8659 §4.2). */
const issuers = (values: readonly string[], tag: string): readonly string[] =>
  values.flatMap((value) => {
    const match = /^\s*\d+\s+(\w+)\s+"?([^";]*)/.exec(value);
    return match?.[1]?.toLowerCase() === tag ? [(match[2] ?? "").trim().toLowerCase()] : [];
  });

const caa = (name: string, backupCdn: string, beside: readonly BesideRecord[]): Finding => {
  // Only the closest ancestor's records count (RFC 8659 §3).
  const [closest] = beside.filter(({ type }) => type === "CAA").toSorted((a, b) => b.name.length - a.name.length);
  const wild = name.startsWith("*.") ? issuers(closest?.values ?? [], "issuewild") : [];
  const allowed = wild.length > 0 ? wild : issuers(closest?.values ?? [], "issue");
  if (closest === undefined || allowed.length === 0) return pass("caa", "no CAA record limits who may issue certificates for the name");
  const known = Object.entries(authorities).find(([cdn]) => backupCdn.toLowerCase().includes(cdn))?.[1];
  const said = `${closest.name} CAA permits ${allowed.filter((one) => one !== "").join(", ") || "nobody"}`;
  if (known === undefined)
    return found(
      "caa",
      "unproven",
      `${said}; who issues for ${backupCdn} is not known here`,
      `make sure that ${closest.name} CAA permits the authority of the backup CDN`,
    );
  if (known.some((authority) => allowed.includes(authority))) return pass("caa", said);
  return found(
    "caa",
    "warn",
    `${said}, none of which issues for ${backupCdn}: its certificate cannot be issued or renewed`,
    `add to ${closest.name} CAA: 0 issue "${known[0] ?? ""}" (one of ${known.join(", ")})`,
  );
};

/** Checks of records of other types that affect a switch. @param beside null: they could not be read */
export const checkBeside = (name: string, backupCdn: string, beside: readonly BesideRecord[] | null): readonly Finding[] =>
  beside === null
    ? [
        found("https_records", "unproven", "the records beside the pair were not read", "check again"),
        found("caa", "unproven", "the records beside the pair were not read", "check again"),
      ]
    : [httpsRecords(name, beside), caa(name, backupCdn, beside)];

/**
 * The public DNS answers for an unproven name, and for a random sibling that cannot exist: equal ones show a
 * wildcard.
 */
export type WildcardFacts = { readonly own: readonly string[]; readonly sibling: readonly string[] };

/** A warning before publishing a proof for a name that only a wildcard serves. */
export const proofWarning = (name: string): string =>
  `if ${name} is served by a wildcard record alone, create records of its own first (the weighted pair, or a copy of the wildcard's): ` +
  `once anything exists below a name the wildcard does not answer for it any more (RFC 4592 §2.2.2, empty non-terminals)`;

/** @param seen null: the DNS did not answer */
export const checkProofRecord = (name: string, seen: WildcardFacts | null): Finding => {
  const mend = `create records of ${name} itself, such as the weighted pair or a copy of what the wildcard has, before _tranche-challenge.${name}`;
  if (seen === null) return found("proof_record", "unproven", "the public DNS could not be asked whether a wildcard serves the name", mend);
  if (seen.sibling.length === 0) return pass("proof_record", "no wildcard serves names beside this one");
  if (seen.own.length === 0)
    return found(
      "proof_record",
      "fail",
      `a wildcard answers beside ${name} and not for it: a record below it has made it an empty non-terminal`,
      mend,
    );
  const isSame = [...seen.own].toSorted().join() === [...seen.sibling].toSorted().join();
  if (!isSame) return pass("proof_record", "the name has records of its own");
  return found(
    "proof_record",
    "warn",
    `${name} is answered as any name beside it, so by a wildcard: its proof record would make it disappear`,
    mend,
  );
};

/** The probed paths to a domain: through each CDN's own hostname, and by the public name itself. */
export type ProbePath = "primary" | "backup" | "direct";

/** Why a probe failed; stable, part of the API. `cdn_52x`: the CDN could not get an answer from the origin. */
export type ProbeError = "timeout" | "network" | "http_status" | "cdn_52x";

export type Verdict = { readonly ok: boolean; readonly status: number | null; readonly error: ProbeError | null };

/**
 * Names and values of an answer's headers together, in characters. Node's fetch gives up at 16 KiB of them (undici,
 * maxHeaderSize), workerd at about 512 KiB, CDNs pass on up to 128 KiB: beyond the smallest of these every vantage reports the same.
 */
export const mostHeaderChars = 16_000;

/** Inclusive ranges of HTTP status codes. */
export type StatusRanges = readonly (readonly [from: number, to: number])[];

/** A failed probe is followed by this many more of the same path in the same round (semantics §4). */
export const confirmations = 2;

/** Reads `200-399` or `200,204,300-399`, spaces around each part. @returns null where the text is not a list of codes 100..599 */
export const parseStatusRanges = (text: string): StatusRanges | null => {
  const ranges: [number, number][] = [];
  for (const part of text.split(",")) {
    const match = /^ *([1-5]\d\d)(?:-([1-5]\d\d))? *$/.exec(part);
    if (match === null) return null;
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (to < from) return null;
    ranges.push([from, to]);
  }
  return ranges;
};

/** An interim answer is never the last one (RFC 9110 §15.2), and 407 is for proxies: fetch fails on both, but not everywhere. */
const neverFinal = (status: number): boolean => status < 200 || status === 407;

/** Whether each of the ranges has a code that a probe can receive. */
export const canBeExpected = (ranges: StatusRanges): boolean => ranges.every(([from, to]) => to >= 200 && !(from === to && neverFinal(to)));

const originUnreachable = (status: number): boolean => (status >= 520 && status <= 527) || status === 530;

/**
 * Evaluates a probe's result. A CDN's own answer for an unknown host (403, 404, 421) must not
 * count as healthy, so only the expected codes are ok.
 * @returns null for an answer that not every vantage can read: it is no sample
 */
export const judgeProbe = (
  answer: { readonly kind: "answer"; readonly status: number } | { readonly kind: "timeout" | "network" | "unreadable" },
  expected: StatusRanges,
): Verdict | null => {
  if (answer.kind === "unreadable") return null;
  if (answer.kind !== "answer") return { ok: false, status: null, error: answer.kind };
  const { status } = answer;
  if (!neverFinal(status) && expected.some(([from, to]) => status >= from && status <= to)) return { ok: true, status, error: null };
  return { ok: false, status, error: originUnreachable(status) ? "cdn_52x" : "http_status" };
};

const mostPathChars = 1_024;

/** What URL parsers leave as it is (URL Standard); `^` in a path only newer ones escape. */
const pathForm = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/|[\]%]*$/;
const queryForm = /^[A-Za-z0-9\-._~!$&()*+,;=:@/?|[\]{}`^%]*$/;

/**
 * What is wrong with a path (and query) to probe; null: nothing. The request must be what was configured, so the path
 * has to survive every runtime's URL parser unchanged: no fragment, no dot segments, nothing that would be escaped.
 */
export const probePathFault = (text: string): string | null => {
  if (text.length > mostPathChars) return `must have at most ${mostPathChars} characters`;
  if (!text.startsWith("/") || /^\/[/\\]/.test(text)) return "must start with one /";
  if (text.includes("#")) return "must not have a fragment: # is never sent";
  if (text.includes("\\")) return "must not contain a backslash";
  const [path = "", ...queries] = text.split("?");
  const query = queries.length === 0 ? null : queries.join("?");
  if (path.split("/").some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) return "must not have . or .. as a segment";
  if (query === "") return "must not end with an empty query";
  const escapes = text.replaceAll(/%[0-9A-Fa-f]{2}/g, "");
  if (escapes.includes("%")) return "must have two hexadecimal digits behind each %";
  return pathForm.test(path) && queryForm.test(query ?? "") ? null : "must be escaped as it is to be sent: %20 for a space";
};

/** Names under these can have no public address (RFC 6761, RFC 6762, RFC 7686), so probing them by name proves nothing. */
const reservedSuffixes = ["test", "localhost", "invalid", "local", "onion"];

/** Whether a domain can be probed by its own name. */
export const isPublicName = (name: string): boolean => !reservedSuffixes.includes(name.slice(name.lastIndexOf(".") + 1));

export type ProbedDomain = {
  readonly name: string;
  readonly primaryTarget: string | null;
  readonly backupTarget: string | null;
  readonly probePath: string;
};

/** The URLs to probe for a domain. A target is a hostname, or a full origin where private targets are allowed. */
export const probeUrls = (domain: ProbedDomain): readonly { readonly path: ProbePath; readonly url: string }[] => {
  const url = (target: string) => (target.includes("://") ? target.replace(/\/+$/, "") : `https://${target}`) + domain.probePath;
  const urls: { path: ProbePath; url: string }[] = [];
  if (domain.primaryTarget !== null) urls.push({ path: "primary", url: url(domain.primaryTarget) });
  if (domain.backupTarget !== null) urls.push({ path: "backup", url: url(domain.backupTarget) });
  if (isPublicName(domain.name)) urls.push({ path: "direct", url: url(domain.name) });
  return urls;
};

/** The ways to a domain that are probed: through each CDN's own hostname, and by the public name itself. */
export type ProbePath = "primary" | "backup" | "direct";

/** Why a probe failed; stable, part of the API. `cdn_52x`: the CDN could not get an answer from the origin. */
export type ProbeError = "timeout" | "network" | "http_status" | "cdn_52x";

export type Verdict = { readonly ok: boolean; readonly status: number | null; readonly error: ProbeError | null };

/** Inclusive ranges of HTTP status codes. */
export type StatusRanges = readonly (readonly [from: number, to: number])[];

/** A failed probe is followed by this many more of the same path in the same round (semantics §4). */
export const confirmations = 2;

/** Reads `200-399` or `200,204,300-399`. @returns null where the text is not a list of codes 100..599 */
export const parseStatusRanges = (text: string): StatusRanges | null => {
  const ranges: [number, number][] = [];
  for (const part of text.split(",")) {
    const match = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(part.trim());
    if (match === null) return null;
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (to < from) return null;
    ranges.push([from, to]);
  }
  return ranges;
};

const originUnreachable = (status: number): boolean => (status >= 520 && status <= 527) || status === 530;

/**
 * Judges what came back from a probe. A CDN's own answer for a host that it does not know (403, 404, 421) must not
 * pass for health, so only the expected codes are ok.
 */
export const judgeProbe = (
  answer: { readonly kind: "answer"; readonly status: number } | { readonly kind: "timeout" | "network" },
  expected: StatusRanges,
): Verdict => {
  if (answer.kind !== "answer") return { ok: false, status: null, error: answer.kind };
  const { status } = answer;
  if (expected.some(([from, to]) => status >= from && status <= to)) return { ok: true, status, error: null };
  return { ok: false, status, error: originUnreachable(status) ? "cdn_52x" : "http_status" };
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

import { isPrivateHost, parseHostname } from "../tenants/hostname.ts";
import { domainOfAddress, isMailAddress } from "./mail-address.ts";

/** Where messages are to be sent, as a customer names it. */
export type ChannelTarget =
  | { readonly kind: "webhook" | "slack"; readonly url: string }
  | { readonly kind: "pagerduty"; readonly routingKey: string; readonly region: "us" | "eu" }
  | { readonly kind: "email"; readonly to: readonly string[] };

/** Why a target is not usable: the field of the API that holds it, and words for the caller, for "field X". */
export type TargetFault = { readonly field: "url" | "routing_key" | "to"; readonly detail: string };

export type JudgedTarget<T extends ChannelTarget = ChannelTarget> =
  | { readonly ok: true; readonly target: T }
  | ({ readonly ok: false } & TargetFault);

const mostAddresses = 10;
const maxUrlLength = 2_000;
const slackHosts: readonly string[] = ["hooks.slack.com", "hooks.slack-gov.com"];

const no = (field: TargetFault["field"], detail: string) => ({ ok: false, field, detail }) as const;

/** What a URL parser would drop, or take for something else. */
const isPlain = (text: string): boolean => !/[\s\\\p{Cc}\p{Zl}\p{Zp}]|\p{Default_Ignorable_Code_Point}/u.test(text);

/** The host as the URL standard reads it (IDNA, short and hexadecimal IPv4 included), judged as every host of a customer is. */
const judgedHost = (hostname: string, allowPrivate: boolean): { readonly name: string } | { readonly detail: string } => {
  if (hostname.startsWith("["))
    return allowPrivate ? { name: hostname } : { detail: "must have a public name of several labels for a host" };
  const parsed = parseHostname(hostname, (text) => text, allowPrivate);
  return parsed.ok ? { name: parsed.name } : { detail: `host ${parsed.detail}` };
};

/** A URL to post to, in canonical form. */
const judgedUrl = (
  text: string,
  allowPrivate: boolean,
): { readonly ok: true; readonly url: URL } | ({ readonly ok: false } & TargetFault) => {
  if (text.length > maxUrlLength) return no("url", `must have at most ${maxUrlLength} characters`);
  if (!isPlain(text) || !/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return no("url", "must be an https URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && !allowPrivate) return no("url", "must be an https URL");
  if (url.username !== "" || url.password !== "" || /^[^/]*\/\/[^/?]*@/.test(text)) return no("url", "must hold no user and no password");
  if (text.includes("#")) return no("url", "must have no fragment");
  const host = judgedHost(url.hostname, allowPrivate);
  if ("detail" in host) return no("url", host.detail);
  url.hostname = host.name;
  return { ok: true, url };
};

const judgedAddress = (text: string, allowPrivate: boolean): string | null => {
  if (!isMailAddress(text)) return "must be addresses such as ops@example.com, without names";
  return allowPrivate || !isPrivateHost(domainOfAddress(text)) ? null : "must be addresses in public domains";
};

/** The domain in lower case; what is before it is the receiver's own affair (RFC 5321 §2.4). */
const canonicalAddress = (text: string): string => `${text.slice(0, text.lastIndexOf("@"))}@${domainOfAddress(text).toLowerCase()}`;

const judgedAddresses = (to: readonly string[], allowPrivate: boolean): JudgedTarget => {
  if (to.length === 0 || to.length > mostAddresses) return no("to", `must be 1 to ${mostAddresses} addresses`);
  const detail = to.map((address) => judgedAddress(address, allowPrivate)).find((fault) => fault !== null);
  if (detail !== undefined) return no("to", detail);
  const canonical = to.map(canonicalAddress);
  if (new Set(canonical).size < canonical.length) return no("to", "must name each address once");
  return { ok: true, target: { kind: "email", to: canonical } };
};

/**
 * Whether messages may be sent there, and the target in canonical form. Only public https hosts: whoever names a target could
 * otherwise have requests sent inside the network that this runs in.
 * @param allowPrivate lets plain http, literals and private hosts pass, and other hosts for Slack's (ALLOW_PRIVATE_TARGETS)
 */
export const judgeTarget = (target: ChannelTarget, allowPrivate: boolean): JudgedTarget => {
  if (target.kind === "email") return judgedAddresses(target.to, allowPrivate);
  if (target.kind === "pagerduty") {
    if (/^[A-Za-z0-9]{32}$/.test(target.routingKey)) return { ok: true, target };
    return no("routing_key", "must be the integration key of PagerDuty, 32 letters and digits");
  }
  const judged = judgedUrl(target.url, allowPrivate);
  if (!judged.ok) return judged;
  const { url } = judged;
  const isSlacks = slackHosts.includes(url.host) && url.pathname.startsWith("/services/");
  if (target.kind === "slack" && !allowPrivate && !isSlacks) {
    return no("url", "must be an incoming webhook such as https://hooks.slack.com/services/T.../B.../...");
  }
  return { ok: true, target: { kind: target.kind, url: url.href } };
};

import { areAddressesKnown, isAddressOf } from "../detection/cdn-addresses.ts";
import { cdnZones } from "../detection/target.ts";
import type { Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";

/** A channel that storms of the service are told on, and where it leads. */
export type ChannelFacts = {
  readonly name: string;
  /** The host that is posted to, and where CNAMEs lead from it. Null: it is a mail, or its host means nothing to the public DNS. */
  readonly hosts: readonly string[] | null;
  /** What its host is answered; empty: nothing, or nobody could be asked. */
  readonly addresses: readonly string[];
};

export type ToldFacts = {
  readonly primaryCdn: string;
  readonly backupCdn: string;
  readonly channels: readonly ChannelFacts[];
  /** Names that the customer has insured. */
  readonly insured: ReadonlySet<string>;
  /** What the primary targets of the service are answered. */
  readonly primaryAddresses: ReadonlySet<string>;
};

const isIn = (host: string, zone: string): boolean => host === zone || host.endsWith(`.${zone}`);

/**
 * The host that messages of a channel are posted to; null: of a mail. That it is a third party's says nothing by itself: Slack
 * does not publish what is before its hosts, and PagerDuty's Events API has several addresses that change
 * (support.pagerduty.com/docs/safelist-ips). Both are looked up as any other host is.
 */
export const hostOfChannel = (
  kind: "webhook" | "slack" | "pagerduty" | "email",
  host: string | null,
  region: string | null,
): string | null => {
  if (kind === "pagerduty") return region === "eu" ? "events.eu.pagerduty.com" : "events.pagerduty.com";
  return kind === "email" ? null : host;
};

type Dependence = { readonly on: string } | { readonly unknown: string } | null;

/**
 * On what a channel depends that fails together with the service, or null. One that posts does on the service's own primary CDN, on
 * Cloudflare where the service uses that (tranche itself prefers it), and on names that are insured themselves; a mail goes
 * through no CDN. What cannot be told is unknown: of a CDN that does not publish all its addresses any other may be one.
 */
const dependenceOf = ({ hosts, addresses }: ChannelFacts, facts: Omit<ToldFacts, "channels">): Dependence => {
  if (hosts === null) return null;
  const insured = hosts.find((host) => facts.insured.has(host));
  if (insured !== undefined) return { on: `${insured}, which is insured itself` };
  const { primaryCdn, backupCdn, primaryAddresses } = facts;
  const cdns = [primaryCdn, ...(backupCdn === "cloudflare" ? ["cloudflare"] : [])];
  const zone = cdnZones.find((one) => cdns.includes(one.cdn) && hosts.some((host) => isIn(host, one.zone)));
  if (zone !== undefined) return { on: zone.cdn };
  if (addresses.some((address) => primaryAddresses.has(address))) return { on: primaryCdn };
  const cdn = cdns.find((one) => addresses.some((address) => isAddressOf(one, address)));
  if (cdn !== undefined) return { on: cdn };
  if (addresses.length === 0) return { unknown: `its host ${hosts[0] ?? ""} is not answered for` };
  const unlisted = cdns.find((one) => !areAddressesKnown(one));
  return unlisted === undefined
    ? null
    : { unknown: `${hosts[0] ?? ""} leads to no name of ${unlisted}, and which addresses are is not known here` };
};

/** Somebody is told of a storm although the CDN that has it is gone. */
export const checkChannels = ({ channels, ...facts }: ToldFacts): Finding => {
  if (channels.length === 0) {
    return found(
      "notification_channel",
      "warn",
      "nobody is told of a storm: no channel takes storms of this service",
      "POST /v1/channels, then POST its /test",
    );
  }
  const judged = channels.map((channel) => ({ name: channel.name, dependence: dependenceOf(channel, facts) }));
  const free = judged.find(({ dependence }) => dependence === null);
  if (free !== undefined) return pass("notification_channel", `${free.name} does not depend on the CDNs of the service`);
  const unknown = judged.flatMap(({ name, dependence }) =>
    dependence !== null && "unknown" in dependence ? [`${name}: ${dependence.unknown}`] : [],
  );
  if (unknown.length > 0) {
    return found(
      "notification_channel",
      "unproven",
      `whether any channel is independent of the CDNs of the service cannot be told; ${unknown.slice(0, 5).join("; ")}`,
      "add a mail, to be sure; see to the DNS of hosts that are not answered for, then check again",
    );
  }
  const said = judged.flatMap(({ name, dependence }) => (dependence !== null && "on" in dependence ? [`${name} on ${dependence.on}`] : []));
  return found(
    "notification_channel",
    "warn",
    `every channel goes down with the service: ${said.slice(0, 5).join("; ")}`,
    "add one that does not: a mail, or one whose host is elsewhere",
  );
};

import { isAddressOf } from "../detection/cdn-addresses.ts";
import { cdnZones } from "../detection/target.ts";
import type { Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";

/** A channel that storms of the service are told on, and where it leads. */
export type ChannelFacts = {
  readonly name: string;
  /** Of a webhook: its host, and where CNAMEs lead from it. Null: it is no webhook, or its host means nothing to the public DNS. */
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
 * On what a channel depends that fails together with the service, or null. A webhook does on the service's own primary CDN, on
 * Cloudflare where the service uses that (tranche itself prefers it), and on names that are insured themselves. Slack, PagerDuty
 * and mail are run by others: whom they depend on is not looked up.
 * @returns `unknown`: a webhook whose host nobody answers for
 */
const dependenceOf = ({ hosts, addresses }: ChannelFacts, facts: Omit<ToldFacts, "channels">): { readonly on: string } | "unknown" | null => {
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
  return addresses.length === 0 ? "unknown" : null;
};

/** Somebody is told of a storm although the CDN that has it is gone. */
export const checkChannels = ({ channels, ...facts }: ToldFacts): Finding => {
  if (channels.length === 0) {
    return found("notification_channel", "warn", "nobody is told of a storm: no channel takes storms of this service", "POST /v1/channels, then POST its /test");
  }
  const judged = channels.map((channel) => ({ name: channel.name, dependence: dependenceOf(channel, facts) }));
  const free = judged.find(({ dependence }) => dependence === null);
  if (free !== undefined) return pass("notification_channel", `${free.name} does not depend on the CDNs of the service`);
  const unknown = judged.find(({ dependence }) => dependence === "unknown");
  if (unknown !== undefined) {
    return found("notification_channel", "unproven", `the host of ${unknown.name} is not answered for: whether it depends on the CDNs of the service cannot be told`, "see to the host's DNS, then check again");
  }
  const said = judged.flatMap(({ name, dependence }) => (dependence === null || dependence === "unknown" ? [] : [`${name} on ${dependence.on}`]));
  return found("notification_channel", "warn", `every channel goes down with the service: ${said.slice(0, 5).join("; ")}`, "add one that does not: mail, Slack, PagerDuty, or a webhook elsewhere");
};

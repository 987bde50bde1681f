import { lookup } from "node:dns";
import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { isPublicAddress } from "../src/domain/detection/address.ts";

/** The host of what is fetched, without the brackets of IPv6; null: it is no URL. */
const hostOf = (text: string): string | null => {
  if (!URL.canParse(text)) return null;
  return new URL(text).hostname.toLowerCase().replace(/^\[(.*)\]$/, "$1");
};

/** The hosts of an environment's own addresses, lists of them included: the operator may keep what he names wherever he likes. */
export const ownHosts = (env: Readonly<Record<string, string | undefined>>): ReadonlySet<string> =>
  // By HTTP alone: a database or a mail server is nothing that is fetched from.
  new Set(Object.values(env).flatMap((text = "") => (text.match(/https?:\/\/[^\s,]+/gi) ?? []).flatMap((url) => hostOf(url) ?? [])));

const refusal = (host: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${host} has no public address`), { code: "EACCES", syscall: "lookup", hostname: host });

/**
 * Looks names up as Node does, and leaves out what is not public: a name that a customer gives may lead to this machine's own network, and
 * may do so only after it was checked. What is looked up here is what is connected to.
 * @param own hosts that may be anywhere
 * @param look Node's own, unless a test says otherwise
 */
export const publicLookup =
  (own: ReadonlySet<string>, look: typeof lookup = lookup): LookupFunction =>
  (host, options, done) => {
    look(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const allowed =
        error !== null ? [] : own.has(host.toLowerCase()) ? addresses : addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = allowed;
      const failed = error ?? (first === undefined ? refusal(host) : null);
      if (options.all === true) done(failed, allowed);
      else done(failed, first?.address ?? "", first?.family);
    });
  };

/** What `fetch` sends everything by in a process whose customers must not reach what is not public. */
export const publicAgent = (own: ReadonlySet<string>): Agent => {
  const connect = buildConnector({ lookup: publicLookup(own) });
  return new Agent({
    connect: (options, done) => {
      const host = options.hostname.toLowerCase().replace(/^\[(.*)\]$/, "$1");
      // An address is not looked up.
      if (isIP(host) !== 0 && !own.has(host) && !isPublicAddress(host)) done(refusal(host), null);
      else connect(options, done);
    },
  });
};

import type { FastlyDirectory, FastlyService } from "./directory.ts";
import type { FastlyError } from "./error.ts";
import { VERSIONLESS, domainsOfService } from "./listings.ts";

/** Who answers a host's visitors at Fastly. */
export type HostOwner = {
  readonly kind: "service";
  readonly serviceId: string;
  /** As it is in the list of services; undefined where that list does not have it. */
  readonly service: FastlyService | undefined;
  /** The name under which the account lists the host, lower-case: its own, or a wildcard. */
  readonly listedAs: string;
  /** Whether it is certain that the service has no other domain, so that the figures of the service are those of the host. */
  readonly isAlone: boolean;
  /** Why that is not certain where the service is not known to have others; null where it is. */
  readonly doubt: string | null;
};

/** `later`: a listing ran out of time or quota; the next reading may find the host. */
export type Ownership =
  | HostOwner
  | { readonly kind: "absent"; readonly reason: string }
  | { readonly kind: "unreadable"; readonly reason: string }
  | { readonly kind: "later"; readonly error: FastlyError };

const wildcardOf = (host: string): string => `*${host.slice(host.indexOf("."))}`;

/**
 * Looks hosts up in what an account lists. A domain belongs to one service at a time (Fastly's guide "Working with
 * domains"), so a host that is listed by name is found however incomplete the directory is. A wildcard counts only where
 * the directory is complete: the host might be listed by name in the missing part.
 */
export const createOwnerLookup = (directory: FastlyDirectory): ((host: string) => Ownership) => {
  const { services, versionless, gaps } = directory;
  const serviceById = new Map(services.map((service) => [service.id, service]));
  const idsByName = new Map<string, Set<string>>();
  const namesById = new Map<string, Set<string>>();
  const add = (name: string, id: string): void => {
    idsByName.set(name, (idsByName.get(name) ?? new Set()).add(id));
    namesById.set(id, (namesById.get(id) ?? new Set()).add(name));
  };
  for (const { id, domains } of services) for (const name of domains ?? []) add(name, id);
  const withoutService = new Map<string, string>();
  for (const { name, to } of versionless) {
    if (typeof to === "object") add(name, to.service);
    else withoutService.set(name, to);
  }

  const gapIn = (item: string): string | null => gaps.find((gap) => gap.item === item)?.reason ?? null;

  const doubtOf = (service: FastlyService | undefined, id: string): string | null => {
    if (service === undefined) return `Fastly service ${id} is not in the list of services`;
    if (!service.isActive) return `Fastly service ${id} has no active version`;
    return gapIn(domainsOfService(id)) ?? gapIn(VERSIONLESS);
  };

  const owner = (name: string, host: string): HostOwner | { readonly kind: "unreadable"; readonly reason: string } | null => {
    const [id, ...others] = idsByName.get(name) ?? [];
    if (id === undefined) return null;
    if (others.length > 0) return { kind: "unreadable", reason: `Fastly services ${[id, ...others].join(" and ")} both list ${name}` };
    const service = serviceById.get(id);
    const doubt = doubtOf(service, id);
    return {
      kind: "service",
      serviceId: id,
      service,
      listedAs: name,
      isAlone: name === host && namesById.get(id)?.size === 1 && doubt === null,
      doubt,
    };
  };

  return (asked) => {
    const host = asked.toLowerCase();
    if (withoutService.get(host) === "routed") {
      return { kind: "unreadable", reason: "a Fastly routing configuration sends the host to several services" };
    }
    const own = owner(host, host);
    if (own !== null) return own;
    const [gap, ...more] = gaps.filter(({ error }) => !error.isForLater);
    const [later] = gaps.filter(({ error }) => error.isForLater);
    if (gap !== undefined) {
      const rest = more.length === 0 ? "" : ` (and ${more.length} more)`;
      return { kind: "absent", reason: `the host was not found where the account could be listed, but ${gap.reason}${rest}` };
    }
    if (later !== undefined) return { kind: "later", error: later.error };
    if (withoutService.has(host)) return { kind: "absent", reason: "the host is a domain of this Fastly account, but of no service" };
    return owner(wildcardOf(host), host) ?? { kind: "absent", reason: "no Fastly service of this account lists the host" };
  };
};

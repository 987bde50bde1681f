import { z } from "zod";
import type { FastlyClient } from "./fastly-client.ts";

/** A Fastly service with the domains of its active version, lower-case. */
export type FastlyService = { readonly id: string; readonly domains: readonly string[] };

const CACHE_MS = 600_000;
const PAGE_SIZE = 100;

const page = z.array(z.looseObject({ id: z.string().min(1) }));
const domains = z.array(z.looseObject({ name: z.string().min(1) }));

/** All services that the token sees, asked for again after ten minutes. A failed listing is not remembered. */
export const createServiceDirectory = (ask: FastlyClient, now: () => number): (() => Promise<readonly FastlyService[]>) => {
  let cached: { readonly services: readonly FastlyService[]; readonly untilMs: number } | null = null;
  const list = async (): Promise<readonly FastlyService[]> => {
    const services: FastlyService[] = [];
    for (let number = 1; ; number += 1) {
      const found = await ask("/service", { page: String(number), per_page: String(PAGE_SIZE) }, page);
      for (const { id } of found) {
        const names = await ask(`/service/${encodeURIComponent(id)}/domain`, {}, domains);
        services.push({ id, domains: names.map(({ name }) => name.toLowerCase()) });
      }
      if (found.length < PAGE_SIZE) return services;
    }
  };
  return async () => {
    if (cached !== null && now() < cached.untilMs) return cached.services;
    const services = await list();
    cached = { services, untilMs: now() + CACHE_MS };
    return services;
  };
};

const wildcardOf = (host: string): string => `*${host.slice(host.indexOf("."))}`;

/** The service that has the host as a domain, or else one with a wildcard for it; undefined when none has. */
export const serviceForHost = (services: readonly FastlyService[], host: string): FastlyService | undefined => {
  const name = host.toLowerCase();
  const having = (domain: string) => services.find((service) => service.domains.includes(domain));
  return having(name) ?? having(wildcardOf(name));
};

import type { Event, Schedule } from "./schedule.ts";
import { carrying, endMs, hourMs, measuredCdns, minuteMs, startMs } from "./schedule.ts";

/** Bytes of both sides by service and window start: what is true. */
export type Truth = ReadonlyMap<string, { primary: number; backup: number; readonly hosts: Set<string> }>;

export const keyOf = (service: number, windowStartMs: number): string => `${service} ${windowStartMs}`;

type State = {
  readonly services: Map<number, readonly [string, string]>;
  readonly domains: Map<number, { readonly service: number; readonly host: string; proven: boolean }>;
};

const apply = ({ services, domains }: State, event: Event): void => {
  if (event.kind === "create service" || event.kind === "change CDNs") services.set(event.service, event.cdns);
  else if (event.kind === "delete service") {
    services.delete(event.service);
    for (const [id, domain] of domains) if (domain.service === event.service) domains.delete(id);
  } else if (event.kind === "add domain") domains.set(event.domain, { service: event.service, host: event.host, proven: event.proven });
  else if (event.kind === "delete domain") domains.delete(event.domain);
  else if (event.kind === "prove" || event.kind === "lose proof") {
    const domain = domains.get(event.domain);
    if (domain !== undefined) domain.proven = event.kind === "prove";
    const displaced = event.kind === "prove" && event.displaced !== null ? domains.get(event.displaced) : undefined;
    if (displaced !== undefined) displaced.proven = false;
  }
};

/** Minute after minute, by brute force: a minute belongs to who held the host, and to where the CDN stood, when it began. */
export const refereeOf = (schedule: Schedule): Truth => {
  const truth = new Map<string, { primary: number; backup: number; hosts: Set<string> }>();
  const carriers = new Map<string, (minute: number) => number>(
    measuredCdns.flatMap((cdn) => schedule.hosts.map((host) => [`${cdn} ${host}`, carrying(cdn, host)] as const)),
  );
  const state: State = { services: new Map(), domains: new Map() };
  let next = 0;
  for (let atMs = startMs; atMs < endMs; atMs += minuteMs) {
    for (let event = schedule.events[next]; event !== undefined && event.atMs <= atMs; event = schedule.events[next]) {
      apply(state, event);
      next += 1;
    }
    const minute = (atMs - startMs) / minuteMs;
    for (const { service, host, proven } of state.domains.values()) {
      const cdns = state.services.get(service);
      if (!proven || cdns === undefined) continue;
      const key = keyOf(service, atMs - (atMs % hourMs));
      const sums = truth.get(key) ?? { primary: 0, backup: 0, hosts: new Set<string>() };
      for (const [place, side] of (["primary", "backup"] as const).entries()) {
        const name = `${cdns[place]} ${host}`;
        const carried = carriers.get(name);
        if (carried === undefined) continue;
        sums[side] += carried(minute);
        sums.hosts.add(name);
      }
      truth.set(key, sums);
    }
  }
  return truth;
};

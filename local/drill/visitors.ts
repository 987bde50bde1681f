import { setTimeout as sleep } from "node:timers/promises";
import type { Outside } from "./outside.ts";
import { site } from "./outside.ts";

export type Visit = { readonly atMs: number; readonly cdn: "primary" | "backup"; readonly served: boolean };

export type Visitors = {
  /** Lets them come. What came before a service exists is none of its traffic, so that is when to call it. */
  readonly start: () => void;
  readonly visits: readonly Visit[];
  /** One visit now: resolves the name by weight, then asks the CDN that DNS named. */
  readonly visit: () => Promise<Visit>;
  readonly stop: () => Promise<void>;
};

const pageBytes = 1_048_576;
const everyMs = 100;
const giveUpMs = 800;

/** A steady stream of visitors who do what browsers do: resolve, connect to whatever CDN the answer names, download. */
export const createVisitors = (world: Outside): Visitors => {
  const visits: Visit[] = [];
  const stopping = new AbortController();
  const resolve = async (): Promise<"primary" | "backup"> => {
    const answer = await fetch(`${world.doh.url}?name=${site.host}&type=A`, { headers: { accept: "application/dns-json" } });
    const { Answer } = (await answer.json()) as { Answer?: { data: string }[] };
    const target = (Answer?.[0]?.data ?? "").replace(/\.$/, "");
    if (target !== site.primary && target !== site.backup) throw new Error(`${site.host} resolved to "${target}"`);
    return target === site.primary ? "primary" : "backup";
  };
  const visit = async (): Promise<Visit> => {
    const cdn = await resolve();
    const atMs = Date.now();
    const served = await fetch(`${world.cdns[cdn].url}/page?bytes=${pageBytes}`, {
      headers: { "x-visitor-host": site.host },
      signal: AbortSignal.timeout(giveUpMs),
    })
      .then(async (response) => {
        await response.arrayBuffer();
        return response.ok;
      })
      .catch(() => false);
    const seen = { atMs, cdn, served };
    visits.push(seen);
    return seen;
  };
  const come = async (): Promise<void> => {
    const inFlight = new Set<Promise<unknown>>();
    while (!stopping.signal.aborted) {
      const one = visit()
        .catch(() => undefined)
        .finally(() => inFlight.delete(one));
      inFlight.add(one);
      await sleep(everyMs);
    }
    await Promise.allSettled(inFlight);
  };
  let stream: Promise<void> | null = null;
  return {
    visits,
    visit,
    start: () => void (stream ??= come()),
    stop: async () => {
      stopping.abort();
      await stream;
    },
  };
};

import { graphqlRefusal } from "./cloudflare-replies.ts";
import type { Reply } from "./cloudflare-replies.ts";

/**
 * How one zone affects analytics queries that name it. `null_settings`, `null_node`: its plan is missing. `off`: the plan
 * has no such dataset, which is then refused. `refused`: an error inside a 200, for the whole query. `left_out`: the zone is
 * missing from the answer. `body`: its part of the answer is something else.
 */
export type ZoneFault =
  | { readonly kind: "null_settings" | "null_node" | "off" }
  | ({ readonly kind: "refused"; readonly message?: string } & Scope)
  | ({ readonly kind: "status"; readonly status: number } & Scope)
  | ({ readonly kind: "hang" } & Scope)
  | ({ readonly kind: "left_out" } & Scope)
  | ({ readonly kind: "body"; readonly change: (zone: Record<string, unknown>) => unknown } & Scope);

/** Without `on` both kinds of queries are affected, without `times` all of them. */
type Scope = { readonly on?: "settings" | "usage"; readonly times?: number };

export type ZoneFaults = {
  readonly set: (zoneId: string, fault: ZoneFault | null) => void;
  readonly of: (zoneId: string) => ZoneFault | null;
  /** Null: the query is answered as usual, except for the changes by `spoil`. */
  readonly replyTo: (query: string, variables: unknown, nowMs: number) => Reply | null;
  /** Changes the zones in an answer. */
  readonly spoil: (query: string, data: unknown) => unknown;
};

const kindOf = (query: string): "settings" | "usage" => (query.includes("settings") ? "settings" : "usage");

export const createZoneFaults = (): ZoneFaults => {
  const faults = new Map<string, { readonly fault: ZoneFault; left: number }>();

  const felt = (zoneId: string, query: string): ZoneFault | null => {
    const entry = faults.get(zoneId);
    if (entry === undefined || entry.left <= 0) return null;
    const isFelt = !("on" in entry.fault) || entry.fault.on === undefined || entry.fault.on === kindOf(query);
    return isFelt ? entry.fault : null;
  };
  const deal = (zoneId: string): void => {
    const entry = faults.get(zoneId);
    if (entry !== undefined) entry.left -= 1;
  };

  return {
    set: (zoneId, fault) => {
      if (fault === null) faults.delete(zoneId);
      else faults.set(zoneId, { fault, left: "times" in fault ? (fault.times ?? Infinity) : Infinity });
    },
    of: (zoneId) => faults.get(zoneId)?.fault ?? null,
    replyTo: (query, variables, nowMs) => {
      const named = JSON.stringify([query, variables]);
      for (const zoneId of faults.keys()) {
        const fault = named.includes(`"${zoneId}"`) ? felt(zoneId, query) : null;
        if (fault?.kind === "hang" || fault?.kind === "status" || fault?.kind === "refused") deal(zoneId);
        if (fault?.kind === "hang") return "hang";
        if (fault?.kind === "status") return { status: fault.status, body: `<html>${fault.status}</html>` };
        if (fault?.kind === "refused") return graphqlRefusal(200, fault.message ?? `zone '${zoneId}' cannot be asked that`, nowMs);
      }
      return null;
    },
    spoil: (query, data) => {
      const viewer = (data as { viewer?: { zones?: Record<string, unknown>[] } } | null)?.viewer;
      if (viewer?.zones === undefined) return data;
      const zones = viewer.zones.flatMap((zone): unknown[] => {
        const zoneId = String(zone["zoneTag"]);
        const fault = felt(zoneId, query);
        if (fault?.kind !== "left_out" && fault?.kind !== "body") return [zone];
        deal(zoneId);
        return fault.kind === "left_out" ? [] : [fault.change(zone)].flat();
      });
      return { viewer: { zones } };
    },
  };
};

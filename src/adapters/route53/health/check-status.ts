import type { CheckStatus } from "../../../domain/steering/dns-answers.ts";
import type { Clock } from "../../ports/platform/clock.ts";
import type { Surroundings } from "../../ports/steering/dns.ts";
import { type CheckKind, isObserved, readCheckKind, readCheckObservations, statusOf } from "./check-messages.ts";
import { failureOf, isUnsent } from "../api/error.ts";
import { createLimit } from "../api/limit.ts";
import type { Call } from "../api/send.ts";

/** A status may change within half a minute; GetHealthCheckStatus is not intended for frequent polling (API reference). */
const statusTtlMs = 30_000;
const kindTtlMs = 600_000;
/** The pause after a missing answer: failing requests delay the account's others. */
const awayMs = 120_000;
/** Checks queried in one reading; the others keep their last known status. */
const perReading = 20;
const sideBySide = 2;
const mostKnown = 5_000;

type Known = { readonly status: CheckStatus | "gone"; readonly atMs: number };

/** The status of an account's health checks, as far as is permitted. */
export type CheckStatuses = {
  /** Never throws: what could not be queried is unknown. */
  read(call: Call, ids: readonly string[]): Promise<Pick<Surroundings, "health" | "dangling">>;
};

/** Caches a status for half a minute, and the kind of a check for ten. Holds data only, never a promise: see `createLimit`. */
export const createCheckStatuses = (clock: Clock): CheckStatuses => {
  const statuses = new Map<string, Known>();
  let awayUntilMs = Number.NEGATIVE_INFINITY;
  const kinds = new Map<string, CheckKind & { readonly atMs: number }>();

  const kindOf = async (call: Call, id: string): Promise<CheckKind> => {
    const known = kinds.get(id);
    if (known !== undefined && clock.nowMs() - known.atMs < kindTtlMs) return known;
    const kind = await call({ method: "GET", path: `healthcheck/${id}`, root: "GetHealthCheckResponse", read: readCheckKind });
    kinds.set(id, { ...kind, atMs: clock.nowMs() });
    return kind;
  };

  const ask = async (call: Call, id: string): Promise<Known["status"] | null> => {
    try {
      const kind = await kindOf(call, id);
      if (!isObserved(kind)) return statusOf(kind, null);
      return statusOf(
        kind,
        await call({ method: "GET", path: `healthcheck/${id}/status`, root: "GetHealthCheckStatusResponse", read: readCheckObservations }),
      );
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.code === "NoSuchHealthCheck") return "gone";
      if (failure.uncertain) awayUntilMs = clock.nowMs() + awayMs;
      // A throttled query gives no new status.
      return isUnsent(failure) || (failure.retryable && !failure.uncertain) ? null : "unknown";
    }
  };

  const refresh = async (call: Call, id: string): Promise<void> => {
    if (clock.nowMs() < awayUntilMs) return;
    const status = await ask(call, id);
    if (status === null) return;
    statuses.delete(id);
    statuses.set(id, { status, atMs: clock.nowMs() });
    for (const oldest of statuses.keys()) {
      if (statuses.size <= mostKnown) break;
      statuses.delete(oldest);
      kinds.delete(oldest);
    }
  };

  return {
    read: async (call, ids) => {
      const wanted = [...new Set(ids)];
      const ageMs = (id: string) => clock.nowMs() - (statuses.get(id)?.atMs ?? Number.NEGATIVE_INFINITY);
      const stale = wanted.filter((id) => ageMs(id) >= statusTtlMs).toSorted((a, b) => ageMs(b) - ageMs(a));
      const inTurn = createLimit(sideBySide);
      await Promise.all(stale.slice(0, perReading).map(async (id) => await inTurn(async () => await refresh(call, id))));
      // The status of a deleted one "can't be predicted and may change" (API reference, DeleteHealthCheck).
      const told = (id: string): CheckStatus => {
        const status = ageMs(id) < kindTtlMs ? statuses.get(id)?.status : undefined;
        return status === undefined || status === "gone" ? "unknown" : status;
      };
      return {
        health: Object.fromEntries(wanted.map((id) => [id, told(id)])),
        dangling: wanted.filter((id) => statuses.get(id)?.status === "gone"),
      };
    },
  };
};

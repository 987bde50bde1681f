import type { Api } from "./api.ts";
import { cadence } from "./outside.ts";
import type { Telling } from "./telling.ts";
import type { Visit } from "./visitors.ts";

type Status = {
  readonly allowed_minutes: number;
  readonly consumed_minutes: number;
  readonly remaining_minutes: number;
  readonly availability: number | null;
  readonly is_open: boolean;
  readonly downtime: { readonly self_minutes: number; readonly upstreams: readonly { readonly cdn: string; readonly minutes: number }[] };
};
type StormDetail = {
  readonly downtime: { readonly seconds: number };
  readonly downtime_avoided: { readonly seconds: number; readonly cents: number | null; readonly currency: string | null };
};

export type Budget = {
  /** Compares what was recorded with what visitors saw, and prints the budget. */
  readonly judged: (outage: {
    readonly stormId: number;
    readonly brokenAtMs: number;
    readonly shiftedAtMs: number;
    readonly healedAtMs: number;
    readonly visits: readonly Visit[];
    /** Whether every visit to the primary fails while it is broken. */
    readonly isTotal: boolean;
  }) => Promise<void>;
};

const target = 99.9;
const centsPerMinute = 5_000;

const seconds = (value: number): string => `${value.toFixed(2)} s`;
const minutes = (value: number): string => `${value.toFixed(2)} min`;

/** How long visitors were lost, by themselves: from the first that was to the first that was not any more. */
const lostSeconds = (visits: readonly Visit[], fromMs: number, toMs: number): number => {
  const own = visits.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).toSorted((a, b) => a.atMs - b.atMs);
  const first = own.find(({ served }) => !served);
  const last = own.findLast(({ served }) => !served);
  if (first === undefined || last === undefined) return 0;
  const next = own.find(({ atMs }) => atMs > last.atMs);
  return ((next?.atMs ?? last.atMs) - first.atMs) / 1_000;
};

/** An objective of 99.9 % for the service, whose downtime costs something. */
export const keepBudget = async (api: Api, serviceId: number, { tell, measure, until }: Telling): Promise<Budget> => {
  await api.send("PATCH", `/v1/services/${serviceId}`, { downtime_cents_per_minute: centsPerMinute });
  const { id } = await api.send<{ id: number }>("POST", `/v1/services/${serviceId}/objectives`, { name: "visitors are served", target });
  tell("an objective", true, `${target} % over 30 days; a minute of downtime costs USD ${(centsPerMinute / 100).toFixed(2)}`);
  const read = async (): Promise<Status> => (await api.get<{ status: Status }>(`/v1/services/${serviceId}/objectives/${id}`)).status;
  return {
    judged: async ({ stormId, brokenAtMs, shiftedAtMs, healedAtMs, visits, isTotal }) => {
      const status = await until("no outage is open", 10_000, async () => {
        const now = await read();
        return now.is_open ? null : now;
      });
      const storm = await api.get<StormDetail>(`/v1/storms/${stormId}`);
      const recorded = status.consumed_minutes * 60;
      const lost = lostSeconds(visits, brokenAtMs, shiftedAtMs + 2 * cadence.intervalMs);
      const { seconds: avoided, cents, currency } = storm.downtime_avoided;
      const [blamed] = status.downtime.upstreams;
      tell(
        "the downtime is the CDN's",
        status.downtime.self_minutes === 0 && blamed?.cdn === "cloudflare" && status.downtime.upstreams.length === 1,
        `${seconds(recorded)} of ${blamed?.cdn ?? "nobody"}, none of the service's own`,
      );
      const isNear = Math.abs(recorded - lost) <= cadence.intervalMs / 1_000;
      measure(
        "downtime: recorded / lost to visitors",
        `${seconds(recorded)} / ${seconds(lost)}`,
        isTotal ? "<= 1.00 s apart" : "",
        isNear || !isTotal,
      );
      const saved = (healedAtMs - shiftedAtMs + cadence.intervalMs) / 1_000;
      measure(
        "downtime avoided",
        `${seconds(avoided)}${cents === null ? "" : `, ${currency} ${(cents / 100).toFixed(2)}`}`,
        `<= ${seconds(saved)}`,
        avoided > 0 && avoided <= saved && storm.downtime.seconds <= recorded + 0.001,
      );
      measure(
        `budget of ${target} % over 30 days`,
        `${seconds(recorded)} of ${minutes(status.allowed_minutes)} spent`,
        `${minutes(status.remaining_minutes)} left`,
        Math.abs(status.allowed_minutes - status.consumed_minutes - status.remaining_minutes) < 0.000_01,
      );
    },
  };
};

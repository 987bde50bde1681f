import { sql as statement } from "drizzle-orm";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import { microsecondText } from "../../src/domain/slo/avoided.ts";
import type { TestDatabase } from "./database.ts";

/**
 * What is recorded of a service's visitors, oldest first, in seconds after `fromMs`: `40-42 down primary cdn-a @40 storm`
 * (blamed on cdn-a, of an outage since 40), `42- up backup avoided` (the present one).
 */
export const statesOf = async (query: TestDatabase["sql"], serviceId: number, fromMs: number): Promise<string[]> =>
  (
    await query<{
      started: number;
      ended: number | null;
      state: string;
      serving: string;
      attribution: string | null;
      upstream_cdn: string | null;
      avoided: boolean;
      outage: number | null;
      storm_id: string | null;
    }>(
      `select extract(epoch from started_at)::float8 - $2::float8 as started, extract(epoch from ended_at)::float8 - $2::float8 as ended, state, serving,
         attribution, upstream_cdn, avoided, extract(epoch from outage_at)::float8 - $2::float8 as outage, storm_id
       from service_states where service_id = $1 order by started_at, id`,
      [serviceId, fromMs / 1_000],
    )
  ).map((row) =>
    [
      `${seconds(row.started)}-${row.ended === null ? "" : seconds(row.ended)}`,
      row.state,
      row.serving,
      row.upstream_cdn ?? row.attribution,
      row.avoided ? "avoided" : null,
      row.outage === null ? null : `@${seconds(row.outage)}`,
      row.storm_id === null ? null : "storm",
    ]
      .filter((part) => part !== null)
      .join(" "),
  );

const seconds = (value: number): number => Math.round(value * 1_000) / 1_000;

/** What the visitors of a service got, in microseconds since 1970; `toUs` null: up to now. */
export type State = {
  readonly fromUs: number;
  readonly toUs: number | null;
  readonly state: "up" | "avoided" | "self" | "unknown" | { readonly upstream: string };
};

/** Stores states of a service as rounds do; one after the other, without overlap. */
export const insertStates = async (db: Database, serviceId: number, states: readonly State[]): Promise<void> => {
  const rows = states.map(({ fromUs, toUs, state }) => {
    const isDown = state === "self" || typeof state === "object";
    return {
      started_at: microsecondText(fromUs),
      ended_at: toUs === null ? null : microsecondText(toUs),
      state: isDown ? "down" : state === "avoided" ? "up" : state,
      serving: state === "avoided" ? "backup" : "primary",
      attribution: isDown ? (typeof state === "object" ? "upstream" : "self") : null,
      upstream_cdn: typeof state === "object" ? state.upstream : null,
      avoided: state === "avoided",
      outage_at: isDown ? microsecondText(fromUs) : null,
    };
  });
  await db.rows(statement`
    insert into service_states (service_id, started_at, ended_at, state, serving, attribution, upstream_cdn, avoided, outage_at)
    select ${serviceId}, r.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(started_at timestamptz, ended_at timestamptz, state text, serving text,
      attribution text, upstream_cdn text, avoided boolean, outage_at timestamptz)`);
};

/** A storm of the service's policy of that kind, in microseconds since 1970. @returns its id */
export const insertStorm = async (
  db: Database,
  serviceId: number,
  fromUs: number,
  toUs: number | null,
  kind: "http_availability" | "http_latency" = "http_availability",
): Promise<number> => {
  const [row] = await db.rows<{ id: number }>(statement`
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
    select p.service_id, p.id, 1, p.kind, case when t.ended is null then 'storm' else 'ended' end, t.started, t.started, t.ended,
      case when t.ended is not null then 'recovered' end, 1.5
    from storm_policies p cross join (select ${microsecondText(fromUs)}::timestamptz as started, ${toUs === null ? null : microsecondText(toUs)}::timestamptz as ended) t
    where p.service_id = ${serviceId} and p.kind = ${kind} and p.deleted_at is null returning id`);
  if (row === undefined) throw new Error(`no policy of ${kind}`);
  return row.id;
};

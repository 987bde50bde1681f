import type { TestDatabase } from "./database.ts";

/**
 * What is recorded of a service's visitors, oldest first, in seconds after `fromMs`: `40-42 down primary cdn-a @40 storm`
 * (blamed on cdn-a, of an outage since 40), `42- up backup avoided` (the present one).
 */
export const statesOf = async (sql: TestDatabase["sql"], serviceId: number, fromMs: number): Promise<string[]> =>
  (
    await sql<{
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

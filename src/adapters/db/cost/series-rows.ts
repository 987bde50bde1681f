import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { LiveAnomaly } from "../../../domain/cost/anomaly.ts";
import { figuresOf } from "../../../domain/cost/watched.ts";
import { isoTime } from "../../../iso-time.ts";
import type { SeriesKey, SeriesSave } from "../../ports/cost/scoring.ts";
import { ms } from "../platform/write.ts";
import { changedSeasons, withoutSeasons } from "./season-rows.ts";

const timeOf = (atMs: number | null): string | null => (atMs === null ? null : isoTime(atMs));

/** The columns of a key, as a parameter has them. */
const keyRow = ({ customerId, kind, accountId, resourceType, serviceId, cdn, unit }: SeriesKey) => ({
  customer: customerId,
  kind,
  account: accountId,
  type: resourceType,
  service: serviceId,
  cdn,
  unit,
});

const keyColumns = "customer bigint, kind text, account text, type text, service bigint, cdn text, unit text";

/** Whether the series `q` has the key of the row `x`. */
const hasKey = sql.raw(`q.customer_id = x.customer and q.kind = x.kind and q.account_id = x.account and q.resource_type = x.type
  and coalesce(q.service_id, 0) = coalesce(x.service, 0) and coalesce(q.cdn, '') = coalesce(x.cdn, '')`);

const sent = (rows: readonly object[], columns: string): SQL =>
  sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(${sql.raw(columns)})`;

/** A series `q` in the form of the port, with its anomaly that is not over. */
export const storedColumns = sql`q.id, q.version, q.customer_id as "customerId", q.kind, q.account_id as "accountId", q.resource_type as "resourceType",
  q.service_id as "serviceId", q.cdn, q.unit, q.memory, ${ms("q.last_hour", "lastHourMs")}, (
    select jsonb_build_object('id', a.id, 'state', a.state, 'severity', a.severity, 'score', a.score, 'explanation', a.explanation, 'figures', a.figures,
      'value', a.value, 'usual', a.usual, 'firstHourMs', epoch_ms(a.first_hour), 'lastHourMs', epoch_ms(a.last_hour), 'hours', a.hours, 'calmHours', a.calm_hours)
    from cost_anomalies a where a.series_id = q.id and a.resolved_at is null) as live`;

export const readSeries = (keys: readonly SeriesKey[], columns: SQL = storedColumns): SQL => sql`
  select ${columns} from ${sent(keys.map(keyRow), keyColumns)}
  join cost_series q on ${hasKey}`;

/** How many series of events each customer has. */
export const countSeries = (customerIds: readonly number[]): SQL => sql`
  select q.customer_id as "customerId", count(*)::int as count from cost_series q
  where q.kind <> 'egress' and q.customer_id = any(${`{${customerIds.join()}}`}::bigint[]) group by q.customer_id`;

/** Forgets the seasons of series that begin anew. */
export const forgetSeasons = (saves: readonly SeriesSave[]): SQL | null => {
  const ids = saves.flatMap(({ stored, isAnew }) => (isAnew === true && stored !== null ? [stored.id] : []));
  return ids.length === 0 ? null : sql`delete from cost_seasons where series_id = any(${`{${ids.join()}}`}::bigint[])`;
};

/** Writes what has changed of seasons. */
export const writeSeasons = (saves: readonly SeriesSave[]): SQL | null => {
  const rows = saves.flatMap((save) => changedSeasons(save).map((season) => ({ ...keyRow(save.key), ...season })));
  if (rows.length === 0) return null;
  return sql`
    insert into cost_seasons (series_id, hour, count, mean, rest, m2)
    select q.id, x.hour, x.count, x.mean, x.rest, x.m2
    from ${sent(rows, `${keyColumns}, hour smallint, count int, mean float8, rest float8, m2 float8`)} join cost_series q on ${hasKey} order by q.id, x.hour
    on conflict (series_id, hour) do update set count = excluded.count, mean = excluded.mean, rest = excluded.rest, m2 = excluded.m2`;
};

/** Writes series, each only where it is still what was read; ends the transaction otherwise. */
export const writeSeries = (saves: readonly SeriesSave[]): SQL => {
  const rows = saves.map(({ key, stored, memory, lastHourMs }) => {
    const { mean, deviation, count, actors } = figuresOf(memory);
    return {
      ...keyRow(key),
      id: stored?.id ?? null,
      version: stored?.version ?? null,
      memory: withoutSeasons(memory),
      mean,
      deviation,
      count,
      actors,
      hour: timeOf(lastHourMs),
    };
  });
  return sql`
    with sent as materialized (
      select * from ${sent(rows, `${keyColumns}, id bigint, version bigint, memory jsonb, mean float8, deviation float8, count bigint, actors jsonb, hour timestamptz`)}
    ), made as (
      insert into cost_series (customer_id, kind, account_id, resource_type, service_id, cdn, unit, memory, mean_hourly_cost, stddev, event_count, observed_actors, last_hour)
      select customer, kind, account, type, service, cdn, unit, memory, mean, deviation, count, actors, hour from sent where id is null
      order by customer, kind, account, type, service, cdn
      on conflict do nothing returning 1
    ), held as materialized (
      select q.id from cost_series q join sent x on x.id = q.id where q.version = x.version order by q.id for update of q
    ), moved as (
      update cost_series q set memory = x.memory, mean_hourly_cost = x.mean, stddev = x.deviation, event_count = x.count, observed_actors = x.actors,
        last_hour = coalesce(x.hour, q.last_hour), version = q.version + 1, updated_at = now()
      from sent x where q.id = x.id and q.version = x.version and q.id in (select id from held) returning 1
    )
    select require_unchanged((select count(*) from made) + (select count(*) from moved) = ${rows.length}::int)`;
};

/** Writes the hours of series. */
export const writeHours = (saves: readonly SeriesSave[]): SQL => {
  const rows = saves.flatMap(({ key, hours }) =>
    hours.map(({ hourMs, value, band, score, severity, label }) => ({
      ...keyRow(key),
      hour: timeOf(hourMs),
      value,
      low: band?.low ?? null,
      mean: band?.mean ?? null,
      high: band?.high ?? null,
      score,
      severity,
      label,
    })),
  );
  return sql`
    insert into cost_hours as h (series_id, hour, value, usual_low, usual_mean, usual_high, score, severity, label)
    select q.id, x.hour, x.value, x.low, x.mean, x.high, x.score, x.severity, x.label
    from ${sent(rows, `${keyColumns}, hour timestamptz, value float8, low float8, mean float8, high float8, score float8, severity text, label text`)}
    join cost_series q on ${hasKey} order by q.id, x.hour
    on conflict (series_id, hour) do update set value = h.value + excluded.value,
      score = greatest(h.score, excluded.score), severity = case when excluded.score > h.score then excluded.severity else h.severity end`;
};

const anomalyRow = (one: LiveAnomaly, over: boolean) => ({
  id: one.id,
  severity: one.severity,
  score: one.score,
  explanation: one.explanation,
  figures: one.figures,
  value: one.value,
  usual: one.usual,
  first: timeOf(one.firstHourMs),
  last: timeOf(one.lastHourMs),
  hours: one.hours,
  calm: one.calmHours,
  over,
});

const anomalyColumns = `${keyColumns}, id bigint, severity text, score float8, explanation text, figures jsonb, value float8, usual float8, first timestamptz, last timestamptz, hours int, calm int, over boolean`;

const anomaliesOf = (saves: readonly SeriesSave[]) =>
  saves.flatMap(({ key, live, ended }) =>
    [...ended.map((one) => anomalyRow(one, true)), ...(live === null ? [] : [anomalyRow(live, false)])].map((row) => ({
      ...keyRow(key),
      ...row,
    })),
  );

/** Writes what became of anomalies: those that are stored first, as one that is over makes room for the next. A person's word stands. */
export const writeAnomalies = (saves: readonly SeriesSave[]): readonly SQL[] => {
  const rows = anomaliesOf(saves);
  const [known, fresh] = [rows.filter(({ id }) => id !== null), rows.filter(({ id }) => id === null)];
  return [
    ...(known.length === 0
      ? []
      : [
          sql`
    update cost_anomalies a set severity = x.severity, score = x.score, explanation = x.explanation, figures = x.figures, value = x.value, usual = x.usual,
      first_hour = x.first, last_hour = x.last, hours = x.hours, calm_hours = x.calm,
      state = case when x.over then 'resolved' else a.state end, snoozed_until = case when x.over then null else a.snoozed_until end,
      resolved_at = case when x.over then now() end, changed_by = case when x.over then null else a.changed_by end
    from ${sent(known, anomalyColumns)} where a.id = x.id and a.resolved_at is null`,
        ]),
    ...(fresh.length === 0
      ? []
      : [
          sql`
    insert into cost_anomalies (customer_id, series_id, state, severity, score, explanation, figures, value, usual, first_hour, last_hour, hours, calm_hours, mode, resolved_at)
    select q.customer_id, q.id, case when x.over then 'resolved' else 'open' end, x.severity, x.score, x.explanation, x.figures, x.value, x.usual, x.first, x.last,
      x.hours, x.calm, coalesce((select m.mode from cost_modes m where m.customer_id = q.customer_id), 'shadow'), case when x.over then now() end
    from ${sent(fresh, anomalyColumns)} join cost_series q on ${hasKey}
    order by array_position(array['critical', 'high', 'medium'], x.severity), q.id, x.first
    on conflict (series_id) where resolved_at is null do nothing`,
        ]),
  ];
};

import { sql } from "drizzle-orm";
import { breakerKinds, clocksApartMs, longestPauseMs } from "../../../domain/platform/breaker.ts";
import { isoTime } from "../../../iso-time.ts";
import type { BreakerScope, BreakerStore, ShownBreaker, StoredBreaker } from "../../ports/platform/breakers.ts";
import { breakerName, longestClaimMs, mostShownBreakers } from "../../ports/platform/breakers.ts";
import type { Database } from "./client.ts";
import { ms } from "./write.ts";

/** A message is shown in full wherever it is shown. */
const mostErrorChars = 300;

/** Of the fields of `StoredBreaker`. */
const columns = sql`kind, customer_id as "customerId", account_id as "accountId", nullif(split_part(name, ':', 2), '') as which, failures as "recentMs", in_a_row as "inARow", pauses, ${ms("opened_at", "openedAtMs")}, ${ms("probe_at", "probeAtMs")},
  last_error as "lastError", version`;

type Row = StoredBreaker["breaker"] &
  Pick<StoredBreaker, "lastError" | "version"> &
  Omit<BreakerScope, "which"> & { readonly which: string | null };

const toBreaker = ({ kind, customerId, accountId, which, lastError, version, ...breaker }: Row): StoredBreaker => ({
  scope: { kind, customerId, accountId, ...(accountId === null && which !== null && { which }) },
  lastError,
  version,
  breaker,
});

/** Of names and kinds, which have no commas of their own. */
const array = (texts: readonly string[]) => sql`${`{${texts.join()}}`}::text[]`;

const time = (atMs: number | null): string | null => (atMs === null ? null : isoTime(atMs));

const rowOf = ({ scope, breaker, lastError, version }: StoredBreaker) => ({
  name: breakerName(scope),
  kind: scope.kind,
  customer_id: scope.customerId,
  account_id: scope.accountId,
  failures: breaker.recentMs.map((atMs) => isoTime(atMs)),
  in_a_row: breaker.inARow,
  pauses: breaker.pauses,
  opened_at: time(breaker.openedAtMs),
  probe_at: time(breaker.probeAtMs),
  last_error: (lastError ?? "").slice(0, mostErrorChars),
  version,
});

/** As `domain/platform/breaker.ts` has it, of a trial that is due or paused. */
const stateOf = sql.raw(`case when probe_at is null then 'closed' when probe_at <= now then 'half-open' else 'open' end`);

/** By kind: whatever ends later was begun by a clock that was ahead (`domain/platform/breaker.ts`). */
const longestPause = sql.raw(
  `case kind ${breakerKinds.map((kind) => `when '${kind}' then interval '${longestPauseMs(kind)} milliseconds'`).join(" ")} end`,
);

export const createBreakerStore = (db: Database): BreakerStore => ({
  take: async (kinds, nowMs, claimUntilMs) => {
    const found = await db.rows<Row & { readonly isClaimed: boolean }>(sql`
      with claimed as (
        update breakers set claimed_until = ${isoTime(claimUntilMs)}::timestamptz, version = version + 1
        where kind = any(${array(kinds)})
          and (probe_at <= ${isoTime(nowMs)}::timestamptz or probe_at > ${isoTime(nowMs)}::timestamptz + ${longestPause})
          and (claimed_until is null or claimed_until <= ${isoTime(nowMs)}::timestamptz
            or claimed_until > ${isoTime(nowMs)}::timestamptz + ${longestClaimMs + clocksApartMs}::bigint * interval '1 millisecond')
        returning *
      )
      select ${columns}, true as "isClaimed" from claimed
      union all
      select ${columns}, false from breakers where kind = any(${array(kinds)}) and name not in (select name from claimed)`);
    return found.map(({ isClaimed, ...row }) => ({ ...toBreaker(row), isClaimed }));
  },

  find: async (names) => (await db.rows<Row>(sql`select ${columns} from breakers where name = any(${array(names)})`)).map(toBreaker),

  save: async (changes, nowMs) => {
    const rows = JSON.stringify(changes.map(rowOf));
    const at = sql`${isoTime(nowMs)}::timestamptz`;
    const lost = await db.rows<{ name: string }>(sql`
      with given as materialized (
        select * from jsonb_to_recordset(${rows}::jsonb) as x(name text, kind text, customer_id bigint, account_id bigint, failures timestamptz[],
          in_a_row int, pauses int, opened_at timestamptz, probe_at timestamptz, last_error text, version bigint)
      ), cdns as materialized (
        select id from cdn_accounts where deleted_at is null and id in (select account_id from given where kind = 'cdn') order by id for share
      ), clouds as materialized (
        select id from cost_accounts where deleted_at is null and id in (select account_id from given where kind in ('s3', 'ec2')) order by id for share
      ), live as materialized (
        select * from given g where account_id is null or kind = 'cdn' and account_id in (select id from cdns)
          or kind in ('s3', 'ec2') and account_id in (select id from clouds)
      ), changed as (
        update breakers b set failures = g.failures, in_a_row = g.in_a_row, pauses = g.pauses, opened_at = g.opened_at, probe_at = g.probe_at,
          last_error = g.last_error, claimed_until = null, version = b.version + 1, updated_at = ${at}
        from live g where b.name = g.name and b.version = g.version returning b.name
      ), added as (
        insert into breakers (name, kind, customer_id, account_id, failures, in_a_row, pauses, opened_at, probe_at, last_error, updated_at)
        select name, kind, customer_id, account_id, failures, in_a_row, pauses, opened_at, probe_at, last_error, ${at} from live where version = 0
        on conflict do nothing returning name
      )
      select name from live where name not in (select name from changed union all select name from added)`);
    return lost.map(({ name }) => name);
  },

  list: (customerId, nowMs) =>
    db.rows<ShownBreaker>(sql`
      with shown as (
        select b.kind, b.customer_id, b.account_id,
          coalesce(case b.kind when 'cdn' then
              (select concat_ws(' ', c.cdn, c.account_ref) from cdn_accounts c where c.id = b.account_id)
            else (select c.name from cost_accounts c where c.id = b.account_id) end, nullif(split_part(b.name, ':', 2), '')) as account,
          b.in_a_row as failures, b.opened_at, b.probe_at, b.last_error, b.updated_at, ${isoTime(nowMs)}::timestamptz as now
        from breakers b
        where (${customerId}::bigint is null or b.customer_id = ${customerId}::bigint)
          and (b.probe_at is not null or b.in_a_row > 0 or b.failures[cardinality(b.failures)] > ${isoTime(nowMs)}::timestamptz - interval '1 minute')
        union all
        select 'dns', nullif(s.customer_id, 0), a.id, coalesce(a.role_arn, a.access_key_id), s.strikes,
          case when s.paused_until is not null then s.updated_at end, s.paused_until, s.last_error, s.updated_at, ${isoTime(nowMs)}::timestamptz
        from dns_standings s left join dns_accounts a on a.customer_id = s.customer_id and a.deleted_at is null
        where s.strikes > 0 and (${customerId}::bigint is null or s.customer_id = ${customerId}::bigint)
      )
      select kind, customer_id as "customerId", account_id as "accountId", account, ${stateOf} as state, failures, ${ms("opened_at", "sinceMs")},
        ${ms("probe_at", "nextProbeMs")}, nullif(last_error, '') as "lastError", ${ms("updated_at", "updatedAtMs")}
      from shown order by (probe_at is null), updated_at desc, kind, account_id limit ${mostShownBreakers}`),
});

/** Open breakers by kind, for whoever watches the installation. Those of DNS accounts have a gauge of their own. */
export const openBreakers = sql`select kind, count(*) as count from breakers where probe_at is not null group by 1 order by 1`;

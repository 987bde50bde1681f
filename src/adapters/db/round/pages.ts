import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { takeTurns } from "../../../domain/detection/turns.ts";
import type { TimeKeeper } from "../../ports/platform/clock.ts";
import type { Shard } from "../../ports/coordination/shards.ts";
import type { RoundService } from "../../ports/detection/round-view.ts";
import type { Database } from "../platform/client.ts";
import { databaseTime } from "../platform/client.ts";

/** Domains of one round: more than one invocation can probe in its time, and a few megabytes to read. */
const domainsPerRound = 2_500;

/** Bytes of a page's domains, as jsonb; as JSON within JSON up to 50 % more, and Neon sends 10 MiB. */
const bytesPerPage = 5 * 1_048_576;

/** Bytes of a round: two full pages. */
const bytesPerDomain = (2 * bytesPerPage) / domainsPerRound;

const indexRows = 100_000;

/** The services of one shard: the rule by which both providers split the work (semantics §10). */
export const inShard = (column: SQL, shard: Shard): SQL => sql`mod(${column}, ${shard.count}::int) = ${shard.index}::int`;

/** Which services are read: all of a shard, or those named; by id, after a cursor. */
export type Page = { readonly shard: Shard; readonly afterId: number; readonly ids: readonly number[] | null };

/** Live services, in place of `services`; one more than a page has, to know whether there are more. */
export const servicesOf = ({ shard, afterId, ids }: Page): SQL => sql`(
  select * from services s where s.deleted_at is null and s.id > ${afterId} and ${inShard(sql`s.id`, shard)}
    ${ids === null ? sql`` : sql`and s.id = any(${`{${ids.join()}}`}::bigint[])`}
  order by s.id limit ${domainsPerRound + 1}::int)`;

/** Cached services, by id: the version that was read of each. Sending costs nothing, receiving does. */
type Known = ReadonlyMap<number, { readonly version: string; readonly service: RoundService }>;

/**
 * Cuts off a page: so many services, domains and bytes, but one service at least. Cached services are not sent again,
 * nor is one that is too large for any page.
 * @param services selects `serviceId`, `domains` and everything else of a service
 */
const cutOff = (services: SQL, known: Known): SQL => sql`
  select x.id, x.version::text as version, x.count, x.among, x.bytes <= ${bytesPerPage}::int as fits,
    case when x.bytes <= ${bytesPerPage}::int and k.value is distinct from x.version::text then x.service end as service
  from (
    select s."serviceId" as id, to_jsonb(s) as service, hashtextextended(to_jsonb(s)::text, 0) as version, count(*) over () as among,
      jsonb_array_length(s.domains) as count, pg_column_size(s.domains) as bytes, row_number() over w as nth,
      sum(jsonb_array_length(s.domains)) over w as domains_upto, sum(pg_column_size(s.domains)) over w as bytes_upto
    from (${services}) s window w as (order by s."serviceId")
  ) x
  left join jsonb_each_text(${JSON.stringify(Object.fromEntries([...known].map(([id, { version }]) => [id, version])))}::jsonb) k
    on k.key = x.id::text
  where x.nth = 1 or (x.nth <= ${domainsPerRound}::int and x.domains_upto <= ${domainsPerRound}::int and x.bytes_upto <= ${bytesPerPage}::int)
  order by x.id`;

/** A service of a page; `count` of its domains, `among` the services that the page was cut off from. */
type PageRow = {
  readonly id: number;
  readonly version: string;
  readonly count: number;
  readonly among: number;
  readonly fits: boolean;
  /** Null where it is cached, or does not fit. */
  readonly service: RoundService | null;
};

type Indexed = readonly [serviceId: number, customerId: number, domains: number, bytes: number];
type IndexRow = { readonly services: readonly Indexed[] | null };

/** The estimated size of a domain `d` with its records `r` in a page: field names, numbers, and the texts that tenants choose. */
const bytesOfDomain =
  sql.raw(`850 + octet_length(d.name) + coalesce(octet_length(d.primary_target), 0) + coalesce(octet_length(d.backup_target), 0)
  + coalesce(octet_length(d.probe_path), 0) + octet_length(d.expect_status) + coalesce(octet_length(r.last_error), 0)
  + coalesce(pg_column_size(r.records), 0) + coalesce(pg_column_size(r.surroundings), 0) + coalesce(pg_column_size(r.group_weights), 0)`);

const index = (shard: Shard, afterId: number): SQL => sql`
  select jsonb_agg(jsonb_build_array(id, customer_id, domains, bytes) order by id) as services from (
    select v.id, v.customer_id, count(d.id) as domains, coalesce(sum(${bytesOfDomain}) filter (where d.id is not null), 0) as bytes
    from services v left join service_domains d on d.service_id = v.id and d.deleted_at is null
    left join domain_routing r on r.domain_id = d.id
    where v.deleted_at is null and v.id > ${afterId} and ${inShard(sql`v.id`, shard)}
    group by v.id order by v.id limit ${indexRows}::int
  ) x`;

/** The services that a round processes, and how many domains it leaves out. */
export type Taken = { readonly services: readonly RoundService[]; readonly domainsLeftOut: number };

/** The answers of the accompanying statements, and the services, which take more round trips where they do not fit a page. */
export type ShardRead<Along extends readonly unknown[][]> = { readonly along: Along; take(): Promise<Taken> };

const domainsOf = (services: readonly Pick<RoundService, "domains">[]): number =>
  services.reduce((sum, { domains }) => sum + domains.length, 0);

const hasMore = (rows: readonly PageRow[]): boolean => (rows[0]?.among ?? 0) > rows.length;

/**
 * A service's weight in a round. Its bytes count as well as its domains: a customer with large domains has fewer in a
 * round, at nobody else's expense. What is too large for any page is not read.
 */
const weightOf = ([, , domains, bytes]: Indexed): number =>
  bytes > 1.25 * bytesPerPage ? 1 : Math.max(1, domains, Math.ceil(bytes / bytesPerDomain));

/** The cache after a page was read: what it returned, and what it left out as cached. */
const learnt = (rows: readonly PageRow[], before: Known): Known =>
  new Map(
    rows.flatMap(({ id, version, fits, service }) => {
      const own = service ?? before.get(id)?.service;
      return fits && own !== undefined ? [[id, { version, service: own }] as const] : [];
    }),
  );

const nothing: Known = new Map();

/** The longest gap between rounds after which the turn is simply incremented; after a longer one it follows from the slot. */
const longestPause = 30;

/**
 * Reads shards. One that fits a page is one round trip, which brings what has changed since the last; of one that does not, an
 * index is read first, then page by page the services scheduled for this round.
 * @param time receives the database's clock
 */
export const createShardReader = (db: Database, time: TimeKeeper | null) => {
  /** Shards that did not fit when last read: asking for their first page would be in vain. */
  const large = new Set<string>();
  const knownOf = new Map<string, Known>();
  const lastTurns = new Map<string, { readonly round: number; readonly turn: number }>();

  /**
   * The turn is the slot's number, the same at both providers, as long as each slot has a round. Where rounds overrun,
   * slots are skipped; in phase with the turns, that would always skip the same services.
   */
  const turnOf = (key: string, round: number): number => {
    const last = lastTurns.get(key);
    const isNext = last !== undefined && round > last.round && round - last.round <= longestPause;
    const turn = last?.round === round ? last.turn : isNext ? last.turn + 1 : round;
    lastTurns.set(key, { round, turn });
    return turn;
  };

  const ask = async (statements: readonly SQL[]): Promise<unknown[][]> => {
    const askedMs = time?.timerMs() ?? 0;
    const [clock, ...results] = await db.batch<[{ nowMs: number }[], ...unknown[][]]>([databaseTime, ...statements]);
    if (clock[0] !== undefined) time?.heard(clock[0].nowMs, askedMs, time.timerMs());
    return results;
  };

  /** @param servicesOn selects the services of a page */
  return async <Along extends readonly unknown[][]>(
    shard: Shard,
    round: number,
    servicesOn: (page: Page) => SQL,
    along: readonly SQL[],
  ): Promise<ShardRead<Along>> => {
    const key = `${shard.index}/${shard.count}`;
    const isLarge = large.has(key);
    const known = knownOf.get(key) ?? nothing;
    const results = await ask([...along, isLarge ? index(shard, 0) : cutOff(servicesOn({ shard, afterId: 0, ids: null }), known)]);
    const first = results.at(-1) ?? [];

    const pages = async (ids: readonly number[] | null, begun: readonly PageRow[] | null): Promise<readonly PageRow[]> => {
      const rows = [...(begun ?? [])];
      for (let page = begun; page === null || hasMore(page); rows.push(...page)) {
        page = await db.rows<PageRow>(cutOff(servicesOn({ shard, afterId: rows.at(-1)?.id ?? 0, ids }), ids === null ? known : nothing));
      }
      return rows;
    };

    const indexed = async (begun: readonly Indexed[]): Promise<readonly Indexed[]> => {
      const rows = [...begun];
      for (let last = begun; rows.length === 0 || last.length === indexRows; rows.push(...last)) {
        last = (await db.rows<IndexRow>(index(shard, rows.at(-1)?.[0] ?? 0)))[0]?.services ?? [];
        if (last.length === 0) break;
      }
      return rows;
    };

    /** @param keeps whether they are the whole shard, whose services are cached */
    const taken = (rows: readonly PageRow[], keeps: boolean, domains: number): Taken => {
      const read = learnt(rows, known);
      if (keeps) knownOf.set(key, read);
      else knownOf.delete(key);
      const services = [...read.values()].map(({ service }) => service);
      return { services, domainsLeftOut: domains - domainsOf(services) };
    };

    return {
      along: results.slice(0, -1) as unknown as Along,
      take: async () => {
        const page = isLarge ? null : (first as readonly PageRow[]);
        if (page !== null && !hasMore(page))
          return taken(
            page,
            true,
            page.reduce((sum, { count }) => sum + count, 0),
          );
        const all = await indexed(page === null ? ((first as readonly IndexRow[])[0]?.services ?? []) : []);
        const chosen = takeTurns(
          all.map((one) => ({ id: one[0], customerId: one[1], weight: weightOf(one) })),
          domainsPerRound,
          turnOf(key, round),
        );
        const fits = chosen.length === all.length;
        if (fits) large.delete(key);
        else large.add(key);
        const domains = all.reduce((sum, [, , count]) => sum + count, 0);
        return taken(
          await (fits
            ? pages(null, page)
            : pages(
                chosen.map(({ id }) => id),
                null,
              )),
          fits,
          domains,
        );
      },
    };
  };
};

export type ShardReader = ReturnType<typeof createShardReader>;

import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { takeTurns } from "../../domain/turns.ts";
import type { TimeKeeper } from "../ports/clock.ts";
import type { Shard } from "../ports/dispatcher.ts";
import type { RoundService } from "../ports/round.ts";
import type { Database } from "./client.ts";

/** Domains that a round takes: more than one invocation can probe in its time, and a few megabytes to read. */
const domainsPerRound = 2_500;

/** Of a page's domains, as jsonb; as JSON within JSON up to half as much again, and Neon sends 10 MiB. */
const bytesPerPage = 5 * 1_048_576;

const indexRows = 100_000;

/** The services of one shard: the rule by which both providers split the work (semantics §10). */
export const inShard = (column: SQL, shard: Shard): SQL => sql`mod(${column}, ${shard.count}::int) = ${shard.index}::int`;

/** Which services are read: those of a shard, or of it the ones that are named; by id, after one of them. */
export type Page = { readonly shard: Shard; readonly afterId: number; readonly ids: readonly number[] | null };

/** Live services, to be read from in the place of `services`; one more than a page has, so that it is known whether there are more. */
export const servicesOf = ({ shard, afterId, ids }: Page): SQL => sql`(
  select * from services s where s.deleted_at is null and s.id > ${afterId} and ${inShard(sql`s.id`, shard)}
    ${ids === null ? sql`` : sql`and s.id = any(${`{${ids.join()}}`}::bigint[])`}
  order by s.id limit ${domainsPerRound + 1}::int)`;

/**
 * Cuts a page off: so many services, domains and bytes, but one service at least, without its domains where these are too much
 * for any page.
 * @param services selects `serviceId`, `domains` and more
 * @param columns all of that but `domains`
 */
export const cutOff = (services: SQL, columns: SQL): SQL => sql`
  select ${columns}, case when bytes <= ${bytesPerPage}::int then domains end as domains, count, among from (
    select s.*, count(*) over () as among, jsonb_array_length(s.domains) as count, pg_column_size(s.domains) as bytes,
      row_number() over w as nth, sum(jsonb_array_length(s.domains)) over w as domains_upto, sum(pg_column_size(s.domains)) over w as bytes_upto
    from (${services}) s window w as (order by s."serviceId")
  ) x
  where nth = 1 or (nth <= ${domainsPerRound}::int and domains_upto <= ${domainsPerRound}::int and bytes_upto <= ${bytesPerPage}::int)
  order by "serviceId"`;

/** A service of a page; `count` of its domains, `among` the services that the page was cut off from. */
export type PageRow = Omit<RoundService, "domains"> & { readonly domains: RoundService["domains"] | null; readonly count: number; readonly among: number };

type Indexed = readonly [serviceId: number, customerId: number, domains: number];
type IndexRow = { readonly services: readonly Indexed[] | null };

const index = (shard: Shard, afterId: number): SQL => sql`
  select jsonb_agg(jsonb_build_array(id, customer_id, domains) order by id) as services from (
    select v.id, v.customer_id, count(d.id) as domains
    from services v left join service_domains d on d.service_id = v.id and d.deleted_at is null
    where v.deleted_at is null and v.id > ${afterId} and ${inShard(sql`v.id`, shard)}
    group by v.id order by v.id limit ${indexRows}::int
  ) x`;

/** What a round takes of a shard, and how many domains it leaves out. */
export type Taken = { readonly services: readonly RoundService[]; readonly domainsLeftOut: number };

/** What was asked along with it, and the services, which may take more round trips where they do not fit a page. */
export type ShardRead<Along extends readonly unknown[][]> = { readonly along: Along; take(): Promise<Taken> };

const asServices = (rows: readonly PageRow[]): readonly RoundService[] =>
  rows.flatMap(({ domains, count: _count, among: _among, ...service }) => (domains === null ? [] : [{ ...service, domains }]));

const domainsOf = (services: readonly Pick<RoundService, "domains">[]): number => services.reduce((sum, { domains }) => sum + domains.length, 0);

const hasMore = (rows: readonly PageRow[]): boolean => (rows[0]?.among ?? 0) > rows.length;

/**
 * Reads shards. One that fits a page is one round trip; of one that does not, an index is read first, and those services page by
 * page whose turn it is.
 * @param pageStatement of a page's services, cut off
 * @param time is told what the database's clock said
 */
export const createShardReader = (db: Database, time: TimeKeeper | null) => {
  /** Shards that did not fit when last read: asking for their first page would be in vain. */
  const large = new Set<string>();

  const ask = async (statements: readonly SQL[]): Promise<unknown[][]> => {
    const askedMs = time?.localMs() ?? 0;
    const [clock, ...results] = await db.batch<[{ nowMs: number }[], ...unknown[][]]>([sql`select clock_timestamp() as "nowMs"`, ...statements]);
    if (clock[0] !== undefined) time?.heard(clock[0].nowMs, askedMs, time.localMs());
    return results;
  };

  return async <Along extends readonly unknown[][]>(
    shard: Shard, round: number, pageStatement: (page: Page) => SQL, along: readonly SQL[],
  ): Promise<ShardRead<Along>> => {
    const key = `${shard.index}/${shard.count}`;
    const isLarge = large.has(key);
    const results = await ask([...along, isLarge ? index(shard, 0) : pageStatement({ shard, afterId: 0, ids: null })]);
    const first = results.at(-1) ?? [];

    const pages = async (ids: readonly number[] | null, begun: readonly PageRow[] | null): Promise<readonly PageRow[]> => {
      const rows = [...(begun ?? [])];
      for (let page = begun; page === null || hasMore(page); rows.push(...page)) {
        page = await db.rows<PageRow>(pageStatement({ shard, afterId: rows.at(-1)?.serviceId ?? 0, ids }));
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

    return {
      along: results.slice(0, -1) as unknown as Along,
      take: async () => {
        const page = isLarge ? null : (first as readonly PageRow[]);
        if (page !== null && !hasMore(page)) {
          const services = asServices(page);
          return { services, domainsLeftOut: page.reduce((sum, { count }) => sum + count, 0) - domainsOf(services) };
        }
        const all = await indexed(page === null ? ((first as readonly IndexRow[])[0]?.services ?? []) : []);
        const chosen = takeTurns(all.map(([id, customerId, domains]) => ({ id, customerId, weight: Math.max(1, domains) })), domainsPerRound, round);
        const fits = chosen.length === all.length;
        if (fits) large.delete(key);
        else large.add(key);
        const services = asServices(await (fits ? pages(null, page) : pages(chosen.map(({ id }) => id), null)));
        return { services, domainsLeftOut: all.reduce((sum, [, , domains]) => sum + domains, 0) - domainsOf(services) };
      },
    };
  };
};

export type ShardReader = ReturnType<typeof createShardReader>;

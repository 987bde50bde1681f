import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { cadence } from "../outside.ts";

export type ActingRound = { readonly provider: string; readonly atMs: number };

export type Takeover = {
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly lapsed: boolean;
  readonly atMs: number;
};

/** Observes the database directly: the drill does not rely on tranche for who acted, and when. */
export type Watch = {
  /** The rounds that were done by a holder of the lease, oldest first. */
  readonly acted: readonly ActingRound[];
  /** @throws where the database is not there any more */
  readonly query: <Row extends pg.QueryResultRow>(text: string) => Promise<Row[]>;
  readonly takeovers: () => Promise<readonly Takeover[]>;
  /**
   * The longest time without a controller since `fromMs`: between two acting rounds, or since the latest; milliseconds.
   * @param aliveAtMs until when the controller was active: until it died, or was cut off
   * @throws where the database was lost: what happened then was not seen
   */
  readonly longestGapMs: (fromMs: number, aliveAtMs: number | null) => number;
  /** How many slots, of all that are over in that time, have no sample of the primary by that vantage. */
  readonly slotsWithout: (vantage: string, fromMs: number, toMs: number) => Promise<number>;
  readonly stop: () => Promise<void>;
};

const lookEveryMs = 50;

export const startWatch = async (databaseUrl: string): Promise<Watch> => {
  const client = new pg.Client(databaseUrl);
  // A lost connection is reported by the queries, which fail then.
  client.on("error", () => undefined);
  await client.connect();
  const acted: ActingRound[] = [];
  const latest = new Map<string, number>();
  const stopping = new AbortController();
  let lost: Error | null = null;
  const look = async () => {
    while (!stopping.signal.aborted) {
      const { rows } = await client.query<{ name: string; at: number }>(
        "select name, (extract(epoch from last_round_at) * 1000)::float8 as at from providers where last_round_at is not null order by 2",
      );
      for (const { name, at } of rows) {
        if (latest.get(name) === at) continue;
        latest.set(name, at);
        acted.push({ provider: name, atMs: at });
      }
      await sleep(lookEveryMs);
    }
  };
  const looking = look().catch((error: unknown) => void (lost = new Error("the drill lost the database out of sight", { cause: error })));
  const query = async <Row extends pg.QueryResultRow>(text: string): Promise<Row[]> => (await client.query<Row>(text)).rows;
  return {
    acted,
    query,
    takeovers: () =>
      query<Takeover>(`select kind, from_provider as "from", to_provider as "to", epoch::int as epoch, lapsed,
        (extract(epoch from at) * 1000)::float8 as "atMs" from takeovers order by seq`),
    longestGapMs: (fromMs, aliveAtMs) => {
      if (lost !== null) throw lost;
      const alive = [...acted.map(({ atMs }) => atMs), ...(aliveAtMs === null ? [] : [aliveAtMs])];
      const moments = alive.filter((atMs) => atMs >= fromMs).toSorted((a, b) => a - b);
      return Math.max(...moments.map((atMs, index) => atMs - (moments[index - 1] ?? fromMs)), Date.now() - (moments.at(-1) ?? fromMs));
    },
    slotsWithout: async (vantage, fromMs, toMs) => {
      const rows = await query<{ slot: number; vantage: string }>(
        "select distinct (extract(epoch from round_at) * 1000)::float8 as slot, vantage from probe_samples where path = 'primary'",
      );
      const seen = new Set(rows.filter((row) => row.vantage === vantage).map(({ slot }) => slot));
      const first = Math.ceil(fromMs / cadence.intervalMs);
      const count = Math.floor(toMs / cadence.intervalMs) - first;
      return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * cadence.intervalMs).filter(
        (slot) => !seen.has(slot),
      ).length;
    },
    stop: async () => {
      stopping.abort();
      await looking;
      await client.end().catch(() => undefined);
    },
  };
};

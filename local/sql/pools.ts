import pg from "pg";

/** Connections by connection string, kept for a second so that a burst of requests finds them open. */
export interface Pools {
  acquire(connectionString: string): Promise<pg.PoolClient>;
  /** Resets a connection before reuse: no session state passes from one request to the next. */
  release(client: pg.PoolClient, broken: boolean): void;
  /** Closes what is open to that database, whatever the parameters of the connection string. */
  closeDatabase(url: string): Promise<void>;
  closeAll(): Promise<void>;
}

const connectionsPerDatabase = 10;
const idleMs = 1_000;

export const createPools = (): Pools => {
  const pools = new Map<string, pg.Pool>();
  const poolFor = (connectionString: string) => {
    const known = pools.get(connectionString);
    if (known !== undefined) return known;
    const pool = new pg.Pool({
      connectionString,
      max: connectionsPerDatabase,
      idleTimeoutMillis: idleMs,
      connectionTimeoutMillis: 10_000,
    });
    // A connection may go at any time (DROP DATABASE ... WITH (FORCE)). Its user sees the query fail.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
    pools.set(connectionString, pool);
    return pool;
  };
  const close = async (matches: (connectionString: string) => boolean) => {
    const found = [...pools].filter(([connectionString]) => matches(connectionString));
    for (const [connectionString] of found) pools.delete(connectionString);
    await Promise.all(found.map(([, pool]) => pool.end()));
  };
  return {
    acquire: (connectionString) => poolFor(connectionString).connect(),
    release: (client, broken) => {
      if (broken) client.release(true);
      else
        client.query("DISCARD ALL").then(
          () => client.release(),
          () => client.release(true),
        );
    },
    closeDatabase: (url) => close((connectionString) => database(connectionString) === database(url)),
    closeAll: () => close(() => true),
  };
};

const database = (connectionString: string): string => {
  const url = new URL(connectionString);
  return `${url.host}${url.pathname}`;
};

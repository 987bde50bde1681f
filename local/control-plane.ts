import { parseConfig } from "../src/config.ts";
import { openAppRole } from "./app-role.ts";
import { migrate } from "./migrate.ts";
import type { Postgres } from "./postgres.ts";
import { startPostgres } from "./postgres.ts";
import type { SqlEndpoint } from "./sql-endpoint.ts";
import { startSqlEndpoint } from "./sql-endpoint.ts";
import type { LocalWorker } from "./worker.ts";
import { startSelfHostedWorker } from "./self-hosted-worker.ts";
import { startWorker } from "./worker.ts";

/** `node`: self-hosted. */
export const localRuntimes = ["workerd", "node"] as const;
export type LocalRuntime = (typeof localRuntimes)[number];

export type ControlPlane = {
  /** As its owner; the Worker itself has a login that owns nothing. */
  readonly databaseUrl: string;
  readonly postgres: Postgres;
  readonly endpoint: SqlEndpoint;
  readonly worker: LocalWorker;
  readonly close: () => Promise<void>;
};

/**
 * tranche itself on one machine: embedded PostgreSQL, the SQL-over-HTTP endpoint before it, and the Worker in workerd.
 * @param options.dataDir where the database stays; without it everything is thrown away at the end
 * @param options.env variables of the Worker beside the ones that connect it to its database
 * @throws ConfigError naming each wrong variable
 */
export const startControlPlane = async (options: {
  readonly dataDir?: string;
  readonly port?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
  /** Replaces the limits of Neon's proxy. */
  readonly sqlBytes?: number;
  /** Where it runs: in workerd, the default, or as a self-hosted process, which connects to its database. */
  readonly runtime?: LocalRuntime;
}): Promise<ControlPlane> => {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer().catch(() => undefined);
  };
  try {
    // A wrong variable is refused before anything is started; the Worker itself would report it only at the first request.
    const env = { PROVIDER: "local", PREFERRED_PROVIDER: "local", ...options.env };
    parseConfig({ ...env, DATABASE_URL: "postgresql://checked:below@127.0.0.1/postgres" });
    const postgres = await startPostgres(options.dataDir === undefined ? {} : { dataDir: options.dataDir });
    closers.push(() => postgres.close());
    const databaseUrl = postgres.urlFor("postgres");
    await migrate(databaseUrl);
    const asApp = await openAppRole(databaseUrl);
    const endpoint = await startSqlEndpoint(
      options.sqlBytes === undefined ? {} : { limits: { requestBytes: options.sqlBytes, responseBytes: options.sqlBytes } },
    );
    closers.push(() => endpoint.close());
    const worker = await (options.runtime === "node" ? startSelfHostedWorker : startWorker)({
      env: { ...env, DATABASE_URL: asApp(databaseUrl), ...(options.runtime !== "node" && { NEON_FETCH_ENDPOINT: endpoint.url }) },
      ...(options.port !== undefined && { port: options.port }),
      ...(options.onLine !== undefined && { onLine: options.onLine }),
    });
    closers.push(() => worker.close());
    return { databaseUrl, postgres, endpoint, worker, close };
  } catch (error) {
    await close();
    throw error;
  }
};

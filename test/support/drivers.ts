import { openDatabase } from "../../self-hosted/database.ts";
import { startSqlEndpoint } from "../../local/sql-endpoint.ts";
import { connect } from "../../src/adapters/db/platform/client.ts";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import type { TestDatabase } from "./database.ts";

export type Driver = { readonly db: Database; readonly close: () => Promise<void> };

type Limits = { readonly requestBytes: number; readonly responseBytes: number; readonly statementMs: number };

/** The drivers of the `Database` port, each as the application has it. The HTTP one has an endpoint of its own, and keeps it in a global. */
export const drivers: readonly {
  readonly name: string;
  readonly open: (database: Pick<TestDatabase, "appUrl" | "fetchEndpoint">, limits?: Limits) => Promise<Driver>;
}[] = [
  {
    name: "over HTTP",
    open: async ({ appUrl }, limits) => {
      const endpoint = await startSqlEndpoint(limits === undefined ? {} : { limits });
      const db = (): Database => connect(appUrl, endpoint.url);
      return {
        // The endpoint is a global of the driver: it is set before each use.
        db: { rows: (query) => db().rows(query), batch: (queries) => db().batch(queries) },
        close: async () => {
          await endpoint.closeDatabase(appUrl);
          await endpoint.close();
        },
      };
    },
  },
  {
    name: "over a connection",
    open: async ({ appUrl }, limits) => {
      const db = openDatabase(appUrl, limits);
      return { db, close: () => db.close() };
    },
  },
  {
    name: "over a connection, every statement by name",
    open: async ({ appUrl }, limits) => {
      const db = openDatabase(appUrl, { ...limits, prepared: { after: 1, most: 10_000 } });
      return { db, close: () => db.close() };
    },
  },
];

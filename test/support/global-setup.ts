import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { openAppRole } from "../../local/app-role.ts";
import { migrate } from "../../local/migrate.ts";
import { startPostgres } from "../../local/postgres.ts";
import { startSqlEndpoint } from "../../local/sql-endpoint.ts";
import { scratchDir } from "./scratch-dir.ts";

/** Where tests find what runs once for all of them. */
export interface DatabaseServices {
  /** Neon-compatible SQL over HTTP. */
  fetchEndpoint: string;
  /** POST: an empty, migrated database, as its owner and as the application reaches it: `{ url, appUrl }`. DELETE ?url=: drops it. */
  control: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    database: DatabaseServices;
    /** FUZZ_SEED and FUZZ_REQUESTS of the shell, fixed by default: workerd has no environment of its own. */
    fuzz: { seed: number; requests: number };
  }
}

let teardownAll: () => Promise<void>;

/** One Postgres and one SQL endpoint for a whole run of vitest, both projects together. */
export const setup = async (project: TestProject): Promise<void> => {
  const postgres = await startPostgres({ scratchDir: scratchDir() });
  const admin = new pg.Client(postgres.urlFor("postgres"));
  admin.on("error", () => undefined);
  await admin.connect();
  await admin.query("CREATE DATABASE template_migrated");
  await migrate(postgres.urlFor("template_migrated"));
  const endpoint = await startSqlEndpoint();
  const asApp = await openAppRole(postgres.urlFor("template_migrated"));

  // Postgres copies a template for one caller at a time; one client runs one statement at a time: that is the queue.
  let created = 0;
  const create = async () => {
    created += 1;
    const name = `test_${created}`;
    await admin.query(`CREATE DATABASE ${name} TEMPLATE template_migrated STRATEGY file_copy`);
    return postgres.urlFor(name);
  };
  const drop = async (url: string) => {
    await endpoint.closeDatabase(url);
    await admin.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(new URL(url).pathname.slice(1))} WITH (FORCE)`);
  };
  const control = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://control");
    const action = request.method === "DELETE" ? drop(searchParams.get("url") ?? "") : create();
    action.then(
      (url) => response.end(JSON.stringify({ url, appUrl: url === undefined ? null : asApp(url) })),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  control.keepAliveTimeout = 600_000;
  await new Promise<void>((done) => control.listen(0, "127.0.0.1", done));

  project.provide("fuzz", {
    seed: Number(process.env["FUZZ_SEED"] ?? 20_261_121),
    requests: Number(process.env["FUZZ_REQUESTS"] ?? 2_000),
  });
  project.provide("database", {
    fetchEndpoint: endpoint.url,
    control: `http://127.0.0.1:${(control.address() as AddressInfo).port}/databases`,
  });
  teardownAll = async () => {
    control.close();
    control.closeAllConnections();
    await endpoint.close();
    await admin.end();
    await postgres.close();
  };
};

export const teardown = async (): Promise<void> => {
  await teardownAll();
};

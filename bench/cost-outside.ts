import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort } from "node:worker_threads";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";

/** Requests to this thread: whether primaries fail, or the counts of the database's endpoint since the last request. */
export type OutsideAsk = { readonly primaryFails: boolean } | "counts";

/** One request to the database. */
export type OutsideRequest = { readonly queries: readonly string[]; readonly durationMs: number; readonly bytesOut: number };

export type OutsideCounts = {
  readonly requests: number;
  readonly statements: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly recent: readonly OutsideRequest[];
};

/** The CDNs and the database's endpoint in a thread of their own: what rounds cost in CPU is then that of the other thread. */
const serve = async (port: NonNullable<typeof parentPort>): Promise<void> => {
  let primaryFails = false;
  const server = createServer((request, response) => void response.writeHead(primaryFails && request.url === "/primary" ? 503 : 200).end());
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const endpoint = await startSqlEndpoint({ recordRequests: 1_000 });
  port.on("message", (ask: OutsideAsk) => {
    if (ask !== "counts") {
      ({ primaryFails } = ask);
      return port.postMessage(null);
    }
    const { requests, statements, bytesIn, bytesOut, recent } = endpoint.stats;
    port.postMessage({ requests, statements, bytesIn, bytesOut, recent } satisfies OutsideCounts);
    endpoint.stats.reset();
  });
  port.postMessage({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, endpoint: endpoint.url });
};

if (parentPort !== null) await serve(parentPort);

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { execute } from "./sql/execute.ts";
import { createPools } from "./sql/pools.ts";
import { Refusal, toRefusal } from "./sql/refusal.ts";
import { parseRequest, readBody } from "./sql/request.ts";
import { createStats } from "./sql/stats.ts";
import type { SqlStats } from "./sql/stats.ts";

export interface SqlEndpointOptions {
  /** 0, the default: any free port. */
  port?: number;
  /** Which databases may be reached; by default all. */
  allow?: (connectionString: string) => boolean;
  /** How many of the latest requests `stats.recent` keeps; default none. */
  recordRequests?: number;
  /** Default: Neon's limits. */
  limits?: Partial<typeof neonLimits>;
}

export interface SqlEndpoint {
  /** What `neonConfig.fetchEndpoint` is set to. */
  url: string;
  stats: SqlStats;
  /** Closes connections to a database that is about to be dropped. */
  closeDatabase(url: string): Promise<void>;
  close(): Promise<void>;
}

const mebibyte = 1_048_576;
/**
 * What Neon's proxy is built with (proxy/src/binary/proxy.rs). Neon's own service is documented to take 64 MB since November
 * 2024; the smaller ones stay the default, as what fits here fits there, and self-hosted proxies too.
 */
const neonLimits = { requestBytes: 10 * mebibyte, responseBytes: 10 * mebibyte, statementMs: 15_000 };

/**
 * Serves Postgres over HTTP as Neon does (`POST /sql`), for a Worker that knows nothing else, on 127.0.0.1.
 * Requests, answers, error fields and limits follow proxy/src/serverless/sql_over_http.rs of neondatabase/neon.
 */
export const startSqlEndpoint = async (options: SqlEndpointOptions = {}): Promise<SqlEndpoint> => {
  const pools = createPools();
  const stats = createStats(options.recordRequests ?? 0);
  const limits = { ...neonLimits, ...options.limits };

  const answer = async (request: IncomingMessage, gone: AbortSignal): Promise<string> => {
    if (request.url !== "/sql") throw new Refusal(404, { message: "not found" });
    if (request.method !== "POST") throw new Refusal(405, { message: "only POST" });
    const body = await readBody(request, limits.requestBytes);
    const parsed = parseRequest(request.headers, body);
    if (options.allow?.(parsed.connectionString) === false) {
      throw new Refusal(400, { message: "this database is not served here" });
    }
    const done = stats.begin(
      body.length,
      parsed.statements.map((statement) => statement.query),
    );
    let bytesOut = 0;
    try {
      const text = await execute(pools, parsed, limits, gone, stats.gave);
      bytesOut = Buffer.byteLength(text);
      return text;
    } finally {
      done(bytesOut);
    }
  };

  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    answer(request, gone.signal).then(
      (text) => send(response, 200, text),
      (error: unknown) => {
        const refusal = toRefusal(error);
        if (refusal.status === 413) response.setHeader("connection", "close");
        request.resume();
        send(response, refusal.status, JSON.stringify(refusal.body));
      },
    );
  });
  const send = (response: ServerResponse, status: number, text: string) => {
    const bytes = Buffer.from(text);
    stats.sent(bytes.length);
    response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length }).end(bytes);
  };
  // A client that reuses a connection just as the server closes it would see a lost connection.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(options.port ?? 0, "127.0.0.1", done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/sql`,
    stats,
    closeDatabase: pools.closeDatabase,
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
      await pools.closeAll();
    },
  };
};

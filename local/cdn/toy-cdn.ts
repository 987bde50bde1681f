import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createByteCounter } from "./byte-counter.ts";
import { judgeRequest } from "./fault.ts";
import type { Fault, PlainFaultKind } from "./fault.ts";

export type ToyCdnOptions = {
  readonly name: string;
  /** 0 (the default) takes any free port. */
  readonly port?: number;
  readonly now?: () => number;
  /** How long a request waits under the fault `slow`; default 2,000. */
  readonly slowMs?: number;
};

export type Tally = { served: number; failed: number; hung: number };

export type ToyCdn = {
  readonly name: string;
  /** `http://127.0.0.1:PORT`; the port stays the same through `refuse`. */
  readonly url: string;
  readonly fault: Fault;
  /** Resolves once the fault is in force (after `refuse`: once the port listens again). */
  readonly setFault: (fault: Fault | PlainFaultKind) => Promise<void>;
  /** Response body bytes for the host that visitors asked for, in [fromMs, toMs), to 100 ms. */
  readonly bytesServed: (host: string, fromMs: number, toMs: number) => number;
  /** Requests that arrived: `probes` asked for `/healthz`, `visitors` for anything else. */
  readonly requests: { readonly probes: Readonly<Tally>; readonly visitors: Readonly<Tally> };
  readonly close: () => Promise<void>;
};

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, "tranche ");

/** A CDN edge for one laptop: serves bodies of any asked size, counts them by host, and fails on demand. */
export async function startToyCdn(options: ToyCdnOptions): Promise<ToyCdn> {
  const { name, now = Date.now, slowMs = 2_000 } = options;
  const counter = createByteCounter();
  const requests = { probes: newTally(), visitors: newTally() };
  const hanging = new Set<ServerResponse>();
  const closing = new AbortController();
  let fault: Fault = { kind: "healthy" };
  let faultSinceMs = now();
  let nthByPath = new Map<string, number>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const url = new URL(request.url ?? "/", "http://toy.invalid");
    const nth = nthByPath.get(url.pathname) ?? 0;
    nthByPath.set(url.pathname, nth + 1);
    const tally = url.pathname === "/healthz" ? requests.probes : requests.visitors;
    const verdict = judgeRequest(fault, nth, now() - faultSinceMs);
    if (verdict.kind === "hang") {
      tally.hung += 1;
      hanging.add(response);
      response.once("close", () => hanging.delete(response));
      return;
    }
    if (verdict.kind === "serve" && verdict.delayed) await sleep(slowMs, undefined, { signal: closing.signal });
    const reply = verdict.kind === "fail" ? textReply(verdict.status, verdict.body) : replyTo(request, url, name);
    tally[verdict.kind === "fail" ? "failed" : "served"] += 1;
    const host = visitedHost(request);
    response.writeHead(reply.status, {
      "Content-Type": reply.type,
      "Content-Length": reply.size,
      "Cache-Control": "no-store",
      Server: "toy-cdn",
      "X-Toy-Cdn": name,
    });
    if (request.method === "HEAD") return void response.end();
    await pipeline(
      Readable.from(
        counted(reply.chunks, (bytes) => counter.add(host, bytes, now())),
        { highWaterMark: 1 },
      ),
      response,
    );
  }

  const server = createServer((request, response) => {
    // A client that disconnects during a body needs no handling: what was sent is already counted.
    answer(request, response).catch(() => response.destroy());
  });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  return {
    name,
    url: `http://127.0.0.1:${port}`,
    requests,
    get fault() {
      return fault;
    },
    async setFault(next) {
      fault = typeof next === "string" ? { kind: next } : next;
      faultSinceMs = now();
      nthByPath = new Map();
      for (const response of hanging) response.socket?.destroy();
      if (fault.kind === "refuse") await stopListening(server);
      else if (!server.listening) await listen(server, port);
    },
    bytesServed: (host, fromMs, toMs) => counter.sum(host, fromMs, toMs),
    async close() {
      closing.abort();
      await stopListening(server);
    },
  };
}

type Reply = { status: number; type: string; size: number; chunks: Iterable<Buffer> };

function replyTo(request: IncomingMessage, url: URL, name: string): Reply {
  if (request.method !== "GET" && request.method !== "HEAD") return textReply(405, "method not allowed");
  if (url.pathname === "/healthz") return textReply(200, "ok");
  const asked = url.searchParams.get("bytes");
  if (asked === null) return textReply(200, `served by ${name}\n`);
  const size = /^\d{1,9}$/.test(asked) ? Number(asked) : Number.NaN;
  if (!(size <= MAX_BODY_BYTES)) return textReply(400, `bytes must be 0..${MAX_BODY_BYTES}`);
  return { status: 200, type: "application/octet-stream", size, chunks: filler(size) };
}

function textReply(status: number, text: string): Reply {
  const body = Buffer.from(text);
  return { status, type: "text/plain; charset=utf-8", size: body.length, chunks: [body] };
}

function* filler(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= CHUNK.length) yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
}

function* counted(chunks: Iterable<Buffer>, count: (bytes: number) => void): Generator<Buffer> {
  for (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}

function newTally(): Tally {
  return { served: 0, failed: 0, hung: 0 };
}

/** Probes and visitors dial 127.0.0.1, so the hostname they meant travels in a header (or in `Host`). */
function visitedHost(request: IncomingMessage): string {
  const named = request.headers["x-visitor-host"];
  const host = typeof named === "string" && named !== "" ? named : (request.headers.host ?? "");
  return host.replace(/:\d+$/, "").toLowerCase();
}

/** Another process may take the port for a moment while we refuse connections, hence the few attempts. */
async function listen(server: Server, port: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnce(server, port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || port === 0 || attempt === 20) throw error;
      await sleep(100);
    }
  }
}

function listenOnce(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

async function stopListening(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createProber } from "../../../src/adapters/probing/prober.ts";
import { version } from "../../../src/version.ts";

const prober = createProber(fetch, Date.now);
const open: Server[] = [];

const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe("createProber", () => {
  it.each([200, 204, 404, 421, 500, 503, 521, 530])("brings back the status %d", async (status) => {
    const url = await serve((_, response) => void response.writeHead(status).end());
    expect(await prober.probe({ url: `${url}/healthz`, timeoutMs: 2_000 })).toEqual({
      kind: "answer",
      status,
      latencyMs: expect.any(Number) as number,
    });
  });

  it.each([301, 302, 307, 308])("sees a %d redirect and does not follow it", async (status) => {
    const asked: string[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(status, { location: "/elsewhere" }).end();
    });
    expect(await prober.probe({ url: `${url}/healthz`, timeoutMs: 2_000 })).toMatchObject({ kind: "answer", status });
    expect(asked).toEqual(["/healthz"]);
  });

  it("asks as semantics §4 says: GET, its own name, no cookies, no cache", async () => {
    const seen: IncomingMessage[] = [];
    const url = await serve((request, response) => {
      seen.push(request);
      response.writeHead(200, { "set-cookie": "track=1" }).end();
    });
    for (let count = 0; count < 2; count += 1) await prober.probe({ url: `${url}/healthz?x=1`, timeoutMs: 2_000 });
    expect(seen).toHaveLength(2);
    for (const { method, url: path, headers } of seen) {
      expect([method, path]).toEqual(["GET", "/healthz?x=1"]);
      expect(headers["user-agent"]).toBe(`tranche-probe/${version}`);
      expect(headers["cookie"]).toBeUndefined();
      expect(headers["authorization"]).toBeUndefined();
      expect(headers["cache-control"]).toBe("no-cache");
    }
  });

  it("gives up on headers that do not come, and hangs up", async () => {
    let hungUp: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      hungUp = resolve;
    });
    const url = await serve((request) => void request.on("close", () => hungUp()));
    const answer = await prober.probe({ url, timeoutMs: 150 });
    expect(answer.kind).toBe("timeout");
    expect(answer.latencyMs).toBeGreaterThanOrEqual(140);
    expect(answer.latencyMs).toBeLessThan(2_000);
    await closed;
  });

  it("comes back in time from a platform that heeds no abort, and lets a late answer go", async () => {
    let cancelled = false;
    const late = Promise.withResolvers<Response>();
    const deaf = createProber(() => late.promise, Date.now);
    const answer = await deaf.probe({ url: "http://127.0.0.1/", timeoutMs: 50 });
    expect(answer.kind).toBe("timeout");
    late.resolve(new Response(new ReadableStream({ cancel: () => void (cancelled = true) })));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(cancelled).toBe(true);
  });

  it("does not wait for a body that can not be cancelled", async () => {
    const stuck = createProber(async () => new Response(new ReadableStream({ cancel: () => new Promise(() => undefined) })), Date.now);
    expect(await stuck.probe({ url: "http://127.0.0.1/", timeoutMs: 5_000 })).toMatchObject({ kind: "answer", status: 200 });
  });

  it("does not wait for a body, nor read it", async () => {
    let sent = 0;
    let hungUp: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      hungUp = resolve;
    });
    const url = await serve((_, response) => {
      response.writeHead(200, { "content-length": String(2 ** 40) });
      const block = Buffer.alloc(65_536);
      const more = (): void => {
        while (!response.destroyed && response.write(block)) sent += block.length;
        response.once("drain", more);
      };
      response.on("close", () => hungUp());
      more();
    });
    const startedAtMs = Date.now();
    const answer = await prober.probe({ url, timeoutMs: 3_000 });
    expect(answer).toMatchObject({ kind: "answer", status: 200 });
    expect(Date.now() - startedAtMs).toBeLessThan(2_000);
    await closed;
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  it("takes an answer whose body never comes for what its headers say", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.flushHeaders();
    });
    expect(await prober.probe({ url, timeoutMs: 1_000 })).toMatchObject({ kind: "answer", status: 200 });
  });

  it("calls a refused connection, a broken answer and a broken URL network", async () => {
    const closed = await serve(() => undefined);
    const [server] = open.splice(0);
    server?.close();
    await once(server as Server, "close");
    const garbage = createTcpServer((socket) => void socket.end("this is not HTTP\r\n\r\n"));
    garbage.listen(0, "127.0.0.1");
    await once(garbage, "listening");
    const broken = `http://127.0.0.1:${(garbage.address() as AddressInfo).port}`;
    for (const url of [closed, broken, "http://[", "not a url", ""]) {
      expect(await prober.probe({ url, timeoutMs: 2_000 }), url).toEqual({ kind: "network", latencyMs: expect.any(Number) as number });
    }
    garbage.close();
  });

  it("measures to the headers, in whole milliseconds, never below zero", async () => {
    const url = await serve((_, response) => void response.writeHead(200).end());
    const ticks = [1_000.25, 1_041.9];
    expect(await createProber(fetch, () => ticks.shift() ?? 0).probe({ url, timeoutMs: 2_000 })).toMatchObject({ latencyMs: 42 });
    const back = [1_000, 400];
    expect(await createProber(fetch, () => back.shift() ?? 0).probe({ url, timeoutMs: 2_000 })).toMatchObject({ latencyMs: 0 });
  });

  it("never throws, whatever fetch does", async () => {
    const throwing = createProber(() => {
      throw new Error("internal error; reference = x");
    }, Date.now);
    expect(await throwing.probe({ url: "https://a.net", timeoutMs: 1_000 })).toMatchObject({ kind: "network" });
  });
});

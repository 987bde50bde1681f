import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPeer } from "../../../src/adapters/providers/peer.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: ReturnType<typeof createServer>;
let url: string;
let asked: string[];
let answer: Handler;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const says =
  (status: number, body: string, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);
const time = { nowMs: 0 };
const peerAt = (at: string | null, timeoutMs = 2_000, send: typeof fetch = fetch) =>
  createPeer({ url: at, provider: "vercel", fetch: (input, init) => send(input, init), nowMs: () => time.nowMs, timeoutMs });
const lookOnce = async (timeoutMs?: number) => {
  const peer = peerAt(url, timeoutMs);
  await peer.look();
  return peer.take();
};

describe("a look at the other provider", () => {
  it("is good where its public /healthz says ok", async () => {
    answer = says(200, "ok");
    expect(await lookOnce()).toEqual({ provider: "vercel", error: null });
    expect(asked).toEqual(["GET /healthz"]);
  });

  it.each([500, 503, 522, 404, 204])("is bad where it answers %i", async (status) => {
    answer = says(status, "");
    expect(await lookOnce()).toEqual({ provider: "vercel", error: `/healthz answered ${status}` });
  });

  it.each(["<html>parked</html>", "", "ok ", `ok${"x".repeat(100_000)}`])("is bad where a 200 says something else (%#)", async (body) => {
    answer = says(200, body);
    expect(await lookOnce()).toEqual({ provider: "vercel", error: "/healthz answered 200, but not ok" });
  });

  it("is bad where it redirects, and does not go there", async () => {
    answer = (request, response) =>
      (request.url === "/healthz" ? says(302, "", { location: `${url}/elsewhere` }) : says(200, "ok"))(request, response);
    expect(await lookOnce()).toEqual({ provider: "vercel", error: "/healthz answered 302" });
    expect(asked).toEqual(["GET /healthz"]);
  });

  it.each<[string, Handler, string]>([
    ["never answers", () => undefined, "did not answer in time"],
    ["begins to answer and hangs", (_, response) => response.writeHead(200).flushHeaders(), "did not answer in time"],
    ["sends without an end", (_, response) => void response.writeHead(200).write("o"), "answered 200, but not ok"],
  ])("is bad where it %s", async (_, handler, error) => {
    answer = handler;
    expect(await lookOnce(100)).toEqual({ provider: "vercel", error: `/healthz ${error}` });
  });

  it("is bad where nobody listens, or the connection breaks", async () => {
    answer = (request) => void request.socket.destroy();
    expect(await lookOnce()).toEqual({ provider: "vercel", error: "/healthz can not be reached" });
    server.close();
    server.closeAllConnections();
    expect(await lookOnce()).toEqual({ provider: "vercel", error: "/healthz can not be reached" });
  });

  it("is not begun where there is nobody to look at", async () => {
    const peer = peerAt(null, 2_000, () => Promise.reject(new Error("asked")));
    await peer.look();
    expect(peer.take()).toBeNull();
  });

  it("is one at a time", async () => {
    let release = (): void => undefined;
    answer = (request, response) => {
      release = () => says(200, "ok")(request, response);
    };
    const peer = peerAt(url);
    const first = peer.look();
    await expect.poll(() => asked.length).toBe(1);
    await peer.look();
    expect([asked.length, peer.take()]).toEqual([1, null]);
    release();
    await first;
    expect(peer.take()).toMatchObject({ error: null });
    answer = says(200, "ok");
    await peer.look();
    expect(asked.length, "the next one is begun again").toBe(2);
  });

  it("is begun again after one that failed", async () => {
    answer = (request) => void request.socket.destroy();
    const peer = peerAt(url);
    await peer.look();
    answer = says(200, "ok");
    await peer.look();
    expect(peer.take()).toEqual({ provider: "vercel", error: null });
  });

  it("is told once: the latest finding, and null until the next look", async () => {
    const peer = peerAt(url);
    expect(peer.take()).toBeNull();
    answer = says(503, "");
    await peer.look();
    answer = says(200, "ok");
    await peer.look();
    expect([peer.take(), peer.take()]).toEqual([{ provider: "vercel", error: null }, null]);
    await peer.look();
    expect(peer.take()).toEqual({ provider: "vercel", error: null });
  });

  it("that never settles, because its invocation has ended, does not keep others from being begun", async () => {
    let looks = 0;
    const peer = peerAt(url, 2_000, () => {
      looks += 1;
      return looks === 1 ? new Promise(() => undefined) : Promise.resolve(new Response("ok"));
    });
    void peer.look();
    time.nowMs += 3_999;
    await peer.look();
    expect(looks).toBe(1);
    time.nowMs += 1;
    await peer.look();
    expect([looks, peer.take()]).toEqual([2, { provider: "vercel", error: null }]);
  });

  it("is worth nothing when nobody took it for half a minute", async () => {
    answer = says(200, "ok");
    const peer = peerAt(url);
    await peer.look();
    time.nowMs += 30_001;
    expect(peer.take()).toBeNull();
  });
});

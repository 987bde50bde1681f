import { connect } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { PARTIAL_FAILURE_PERCENT, judgeRequest } from "../../local/cdn/fault.ts";
import { startToyCdn } from "../../local/cdn/toy-cdn.ts";
import type { ToyCdn, ToyCdnOptions } from "../../local/cdn/toy-cdn.ts";

const HOST = "app.example.com";
const running: ToyCdn[] = [];

async function start(options: Partial<ToyCdnOptions> = {}): Promise<ToyCdn> {
  const cdn = await startToyCdn({ name: "toy", ...options });
  running.push(cdn);
  return cdn;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((cdn) => cdn.close()));
});

function visit(cdn: ToyCdn, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(cdn.url + path, { ...init, headers: { "X-Visitor-Host": HOST } });
}

async function statuses(cdn: ToyCdn, path: string, count: number): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const response = await visit(cdn, path);
    await response.arrayBuffer();
    seen.push(response.status);
  }
  return seen;
}

async function failureOf(request: Promise<Response>): Promise<{ code?: string; name?: string }> {
  const error = await request.then(
    () => new Error("answered"),
    (thrown: unknown) => thrown as Error,
  );
  return error.cause ?? error;
}

describe("toy CDN, healthy", () => {
  it("answers health checks and names itself", async () => {
    const cdn = await start({ name: "primary" });
    const response = await visit(cdn, "/healthz");
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
    expect(response.headers.get("x-toy-cdn")).toBe("primary");
  });

  it("streams as many bytes as were asked for and counts them by host and time", async () => {
    let nowMs = 1_000_000;
    const cdn = await start({ now: () => nowMs });
    expect((await (await visit(cdn, "/big?bytes=300000")).arrayBuffer()).byteLength).toBe(300_000);
    nowMs += 5_000;
    await (await visit(cdn, "/big?bytes=7")).arrayBuffer();
    await (await fetch(`${cdn.url}/big?bytes=11`)).arrayBuffer();
    expect(cdn.bytesServed(HOST, 1_000_000, 1_005_000)).toBe(300_000);
    expect(cdn.bytesServed("APP.example.com", 1_005_000, 1_010_000)).toBe(7);
    expect(cdn.bytesServed(HOST, 1_000_000, 1_010_000)).toBe(300_007);
    expect(cdn.bytesServed("127.0.0.1", 1_000_000, 1_010_000)).toBe(11);
    expect(cdn.bytesServed("other.example.com", 0, 2_000_000)).toBe(0);
  });

  it("counts no body for HEAD and refuses sizes it cannot serve", async () => {
    const cdn = await start();
    const head = await visit(cdn, "/x?bytes=5000", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "5000"]);
    expect(cdn.bytesServed(HOST, 0, Infinity)).toBe(0);
    expect((await visit(cdn, "/x?bytes=0")).status).toBe(200);
    expect((await visit(cdn, "/x?bytes=67108865")).status).toBe(400);
    expect((await visit(cdn, "/x?bytes=-1")).status).toBe(400);
    expect((await visit(cdn, "/x", { method: "POST" })).status).toBe(405);
  });

  it("does not count what a visitor who hung up never took", async () => {
    const cdn = await start();
    const response = await visit(cdn, "/big?bytes=67108864");
    await response.body?.cancel();
    expect(cdn.bytesServed(HOST, 0, Infinity)).toBeLessThan(67_108_864);
  });
});

describe("toy CDN, faults", () => {
  it("5xx: 500 and 503 in turn, and back to health", async () => {
    const cdn = await start();
    await cdn.setFault("5xx");
    expect(await statuses(cdn, "/healthz", 4)).toEqual([500, 503, 500, 503]);
    await cdn.setFault("healthy");
    expect(await statuses(cdn, "/healthz", 2)).toEqual([200, 200]);
    expect(cdn.requests.probes).toEqual({ served: 2, failed: 4, hung: 0 });
    expect(cdn.requests.visitors).toEqual({ served: 0, failed: 0, hung: 0 });
  });

  it("52x: Cloudflare's own error codes", async () => {
    const cdn = await start();
    await cdn.setFault("52x");
    const first = await visit(cdn, "/");
    expect([first.status, await first.text()]).toEqual([530, "error code: 1016"]);
    expect((await visit(cdn, "/")).status).toBe(521);
  });

  it("hang: accepts and never answers; pending requests die when it ends", async () => {
    const cdn = await start();
    await statuses(cdn, "/healthz", 1);
    await cdn.setFault("hang");
    expect((await failureOf(visit(cdn, "/healthz", { signal: AbortSignal.timeout(100) }))).name).toBe("TimeoutError");
    const pending = failureOf(visit(cdn, "/healthz"));
    while (cdn.requests.probes.hung < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await cdn.setFault("healthy");
    expect((await pending).code).toBe("UND_ERR_SOCKET");
    expect(await statuses(cdn, "/healthz", 1)).toEqual([200]);
  });

  it("refuse: connections are refused, kept-alive ones cut, and the port is the same afterwards", async () => {
    const cdn = await start();
    const before = cdn.url;
    const socket = connect(Number(new URL(cdn.url).port), "127.0.0.1");
    await once(socket, "connect");
    const cut = once(socket, "close");
    socket.on("error", () => undefined).write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    await cdn.setFault("refuse");
    await cut;
    expect((await failureOf(visit(cdn, "/healthz"))).code).toBe("ECONNREFUSED");
    await cdn.setFault("5xx");
    expect(await statuses(cdn, "/healthz", 1)).toEqual([500]);
    await cdn.setFault("refuse");
    await cdn.setFault("healthy");
    expect(await statuses(cdn, "/healthz", 1)).toEqual([200]);
    expect(cdn.url).toBe(before);
  });

  it("slow: answers well, but late", async () => {
    const cdn = await start({ slowMs: 300 });
    await cdn.setFault("slow");
    expect((await failureOf(visit(cdn, "/healthz", { signal: AbortSignal.timeout(50) }))).name).toBe("TimeoutError");
    expect(await statuses(cdn, "/healthz", 1)).toEqual([200]);
  });

  it("oscillate: bad first, then good, by the injected clock", async () => {
    let nowMs = 50_000;
    const cdn = await start({ now: () => nowMs });
    await cdn.setFault({ kind: "oscillate", badMs: 3_000, goodMs: 2_000 });
    const seen: boolean[] = [];
    for (let second = 0; second < 10; second += 1, nowMs += 1_000) {
      seen.push((await visit(cdn, "/healthz")).ok);
    }
    expect(seen).toEqual([false, false, false, true, true, false, false, false, true, true]);
  });

  it("partial: exactly 28 of 100 requests of a path fail, whatever other paths do", async () => {
    const cdn = await start();
    await cdn.setFault("partial");
    const seen: number[] = [];
    for (let i = 0; i < 100; i += 1) {
      if (i % 3 === 0) await (await visit(cdn, "/video?bytes=1")).arrayBuffer();
      seen.push(...(await statuses(cdn, `/healthz?try=${i}`, 1)));
    }
    expect(seen.filter((status) => status === 500)).toHaveLength(PARTIAL_FAILURE_PERCENT);
    expect(seen.filter((status) => status === 200)).toHaveLength(72);
  });

  it("partial: 28 of any 100 in a row, never two failures in a row", () => {
    const fails = Array.from({ length: 400 }, (_, nth) => judgeRequest({ kind: "partial" }, nth, 0).kind === "fail");
    for (let from = 0; from < 300; from += 1) {
      expect(fails.slice(from, from + 100).filter(Boolean)).toHaveLength(28);
    }
    expect(fails.some((failed, nth) => failed && fails[nth + 1] === true)).toBe(false);
  });

  it("closes while requests hang, crawl and stream", async () => {
    const cdn = await start({ slowMs: 60_000 });
    const streaming = await visit(cdn, "/big?bytes=67108864");
    await cdn.setFault("slow");
    const crawling = failureOf(visit(cdn, "/slow"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await cdn.setFault("hang");
    const hanging = failureOf(visit(cdn, "/hang"));
    while (cdn.requests.visitors.hung < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await cdn.close();
    await expect(streaming.arrayBuffer()).rejects.toThrow("terminated");
    expect([(await crawling).code, (await hanging).code]).toEqual(["UND_ERR_SOCKET", "UND_ERR_SOCKET"]);
    expect((await failureOf(visit(cdn, "/"))).code).toBe("ECONNREFUSED");
  });
});

import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNodeConnect } from "../../../self-hosted/connect.ts";
import { startDnsTcp } from "../../../local/route53/dns-tcp.ts";
import { startRoute53 } from "../../../local/route53/server.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { createNameServers } from "../../../src/adapters/dns/name-servers.ts";
import type { Budget } from "../../../src/adapters/ports/platform/budget.ts";
import type { Connect } from "../../../src/adapters/ports/platform/connect.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { connectionOf, createConnections, nobody } from "../../../src/pipeline/connection-slots.ts";
import { freely } from "../../support/budget.ts";

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

type Endpoint = { readonly hostname: string; readonly port: number };

const connect = createNodeConnect();

const endpointOf = (address: string): Endpoint => ({ hostname: "127.0.0.1", port: Number(address.split(":")[1]) });
const listening = async (server: Server): Promise<Endpoint> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { hostname: "127.0.0.1", port: (server.address() as AddressInfo).port };
};

/** A name server that does with each question as it is told. */
const scripted = async (act: (socket: Socket, query: Buffer) => void): Promise<Endpoint> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", (query: Buffer) => act(socket, query));
  });
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return await listening(server);
};

/** The question as an answer without records, its flags as given, in one frame. */
const echoed = (query: Buffer, flags: number): Buffer => {
  const reply = Buffer.from(query);
  reply.writeUInt16BE(flags, 4);
  return reply;
};

let zone: Endpoint;
let asked: () => number;

beforeAll(async () => {
  const route53 = await startRoute53({ accessKeyId: "AKIATEST", secretAccessKey: "secret", zones: [{ name: "example.com" }] });
  closers.push(() => route53.close());
  const weighted = (setIdentifier: string, weight: number, value: string) => ({
    name: "app.example.com",
    type: "CNAME" as const,
    ttlSeconds: 60,
    setIdentifier,
    weight,
    values: [value],
  });
  route53.seed(route53.zones[0]?.id ?? "", [
    weighted("primary", 0, "one.example.com"),
    weighted("backup", 100, "two.example.com"),
    { name: "two.example.com", type: "A", ttlSeconds: 60, values: ["192.0.2.7", "192.0.2.8"] },
    { name: "six.example.com", type: "AAAA", ttlSeconds: 60, values: ["2001:db8::7", "::ffff:192.0.2.1"] },
    { name: "*.wild.example.com", type: "A", ttlSeconds: 60, values: ["192.0.2.9"] },
  ]);
  const server = await startDnsTcp({ zones: route53 });
  closers.push(() => server.close());
  zone = endpointOf(server.address);
  asked = () => server.answered;
});

const servers = ["ns-1.awsdns-00.com", "ns-2.awsdns-00.net", "ns-3.awsdns-00.org"];
const ask = async (endpoint: Endpoint, name: string, type: "A" | "AAAA" | "CNAME", budget: Budget = freely) =>
  await createNameServers(connect, systemRandom, endpoint).ask(name, type, servers, budget);
const answers = async (...args: Parameters<typeof ask>) =>
  (await ask(...args)).map((reading) => (reading.status === "answered" ? reading.answers : null));

const table = [
  ["app.example.com", "CNAME", ["two.example.com."]],
  ["APP.example.com.", "A", ["192.0.2.7", "192.0.2.8"]],
  ["six.example.com", "AAAA", ["2001:db8::7", "::ffff:c000:201"]],
  ["any.wild.example.com", "A", ["192.0.2.9"]],
  ["none.example.com", "A", []],
  ["two.example.com", "AAAA", []],
] as const;

describe("the local Route 53's name servers", () => {
  it.each(table)("answer for %s %s", async (name, type, expected) => {
    expect(await answers(zone, name, type)).toEqual([expected, expected]);
  });

  it("are two at most, named in what they say", async () => {
    const before = asked();
    expect((await ask(zone, "app.example.com", "A")).map(({ resolver }) => resolver)).toEqual(servers.slice(0, 2));
    expect(asked() - before).toBe(2);
  });

  it("are silent for a zone that is not theirs", async () => {
    expect(await answers(zone, "www.example.org", "A")).toEqual([null, null]);
  });
});

describe("a name server that", () => {
  it.each<[string, (socket: Socket, query: Buffer) => void]>([
    ["closes at once", (socket) => socket.destroy()],
    ["ends in the middle", (socket, query) => socket.end(echoed(query, 0x8400).subarray(0, 9))],
    ["answers from a cache", (socket, query) => socket.end(echoed(query, 0x8080))],
    ["fails", (socket, query) => socket.end(echoed(query, 0x8402))],
    ["refuses", (socket, query) => socket.end(echoed(query, 0x8405))],
    ["breaks its answer off", (socket, query) => socket.end(echoed(query, 0x8600))],
    ["answers something else", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["says that it sends more than 4 KiB", (socket) => socket.write(Buffer.concat([Buffer.from([0x10, 0x01]), Buffer.alloc(70_000)]))],
  ])("%s is silent", async (_, act) => {
    expect(await answers(await scripted(act), "app.example.com", "A")).toEqual([null, null]);
  });

  it("sends octet by octet is heard", async () => {
    const slow = await scripted((socket, query) => {
      socket.setNoDelay(true);
      for (const octet of echoed(query, 0x8403)) socket.write(Buffer.from([octet]));
    });
    expect(await answers(slow, "app.example.com", "A")).toEqual([[], []]);
  });

  it("is not there is silent, and so is one whose name or question cannot be", async () => {
    const server = createServer();
    const gone = await listening(server);
    server.close();
    expect(await answers(gone, "app.example.com", "A")).toEqual([null, null]);
    expect(await answers(zone, "a b.example.com", "A")).toEqual([null, null]);
    const throwing = createNameServers(() => {
      throw new TypeError("no address");
    }, systemRandom);
    expect(await throwing.ask("app.example.com", "A", ["ns.example.net"], freely)).toEqual([
      { resolver: "ns.example.net", status: "silent" },
    ]);
    expect(await throwing.ask("app.example.com", "A", [], freely)).toEqual([]);
  });

  it("hangs is released at its deadline, in connections that are counted", async () => {
    const closed: Promise<unknown>[] = [];
    const hanging = await scripted((socket) => closed.push(once(socket, "close")));
    const connections = createConnections(systemClock);
    const budget = { untilMs: systemClock.nowMs() + 300, connection: connectionOf(connections, { lane: "background", key: nobody }) };
    expect(await answers(hanging, "app.example.com", "A", budget)).toEqual([null, null]);
    expect(connections.begun()).toBe(2);
    await Promise.all(closed);
  });

  it("is asked at port 53 of its own name, and not where that is nobody's in public", async () => {
    const addresses: Endpoint[] = [];
    const recording: Connect = (address) => (addresses.push(address), connect(zone));
    await createNameServers(recording, systemRandom).ask(
      "app.example.com",
      "A",
      ["127.0.0.1", "::1", "localhost", "db.internal", ...servers],
      freely,
    );
    expect(addresses).toEqual(servers.slice(0, 2).map((hostname) => ({ hostname, port: 53 })));
  });
});

describe("in workerd", () => {
  it("asks over the sockets of the platform", async () => {
    const contents = `
      import { connect } from "cloudflare:sockets";
      import { createNameServers } from "./src/adapters/dns/name-servers.ts";
      import { systemRandom } from "./src/adapters/platform/random.ts";
      const connection = async (_, request) => ({ status: "sent", value: await request(AbortSignal.timeout(300)) });
      // workerd reports a read that fails before its handler has run, and takes that back.
      const unhandled = new Map();
      addEventListener("unhandledrejection", ({ promise, reason }) => unhandled.set(promise, String(reason)));
      addEventListener("rejectionhandled", ({ promise }) => unhandled.delete(promise));
      export default { fetch: async (request) => {
        if (request.method === "GET") return Response.json([...unhandled.values()]);
        const { name, type, endpoint } = await request.json();
        return Response.json(await createNameServers(connect, systemRandom, endpoint).ask(name, type, ["ns-1.awsdns-00.com"], { untilMs: Infinity, connection }));
      } };`;
    const bundle = await build({
      stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
      bundle: true,
      format: "esm",
      write: false,
      external: ["cloudflare:sockets"],
    });
    const worker = new Miniflare(
      convertV4MiniflareOptions({ modules: true, script: bundle.outputFiles[0]?.text ?? "", compatibilityDate: "2026-01-01" }),
    );
    closers.push(() => worker.dispose());
    const say = async (name: string, type: string, endpoint: Endpoint) =>
      await (await worker.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify({ name, type, endpoint }) })).json();
    for (const [name, type, expected] of table) {
      expect(await say(name, type, zone)).toEqual([{ resolver: "ns-1.awsdns-00.com", status: "answered", answers: expected }]);
    }
    const server = createServer();
    const gone = await listening(server);
    server.close();
    const silent = [{ resolver: "ns-1.awsdns-00.com", status: "silent" }];
    expect(await say("app.example.com", "A", gone)).toEqual(silent);
    const misbehaved: ((socket: Socket) => void)[] = [
      () => undefined,
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.write(Buffer.alloc(1)),
      (socket) => socket.end(),
    ];
    for (const act of misbehaved) expect(await say("app.example.com", "A", await scripted(act))).toEqual(silent);
    expect(await (await worker.dispatchFetch("http://worker/")).json(), "promises that nobody waits for").toEqual([]);
  });
});

import { once } from "node:events";
import type { Server } from "node:net";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createSafeSend } from "../../cli/probe/safe-send.ts";
import { createProber } from "../../src/adapters/probing/prober.ts";

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

/** A server that says the same to everybody, byte by byte, or nothing at all. */
const saying = async (text: string | null): Promise<string> => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => (text === null ? undefined : socket.end(text)));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const probe = async (url: string, allowPrivate = true) =>
  await createProber(createSafeSend(allowPrivate), () => performance.now()).probe({ url, timeoutMs: 400 });

const many = `x-filler: ${"y".repeat(17_000)}\r\n`;

describe("what an agent's prober makes of an answer, the same as the rounds' own", () => {
  it.each([
    ["an answer", "HTTP/1.1 204 No Content\r\n\r\n", { kind: "answer", status: 204 }],
    ["a redirect, which is not followed", "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\n\r\n", { kind: "answer", status: 302 }],
    ["a body that never ends", "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nx", { kind: "answer", status: 200 }],
    ["more headers than every vantage reads", `HTTP/1.1 200 OK\r\n${many}\r\n`, { kind: "unreadable" }],
    ["line feeds alone", "HTTP/1.1 200 OK\nx: y\n\n", { kind: "unreadable" }],
    ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", { kind: "unreadable" }],
    ["no HTTP at all", "SSH-2.0-OpenSSH_9.6\r\n", { kind: "network" }],
    ["nothing", null, { kind: "timeout" }],
  ])("%s", async (_, text, wanted) => {
    expect(await probe(await saying(text))).toMatchObject(wanted);
  });

  it("nobody there", async () => {
    expect(await probe("http://127.0.0.1:9")).toMatchObject({ kind: "network" });
    expect(await probe("https://no-such-name.invalid")).toMatchObject({ kind: "network" });
  });
});

describe("where an agent does not connect to", () => {
  it.each([
    "http://example.com",
    "https://127.0.0.1",
    "https://[::1]:8443",
    "https://10.0.0.1",
    "https://169.254.169.254/latest",
    "https://localhost",
  ])("%s says nothing of a CDN", async (url) => {
    expect(await probe(url, false)).toMatchObject({ kind: "unreadable" });
  });
});

import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Certificate } from "./certificates.ts";

export type Received = { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** What a receiver does with a request once it has all of it. */
export type Act = (socket: Socket, request: Received) => void;

export type Receiver = {
  readonly url: string;
  readonly received: readonly Received[];
  /** Bytes that it has got rid of, all sockets together. */
  readonly written: () => number;
  readonly close: () => void;
};

/** A whole answer. */
export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ""): Act =>
  (socket) => {
    const lines = [
      `HTTP/1.1 ${status} Words`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ];
    socket.write(lines.join("\r\n"));
  };

const trickle = (socket: Socket, beginning: string, unit: string): void => {
  socket.write(beginning);
  const timer = setInterval(() => socket.write(unit), 20);
  socket.on("close", () => clearInterval(timer));
};

/** Receivers on a bad day, by what they do. */
export const badDays = {
  hangs: () => undefined,
  "resets the connection": (socket: Socket) => socket.resetAndDestroy(),
  "closes without a word": (socket: Socket) => socket.end(),
  "says something else than HTTP": (socket: Socket) => socket.end("220 mail.example.com ESMTP\r\n"),
  "sends its headers octet by octet": (socket: Socket) => trickle(socket, "HTTP/1.1 200 OK\r\nX-Slow: ", "a"),
} as const satisfies Readonly<Record<string, Act>>;

/** Says what it has to say of the message, and then goes on for ever. */
export const slowBody =
  (status: number): Act =>
  (socket) =>
    trickle(socket, `HTTP/1.1 ${status} Words\r\nTransfer-Encoding: chunked\r\n\r\n`, "1\r\na\r\n");

/** Far more than the buffers of two sockets hold, as fast as it is taken. */
export const hugeLength = 64 * 1_024 * 1_024;

export const hugeBody =
  (status: number): Act =>
  (socket) => {
    socket.write(`HTTP/1.1 ${status} Words\r\nContent-Length: ${hugeLength}\r\n\r\n`);
    const chunk = Buffer.alloc(16_384, "a");
    let left = hugeLength;
    const more = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= chunk.length;
        if (!socket.write(chunk)) return void socket.once("drain", more);
      }
    };
    more();
  };

const parse = (text: string): Received | null => {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const body = text.slice(end + 4);
  if (Buffer.byteLength(body) < Number(headers["content-length"] ?? 0)) return null;
  return { path: first.split(" ")[1] ?? "", headers, body };
};

/** An HTTP receiver on this machine that acts as it is told, on the octets themselves. */
export const startReceiver = async (act: Act, certificate?: Certificate): Promise<Receiver> => {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  let written = 0;
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("close", () => (written += socket.bytesWritten));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const request = parse(text);
      if (request === null) return;
      text = "";
      received.push(request);
      act(socket, request);
    });
  };
  const server = certificate === undefined ? createServer(serve) : createTlsServer(certificate, serve);
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? "http://127.0.0.1" : "https://localhost"}:${port}`,
    received,
    written: () => written,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

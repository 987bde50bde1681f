import { isIP, connect as connectTcp } from "node:net";
import type { Socket as TcpSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Connect, SecureTransport, Socket } from "../src/adapters/ports/platform/connect.ts";

type Address = Parameters<Connect>[0];

/** @param options.ca certificates in PEM that are trusted in place of Node's own */
export type NodeConnectOptions = { readonly ca?: readonly string[] };

/** What Node's own adapter does, but without listeners that are left behind where TLS takes the connection over. */
const streamsOf = (socket: TcpSocket) => {
  let failed: Error | null = null;
  let letGo = (): void => undefined;
  // A failure shows in the streams; those that are cancelled hear of none.
  socket.on("error", (error) => (failed = error));
  const readable = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const onData = (chunk: Buffer): void => {
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 0) <= 0) socket.pause();
      };
      const onEnd = (): void => (letGo(), controller.close());
      const onClose = (): void => (letGo(), controller.error(failed ?? new Error("the connection was closed")));
      letGo = () => {
        socket.off("data", onData).off("end", onEnd).off("close", onClose);
        letGo = () => undefined;
      };
      socket.on("data", onData).on("end", onEnd).on("close", onClose);
    },
    pull: () => void socket.resume(),
    cancel: () => (letGo(), void socket.destroy()),
  });
  const writable = new WritableStream<Uint8Array>({
    write: async (chunk) => {
      await new Promise<void>((resolve, reject) => {
        const fail = (error: Error): void => reject(failed ?? error);
        if (socket.closed) return fail(new Error("the connection was closed"));
        socket.write(chunk, (error) => {
          if (error == null) resolve();
          // Why it failed may be told later: a certificate that is not good first fails what was written meanwhile.
          else if (socket.closed) fail(error);
          else socket.once("close", () => fail(error));
        });
      });
    },
    close: () => void socket.end(),
    abort: () => void socket.destroy(),
  });
  return { readable, writable, letGo: () => letGo() };
};

const wrap = (socket: TcpSocket, { hostname }: Address, { ca }: NodeConnectOptions, secureTransport: SecureTransport): Socket => {
  const { readable, writable, letGo } = streamsOf(socket);
  return {
    readable,
    writable,
    close: async () => void socket.destroy(),
    startTls: () => {
      if (secureTransport !== "starttls") throw new TypeError("the socket was not opened for startTls");
      letGo();
      return wrap(connectTls({ socket, ...namesOf(hostname), ...(ca !== undefined && { ca: [...ca] }) }), { hostname, port: 0 }, {}, "on");
    },
  };
};

/** The name that the certificate must have; an address has no name to ask for (RFC 6066 §3). */
const namesOf = (hostname: string) => ({ host: hostname, ...(isIP(hostname) === 0 && { servername: hostname }) });

/** `connect` of `cloudflare:sockets` on Node's sockets. */
export const createNodeConnect =
  (options: NodeConnectOptions = {}): Connect =>
  (address, { secureTransport } = { secureTransport: "off" }) => {
    const { hostname, port } = address;
    const { ca } = options;
    const socket =
      secureTransport === "on"
        ? connectTls({ port, ...namesOf(hostname), ...(ca !== undefined && { ca: [...ca] }) })
        : connectTcp(port, hostname);
    // A conversation is made of small writes that each wait for an answer.
    socket.setNoDelay(true);
    return wrap(socket, address, options, secureTransport);
  };

import { once } from "node:events";
import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

/** A stretch of network between a provider and a server, which can be cut while both ends live. */
export type Link = {
  /** The server's URL, by way of this link. */
  readonly url: string;
  /** From now on nothing gets through and nobody is told: packets are only late. */
  readonly cut: () => void;
  /** What was held up arrives after all, as it does when a network comes back. */
  readonly heal: () => void;
  readonly close: () => Promise<void>;
};

export const startLink = async (serverUrl: string): Promise<Link> => {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  let isCut = false;

  const keep = (socket: Socket, other: Socket): void => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("data", (chunk: Buffer) => void other.write(chunk));
    socket.on("end", () => other.end());
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
    if (isCut) socket.pause();
  };
  const join = (client: Socket): void => {
    const upstream = connect(Number(target.port), target.hostname);
    keep(client, upstream);
    keep(upstream, client);
  };

  const server = createServer((client) => {
    if (!isCut) return join(client);
    client.pause();
    client.on("error", () => undefined);
    waiting.add(() => (client.destroyed ? undefined : join(client)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(serverUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    heal: () => {
      isCut = false;
      for (const socket of sockets) socket.resume();
      for (const go of waiting) go();
      waiting.clear();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
};

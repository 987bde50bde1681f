import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Server as TcpServer } from "node:net";
import type { Socket } from "node:net";

/** For what clients had sent when we stopped to listen, and a connection has yet to bring. */
const onTheWayMs = 250;

/**
 * Lets a server end with everything answered that it was asked. Node's own `close` cuts answers off that it has not sent whole, and leaves a
 * connection open on which there is always another request.
 * @returns how to begin that; the server emits `close` when it is over. It is on the caller to end what never does
 */
export const endAnswered = (server: Server): (() => void) => {
  const underWay = new Map<Socket, Set<ServerResponse>>();
  let isEnding = false;
  server.on("connection", (socket: Socket) => {
    underWay.set(socket, new Set());
    socket.once("close", () => underWay.delete(socket));
  });
  // Ahead of whoever answers, since the headers say whether the connection stays.
  server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    const own = underWay.get(socket);
    own?.add(response);
    if (isEnding) response.shouldKeepAlive = false;
    response.once("close", () => {
      own?.delete(response);
      if (isEnding && own?.size === 0) socket.destroySoon();
    });
  });
  return () => {
    isEnding = true;
    TcpServer.prototype.close.call(server);
    for (const response of [...underWay.values()].flatMap((own) => [...own])) if (!response.headersSent) response.shouldKeepAlive = false;
    setTimeout(() => {
      for (const [socket, own] of underWay) if (own.size === 0) socket.destroy();
    }, onTheWayMs);
  };
};

import { once } from "node:events";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** How the edge of a provider behaves towards the public: as usual, answering 502 by itself, or not at all. */
export type EdgeFault = "healthy" | "5xx" | "dark";

/** The public face of a provider, before its code: it can be out of order while that still runs. */
export type Edge = {
  /** The same through every fault and restart. */
  readonly url: string;
  readonly setFault: (fault: EdgeFault) => void;
  /** Where the provider's code is now. */
  readonly pointTo: (url: string) => void;
  readonly close: () => Promise<void>;
};

export const startEdge = async (): Promise<Edge> => {
  let fault: EdgeFault = "healthy";
  let target: URL | null = null;
  const server = createServer((request, response) => {
    if (fault === "dark" || target === null) return void request.socket.destroy();
    if (fault === "5xx") return void response.writeHead(502, { "content-type": "text/plain" }).end("error code: 502");
    const { hostname, port } = target;
    const onward = send({ hostname, port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setFault: (next) => {
      fault = next;
      if (next === "dark") server.closeAllConnections();
    },
    pointTo: (url) => void (target = new URL(url)),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

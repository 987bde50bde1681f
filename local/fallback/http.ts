import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A web-standard handler; `streams` is the class of the realm in which it runs. */
export type Served = {
  readonly dispatch: (url: string, init: RequestInit & { duplex: "half" }) => Promise<Response>;
  readonly streams: typeof ReadableStream;
};

const bodyOf = (request: IncomingMessage, streams: typeof ReadableStream): ReadableStream<Uint8Array> => {
  const chunks = request[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new streams<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    // Unread data is discarded, so that the connection can be reused.
    cancel: () => void request.resume(),
  });
};

const hasBody = ({ method, headers }: IncomingMessage): boolean =>
  method !== "GET" && method !== "HEAD" && (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined);

const respond = async (served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const headers = Object.entries(request.headersDistinct).flatMap(([name, values]) =>
    (values ?? []).map((value): [string, string] => [name, value]),
  );
  const answer = await served.dispatch(`http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`, {
    method: request.method ?? "GET",
    headers,
    duplex: "half",
    ...(hasBody(request) && { body: bodyOf(request, served.streams) }),
  });
  response.writeHead(answer.status, [...answer.headers].flat());
  response.flushHeaders();
  const reader = answer.body?.getReader();
  response.once("close", () => void reader?.cancel().catch(() => undefined));
  for (let chunk = await reader?.read(); chunk !== undefined && !chunk.done; chunk = await reader?.read()) {
    if (!response.write(chunk.value)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
};

/** Serves a handler on 127.0.0.1. @returns the port */
export const listen = async (served: Served, port: number): Promise<number> => {
  const server = createServer((request, response) => {
    respond(served, request, response).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** The request with which a network went. Times: epoch ms. */
export type HeldRequest = {
  /** When it was on its way; null: it has not come by yet. */
  readonly heldAtMs: number | null;
  /** When the server received it, and its answer; null: not yet. */
  readonly delivered: { readonly atMs: number; readonly status: number; readonly body: string } | null;
};

/** A stretch of network between a provider and a server, which can be cut while both ends live. */
export type Link = {
  /** The server's URL, by way of this link. */
  readonly url: string;
  /** Cut at the moment at which a request with this text in its body is on its way: it and all that follows do not arrive. */
  readonly cutAt: (text: string) => HeldRequest;
  /** Delivers what was held back, as when a network recovers; even where nobody waits for it any more. */
  readonly heal: () => void;
  readonly close: () => Promise<void>;
};

/** HTTP, request by request. A cut is silent: requests and answers are only delayed. */
export const startLink = async (serverUrl: string): Promise<Link> => {
  const { hostname, port } = new URL(serverUrl);
  let cut: PromiseWithResolvers<void> | null = null;
  let trap: { readonly text: string; readonly held: { -readonly [Key in keyof HeldRequest]: HeldRequest[Key] } } | null = null;

  const passable = async (): Promise<void> => {
    while (cut !== null) await cut.promise;
  };
  const deliver = async ({ url, method, headers }: IncomingMessage, body: Buffer): Promise<Answer> => {
    const onward = send({ hostname, port, path: url, method, headers })
      .on("error", () => undefined)
      .end(body);
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
  };
  const carry = async (request: IncomingMessage): Promise<Answer> => {
    const body = await buffer(request);
    const caught = cut === null && trap !== null && trap.held.heldAtMs === null && body.includes(trap.text) ? trap.held : null;
    if (caught !== null) {
      caught.heldAtMs = Date.now();
      cut = Promise.withResolvers();
    }
    await passable();
    const answer = await deliver(request, body);
    if (caught !== null) caught.delivered = { atMs: Date.now(), status: answer.status, body: answer.body.toString() };
    await passable();
    return answer;
  };

  const server = createServer((request, response) => {
    carry(request).then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      () => response.destroy(),
    );
  });
  // As the server behind it: a connection closed just as it is reused would look like a fault.
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(serverUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cutAt: (text) => {
      const held = { heldAtMs: null, delivered: null };
      trap = { text, held };
      return held;
    },
    heal: () => {
      const healed = cut;
      cut = null;
      healed?.resolve();
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

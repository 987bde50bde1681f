import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** Where a connection dies: at the n-th statement from now, before the server sees it or after the server has done it. */
export type Cut = { readonly statement: number; readonly when: "before" | "after" };

export type CuttingProxy = {
  /** The connection string, through the proxy. */
  readonly url: string;
  /** From now on, and once; null: nothing is cut. Waits for a cut that is under way: nobody else may be waiting for that answer. */
  readonly arm: (cut: Cut | null) => Promise<void>;
  /** How many connections were cut. */
  readonly cuts: () => number;
  readonly close: () => Promise<void>;
};

const headerBytes = 5;
/** Q: a simple query. S: the end of an extended one. */
const ends = new Set(["Q", "S"]);

/** Splits what a client sends into whole protocol messages; the first one of a connection has no type. */
const messageSplitter = () => {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  return (chunk: Buffer): { readonly bytes: Buffer; readonly type: string }[] => {
    rest = Buffer.concat([rest, chunk]);
    const messages = [];
    for (;;) {
      const head = isStarted ? 1 : 0;
      if (rest.length < head + 4) return messages;
      const length = head + rest.readInt32BE(head);
      if (rest.length < length) return messages;
      messages.push({ bytes: rest.subarray(0, length), type: isStarted ? String.fromCharCode(rest[0] ?? 0) : "startup" });
      rest = rest.subarray(length);
      isStarted = true;
    }
  };
};

/** True once the server has said ReadyForQuery ("Z"): what was sent is done. */
const isDone = (answer: Buffer): boolean =>
  answer.length >= headerBytes + 1 &&
  answer[answer.length - headerBytes - 1] === "Z".charCodeAt(0) &&
  answer.readInt32BE(answer.length - headerBytes) === headerBytes;

/**
 * A TCP proxy before PostgreSQL that cuts connections at a chosen statement. `after` waits until the server is done with
 * it, COMMIT included, and lets nobody hear of it.
 */
export const startCuttingProxy = async (databaseUrl: string): Promise<CuttingProxy> => {
  const target = new URL(databaseUrl);
  const url = new URL(databaseUrl);
  const open = new Set<Socket>();
  let armed: Cut | null = null;
  let cuts = 0;
  let statements = 0;
  let underWay: PromiseWithResolvers<void> | null = null;

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const split = messageSplitter();
    let swallowing = false;
    const end = (): void => {
      if (swallowing) underWay?.resolve();
      client.destroy();
      upstream.destroy();
    };
    const die = (): void => {
      cuts += 1;
      armed = null;
      end();
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      open.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        open.delete(socket);
        end();
      });
    }
    client.on("data", (chunk: Buffer) => {
      for (const { bytes, type } of split(chunk)) {
        if (swallowing) return;
        if (ends.has(type)) statements += 1;
        const isIt = armed !== null && ends.has(type) && statements === armed.statement;
        if (isIt && armed?.when === "before") return die();
        swallowing = isIt;
        if (isIt) underWay = Promise.withResolvers();
        upstream.write(bytes);
      }
    });
    upstream.on("data", (chunk: Buffer) => {
      if (!swallowing) client.write(chunk);
      else if (isDone(chunk)) die();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    arm: async (cut) => {
      await underWay?.promise;
      armed = cut;
      statements = 0;
    },
    cuts: () => cuts,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
};

import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { endAnswered } from "../../self-hosted/answered-end.ts";

const listening = async (listener: RequestListener) => {
  const server = createServer(listener);
  const end = endAnswered(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, end, port: (server.address() as AddressInfo).port };
};

it("an answer that its client reads slowly is sent whole", async () => {
  const bytes = 20_000_000;
  const { server, end, port } = await listening((_request, response) => {
    response.writeHead(200, { "content-length": bytes });
    response.end(Buffer.alloc(bytes, 97));
  });
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(server, "request");
  socket.pause();
  let got = 0;
  socket.on("data", (chunk: Buffer) => (got += chunk.length));
  const closed = once(server, "close");
  end();
  setTimeout(() => socket.resume(), 600);
  await closed;
  await once(socket, "close");
  expect(got).toBeGreaterThan(bytes);
});

it("clients that ask all the time are all answered, and hold nothing open", async () => {
  const { server, end, port } = await listening((_request, response) => setTimeout(() => response.end("done"), 5));
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  const outcomes = new Set<string>();
  const ask = async (): Promise<string> => {
    const outgoing = request({ port, agent, host: "127.0.0.1" }).end();
    try {
      const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
      answer.resume();
      await once(answer, "end");
      return String(answer.statusCode);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? "failed";
    }
  };
  const clients = Array.from({ length: 10 }, async () => {
    for (let last = ""; last !== "ECONNREFUSED"; outcomes.add(last)) last = await ask();
  });
  await new Promise((done) => setTimeout(done, 200));
  const closed = once(server, "close");
  end();
  await Promise.all([closed, ...clients]);
  expect([...outcomes].toSorted()).toEqual(["200", "ECONNREFUSED"]);
});

it("a connection on which nothing is asked holds nothing open", async () => {
  const { server, end, port } = await listening((_request, response) => response.end("done"));
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(server, "connection");
  const closed = once(server, "close");
  end();
  await closed;
  expect(await once(socket, "close")).toBeDefined();
});

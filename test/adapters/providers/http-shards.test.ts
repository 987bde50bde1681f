import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createHttpShards } from "../../../src/adapters/providers/http-shards.ts";

const asked: { url: string; authorization: string; body: string }[] = [];
let status = 202;
let selfUrl: string;

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    asked.push({ url: `${request.method} ${request.url}`, authorization: request.headers.authorization ?? "", body });
    response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
  });
});

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  selfUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const dispatch = () =>
  createHttpShards({ selfUrl, cronSecret: "a-secret-for-cron-1", fetch }).dispatch(
    { index: 3, count: 8 },
    Date.parse("2026-11-18T11:20:00Z"),
  );

it("asks the provider's own URL for the rounds of a shard, with the secret", async () => {
  await dispatch();
  expect(asked).toEqual([
    {
      url: "POST /internal/shards/3/rounds",
      authorization: "Bearer a-secret-for-cron-1",
      body: '{"count":8,"scheduled_at":"2026-11-18T11:20:00.000Z"}',
    },
  ]);
});

it.each([200, 302, 401, 404, 500, 504])(
  "is not certain of anything when answered with %d, and follows nothing with its secret",
  async (answer) => {
    asked.length = 0;
    status = answer;
    await expect(dispatch()).rejects.toThrow(`answered with ${answer}`);
    expect(asked).toHaveLength(1);
  },
);

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDoh } from "../../../local/route53/doh.ts";
import { startRoute53 } from "../../../local/route53/server.ts";
import { createResolver, txtValue } from "../../../src/adapters/dns/resolver.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { requestBudget } from "../../../src/pipeline/request-budget.ts";
import { createConnections } from "../../../src/pipeline/connection-slots.ts";

const closers: (() => Promise<void>)[] = [];
const opened = <T extends { close(): Promise<void> }>(thing: T): T => {
  closers.push(() => thing.close());
  return thing;
};

let endpoint: string;
let host: string;

beforeAll(async () => {
  const route53 = opened(await startRoute53({ accessKeyId: "AKIATEST", secretAccessKey: "secret", zones: [{ name: "example.com" }] }));
  route53.seed(route53.zones[0]?.id ?? "", [
    { name: "_tranche-challenge.app.example.com", type: "TXT", ttlSeconds: 60, values: ['"other"', '"to" "ken"'] },
    { name: "_tranche-challenge.alias.example.com", type: "CNAME", ttlSeconds: 60, values: ["_tranche-challenge.app.example.com"] },
  ]);
  endpoint = opened(await startDoh({ zones: route53 })).url;
  host = new URL(endpoint).host;
});

afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

/** A resolver that answers as it is told. */
const scripted = async (status: number, body: string, delayMs = 0): Promise<string> => {
  const server = createServer((_, response) => void setTimeout(() => response.writeHead(status).end(body), delayMs));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(
    () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/resolve?ct=x`;
};

const ask = async (endpoints: string[], name: string) =>
  await createResolver(endpoints, fetch).txt(name, requestBudget(systemClock, createConnections(systemClock)));

describe("txt", () => {
  it("reads every text of a name, whole and unquoted, through a CNAME as well", async () => {
    for (const name of ["app", "alias"]) {
      const [reading] = await ask([endpoint], `_tranche-challenge.${name}.example.com`);
      expect(reading).toEqual({ resolver: host, status: "answered", texts: expect.arrayContaining(["other", "token"]) });
    }
  });

  it("takes a name that does not exist for an answer, and one that can not for one too", async () => {
    expect(await ask([endpoint], "_tranche-challenge.none.example.com")).toEqual([{ resolver: host, status: "answered", texts: [] }]);
    expect(await ask(["https://nowhere.invalid/"], "x".repeat(254))).toEqual([
      { resolver: "nowhere.invalid", status: "answered", texts: [] },
    ]);
  });

  it.each([
    ["an error", 500, "{}"],
    ["a redirect", 302, ""],
    ["no JSON", 200, "<html>"],
    ["no DNS answer", 200, '{"error":"x"}'],
  ])("counts %s as silence, beside one that answers", async (_, status, body) => {
    const readings = await ask([await scripted(status, body), endpoint], "_tranche-challenge.app.example.com");
    expect(readings.map((reading) => reading.status)).toEqual(["silent", "answered"]);
  });

  it("understands SERVFAIL as an answer without texts, and ignores other types", async () => {
    const failing = await scripted(200, '{"Status":2}');
    const mixed = await scripted(
      200,
      JSON.stringify({ Status: 0, Answer: [{ type: 5, data: "a." }, { type: 16, data: "bare" }, { type: 16 }] }),
    );
    const readings = await ask([failing, mixed], "x.example.com");
    expect(readings.map((reading) => reading.status === "answered" && reading.texts)).toEqual([[], ["bare"]]);
  });
});

it.each([
  ['"a"', "a"],
  ['"a" "b"', "ab"],
  ['"a\\"b\\\\"', 'a"b\\'],
  ["plain text", "plain text"],
  ['""', ""],
])("reads %s as %j", (data, text) => {
  expect(txtValue(data)).toBe(text);
});

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../../src/adapters/ports/platform/clock.ts";
import type { WeightedRecord } from "../../../src/adapters/ports/steering/dns.ts";
import { createRoute53, type Route53Options } from "../../../src/adapters/route53/route53.ts";
import { unbounded } from "../../support/budget.ts";

export const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCY" };

/** A clock that stands still but for its sleeps, which take no time and are written down. */
export const fakeClock = (startMs = Date.UTC(2026, 10, 1)): Clock & { sleptMs: number[]; advance(ms: number): void } => {
  let nowMs = startMs;
  const sleptMs: number[] = [];
  return {
    sleptMs,
    nowMs: () => nowMs,
    sleep: async (ms) => {
      sleptMs.push(ms);
      nowMs += ms;
    },
    advance: (ms) => {
      nowMs += ms;
    },
  };
};

/** The real time, but sleeps that take none. */
export const hastyClock: Clock = { nowMs: () => Date.now(), sleep: async () => {} };

export const route53At = (endpoint: string, more: Partial<Route53Options> = {}) =>
  unbounded(
    createRoute53({
      endpoint,
      region: "us-east-1",
      credentials,
      fetch,
      clock: hastyClock,
      random: () => 0.5,
      requestsPerSecond: Number.POSITIVE_INFINITY,
      ...more,
    }),
  );

export const cname = (name: string, side: string, weight: number, more: Partial<WeightedRecord> = {}): WeightedRecord => ({
  name,
  type: "CNAME",
  setIdentifier: side,
  weight,
  ttl: 60,
  values: [`${side.toLowerCase()}.cdn.example.net`],
  ...more,
});

export type Sent = {
  method: string;
  path: string;
  query: [string, string][];
  headers: Record<string, string>;
  body: string;
};
export type Reply = { status?: number; body: string; headers?: Record<string, string> };

/** An HTTP server that writes down what it is sent and answers from a list, the last answer over and over. */
export const startRecorder = async (replies: readonly Reply[]) => {
  const sent: Sent[] = [];
  const left = [...replies];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://recorder");
      sent.push({
        method: request.method ?? "",
        path: (request.url ?? "").split("?")[0] ?? "",
        query: [...url.searchParams].toSorted(([a], [b]) => (a < b ? -1 : 1)),
        headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
        body: Buffer.concat(chunks).toString("utf8"),
      });
      const reply = (left.length > 1 ? left.shift() : left[0]) ?? { body: "" };
      response.writeHead(reply.status ?? 200, { "content-type": "text/xml", ...reply.headers });
      response.end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const namespace = `xmlns="https://route53.amazonaws.com/doc/2013-04-01/"`;

/** A whole answer around XML of the test's own making. */
export const answer = (root: string, inner: string): string => `<?xml version="1.0"?>\n<${root} ${namespace}>${inner}</${root}>`;

export const errorAnswer = (code: string, message: string, status = 400): Reply => ({
  status,
  body: answer(
    "ErrorResponse",
    `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>req-1</RequestId>`,
  ),
});

export const zonesAnswer = (zones: readonly { id: string; name: string; isPrivate?: boolean }[], next = ""): string =>
  answer(
    "ListHostedZonesByNameResponse",
    `<HostedZones>${zones
      .map(
        (zone) =>
          `<HostedZone><Id>/hostedzone/${zone.id}</Id><Name>${zone.name}</Name><CallerReference>x</CallerReference>` +
          `<Config><PrivateZone>${zone.isPrivate ?? false}</PrivateZone></Config></HostedZone>`,
      )
      .join("")}</HostedZones><IsTruncated>${next !== ""}</IsTruncated>${next}<MaxItems>100</MaxItems>`,
  );

export const recordsAnswer = (recordSets: string, next = ""): string =>
  answer(
    "ListResourceRecordSetsResponse",
    `<ResourceRecordSets>${recordSets}</ResourceRecordSets><IsTruncated>${next !== ""}</IsTruncated>${next}<MaxItems>20</MaxItems>`,
  );

export const weightedXml = (name: string, type: string, identifier: string, weight: number, value: string): string =>
  `<ResourceRecordSet><Name>${name}</Name><Type>${type}</Type><SetIdentifier>${identifier}</SetIdentifier>` +
  `<Weight>${weight}</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>${value}</Value></ResourceRecord>` +
  `</ResourceRecords></ResourceRecordSet>`;

export const changeAnswer = (root: string, status = "PENDING"): string =>
  answer(root, `<ChangeInfo><Id>/change/C123</Id><Status>${status}</Status><SubmittedAt>2026-11-01T00:00:00Z</SubmittedAt></ChangeInfo>`);

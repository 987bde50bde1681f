import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { EdgeRuntime } from "edge-runtime";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProber } from "../../src/adapters/probing/prober.ts";
import type { ProbeAnswer } from "../../src/adapters/ports/detection/probe.ts";
import type { Verdict } from "../../src/domain/detection/probe.ts";
import { judgeProbe, mostHeaderChars } from "../../src/domain/detection/probe.ts";

/** The very prober in each of the three runtimes that it runs in: Node, Vercel's emulator of its edge, and workerd. */
const names = ["node", "edge", "workerd"] as const;
type Name = (typeof names)[number];

const timeoutMs = 5_000;
const head = (lines: readonly string[]): string => [...lines, "", ""].join("\r\n");
const ok = "HTTP/1.1 200 OK";
const empty = "content-length: 0";
const header = (chars: number) => `x-large: ${"a".repeat(chars - "x-large".length)}`;
const many = (count: number, chars: number) => Array.from({ length: count }, (_, index) => `x-${index}: ${"b".repeat(chars)}`);

/** `readable`: the same verdict everywhere. `unreadable`: no runtime judges it. `or unknown`: who can read it judges, the others abstain. */
const answers: Readonly<
  Record<string, { readonly sent: string; readonly status: number | null; readonly how: "readable" | "unreadable" | "or unknown" }>
> = {
  plain: { sent: head([ok, empty]), status: 200, how: "readable" },
  "15 KB of headers": { sent: head([ok, empty, header(15_000)]), status: 200, how: "readable" },
  "16.3 KB of headers, which all read": { sent: head([ok, empty, header(16_300)]), status: 200, how: "unreadable" },
  "20 KB of headers": { sent: head([ok, empty, header(20_000)]), status: 200, how: "unreadable" },
  "70 KB in one header": { sent: head([ok, empty, header(70_000)]), status: 200, how: "unreadable" },
  "70 KB in 700 headers": { sent: head([ok, empty, ...many(700, 95)]), status: 200, how: "unreadable" },
  "70 KB of headers on an error": { sent: head(["HTTP/1.1 503 Unavailable", empty, header(70_000)]), status: 503, how: "unreadable" },
  "many small headers": { sent: head([ok, empty, ...many(300, 20)]), status: 200, how: "readable" },
  "early hints": { sent: head(["HTTP/1.1 103 Early Hints", "link: </a>; rel=preload"]) + head([ok, empty]), status: 200, how: "readable" },
  "early hints of 20 KB": { sent: head(["HTTP/1.1 103 Early Hints", header(20_000)]) + head([ok, empty]), status: 200, how: "or unknown" },
  "an unasked 100": { sent: head(["HTTP/1.1 100 Continue"]) + head([ok, empty]), status: 200, how: "or unknown" },
  "line feeds alone": { sent: `${ok}\n${empty}\n\n`, status: 200, how: "or unknown" },
  "a control character in a value": { sent: head([ok, empty, "x-a: a\u0001b"]), status: 200, how: "or unknown" },
  "the same length twice": { sent: head([ok, empty, empty]), status: 200, how: "or unknown" },
  "a length beside chunks": {
    sent: head([ok, "transfer-encoding: chunked", "content-length: 5"]) + "5\r\nhello\r\n0\r\n\r\n",
    status: 200,
    how: "or unknown",
  },
  "twenty encodings": {
    sent: head([ok, empty, `content-encoding: ${Array.from({ length: 20 }, () => "gzip").join(", ")}`]),
    status: 200,
    how: "or unknown",
  },
  "words that are not Latin-1": { sent: `HTTP/1.1 200 \u00d6k \u00e2\u0098\u0083\r\n${empty}\r\n\r\n`, status: 200, how: "or unknown" },
  "a name that is none": { sent: head([ok, empty, "x(a): 1"]), status: null, how: "or unknown" },
  "a redirect with a body": {
    sent: `${head(["HTTP/1.1 302 Found", "location: /x", "content-length: 5"])}hello`,
    status: 302,
    how: "readable",
  },
  "a redirect to nowhere": { sent: head(["HTTP/1.1 302 Found", "location: http://[", empty]), status: 302, how: "readable" },
  "a body that is no gzip": { sent: `${head([ok, "content-encoding: gzip", "content-length: 5"])}hello`, status: 200, how: "readable" },
  "HTTP/1.0": { sent: head(["HTTP/1.0 200 OK", empty]), status: 200, how: "readable" },
  "an old server's 407": {
    sent: head(["HTTP/1.1 407 Proxy Authentication Required", "proxy-authenticate: Basic", empty]),
    status: null,
    how: "readable",
  },
  "another protocol": {
    sent: head(["HTTP/1.1 101 Switching Protocols", "upgrade: x", "connection: upgrade"]),
    status: null,
    how: "or unknown",
  },
  "status 999": { sent: head(["HTTP/1.1 999 Denied", empty]), status: null, how: "readable" },
  "status 20": { sent: head(["HTTP/1.1 20 OK", empty]), status: null, how: "readable" },
  "no HTTP at all": { sent: "<html>hello</html>", status: null, how: "readable" },
  "HTTP of another age": { sent: head(["HTTP/1.2 200 OK", empty]), status: null, how: "readable" },
  "half a head": { sent: `${ok}\r\nx-a: 1`, status: null, how: "readable" },
  nothing: { sent: "", status: null, how: "readable" },
};

/** Everything but interim answers, and 407 as well: it must not pass for health even where it is expected. */
const expected = [[200, 599]] as const;

/** A server for each answer, so that no connection is used twice. */
const origins = new Map<string, string>();
let close: () => Promise<void>;
let probes: Readonly<Record<Name, (url: string) => Promise<ProbeAnswer>>>;

beforeAll(async () => {
  const servers = await Promise.all(
    Object.entries(answers).map(async ([kind, { sent }]) => {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => socket.end(Buffer.from(sent, "latin1")));
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      origins.set(kind, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      return server;
    }),
  );
  const bundle = async (script: string): Promise<string> => {
    const contents = `import { createProber } from "./src/adapters/probing/prober.ts";
      const probe = async (request) => Response.json(await createProber((input, init) => fetch(input, init), Date.now).probe({ url: await request.text(), timeoutMs: ${timeoutMs} }));
      ${script}`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
      format: script.startsWith("export") ? "esm" : "iife",
      bundle: true,
      write: false,
      platform: "neutral",
      target: "es2022",
      logLevel: "error",
    });
    return outputFiles[0]?.text ?? "";
  };
  const [edgeCode, workerCode] = await Promise.all([
    bundle(`addEventListener("fetch", (event) => event.respondWith(probe(event.request)));`),
    bundle("export default { fetch: probe };"),
  ]);
  const edge = new EdgeRuntime({ initialCode: edgeCode });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "prober",
      modules: true,
      script: workerCode,
      host: "127.0.0.1",
      port: 0,
      compatibilityDate: "2026-11-01",
    }),
  );
  const workerUrl = (await miniflare.ready).href;
  const node = createProber(fetch, Date.now);
  probes = {
    node: (url) => node.probe({ url, timeoutMs }),
    edge: async (url) => (await (await edge.dispatchFetch("http://edge.test/", { method: "POST", body: url })).json()) as ProbeAnswer,
    workerd: async (url) => (await (await fetch(workerUrl, { method: "POST", body: url })).json()) as ProbeAnswer,
  };
  close = async () => {
    await miniflare.dispose();
    for (const server of servers) server.close();
  };
});

afterAll(() => close());

const verdictsOf = async (kind: string): Promise<readonly (Verdict | null)[]> =>
  await Promise.all(names.map(async (name) => judgeProbe(await probes[name](`${origins.get(kind)}/healthz`), expected)));

describe("what a misbehaving server comes to on Node, on Vercel's edge and on workerd", () => {
  it.each(Object.entries(answers))("%s", async (kind, { status, how }) => {
    const verdicts = await verdictsOf(kind);
    const said = verdicts.map((verdict) => (verdict === null ? "unknown" : verdict.ok));
    if (how === "unreadable") return expect(said).toEqual(["unknown", "unknown", "unknown"]);
    const truth = status !== null && status < 400;
    expect(
      said.every((one) => one === truth || (how === "or unknown" && one === "unknown")),
      `${kind}: ${JSON.stringify(verdicts)}`,
    ).toBe(true);
    for (const verdict of verdicts) if (verdict?.ok === true) expect(verdict.status).toBe(status);
  });

  it("keeps the limit below that of undici, which counts names and values", () => {
    expect(mostHeaderChars).toBeLessThan(16_384);
  });
});

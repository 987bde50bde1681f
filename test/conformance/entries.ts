import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { Agent, request } from "node:http";
import pg from "pg";
import { startFallback } from "../../local/fallback.ts";
import { startSelfHosted } from "../../local/self-hosted.ts";
import { startWorker } from "../../local/worker.ts";

export const entryNames = ["workerd", "edge", "node", "self-hosted"] as const;
export type EntryName = (typeof entryNames)[number];

/** One entry on one database. */
export type Entry = { readonly name: EntryName; readonly url: string; readonly databaseUrl: string; readonly close: () => Promise<void> };

/** The same database as its owner: the referee may what the entry may not. */
const asOwner = ({ DATABASE_URL = "", OWNER_DATABASE_URL = DATABASE_URL }: Readonly<Record<string, string>>): string =>
  DATABASE_URL === "" ? "" : Object.assign(new URL(OWNER_DATABASE_URL), { pathname: new URL(DATABASE_URL).pathname }).href;

const start = async (name: EntryName, env: Readonly<Record<string, string>>) => {
  if (name === "workerd") return await startWorker({ env });
  // The suite starts its jobs itself.
  if (name === "self-hosted") return await startSelfHosted({ env: { ...env, ROLES: "api,dashboard" } });
  return await startFallback({ runtime: name, env });
};

/** Starts an entry as it would run where it is deployed: workerd, Vercel's edge runtime, plain Node, or a process of one's own over pg. */
export const startEntry = async (name: EntryName, env: Readonly<Record<string, string>>): Promise<Entry> => {
  const started = await start(name, env);
  return { name, url: started.url, databaseUrl: asOwner(env), close: () => started.close() };
};

/** Copies of a database, byte for byte: the same rows, ids, times and sequences. Whoever is connected to it is sent away. */
export const copiesOf = async (databaseUrl: string, names: readonly string[]): Promise<string[]> => {
  const source = new URL(databaseUrl).pathname.slice(1);
  const at = (name: string) => Object.assign(new URL(databaseUrl), { pathname: `/${name}` }).href;
  const client = new pg.Client(at("postgres"));
  await client.connect();
  const copies = names.map((name) => `${source}_${name}`);
  for (const copy of copies) {
    await client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [source]);
    await client.query(`create database "${copy}" template ${source} strategy file_copy`);
  }
  await client.end();
  return copies.map(at);
};

export type Sent = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};
export type Answered = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** How a body is framed is between server and client; when it was sent is nobody's. */
const framing = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length"]);

const flat = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.keys(headers)
      .filter((name) => !framing.has(name))
      .toSorted()
      .map((name) => [name, [headers[name]].flat().join(", ")]),
  );

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** Sends a request as it is written, in pieces. A body that declares more than there is is cut off once it is answered. */
export const send = async (entry: Pick<Entry, "url">, sent: Sent): Promise<Answered> => {
  const { hostname, port } = new URL(entry.url);
  const outgoing = request({
    agent,
    hostname,
    port,
    path: sent.path,
    method: sent.method,
    headers: { host: "tranche.test", ...sent.headers },
  });
  const body = sent.body ?? "";
  const isCut = Number(sent.headers["content-length"] ?? 0) > body.length;
  outgoing.flushHeaders();
  if (body !== "") outgoing.write(body.slice(0, body.length / 2));
  if (!isCut) outgoing.end(body.slice(body.length / 2));
  const [response] = (await once(outgoing, "response")) as [import("node:http").IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  if (isCut) outgoing.on("error", () => undefined).destroy();
  return { status: response.statusCode ?? 0, headers: flat(response.headers), body: Buffer.concat(chunks).toString("utf8") };
};

/** A line about a round. */
type RoundLine = { readonly event: string; readonly job: string; readonly role: string; readonly shard: number; readonly ok: boolean };

/** The rounds that the answer to a job tells of. */
export const roundsIn = ({ body }: Answered): readonly RoundLine[] =>
  body
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as RoundLine)
    .filter(({ event }) => event === "round");

/** A run ends with its minute: the second of two in a row has a whole one. One more for a machine that stands still for that long. */
const mostRuns = 3;

/**
 * Sends a job until a run of it had time for a round. One that begins in the last moments of its minute, or waits for the lease until
 * then, ends without: at which of several servers is nobody's doing. What is returned after `mostRuns` may be without one.
 */
export const sendUntilRound = async (entry: Pick<Entry, "url">, sent: Sent): Promise<Answered> => {
  for (let run = 1; ; run += 1) {
    const answered = await send(entry, sent);
    if (run === mostRuns || answered.status !== 200 || roundsIn(answered).length > 0) return answered;
  }
};

const timeText = /"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00))"/g;
/** Every answer has one of its own. */
const requestId = /^[0-9a-f]{32}$/;

const dayMs = 86_400_000;
/** Days from now: when a proof is looked up next, until when a challenge is good, and a link; since when an objective counts. */
const ahead = { NOW: 0, "A DAY ON": 1, "A WEEK ON": 7, "A MONTH ON": 30, "A WEEK AGO": -7, "A MONTH AGO": -30 } as const;

/** A moment of this run, or one that it has set a term to; null: one that is the same everywhere. */
const momentOf = (timeMs: number, withinMs: number): string | null => {
  const found = Object.entries(ahead).find(([, days]) => Math.abs(timeMs - days * dayMs - Date.now()) < withinMs);
  return found === undefined ? null : `"${found[0]}"`;
};

/** A page says of everything how long ago it was. */
const comparablePage = (page: string): string =>
  page
    .replaceAll(/<time datetime="[^"]*"[^>]*>[^<]*<\/time>/g, "<time>")
    .replaceAll(/<body data-as-of="\d+"/g, '<body data-as-of="NOW"')
    // A picture that moves on with the time.
    .replaceAll(/<figure id="(?:axis|trend)"[^>]* data-fresh="[1-9]\d*">[^]*?<\/figure>/g, "<figure>")
    .replaceAll(/\b\d+ (?:s|min|h|d)(?: \d+ (?:s|min|h))?\b/g, "SPAN")
    .replaceAll(/<bdi>\d{4}-\d\d-\d\dT[\d:.]+\+00:00<\/bdi>/g, "<bdi>TIME</bdi>")
    .replaceAll(/\b\d+\.\d s (?:ahead|behind)/g, "SKEW")
    .replaceAll(/<code>[0-9a-f]{32}<\/code>/g, "<code>ID</code>")
    .replaceAll(/<code class="copy">(?:[\w-]{32}|[0-9a-f]{64})<\/code>/g, "<code>RANDOM</code>")
    .replaceAll(/name="once" value="[\w-]{22}"/g, 'name="once" value="ONCE"')
    .replaceAll(/name="as_of" value="[1-9]\d*"/g, 'name="as_of" value="NOW"');

/**
 * The answer without what must differ between two servers that were asked the same: moments of this very run and hashes over them, new secrets
 * and names of runs, how long something took and how long ago it was, how many rounds after its first a busy machine gets done in a
 * run, and whether that run is over already.
 */
export const comparable = ({ status, headers, body }: Answered, startedAtMs: number): Answered => ({
  status,
  headers: {
    ...headers,
    // Of what says when it was made.
    ...(headers["etag"] !== undefined && { etag: "ETAG" }),
    ...(headers["x-tranche-time"] !== undefined && { "x-tranche-time": "NOW" }),
    ...(status === 429 && { "retry-after": "N" }),
    ...(headers["set-cookie"] !== undefined && { "set-cookie": headers["set-cookie"].replace(/=[\w-]{100,200};/, "=SESSION;") }),
    ...(headers["console-as-of"] !== undefined && { "console-as-of": "NOW", etag: "OF NOW" }),
    ...(requestId.test(headers["x-request-id"] ?? "") && { "x-request-id": "ID" }),
  },
  body: (/^<(?:!doctype html|main id="main")>/.test(body) ? comparablePage(body) : body)
    .replaceAll(timeText, (text, time: string) => momentOf(Date.parse(time), Date.now() - startedAtMs + 60_000) ?? text)
    .replaceAll(/(tr[na]|tpa)_[\w-]{43}/g, "$1_SECRET")
    .replaceAll(/"public_key":"[\w-]{43}"/g, '"public_key":"RANDOM"')
    .replaceAll(/whsec_[A-Za-z0-9+/]{43}=/g, "whsec_SECRET")
    .replaceAll(/"instance":"[0-9a-f]{32}"/g, '"instance":"ID"')
    .replaceAll(/"request_id":"[0-9a-f]{32}"/g, '"request_id":"ID"')
    .replaceAll(/\/i\/[\w-]{75}"/g, '/i/TOKEN"')
    .replaceAll(/"atMs":\d+/g, '"atMs":N')
    // Of what was written in this very run, and when.
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
    .replaceAll(/<pubDate>[^<]*<\/pubDate>/g, "<pubDate>")
    .replaceAll(/"(record_value|challenge_token)":"(?:[\w-]{32}|[0-9a-f]{64})"/g, '"$1":"RANDOM"')
    .replaceAll(/\b[ZC][A-Z0-9]{20}\b/g, "ROUTE53")
    .replaceAll(/\\?"(hash|previous_hash)\\?":\\?"[0-9a-f]{64}\\?"/g, '"$1":"HASH"')
    .replaceAll(/"duration_ms":\d+/g, '"duration_ms":N')
    .replaceAll(/^(\{"event":"round",.*\})(?:\n\1)+$/gm, "$1")
    .replaceAll(/("name":"shard:\d+"[^}]*?"held":)(?:true|false)/g, "$1HELD")
    .replaceAll(/("name":"shard:\d+"[^}]*?"released_at":)(?:null|"NOW")/g, "$1RELEASED")
    .replaceAll(/^(tranche_lease_held\{name="shard:[^}]*\}) [01]$/gm, "$1 HELD")
    .replaceAll(/"holder":"local:[0-9a-f]{16}"/g, '"holder":"local:RUN"')
    .replaceAll(/"(last_round_)?age_seconds":\d+(\.\d+)?(?=[,}])/g, '"$1age_seconds":N')
    // How much of an objective's window has elapsed, of which nothing is measured.
    .replaceAll(/"(elapsed_minutes|window_elapsed_percent|coverage)":\d+(\.\d+)?(?=[,}])/g, '"$1":N')
    // Of a storm that is on.
    .replaceAll(/"unmeasured_seconds":\d+(\.\d+)?/g, '"unmeasured_seconds":N')
    // As measured.
    .replaceAll(/"clock_skew_seconds":-?[\d.e-]+/g, '"clock_skew_seconds":N')
    .replaceAll(/^(tranche_clock_skew_seconds\{[^}]*\}) [\d.e+-]+$/gm, "$1 N")
    .replaceAll(/try again in \d+ s/g, "try again in N s")
    .replaceAll(/^(\w+_(?:age|lag|overdue)_seconds(?:\{[^}]*\})?) [\d.e+-]+$/gm, "$1 N")
    .replaceAll(/^(tranche_(?:job_last|round)_duration_seconds\S*) [\d.e+-]+$/gm, "$1 N"),
});

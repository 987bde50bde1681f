import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { startToyCdn } from "../local/cdn/toy-cdn.ts";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { createChannels } from "../src/adapters/channels/channels.ts";
import { createLeaseStore } from "../src/adapters/db/coordination/leases.ts";
import { createOutbox } from "../src/adapters/db/notify/deliveries.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { createRoundStore } from "../src/adapters/db/round/rounds.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { createProber } from "../src/adapters/probing/prober.ts";
import { createTeller } from "../src/cron/notify/tell.ts";
import type { TellDeps } from "../src/cron/notify/tell.ts";
import { runRound } from "../src/pipeline/round.ts";
import { memoryDns } from "./rounds.ts";
import { printTable } from "./table.ts";

const intervalMs = 500;
/** What issue and documents promise. */
const delayLimitMs = 2_000;
const messagesLimit = 3;
/** Four times as many as an invocation of a platform sends; a customer has two fewer. */
const deliveriesAtOnce = 24;

/** Of the queue: `NOTIFY_QUEUED=10000 NOTIFY_ANSWER_MS=1000 npm run bench notify` takes eight minutes. */
const figure = (name: string, usual: number): number => Number(process.env[name] ?? usual);

/** Seals nothing: what is measured is the way of a message, not AES. */
const open = { keyIds: async () => ["none"], seal: async (text: string) => text, open: async (sealed: string) => sealed };
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const signing = [`whsec_${Buffer.alloc(32, 7).toString("base64")}`];

/** A receiver that fails the first attempt of each so-manieth message, and notes when the first byte of each message came, by its path. */
const startReceiver = async (answerMs: number, failEach = 0) => {
  const arrived: { path: string; id: string; atMs: number }[] = [];
  const taken = new Map<string, number>();
  const known = new Set<string>();
  const server = createServer((request, response) => {
    const id = String(request.headers["webhook-id"]);
    arrived.push({ path: request.url ?? "", id, atMs: performance.now() });
    const isNew = !known.has(id);
    known.add(id);
    const status = isNew && failEach > 0 && known.size % failEach === 0 ? 500 : 200;
    if (status === 200) taken.set(id, (taken.get(id) ?? 0) + 1);
    request.resume().on("end", () => setTimeout(() => response.writeHead(status).end(), answerMs));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    /** How often each id was taken. */
    taken,
    close: () => new Promise((done) => server.close(done)),
  };
};

const startWorld = async () => {
  const postgres = await startPostgres();
  const endpoint = await startSqlEndpoint({});
  const [primary, backup] = [await startToyCdn({ name: "a" }), await startToyCdn({ name: "b" })];
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const client = new pg.Client(url);
  await client.connect();
  const db = connect(url, endpoint.url);
  const leases = createLeaseStore(db);
  const outbox = createOutbox(db);
  const channels = createChannels({ fetch, connect: null, selfUrl: null, pagerdutyEndpoint: null, mail: null });
  const tellDeps = (): TellDeps => ({
    leases,
    provider: "local",
    outbox,
    channels,
    secrets: open,
    clock: systemClock,
    log: quiet,
    chance: Math.random,
    deliveriesAtOnce,
  });
  const background = new Set<Promise<unknown>>();
  const tell = createTeller(
    tellDeps,
    () => crypto.randomUUID(),
    (work) => {
      background.add(work);
      void work.finally(() => background.delete(work));
    },
  );
  return {
    endpoint,
    primary,
    db,
    tell,
    tellDeps,
    leases,
    sql: async <Row>(text: string, params: readonly unknown[] = []) => (await client.query(text, [...params])).rows as Row[],
    settle: async () => {
      while (background.size > 0) await Promise.all(background);
    },
    /** @param customers each with one service, or one with all of them */
    seed: async (services: number, customers: number) => {
      await client.query(`
        with c as (insert into customers (name) select 'customer ' || i from generate_series(1, ${customers}) i returning id),
        s as (insert into services (customer_id, name, primary_cdn, backup_cdn)
          select (select min(id) from c) + mod(i, ${customers}), 'service ' || i, 'cdn-a', 'cdn-b' from generate_series(1, ${services}) i returning id, customer_id),
        p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s returning id),
        d as (insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at, seen_healthy_at)
          select id, customer_id, 'host-' || id || '.example.test', '${primary.url}', '${backup.url}', 'none', now(), now() from s)
        insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
        select id, 1, 0.9, 10, 10, 1.5, 3, 3 from p`);
    },
    channelPerCustomer: (address: string) =>
      client.query(`
      insert into channels (customer_id, name, kind, settings, sealed_secret, confirmed_at)
      select id, 'hook', 'webhook', '{}', jsonb_build_object('kind', 'webhook', 'url', '${address}/' || id, 'secrets', '${JSON.stringify(signing)}'::jsonb)::text, now() from customers`),
    close: async () => {
      await client.end();
      await Promise.all([primary.close(), backup.close(), endpoint.close()]);
      await postgres.close();
    },
  };
};
type World = Awaited<ReturnType<typeof startWorld>>;

/** Rounds until the storms are there. @returns when the round that declared them had stored that, and what it asked of the database */
const storm = async ({ db, endpoint, primary, leases }: World, tell?: () => void): Promise<{ declaredAtMs: number; trips: number }> => {
  const fence = await leases.acquire("shard:0", "local", "local:bench");
  if (fence === null) throw new Error("the lease of a fresh database is taken");
  let declaredAtMs = 0;
  const store = createRoundStore(db);
  const deps = {
    rounds: {
      ...store,
      saveDecisions: async (...args: Parameters<typeof store.saveDecisions>) => {
        const stored = await store.saveDecisions(...args);
        if (args[1].storms.length > 0) declaredAtMs = performance.now();
        return stored;
      },
    },
    prober: createProber(fetch, Date.now),
    dns: memoryDns(),
    clock: systemClock,
    vantage: "local",
    slowPaths: new Set<string>(),
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs },
    driftCheckMs: 300_000,
    ...(tell !== undefined && { tell }),
  };
  const slot = Math.floor(Date.now() / intervalMs) * intervalMs;
  for (let index = 4; index > 0; index -= 1) await runRound(deps, fence, { index: 0, count: 1 }, slot - index * intervalMs);
  await primary.setFault("5xx");
  for (let index = 0; index < 60; index += 1) {
    endpoint.stats.reset();
    const report = await runRound(deps, fence, { index: 0, count: 1 }, slot + index * intervalMs);
    if (report.stormsChanged > 0) return { declaredAtMs, trips: endpoint.stats.requests };
  }
  throw new Error("no storm came about");
};

const at = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;

const benchDelay = async (storms: number): Promise<boolean> => {
  const world = await startWorld();
  const receiver = await startReceiver(0);
  await world.seed(storms, storms);
  await world.channelPerCustomer(receiver.url);
  const { declaredAtMs } = await storm(world, world.tell);
  await world.settle();
  const first = [...Map.groupBy(receiver.arrived, ({ path }) => path).values()]
    .map((all) => Math.min(...all.map(({ atMs }) => atMs)) - declaredAtMs)
    .toSorted((a, b) => a - b);
  await Promise.all([world.close(), receiver.close()]);
  printTable(
    ["storms at once", "told", "p50", "p95", "last", "limit"],
    [[String(storms), String(first.length), ...[0.5, 0.95, 1].map((part) => `${at(first, part).toFixed(0)} ms`), `${delayLimitMs} ms`]],
  );
  return first.length === storms && at(first, 0.95) <= delayLimitMs;
};

const benchFold = async (services: number): Promise<boolean> => {
  const trips: number[] = [];
  let messages = 0;
  for (const told of [false, true]) {
    const world = await startWorld();
    const receiver = await startReceiver(0);
    await world.seed(services, 1);
    if (told) await world.channelPerCustomer(receiver.url);
    trips.push((await storm(world)).trips);
    world.tell();
    await world.settle();
    messages = receiver.arrived.length;
    await Promise.all([world.close(), receiver.close()]);
  }
  const [without = 0, withChannel = 0] = trips;
  printTable(
    ["services, one CDN", "changes told", "messages so far", "limit", "round trips of the round, without channels", "with"],
    [[String(services), `> ${services}`, String(messages), String(messagesLimit), String(without), String(withChannel)]],
  );
  return messages > 0 && messages <= messagesLimit && withChannel - without <= 10;
};

const benchQueue = async (queued: number, answerMs: number): Promise<boolean> => {
  const world = await startWorld();
  const receiver = await startReceiver(answerMs, 20);
  await world.seed(1, 1);
  await world.channelPerCustomer(receiver.url);
  await world.sql(
    `insert into notifications (customer_id, kind, subject, facts, occurred_at)
    select (select min(id) from customers), case when n % 2 = 0 then 'account.failing' else 'account.recovered' end, 'account:' || (n / 2) % 200, '{}', now() from generate_series(0, $1::int - 1) n order by n`,
    [queued],
  );
  const startedAtMs = performance.now();
  const left = async () =>
    Number((await world.sql<{ n: string }>("select count(*) as n from notifications where expanded_at is null"))[0]?.n) +
    Number((await world.sql<{ n: string }>("select count(*) as n from deliveries where state = 'pending'"))[0]?.n);
  const mostMs = 60_000 + (3 * queued * answerMs) / (deliveriesAtOnce - 2);
  while ((await left()) > 0 && performance.now() - startedAtMs < mostMs) {
    world.tell();
    await world.settle();
  }
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const rows = await world.sql<{ id: string; thread: string; seq: number; state: string }>(
    "select 'msg_' || id as id, thread, seq, state from deliveries",
  );
  const ids = new Set(receiver.arrived.map(({ id }) => id));
  const of = new Map(rows.map((row) => [row.id, row]));
  const seen = new Map<string, number>();
  let outOfOrder = 0;
  for (const { id } of receiver.arrived) {
    const { thread = "", seq = 0 } = of.get(id) ?? {};
    if (seq > (seen.get(thread) ?? 0) + 1) outOfOrder += 1;
    seen.set(thread, Math.max(seen.get(thread) ?? 0, seq));
  }
  const doubled = [...receiver.taken.values()].filter((times) => times > 1).length;
  const lost = rows.filter(({ id, state }) => state !== "sent" || !ids.has(id)).length;
  if (lost > 0) process.stdout.write(`${JSON.stringify(rows.filter(({ id, state }) => state !== "sent" || !ids.has(id)))}\n`);
  await Promise.all([world.close(), receiver.close()]);
  const loop = (queued * 1.05 * answerMs) / 1_000;
  printTable(
    [
      "queued, 5 % answered 500",
      "each takes",
      "attempts",
      "lost",
      "doubled",
      "out of order",
      "drained in",
      "one after the other : tranche",
    ],
    [
      [
        String(queued),
        `${answerMs} ms`,
        String(receiver.arrived.length),
        String(lost),
        String(doubled),
        String(outOfOrder),
        `${seconds.toFixed(0)} s`,
        (loop / seconds).toFixed(1),
      ],
    ],
  );
  return rows.length === queued && lost === 0 && doubled === 0 && outOfOrder === 0;
};

/** How soon people are told, how much of it is folded, and how a slow receiver is served. */
export const benchNotify = async (): Promise<void> => {
  process.stdout.write(
    "\nnotify: from the round that declares a storm to the first byte at a receiver; what many storms come to; a queue before a slow receiver\n\n",
  );
  const results = [
    await benchDelay(100),
    await benchFold(1_000),
    await benchQueue(figure("NOTIFY_QUEUED", 2_000), figure("NOTIFY_ANSWER_MS", 250)),
  ];
  process.stdout.write('\n"one after the other" is a worker that waits for each answer, the usual one.\n');
  if (results.includes(false)) {
    process.stdout.write("MISSED: see the limits above\n");
    process.exitCode = 1;
  }
};

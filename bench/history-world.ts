import { randomBytes } from "node:crypto";
import pg from "pg";
import { migrate } from "../local/migrate.ts";
import type { Postgres } from "../local/postgres.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { createDnsRefusal } from "../src/adapters/route53/dns-log.ts";
import type { Clock } from "../src/adapters/ports/platform/clock.ts";
import type { DnsAccess } from "../src/adapters/ports/steering/dns-access.ts";
import type { PairReading, Weights } from "../src/adapters/ports/steering/dns.ts";
import type { LogFields } from "../src/adapters/ports/platform/log.ts";
import type { Prober } from "../src/adapters/ports/detection/probe.ts";
import type { UsageSource } from "../src/adapters/ports/metering/usage.ts";
import { parseConfig } from "../src/config.ts";
import { buildDeps } from "../src/deps.ts";
import type { HistorySize, SeedFrame } from "./history-frame.ts";
import type { HistoryProxy } from "./history-proxy.ts";
import { seedHistory } from "./history-seed.ts";

export const secrets = {
  ADMIN_TOKEN: randomBytes(32).toString("base64url"),
  METRICS_TOKEN: randomBytes(32).toString("base64url"),
  WAU_READ_TOKEN: randomBytes(32).toString("base64url"),
  SECRETS_KEY: randomBytes(32).toString("base64"),
};

const targetsOf = (name: string) => {
  const [, service, k] = /^host-(\d+)-(\d+)\./.exec(name) ?? [];
  return service === undefined ? null : { primary: `p${service}-${k}.primary.example`, backup: `b${service}-${k}.backup.example` };
};

/** Weighted pairs in memory, matching the seeds. */
const memoryDns = (): DnsAccess => {
  const weights = new Map<string, Weights>();
  const reading = (name: string): PairReading => {
    const targets = targetsOf(name);
    if (targets === null) return { status: "unprovisioned", zoneId: "Z1", detail: "there is no such pair" };
    const { primary, backup } = weights.get(name) ?? { primary: 100, backup: 0 };
    const record = { name, type: "CNAME", ttl: 60 };
    return {
      status: "found",
      zoneId: "Z1",
      records: [
        { ...record, setIdentifier: "primary", weight: primary, values: [`${targets.primary}.`] },
        { ...record, setIdentifier: "backup", weight: backup, values: [`${targets.backup}.`] },
      ],
    };
  };
  return {
    ...createDnsRefusal("nothing is set up here", false),
    provider: "route53",
    read: async (names) => new Map(names.map((name) => [name, reading(name)])),
    apply: async (changes) =>
      changes.map(({ domain, to }) => {
        weights.set(domain, to);
        return { domain, status: "accepted", changeId: `C-${domain}-${to.primary}`, acceptedAtMs: Date.now() };
      }),
    status: async (ids) => new Map(ids.map((id) => [id, "insync" as const])),
  };
};

/** A CDN that gives every host the same bytes in every window that it is asked for. */
const evenSource = (cdn: string): UsageSource => ({
  cdn,
  read: async ({ hosts, windows }) => ({
    rows: hosts.flatMap((host) => windows.map(({ startMs, endMs }) => ({ host, startMs, endMs, bytes: 1_000_000_000 }))),
    unreadable: [],
    unknownHosts: [],
  }),
});

/** The application's own deps on a database behind the proxy, with everything outside in memory. */
export const openHistoryWorld = async (url: string, proxy: HistoryProxy, frame: SeedFrame) => {
  const client = new pg.Client(url);
  await client.connect();
  let aheadMs = 0;
  const clock: Clock = { nowMs: () => Date.now() + aheadMs, sleep: systemClock.sleep };
  const config = parseConfig({ DATABASE_URL: url, NEON_FETCH_ENDPOINT: proxy.url, PROVIDER: "local", USAGE_WINDOW: "24h", ...secrets });
  const background: Promise<unknown>[] = [];
  const errors: string[] = [];
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (event: string, thrown: unknown, fields: LogFields = {}) =>
      void errors.push(`${event}: ${thrown instanceof Error ? thrown.message : String(thrown)} ${JSON.stringify(fields)}`),
  };
  const dns = memoryDns();
  /** Which primaries fail, by the number of their service. */
  const storm = { over: (_serviceId: number): boolean => false };
  const prober: Prober = {
    probe: async ({ url: probed }) => {
      const service = /\/\/p(\d+)-\d+\.primary\./.exec(probed)?.[1];
      return { kind: "answer", status: service !== undefined && storm.over(Number(service)) ? 503 : 200, latencyMs: 20 };
    },
  };
  const built = buildDeps(config, { clock, log, waitUntil: (work) => void background.push(work) });
  const { open, note } = built.customerSources;
  const deps = {
    ...built,
    prober,
    customerSources: { open: async () => (await open()).map((account) => ({ ...account, source: evenSource(account.cdn) })), note },
    dns,
    dnsDirectory: { operator: dns, of: async () => dns, ofAll: async () => new Map() },
    usageSources: [evenSource("cloudflare"), evenSource("fastly")],
    lookup: { lookup: async () => [{ resolver: "one", status: "answered" as const, answers: ["b.backup.example"] }] },
    resolver: { txt: async () => [{ resolver: "one", status: "answered" as const, texts: [] }] },
  };
  return {
    client,
    deps,
    frame,
    storm,
    errors,
    /** Advances the application's clock. */
    pass: (ms: number) => void (aheadMs += ms),
    settled: async () => void (await Promise.all(background.splice(0))),
    close: async () => {
      await client.end();
      await proxy.letGo(url);
    },
  };
};

export type HistoryWorld = Awaited<ReturnType<typeof openHistoryWorld>>;

/** A database of its own with that much history. */
export const createHistory = async (postgres: Postgres, size: HistorySize) => {
  const name = `history_${size.days}`;
  const root = new pg.Client(postgres.urlFor("postgres"));
  await root.connect();
  await root.query(`create database ${name}`);
  const url = postgres.urlFor(name);
  await migrate(url);
  const client = new pg.Client(url);
  await client.connect();
  const frame = await seedHistory(client, size, Date.now());
  const {
    rows: [row],
  } = await client.query<{ bytes: string }>("select pg_database_size(current_database()) as bytes");
  await client.end();
  return {
    url,
    frame,
    mebibytes: Number(row?.bytes) / 1_048_576,
    drop: async () => {
      await root.query(`drop database ${name} with (force)`);
      await root.end();
    },
  };
};

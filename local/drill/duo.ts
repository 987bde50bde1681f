import { randomBytes } from "node:crypto";
import type { ToyCdn } from "../cdn/toy-cdn.ts";
import { startToyCdn } from "../cdn/toy-cdn.ts";
import type { LocalRuntime } from "../control-plane.ts";
import { startFallback } from "../fallback.ts";
import { startSelfHosted } from "../self-hosted.ts";
import { createClosers } from "../closers.ts";
import { openAppRole } from "../app-role.ts";
import { migrate } from "../migrate.ts";
import { startPostgres } from "../postgres.ts";
import { startSqlEndpoint } from "../sql-endpoint.ts";
import type { Outside } from "./outside.ts";
import { startOutside } from "./outside.ts";
import { minuteMs } from "./cron.ts";
import type { Edge } from "./providers/edge.ts";
import { startEdge } from "./providers/edge.ts";
import type { Link } from "./providers/link.ts";
import { startLink } from "./providers/link.ts";
import { startPinger } from "./providers/pinger.ts";
import type { Watch } from "./providers/watch.ts";
import { startWatch } from "./providers/watch.ts";
import type { WorkerProcess } from "./providers/worker.ts";
import { startWorkerProcess } from "./providers/worker.ts";

/**
 * The leases of the drill's cadence: a tenth of the real 45 s and 60 s, and a hand-back that can be waited for. The three
 * time-outs of a path that hangs take 0.9 s of a round, as the real ones (5 s, then 2 s twice) take 9 s of 10 s.
 */
export const scale = { leaseTtlMs: 4_500, handBackAfterMs: 8_000, uncontrolledAtMostMs: 6_000, probeTimeoutMs: 350 } as const;

/** How long after Cloudflare's cron the fallback's first fires: platforms keep seconds of their own. */
const cronsApartMs = 7_300;
/** After a cron was due: it is a little late, and a few rounds tell whether anything is missing. */
const settleMs = 5_000;

/** How long nobody may act, as it stands in the table. */
export const uncontrolledLimit = `<= ${(scale.uncontrolledAtMostMs / 1_000).toFixed(2)} s  (60 s at the real cadence)`;

/** Cloudflare, with the Worker on it. */
export type CloudflareSide = {
  readonly edge: Edge;
  /** Between the Worker and the database. */
  readonly link: Link;
  /** What a probe from inside Cloudflare's network gets, where the drill lets it get something else than the public. */
  readonly inside: ToyCdn;
  readonly kill: () => Promise<void>;
  /** Starts a new Worker. Its cron keeps its seconds, so it may take a minute until it does anything. */
  readonly start: () => Promise<WorkerProcess>;
};

export type Duo = Outside & {
  readonly databaseUrl: string;
  /** What the fallback calls itself: `vercel`, or `self-hosted`. */
  readonly fallbackName: string;
  /** The fallback's: it lives through every scenario. */
  readonly apiUrl: string;
  readonly cronSecret: string;
  readonly cloudflare: CloudflareSide;
  /** By then the crons of both have fired a second time, and a run of each has followed on another; epoch ms. */
  readonly secondRunsMs: number;
  readonly watch: Watch;
  readonly logs: readonly string[];
  readonly close: () => Promise<void>;
};

/**
 * Both providers over one database, each in processes of its own, with separate faults: the Worker in workerd, and the
 * fallback in Vercel's edge emulator or as a self-hosted process.
 * @param options.seesInside whether the Worker's probes of the primary go past its public edge
 * @param options.env variables of both beside those that every drill sets
 */
export const startDuo = async (options: {
  readonly seesInside: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Where the fallback runs: in Vercel's edge emulator, the default, or as a self-hosted process, which connects to its database. */
  readonly runtime?: LocalRuntime;
}): Promise<Duo> => {
  const isSelfHosted = options.runtime === "node";
  const fallbackName = isSelfHosted ? "self-hosted" : "vercel";
  const { opened, close } = createClosers();
  try {
    const outside = await startOutside(opened);
    const postgres = opened(await startPostgres({}));
    const databaseUrl = postgres.urlFor("postgres");
    await migrate(databaseUrl);
    const asApp = await openAppRole(databaseUrl);
    const endpoint = opened(await startSqlEndpoint({}));
    const [link, edge, inside] = [
      opened(await startLink(endpoint.url)),
      opened(await startEdge()),
      opened(await startToyCdn({ name: "cloudflare" })),
    ];
    const cronSecret = randomBytes(24).toString("base64url");
    const logs: string[] = [];
    const common = {
      ...outside.env,
      DATABASE_URL: asApp(databaseUrl),
      CRON_SECRET: cronSecret,
      PREFERRED_PROVIDER: "cloudflare",
      EVIDENCE_SIGNING_KEY: randomBytes(32).toString("base64"),
      // An edge has no sockets: mail goes by an HTTP API.
      MAIL_API_URL: outside.sink.mailApiUrl,
      MAIL_API_TOKEN: randomBytes(24).toString("base64url"),
      LEASE_TTL: `${scale.leaseTtlMs}ms`,
      HANDBACK_AFTER: `${scale.handBackAfterMs}ms`,
      PROBE_TIMEOUT: `${scale.probeTimeoutMs}ms`,
      RATE_LIMIT_PER_CREDENTIAL: "0",
      RATE_LIMIT_PER_ADDRESS: "0",
      RATE_LIMIT_REFUSALS: "0",
      RATE_LIMIT_SESSIONS: "0",
      ...options.env,
    };
    // One after the other: so Cloudflare, which is preferred, is also the first to have the lease.
    let running: WorkerProcess | null = null;
    const peer = { url: "" };
    const start = async (): Promise<WorkerProcess> => {
      running = await startWorkerProcess({
        env: { ...common, PROVIDER: "cloudflare", NEON_FETCH_ENDPOINT: link.url, PEER_URL: peer.url, PEER_PROVIDER: fallbackName },
        inside: options.seesInside ? { [outside.cdns.primary.url]: inside.url } : {},
        cronFromMs: running?.cronFromMs ?? null,
        onLine: (line) => logs.push(`cloudflare  ${line}`),
      });
      edge.pointTo(running.url);
      return running;
    };
    const kill = async (): Promise<void> => {
      edge.setFault("dark");
      await running?.kill();
    };
    const ofFallback = { ...common, PROVIDER: fallbackName, PEER_URL: edge.url };
    const onLine = (line: string) => logs.push(`${fallbackName.padEnd(12)}${line}`);
    const fallback = opened(
      await (isSelfHosted
        ? startSelfHosted({ env: { ...ofFallback, ROLES: "api,dashboard" }, onLine })
        : startFallback({ runtime: "edge", env: { ...ofFallback, NEON_FETCH_ENDPOINT: endpoint.url }, onLine })),
    );
    peer.url = fallback.url;
    opened({ close: kill });
    const { cronFromMs } = await start();
    const watch = await startWatch(databaseUrl);
    opened({ close: () => watch.stop() });
    const pinger = startPinger(fallback.url, cronSecret, cronFromMs + cronsApartMs);
    opened({ close: () => Promise.resolve(pinger.stop()) });
    return {
      ...outside,
      databaseUrl,
      fallbackName,
      apiUrl: fallback.url,
      cronSecret,
      cloudflare: { edge, link, inside, kill, start },
      secondRunsMs: cronFromMs + cronsApartMs + minuteMs + settleMs,
      watch,
      logs,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { binaries } from "./postgres/binaries.ts";
import { openCluster, user } from "./postgres/cluster.ts";
import { give, unprivileged } from "./postgres/identity.ts";
import type { Identity } from "./postgres/identity.ts";
import { holdLock } from "./lock.ts";
import { clearStaleLock } from "./postgres/lock.ts";
import { launch } from "./postgres/process.ts";
import type { Running } from "./postgres/process.ts";

/** A running PostgreSQL on 127.0.0.1. */
export interface Postgres {
  port: number;
  /** postgresql://user:password@127.0.0.1:port/database; the database "postgres" always exists. */
  urlFor(database: string): string;
  /** Stops the server, rolls back what is open, and removes the data unless it is kept. Safe to call twice. */
  close(): Promise<void>;
}

const portAttempts = 5;

const settings = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "max_connections=100",
  "timezone=UTC",
  "log_timezone=UTC",
  "lc_messages=C",
];

/** Nothing written so survives a power cut: for clusters that are thrown away. */
const throwAwaySettings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=1GB"];

/**
 * A shell that becomes Postgres (exec), so that pid and exit code are Postgres' own. Its child waits for the pipe on
 * descriptor 3 to close, which it does however the caller ends, kill -9 included. Then it stops Postgres and removes
 * what is not to be kept.
 */
export const watchedServer = `
data=$1; doomed=$2; shift 2
(
  cat <&3
  if [ "$(head -n 1 "$data/postmaster.pid")" = "$$" ]; then kill -INT "$$"; fi
  tries=0
  while [ -e "$data/postmaster.pid" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  if [ -n "$doomed" ]; then rm -rf "$doomed"; fi
) >/dev/null 2>&1 </dev/null &
exec "$@" 3<&-`;

/**
 * Starts the PostgreSQL 18 that npm brought along, in about half a second. Without `dataDir` the cluster lives in a
 * temporary directory and ends with this process; with it, data and password stay there for the next start.
 * @param options.scratchDir where a temporary directory is made, if not where the system has them
 * @throws Error with Postgres' own words when it does not start, or when another process serves that directory
 */
export const startPostgres = async (options: { dataDir?: string; scratchDir?: string } = {}): Promise<Postgres> => {
  const kept = options.dataDir !== undefined;
  const home =
    options.dataDir === undefined ? await mkdtemp(join(options.scratchDir ?? tmpdir(), "tranche-pg-")) : resolve(options.dataDir);
  let release = (): void => undefined;
  try {
    await mkdir(home, { recursive: true });
    // Of two that start at once one makes the cluster, and has it.
    if (kept) release = lockCluster(home);
    const { postgres } = await binaries();
    const identity = await unprivileged([home, postgres]);
    await give([home], identity);
    const { data, password } = await openCluster(home, kept ? "" : home, identity);
    if (kept) await clearStaleLock(data);
    const { server, port } = await startServer(data, kept ? "" : home, identity);
    return {
      port,
      urlFor: (database) => `postgresql://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
      close: async () => {
        await stop(server);
        release();
        if (!kept) await rm(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    release();
    if (!kept) await rm(home, { recursive: true, force: true });
    throw error;
  }
};

/** @throws Error where another process has it */
const lockCluster = (home: string): (() => void) => {
  const release = holdLock(join(home, "lock"));
  if (release === null) throw new Error(`${home} is in use by another process`);
  return release;
};

const startServer = async (data: string, doomed: string, identity: Identity) => {
  const { postgres } = await binaries();
  const flags = [...settings, ...(doomed === "" ? [] : throwAwaySettings)].flatMap((setting) => ["-c", setting]);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const command = [postgres, "-D", data, "-p", String(port), ...flags];
    const server = launch(["/bin/sh", "-c", watchedServer, "sh", data, doomed, ...command], identity);
    const outcome = await Promise.race([server.says("ready to accept connections"), server.ended]);
    if (outcome === true) return { server, port };
    // Somebody else may take the port between the choice and its use.
    if (attempt < portAttempts && server.output().includes("Address already in use")) continue;
    throw new Error(`PostgreSQL did not start (${outcome}): ${server.output()}`);
  }
};

const stop = async ({ child, ended }: Running): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
  await ended;
  for (const stream of child.stdio) stream?.destroy();
};

const freePort = () =>
  new Promise<number>((done, fail) => {
    const probe = createServer().once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { give, unprivileged } from "../../../local/postgres/identity.ts";
import { launch } from "../../../local/postgres/process.ts";

/** Where Debian has a whole PostgreSQL, programs for dumps included, which the embedded one lacks; PG_BIN names another place. */
const places = [process.env["PG_BIN"] ?? "", ...["18", "17", "16", "15"].map((major) => `/usr/lib/postgresql/${major}/bin`)];

/** The folder with initdb, postgres, pg_dump and pg_restore of this machine; null where there is none. */
export const postgresPrograms: string | null =
  places.find(
    (folder) => folder !== "" && ["initdb", "postgres", "pg_dump", "pg_restore", "psql"].every((name) => existsSync(join(folder, name))),
  ) ?? null;

/**
 * Says loudly that nothing is dumped and restored; for the head of a test file.
 * @throws Error in CI: what nobody tries there, nobody tries
 */
export const warnWithoutPostgres = (what: string): void => {
  if (postgresPrograms !== null) return;
  const reason = `${what}: there is no PostgreSQL with pg_dump on this machine (apt-get install postgresql, or set PG_BIN)`;
  if (process.env["CI"] === "true") throw new Error(reason);
  process.stderr.write(`\n*** SKIPPED: ${reason} ***\n\n`);
};

/** A server of this machine's own PostgreSQL, as the container of compose.yaml has one: user `tranche` with a password, `admin` without. */
export type Cluster = {
  readonly port: number;
  readonly programs: string;
  /** As `admin`. */
  readonly sql: <Row = Record<string, unknown>>(database: string, text: string, params?: readonly unknown[]) => Promise<Row[]>;
  readonly close: () => Promise<void>;
};

const freePort = () =>
  new Promise<number>((done, fail) => {
    const probe = createServer().once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });

/** A shell that becomes Postgres; its child stops that when the pipe on descriptor 3 closes, however the caller ends. */
const watched = `
data=$1; shift
( cat <&3; kill -INT "$$"; sleep 2; rm -rf "$data" ) >/dev/null 2>&1 </dev/null &
exec "$@" 3<&-`;

const access = `host all admin 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
`;

export const openCluster = async (): Promise<Cluster> => {
  const programs = postgresPrograms;
  if (programs === null) throw new Error("there is no PostgreSQL with pg_dump on this machine");
  const home = await mkdtemp(join(tmpdir(), "tranche-self-hosted-pg-"));
  const identity = await unprivileged([home]);
  await give([home], identity);
  const data = join(home, "data");
  const made = launch(
    [join(programs, "initdb"), "-D", data, "-U", "admin", "-A", "trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"],
    identity,
  );
  const code = await made.ended;
  if (code !== 0) throw new Error(`initdb failed (${code}): ${made.output()}`);
  await writeFile(join(data, "pg_hba.conf"), access);
  const port = await freePort();
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "timezone=UTC",
    "max_connections=60",
  ];
  const server = launch(
    [
      "/bin/sh",
      "-c",
      watched,
      "sh",
      home,
      join(programs, "postgres"),
      "-D",
      data,
      "-p",
      String(port),
      ...settings.flatMap((one) => ["-c", one]),
    ],
    identity,
  );
  const outcome = await Promise.race([server.says("ready to accept connections"), server.ended]);
  if (outcome !== true) throw new Error(`PostgreSQL did not start (${outcome}): ${server.output()}`);
  const sql: Cluster["sql"] = async <Row>(database: string, text: string, params: readonly unknown[] = []) => {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "admin", database });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query(text, [...params])).rows as Row[];
    } finally {
      await client.end();
    }
  };
  await sql("postgres", "create role tranche superuser login");
  return {
    port,
    programs,
    sql,
    close: async () => {
      server.child.kill("SIGINT");
      await server.ended;
      for (const stream of server.child.stdio) stream?.destroy();
      await rm(home, { recursive: true, force: true });
    },
  };
};

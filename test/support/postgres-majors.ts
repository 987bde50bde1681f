import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, constants, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { binaries } from "../../local/postgres/binaries.ts";
import { give, unprivileged } from "../../local/postgres/identity.ts";
import { launch } from "../../local/postgres/process.ts";
import { watchedServer } from "../../local/postgres.ts";
import { scratchDir } from "./scratch-dir.ts";

/** Where the programs of one major version are. `dump` null: a server comes without pg_dump and pg_restore. */
export type Installed = { readonly major: number; readonly postgres: string; readonly initdb: string; readonly dump: string | null };

/** The ones that tranche is for: Neon has them, and Debian has the oldest. */
export const majors = [15, 16, 17, 18] as const;

const isThere = async (...files: readonly string[]): Promise<boolean> =>
  await Promise.all(files.map((file) => access(file, constants.X_OK))).then(
    () => true,
    () => false,
  );

const firstOf = async <T>(candidates: readonly T[], is: (one: T) => Promise<boolean>): Promise<T | null> => {
  for (const one of candidates) if (await is(one)) return one;
  return null;
};

/**
 * The programs of a major version: Debian's, else the server that came from npm, else those of the directory that POSTGRES_MAJORS names
 * (`.ci/postgres-majors` fills one), which has the client's programs in any case. @returns null: this machine has none
 */
export const findMajor = async (major: number): Promise<Installed | null> => {
  const given = process.env["POSTGRES_MAJORS"] ?? "";
  const debian = `/usr/lib/postgresql/${major}/bin`;
  const directories = [debian, ...(given === "" ? [] : [join(given, String(major), "bin")])];
  const own = await binaries();
  const { stdout } = await promisify(execFile)(own.postgres, ["--version"]);
  const servers = directories.map((bin) => ({ postgres: join(bin, "postgres"), initdb: join(bin, "initdb") }));
  if (stdout.includes(`(PostgreSQL) ${major}.`)) servers.splice(1, 0, { postgres: own.postgres, initdb: own.initdb });
  const server = await firstOf(servers, ({ initdb, postgres }) => isThere(initdb, postgres));
  const dump = await firstOf(directories, (bin) => isThere(join(bin, "pg_dump"), join(bin, "pg_restore")));
  return server === null ? null : { major, ...server, dump };
};

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });

/** A cluster of that version that is thrown away; `url` of its database `postgres`, as its superuser. */
export const startMajor = async ({
  major,
  postgres,
  initdb,
}: Installed): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  const home = await mkdtemp(join(scratchDir(), `tranche-pg${major}-`));
  const identity = await unprivileged([home, postgres]);
  const [data, passwordFile, password] = [join(home, "data"), join(home, "password"), randomBytes(18).toString("base64url")];
  await writeFile(passwordFile, password);
  await give([home, passwordFile], identity);
  const made = launch(
    [initdb, "-D", data, "-U", "owner", `--pwfile=${passwordFile}`, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N"],
    identity,
  );
  if ((await made.ended) !== 0) throw new Error(`initdb of ${major}: ${made.output()}`);
  const port = await freePort();
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "synchronous_commit=off", "timezone=UTC"];
  const command = [postgres, "-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
  const server = launch(["/bin/sh", "-c", watchedServer, "sh", data, home, ...command], identity);
  const outcome = await Promise.race([server.says("ready to accept connections"), server.ended]);
  if (outcome !== true) throw new Error(`PostgreSQL ${major} did not start (${outcome}): ${server.output()}`);
  return {
    url: `postgresql://owner:${password}@127.0.0.1:${port}/postgres`,
    close: async () => {
      server.child.kill("SIGINT");
      await server.ended;
      for (const stream of server.child.stdio) stream?.destroy();
      await rm(home, { recursive: true, force: true });
    },
  };
};

import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { binaries } from "./binaries.ts";
import { give } from "./identity.ts";
import type { Identity } from "./identity.ts";
import { launch } from "./process.ts";

export interface Cluster {
  /** Postgres' data directory. */
  data: string;
  password: string;
}

/** The one superuser of every cluster. */
export const user = "tranche";

/** A cluster that can not be opened any more; the message says what to do. */
class ClusterError extends Error {
  override readonly name = "ClusterError";
}

/**
 * The cluster in `home`, made by initdb unless an earlier run has made it. Only a finished cluster gets its final name,
 * so an interrupted initdb is repeated. For one caller at a time.
 * @param doomed what is to be removed where this process ends before initdb has; "": nothing
 * @throws ClusterError where a cluster is there, but not all of it
 */
export const openCluster = async (home: string, doomed: string, identity: Identity): Promise<Cluster> => {
  const data = join(home, "cluster");
  const passwordFile = join(home, "password");
  const finished = await stat(data).then(
    () => true,
    () => false,
  );
  if (finished) return { data, password: await keptPassword(home, data, passwordFile) };

  for (const name of await readdir(home)) {
    if (name.startsWith(draftPrefix)) await rm(join(home, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  // A unique name: an initdb of an earlier run may still be terminating.
  const draft = await mkdtemp(join(home, `${draftPrefix}-`));
  const password = randomBytes(24).toString("base64url");
  await writeFile(passwordFile, password, { mode: 0o600 });
  await give([draft, passwordFile], identity);
  await initialise(draft, doomed, passwordFile, identity);
  await rename(draft, data);
  return { data, password };
};

const draftPrefix = "cluster.new";

const keptPassword = async (home: string, data: string, passwordFile: string): Promise<string> => {
  const password = await readFile(passwordFile, "utf8").catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? "" : Promise.reject(error),
  );
  const isCluster = await stat(join(data, "PG_VERSION")).then(
    () => true,
    (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? false : Promise.reject(error)),
  );
  if (password !== "" && isCluster) return password;
  const missing = isCluster ? passwordFile : join(data, "PG_VERSION");
  throw new ClusterError(
    `the database in ${home} is not whole, ${missing} is missing: remove ${home} to begin with an empty one, or put back a copy of all of it`,
  );
};

/**
 * initdb, with a child beside it that waits for descriptor 3. Data on it: initdb is done. End of file: the caller has ended,
 * and initdb is stopped, which then clears its directory.
 */
const watched = `
doomed=$1; shift
(
  if read -r _ <&3; then exit; fi
  kill -TERM "$$"
  tries=0
  while kill -0 "$$" && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  if [ -n "$doomed" ]; then rm -rf "$doomed"; fi
) >/dev/null 2>&1 </dev/null &
exec "$@" 3<&-`;

const initialise = async (data: string, doomed: string, passwordFile: string, identity: Identity): Promise<void> => {
  const { initdb } = await binaries();
  const run = launch(
    [
      "/bin/sh",
      "-c",
      watched,
      "sh",
      doomed,
      initdb,
      `--pgdata=${data}`,
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-sync",
      "--no-instructions",
    ],
    identity,
  );
  const code = await run.ended;
  (run.child.stdio[3] as Writable).end("done\n");
  if (code !== 0) throw new Error(`initdb failed (${code}): ${run.output()}`);
};

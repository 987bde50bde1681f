import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "../src/app.ts";
import { parseConfig, unknownVariables } from "../src/config.ts";
import { runScheduled, schedule } from "../src/cron/schedule.ts";
import type { Runtime } from "../src/deps.ts";
import { buildDeps } from "../src/deps.ts";
import { AppError, problemResponse } from "../src/errors.ts";
import { endAnswered } from "./answered-end.ts";
import { openFolder } from "./archive-folder.ts";
import { tellOrigin } from "./behind-proxy.ts";
import { createNodeConnect } from "./connect.ts";
import { startCron } from "./cron-clock.ts";
import { openDatabase } from "./database.ts";
import { heldLeases } from "./held-leases.ts";
import { createPasswords } from "./passwords.ts";
import { answersRequests, jobsOf } from "./roles.ts";
import { localUrl, readSettings, settingNames } from "./settings.ts";
import { wrongKey } from "./stored-secrets.ts";

export type Server = {
  readonly url: string;
  /** Fires one cron expression now, as the clock would; resolves when its jobs are done. @throws where one of them failed */
  readonly trigger: (cron: string, scheduledAtMs?: number) => Promise<void>;
  /** Ends in order: no new work, what is under way within `patienceMs`, leases given up. Safe to call twice. */
  readonly close: () => Promise<void>;
};

/** A client that sends its headers byte by byte, or its body never, holds no connection for long. */
const timeouts = { headersTimeout: 15_000, requestTimeout: 60_000, connectionsCheckingInterval: 5_000 };
/** Longer than a proxy keeps an idle connection (Caddy: two minutes): it would send a request just as we close. */
const keepAliveMs = 125_000;
/** How long what is under way may take at the end. Docker kills after 10 s by default; `compose.yaml` gives more. */
const patienceMs = 20_000;

/** And jobs: enough for a round to store what it has seen. */
const jobPatienceMs = 2_000;

/** Work that nobody waits for, until the end. */
const createUnderWay = () => {
  const works = new Set<Promise<unknown>>();
  return {
    add: (work: Promise<unknown>): void => {
      const settled = work.then(
        () => undefined,
        () => undefined,
      );
      works.add(settled);
      void settled.then(() => works.delete(settled));
    },
    settled: async (): Promise<void> => void (await Promise.all(works)),
  };
};

/** Paths of a process that answers no requests but about itself; the one with the rounds is also sent the rounds of its other shards. */
const aboutItself = new Set(["/healthz", "/readyz", "/metrics"]);

const within = async (work: Promise<unknown>, ms: number): Promise<void> => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ms);
  await Promise.race([work, once(late.signal, "abort")]).catch(() => undefined);
  clearTimeout(timer);
};

/**
 * tranche as a process of its own: HTTP, the schedule by its own clock, PostgreSQL over connections.
 * @param options.cron whether the clock runs; without it `trigger` is the only one who starts jobs
 * @throws ConfigError, or Error, naming each wrong variable; where SECRETS_KEY is another database's; where the port is taken. A database
 *   that does not answer stops no start: `/readyz` says so until it does
 */
export const serve = async (
  env: Readonly<Record<string, string | undefined>>,
  options: { readonly cron?: boolean; readonly runtime?: Runtime } = {},
): Promise<Server> => {
  const settings = readSettings(env);
  const given = { PROVIDER: "self-hosted", PREFERRED_PROVIDER: "self-hosted", ...env };
  const config = parseConfig(given);
  for (const message of unknownVariables(given, settingNames)) {
    console.warn(JSON.stringify({ level: "warn", event: "config_unknown", message }));
  }
  const [background, jobs] = [createUnderWay(), createUnderWay()];
  const database = openDatabase(config.databaseUrl, { connections: settings.connections });
  const built = buildDeps(config, {
    waitUntil: background.add,
    connect: createNodeConnect(),
    openFolder,
    openDatabase: () => database,
    passwords: createPasswords(),
    ...options.runtime,
  });
  const wrong = await wrongKey(database, await built.sealKeys()).catch(() => null);
  if (wrong !== null) {
    await database.close();
    throw new Error(wrong);
  }
  const held = heldLeases(built.leases);
  const deps = { ...built, leases: held.leases };
  const app = createApp(deps);

  const answersAll = answersRequests(settings.roles);
  const elsewhere = (): Response =>
    problemResponse(new AppError("not_found", `this process answers ${[...aboutItself].join(", ")} alone`), randomUUID());
  const isHere = (path: string): boolean => aboutItself.has(path) || (settings.roles.includes("rounds") && path.startsWith("/internal/"));
  const listener = getRequestListener((request) =>
    answersAll || isHere(new URL(request.url).pathname) ? app.fetch(request) : elsewhere(),
  );
  const server = createServer({ ...timeouts, keepAliveTimeout: keepAliveMs }, (request: IncomingMessage, response: ServerResponse) => {
    tellOrigin(request, settings.trustsProxy);
    void listener(request, response);
  });
  const endServer = endAnswered(server);
  server.listen(settings.port, settings.host);
  try {
    await once(server, "listening");
  } catch (error) {
    await database.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;

  const own = jobsOf(settings.roles);
  const trigger = (cron: string, scheduledAtMs: number = Date.now()): Promise<void> =>
    runScheduled(deps, cron, scheduledAtMs, (job) => own.has(job));
  const fire = (cron: string, atMs: number): void =>
    jobs.add(trigger(cron, atMs).catch((error: unknown) => deps.log.error("cron_failed", error, { cron })));
  const crons = Object.keys(schedule).filter((cron) => schedule[cron]?.some((job) => own.has(job)));
  let stopCron = (): void => undefined;
  if (options.cron !== false) {
    // At once, too: nobody has looked since the process before this one ended.
    if (own.has("tick")) fire("* * * * *", Date.now());
    stopCron = startCron(crons, (cron, minute) => fire(cron, minute.getTime()));
  }
  deps.log.info("serving", { roles: settings.roles.join(","), port });

  const stop = async (): Promise<void> => {
    stopCron();
    const closed = once(server, "close");
    endServer();
    // A job ends with its minute. What it stops at is what a crash would stop it at, so its lease alone is what others wait for. Where the
    // database does not answer the lease lapses.
    const leasesEnded = held.giveUpAll().then(() => within(jobs.settled(), jobPatienceMs));
    await within(Promise.all([closed, background.settled(), leasesEnded]), patienceMs);
    server.closeAllConnections();
    await within(database.close(), 1_000);
  };
  let stopping: Promise<void> | null = null;
  return {
    url: localUrl(settings.host, port),
    trigger,
    close: () => (stopping ??= stop()),
  };
};

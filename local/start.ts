import { createServer } from "node:net";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { schedule } from "../src/cron/schedule.ts";
import { atHome } from "./at-home.ts";
import { startCron } from "../self-hosted/cron-clock.ts";
import { answerHelp } from "./help.ts";
import { onEnd } from "./lifetime.ts";
import type { Home, RunningNote } from "./start/home.ts";
import { openHome, StartRefusal, tokenOf } from "./start/home.ts";
import { startStage } from "./start/stage.ts";
import { playStorm, showMessage } from "./start/storm.ts";
import { handedOn, idleVariables, wholeNumber } from "./start/variables.ts";

const usage = `
Usage: npm start [-- --storm]

The control plane on this machine: API, cron, PostgreSQL. It prints its URL and its admin token; Ctrl-C stops it.

  --storm   plays a storm on it, with two CDNs of its own and a receiver that prints what people are told, so that there is
            something to look at; on the one that runs already, where one does: without a switch of DNS, if that was started
            without --storm
  --help    this

Variables: PORT (8787; 0: any that is free), TRANCHE_HOME (.tranche: where the database and the token are kept),
SQL_LIMIT_MIB (10: how large a statement or an answer of the database may be), and those of the Worker (ARCHITECTURE.md,
"Configuration"): what is set in this shell is handed on.
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const refuse = (reason: string): never => {
  process.stderr.write(`tranche did not start: ${reason}\n`);
  return process.exit(1);
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const readOptions = () => {
  try {
    const { values } = parseArgs({ options: { storm: { type: "boolean", default: false } } });
    return {
      ...values,
      home: resolve(process.env["TRANCHE_HOME"] || fileURLToPath(new URL("../.tranche", import.meta.url))),
      port: wholeNumber(process.env, "PORT", 8_787, 0, 65_535),
      sqlBytes: wholeNumber(process.env, "SQL_LIMIT_MIB", 10, 1, 64) * 1_048_576,
    };
  } catch (error) {
    return refuse(
      `${reasonOf(error)}${process.argv.some((arg) => arg.startsWith("--port")) ? "; the port is a variable: PORT=8788 npm start" : ""} (npm start -- --help)`,
    );
  }
};

/** Before anything is started: the Worker would report it last. */
const assertPortFree = async (port: number): Promise<void> => {
  const probe = createServer();
  await new Promise<void>((done, fail) => probe.once("error", fail).listen(port, "127.0.0.1", done)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE")
        throw new StartRefusal(`port ${port} is taken: stop what listens there, or choose another with PORT=${port + 1} npm start`);
      if (error.code === "EACCES")
        throw new StartRefusal(`port ${port} is not for everybody: choose one above 1023 with PORT=8787 npm start`);
      throw error;
    },
  );
  await new Promise((done) => probe.close(done));
};

answerHelp(usage);
const options = readOptions();
for (const sentence of idleVariables(process.env)) process.stderr.write(`note: ${sentence}\n`);

const playOnRunning = async ({ url, pid }: RunningNote & { readonly url: string }): Promise<void> => {
  say(`tranche already runs at ${url} (process ${pid}): the storm is played there`);
  const ending = new AbortController();
  onEnd(() => ending.abort());
  await playStorm({ url, adminToken: process.env["ADMIN_TOKEN"] || (await tokenOf(options.home)), say, signal: ending.signal });
};

const alreadyRuns = async (running: RunningNote | null): Promise<void> => {
  if (running === null || running.url === null)
    return refuse(`it is just being started in ${options.home}${running === null ? "" : `, by process ${running.pid}`}`);
  if (options.storm) return await playOnRunning({ ...running, url: running.url });
  process.stderr.write(`tranche already runs at ${running.url} (process ${running.pid}, ${options.home})\n`);
  process.exit(1);
};

const banner = (url: string, adminToken: string): string => `
tranche is up.

  API       ${url}          try: curl ${url}/healthz
  console   ${url}/console     sign in with the token below
  docs      ${url}/docs
  admin     export ADMIN_TOKEN=${adminToken}
            curl -H "Authorization: Bearer $ADMIN_TOKEN" ${url}/v1/customers
  DNS       ${(process.env["AWS_ACCESS_KEY_ID"] ?? "") !== "" ? "Route 53, with the AWS credentials of this shell" : options.storm ? "a Route 53 of its own, for the storm" : "no AWS credentials given: decisions are made and logged, no record is changed"}
  database  PostgreSQL, kept in ${options.home}
  stop      Ctrl-C
`;

/** How long closing in order may take: what is left then ends with this process. */
const closingMs = 15_000;

const run = async (home: Home): Promise<void> => {
  const closers: (() => Promise<void> | void)[] = [() => home.release()];
  const ending = new AbortController();
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) {
      try {
        await closer();
      } catch (error) {
        process.stderr.write(`${reasonOf(error)}\n`);
      }
    }
  };
  let isUp = false;
  onEnd((reason) => {
    ending.abort();
    // What has only begun to stand is dropped; whatever was started ends with this process.
    if (!isUp) process.exit(130);
    process.stderr.write(`\ntranche stops (${reason})\n`);
    setTimeout(() => process.exit(1), closingMs).unref();
    void close().finally(() => process.exit(0));
  });
  try {
    const given = handedOn(process.env);
    const adminToken = given["ADMIN_TOKEN"] ?? home.adminToken;
    await assertPortFree(options.port);
    const stage = options.storm ? await startStage(given, showMessage(say)) : null;
    if (stage !== null) closers.push(stage.close);
    // Only now, as it is slow: a refusal comes at once.
    const { startControlPlane } = await import("./control-plane.ts");
    const plane = await startControlPlane({
      dataDir: resolve(home.dir, "postgres"),
      port: options.port,
      env: {
        ...atHome,
        ADMIN_TOKEN: adminToken,
        EVIDENCE_SIGNING_KEY: home.signingKey,
        SECRETS_KEY: home.secretsKey,
        ...stage?.env,
        ...given,
      },
      onLine: say,
      sqlBytes: options.sqlBytes,
    });
    closers.push(plane.close);
    const { url, trigger } = plane.worker;
    const health = await fetch(`${url}/readyz`);
    if (!health.ok) throw new StartRefusal(await health.text());
    const fire = (expression: string, minute: Date) =>
      void trigger(expression, minute).catch(
        (error: unknown) => ending.signal.aborted || process.stderr.write(`cron ${expression}: ${String(error)}\n`),
      );
    closers.push(startCron(Object.keys(schedule), fire));
    isUp = true;
    await home.announce(url);
    fire("* * * * *", new Date());
    say(banner(url, adminToken));
    if (stage === null) return;
    const playing = playStorm({ url, adminToken, say, signal: ending.signal, stage }).catch((error: unknown) =>
      process.stderr.write(`storm demo: ${reasonOf(error)}\n`),
    );
    closers.push(async () => void (await playing));
  } catch (error) {
    if (ending.signal.aborted) return;
    await close();
    refuse(reasonOf(error));
  }
};

try {
  const home = await openHome(options.home);
  if ("running" in home) await alreadyRuns(home.running);
  else await run(home);
} catch (error) {
  refuse(reasonOf(error));
}

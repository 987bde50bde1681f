import { setGlobalDispatcher } from "undici";
import { parseConfig, unknownVariables } from "../src/config.ts";
import { buildDeps } from "../src/deps.ts";
import { openLogin } from "./app-login.ts";
import { openFolder } from "./archive-folder.ts";
import { openDatabase } from "./database.ts";
import type { ConnectedDatabase } from "./database.ts";
import { firstAdmin } from "./first-admin.ts";
import { migrate } from "./migrations.ts";
import { createPasswords } from "./passwords.ts";
import { ownHosts, publicAgent } from "./public-network.ts";
import { roleNames } from "./roles.ts";
import { serve } from "./serve.ts";
import { localUrl, readSettings, settingNames } from "./settings.ts";
import { wrongKey } from "./stored-secrets.ts";

const usage = `
Usage: tranche serve | migrate | check | first-admin [ADDRESS] | health

  serve     answers requests and runs jobs, by its roles (ROLES: ${roleNames.join(", ")}; all without it)
  migrate   brings MIGRATE_DATABASE_URL, as its owner, to the newest schema, and gives the login of DATABASE_URL its
            password and its rights; safe to run again
  check     ends with 0 where the variables hold, the database has the schema of this version, and SECRETS_KEY is its key;
            names variables that nothing reads
  first-admin  makes the operator's first account (LOCAL_ACCOUNTS=on), and shows its password, once; without a mail address
            it is admin at the host of SELF_URL
  health    ends with 0 where the process on HOST and PORT answers

Variables: those of every deployment, and ROLES, HOST (0.0.0.0), PORT (8080), TRUST_PROXY (false), DATABASE_CONNECTIONS (10).
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error) return reasonOf(error.cause);
  return error instanceof Error ? error.message : String(error);
};

const startServer = async (): Promise<void> => {
  // Of the whole process: everything is fetched by it.
  if (process.env["ALLOW_PRIVATE_TARGETS"] !== "true") setGlobalDispatcher(publicAgent(ownHosts(process.env)));
  const server = await serve(process.env);
  const end = (): void => {
    void server.close().finally(() => process.exit(0));
  };
  // A second signal is the first one said again: the time that it has is Docker's to end.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
};

const needed = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: give it as postgresql://user:password@host/database`);
  if (!URL.canParse(value)) throw new Error(`${name} is not of the form postgresql://user:password@host/database`);
  return value;
};

const bringUpToDate = async (): Promise<void> => {
  const [owner, application] = [needed("MIGRATE_DATABASE_URL"), new URL(needed("DATABASE_URL"))];
  if (application.password === "") throw new Error("DATABASE_URL has no password");
  const applied = await migrate(owner, (text) => say(`warning: ${text}`));
  for (const tag of applied) say(`applied ${tag}`);
  const login = decodeURIComponent(application.username);
  await openLogin(owner, login, "renew", decodeURIComponent(application.password));
  say(`the database is up to date, and ${login} may work on it`);
};

const ask = async (): Promise<void> => {
  const url = localUrl(process.env["HOST"] || "0.0.0.0", process.env["PORT"] || "8080");
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(3_000) });
  if (!answer.ok) throw new Error(`/healthz answered ${answer.status}`);
};

/** What a command does with a deployment of these variables, which is built and closed for it. */
const withDeployment = async (work: (deps: ReturnType<typeof buildDeps>, database: ConnectedDatabase) => Promise<void>): Promise<void> => {
  readSettings(process.env);
  const config = parseConfig({ PROVIDER: "self-hosted", PREFERRED_PROVIDER: "self-hosted", ...process.env });
  const database = openDatabase(config.databaseUrl);
  try {
    await work(buildDeps(config, { openFolder, openDatabase: () => database, passwords: createPasswords() }), database);
  } finally {
    await database.close();
  }
};

const check = (): Promise<void> => {
  // As `serve` does: a misspelt name is no fault of what is there, and what was meant is missing.
  for (const text of unknownVariables({ PROVIDER: "self-hosted", ...process.env }, settingNames)) say(`warning: ${text}`);
  return withDeployment(async ({ readiness, sealKeys }, database) => {
    const failing = await readiness.check();
    const wrong = typeof failing === "string" ? failing : await wrongKey(database, await sealKeys());
    if (wrong !== null) throw new Error(wrong);
    say("the variables hold, and the database is theirs");
  });
};

/** Where no mail can come: whoever has a mailbox gives its address. */
const usualAddress = ({ config }: ReturnType<typeof buildDeps>): string => {
  const host = config.selfUrl === null ? "localhost" : new URL(config.selfUrl).hostname;
  return `admin@${host.includes(".") ? host : `${host}.localdomain`}`;
};

const makeFirstAdmin = ([address]: readonly string[]): Promise<void> =>
  withDeployment(async (deps) => {
    const made = await firstAdmin(deps, address ?? usualAddress(deps));
    if (made === null) return say("there is an account of an admin already: nothing was changed");
    say(`address   ${made.address}`);
    say(`password  ${made.password}`);
    say("it is shown this once, and kept nowhere");
  });

/** `stays`: the process goes on when `run` is done. */
type Command = { readonly most: number; readonly run: (args: readonly string[]) => Promise<void>; readonly stays?: true };

const commands: Readonly<Record<string, Command>> = {
  serve: { most: 0, run: startServer, stays: true },
  migrate: { most: 0, run: bringUpToDate },
  check: { most: 0, run: check },
  "first-admin": { most: 1, run: makeFirstAdmin },
  health: { most: 0, run: ask },
};

const [name = "", ...more] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
const isAsked = name === "help" || [name, ...more].some((arg) => arg === "--help" || arg === "-h");
if (command === undefined || isAsked || more.length > command.most) {
  (isAsked ? process.stdout : process.stderr).write(usage);
  process.exit(isAsked ? 0 : 2);
}
try {
  await command.run(more);
  // A time limit that nobody waits for any more would keep it for seconds.
  if (command.stays !== true) process.exit(0);
} catch (error) {
  process.stderr.write(`tranche ${name}: ${reasonOf(error)}\n`);
  process.exit(1);
}

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { parse } from "yaml";
import { buildSelfHosted, builtProgram } from "./build-self-hosted.ts";
import { createClosers } from "./closers.ts";
import { onboard } from "./drill/onboard.ts";
import type { Outside } from "./drill/outside.ts";
import { site, startOutside } from "./drill/outside.ts";
import { createScreen } from "./drill/screen.ts";
import { createTelling } from "./drill/telling.ts";
import type { Telling } from "./drill/telling.ts";
import { answerHelp } from "./help.ts";
import { onEnd } from "./lifetime.ts";
import { startPostgres } from "./postgres.ts";
import type { SelfHosted } from "./self-hosted.ts";
import { startSelfHosted } from "./self-hosted.ts";

const usage = `
Usage: npm run self-hosted

Starts on this machine what compose.yaml starts, but for Caddy: PostgreSQL, the migration, and a process for each role, by the very commands of
the image. Then it signs in, plays a storm, and ends: with 0 only if all of it happened. About a minute.
`;

/** A service of compose.yaml, as far as it is started here. */
type Service = { readonly command?: readonly string[]; readonly environment?: { readonly ROLES?: string } };

/** The services of compose.yaml that are our program, with their roles. @throws where one has another command than is started here */
const roleServices = async (): Promise<readonly { readonly name: string; readonly roles: string }[]> => {
  const file = await readFile(fileURLToPath(new URL("../self-hosted/compose.yaml", import.meta.url)), "utf8");
  const { services } = parse(file, { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
  return Object.entries(services).flatMap(([name, { command = [], environment }]) => {
    const { ROLES: roles } = environment ?? {};
    if (roles === undefined) return [];
    if (command.join(" ") !== "node tranche.js serve") throw new Error(`${name} of compose.yaml is started by ${command.join(" ")}`);
    return [{ name, roles }];
  });
};

const secret = (): string => randomBytes(24).toString("base64url");

type Installation = {
  readonly outside: Outside;
  readonly processes: Readonly<Record<string, SelfHosted>>;
  readonly startedInMs: Readonly<Record<string, number>>;
  readonly migrated: string;
  /** The first login, as the program shows it. */
  readonly login: { readonly address: string; readonly password: string };
  /** The paths of which a good sample is stored: asked of the database, not of tranche. */
  readonly wellPaths: () => Promise<readonly string[]>;
  readonly logs: readonly string[];
  readonly start: (role: string) => Promise<SelfHosted>;
};

/** The database as the compose file has it: an owner, who migrates, and a login that owns nothing. */
const databaseUrls = (ownerUrl: string): Record<"MIGRATE_DATABASE_URL" | "DATABASE_URL", string> => ({
  MIGRATE_DATABASE_URL: ownerUrl,
  DATABASE_URL: Object.assign(new URL(ownerUrl), { username: "tranche_server", password: secret() }).href,
});

const install = async (opened: ReturnType<typeof createClosers>["opened"]): Promise<Installation> => {
  const outside = await startOutside(opened);
  const postgres = opened(await startPostgres());
  const urls = databaseUrls(postgres.urlFor("postgres"));
  await buildSelfHosted();
  const { stdout: migrated } = await promisify(execFile)(process.execPath, [builtProgram, "migrate"], { env: urls });
  const logs: string[] = [];
  const env = {
    ...outside.env,
    DATABASE_URL: urls.DATABASE_URL,
    LEASE_TTL: "6s",
    LOCAL_ACCOUNTS: "on",
    SELF_URL: "http://127.0.0.1",
    SMTP_URL: `smtp+insecure://${outside.sink.smtpAddress}`,
    EVIDENCE_SIGNING_KEY: randomBytes(32).toString("base64"),
  };
  const processes: Record<string, SelfHosted> = {};
  const startedInMs: Record<string, number> = {};
  const services = await roleServices();
  const start = async (role: string): Promise<SelfHosted> => {
    const atMs = performance.now();
    const server = await startSelfHosted({
      env: { ...env, ROLES: services.find(({ name }) => name === role)?.roles ?? "" },
      program: builtProgram,
      onLine: (line) => logs.push(`${role.padEnd(14)}${line}`),
    });
    const ready = await fetch(`${server.url}/readyz`);
    if (!ready.ok) throw new Error(`${role}: /readyz answered ${ready.status}`);
    startedInMs[role] = performance.now() - atMs;
    processes[role] = opened(server);
    return server;
  };
  for (const { name } of services) await start(name);
  const { stdout: shown } = await promisify(execFile)(
    process.execPath,
    ["--no-warnings", builtProgram, "first-admin", "ada@example.test"],
    { env },
  );
  const [, address = "", password = ""] = /^address\s+(\S+)\npassword\s+(\S+)$/m.exec(shown) ?? [];
  const wellPaths = async (): Promise<string[]> => {
    const client = new pg.Client(urls.MIGRATE_DATABASE_URL);
    await client.connect();
    try {
      return (await client.query<{ path: string }>("select distinct path from probe_samples where ok order by 1")).rows.map(
        ({ path }) => path,
      );
    } finally {
      await client.end();
    }
  };
  return { outside, processes, startedInMs, migrated, login: { address, password }, wellPaths, logs, start };
};

/** As a browser would: the form of the sign-in page, and the page behind it. @returns its heading */
const signIn = async (url: string, fields: Readonly<Record<string, string>>): Promise<string> => {
  const answer = await fetch(`${url}/console/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: url, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ ...fields, next: "/console" }),
  });
  const [cookie = ""] = answer.headers.getSetCookie().map((text) => text.split(";")[0] ?? "");
  const page = await fetch(`${url}/console`, { headers: { cookie } });
  return /<h1[^>]*>([^<]+)/.exec(await page.text())?.[1]?.trim() ?? `an answer ${page.status}`;
};

const weightsOf = ({ route53, zoneId }: Outside): string => {
  const sets = route53.records(zoneId).filter(({ name }) => name === `${site.host}.`);
  return ["primary", "backup"].map((side) => sets.find((set) => set.setIdentifier === side)?.weight ?? "?").join("/");
};

const play = async (
  { outside, processes, startedInMs, migrated, login, wellPaths, start }: Installation,
  { tell, measure, until }: Telling,
): Promise<void> => {
  const { api, dashboard, rounds, scorer } = processes;
  if (api === undefined || dashboard === undefined || rounds === undefined || scorer === undefined) throw new Error("a role is missing");
  tell("the database is migrated", true, migrated.trim().split("\n").at(-1) ?? "");
  const slowest = Math.max(...Object.values(startedInMs));
  tell("every role is ready", true, Object.keys(processes).join(", "));
  measure("slowest start, to /readyz", `${(slowest / 1_000).toFixed(2)} s`, "3.00 s on a quiet machine", true);

  const page = await signIn(dashboard.url, login);
  tell("the first admin signs in to the console", page !== "Sign in" && !page.startsWith("an answer"), `its first page: ${page}`);
  const refused = await fetch(`${scorer.url}/v1/customers`, { headers: { authorization: `Bearer ${outside.adminToken}` } });
  tell("a role answers for itself alone", refused.status === 404, `the scorer answers ${refused.status} to a request for customers`);

  const customer = await onboard({ ...outside, apiUrl: api.url });
  const stormsOf = () => customer.api.get<readonly { readonly state: string }[]>(`/v1/storms?service_id=${customer.serviceId}`);
  const { secret: signing } = await customer.api.send<{ secret: string }>("POST", "/v1/channels", {
    name: "on call",
    kind: "webhook",
    url: outside.sink.webhookUrl,
  });
  outside.sink.know(signing);
  const seen = await until("samples of both CDNs", 60_000, async () => {
    const paths = await wellPaths();
    return paths.includes("primary") && paths.includes("backup") ? paths : null;
  });
  tell("rounds look at both CDNs", true, `good samples are stored of ${seen.join(", ")}`);

  await outside.cdns.primary.setFault({ kind: "5xx" });
  const brokenAtMs = Date.now();
  tell("the primary breaks", true, "every answer is a 503");
  await until("storm declared", 30_000, async () => ((await stormsOf())[0]?.state === "storm" ? true : null));
  await until("weights 0/100", 20_000, () => (weightsOf(outside) === "0/100" ? true : null));
  tell("weights 0/100 accepted by Route 53", true, `${((Date.now() - brokenAtMs) / 1_000).toFixed(2)} s after it broke`);

  const killedAtMs = Date.now();
  await rounds.kill();
  await start("rounds");
  tell("the rounds' process is killed, and started again", true, "in the middle of the storm");
  await outside.cdns.primary.setFault({ kind: "healthy" });
  await until("the storm ends", 120_000, async () => ((await stormsOf())[0]?.state === "ended" ? true : null));
  await until("weights 100/0", 20_000, () => (weightsOf(outside) === "100/0" ? true : null));
  tell("weights 100/0 accepted by Route 53", true, `${((Date.now() - killedAtMs) / 1_000).toFixed(2)} s after the kill`);
  const told = await until("people are told", 20_000, () => {
    const titles = outside.sink.messages.map(({ title }) => title);
    return titles.some((title) => /well again/.test(title)) ? titles : null;
  });
  tell(
    "people were told of both",
    told.some((title) => /failing/.test(title)),
    told.join("; "),
  );
  measure("storms", String((await stormsOf()).length), "exactly 1", (await stormsOf()).length === 1);
};

const run = async (): Promise<boolean> => {
  answerHelp(usage);
  const startedAtMs = performance.now();
  const elapsedMs = () => performance.now() - startedAtMs;
  const screen = createScreen(process.stdout, elapsedMs);
  const { opened, close } = createClosers();
  onEnd(() => void close().finally(() => process.exit(130)));
  screen.chapter("tranche self-hosted: what compose.yaml starts, on this machine");
  screen.progress("starting PostgreSQL and every role");
  const telling = createTelling(screen, elapsedMs);
  let logs: readonly string[] = [];
  try {
    const installation = await install(opened);
    ({ logs } = installation);
    await play(installation, telling);
  } catch (error) {
    telling.end(error);
  } finally {
    await close();
  }
  const ok = telling.steps.length > 0 && [...telling.steps, ...telling.figures].every((one) => one.ok);
  if (telling.figures.length > 0) screen.table(telling.figures);
  screen.line("");
  screen.line(ok ? `Every step happened, in ${(elapsedMs() / 1_000).toFixed(0)} s.` : "It FAILED. Its last words:");
  if (!ok) for (const line of logs.slice(-15)) screen.line(`  ${line}`);
  return ok;
};

process.exit((await run()) ? 0 : 1);

import { programOf, warnWithout } from "../support/self-hosted/tools.ts";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ToyCdn } from "../../local/cdn/toy-cdn.ts";
import { startToyCdn } from "../../local/cdn/toy-cdn.ts";
import { createClosers } from "../../local/closers.ts";
import type { NotifySink } from "../../local/notify-sink/sink.ts";
import { startNotifySink } from "../../local/notify-sink/sink.ts";
import { startPostgres } from "../../local/postgres.ts";
import { startSqlEndpoint } from "../../local/sql-endpoint.ts";
import { schedule } from "../../src/cron/schedule.ts";
import { scratchDir } from "../support/scratch-dir.ts";
import { root } from "./documents.ts";
import type { Aws } from "./getting-started/aws.ts";
import { startAws } from "./getting-started/aws.ts";
import type { CloudflareApi } from "./getting-started/cloudflare.ts";
import { startCloudflareApi } from "./getting-started/cloudflare.ts";
import { openDeployments } from "./getting-started/deployments.ts";
import type { Ran } from "./getting-started/guide.ts";
import { guideBlocks, openShell } from "./getting-started/guide.ts";
import { openCheckout, openPrograms } from "./getting-started/programs.ts";

const blocks = await guideBlocks();
const { opened, close } = createClosers();

let dir: string;
let aws: Aws;
let cloudflare: CloudflareApi;
let cdns: { primary: ToyCdn; backup: ToyCdn };
let sink: NotifySink;
let deployments: Awaited<ReturnType<typeof openDeployments>>;
let shell: (block: string) => Promise<Ran>;
const vercel: Record<string, string> = {};
let rounds: NodeJS.Timeout;
/** What each block printed, by its section. */
const printed: { section: string; text: string; ran: Ran }[] = [];

/** An owner as Neon has one: who may make roles and databases, and is no superuser. */
const openNeon = async (superuserUrl: string): Promise<string> => {
  const client = new pg.Client(superuserUrl);
  await client.connect();
  await client.query("create role neondb_owner login createrole createdb bypassrls password 'of-the-owner-0123456789'");
  await client.query("create database neondb owner neondb_owner");
  await client.end();
  return Object.assign(new URL(superuserUrl), { username: "neondb_owner", password: "of-the-owner-0123456789", pathname: "/neondb" }).href;
};

const onAws = async (args: readonly string[]): Promise<string> => {
  const answer = await aws.command(args);
  return answer === null ? "" : `${JSON.stringify(answer, null, 2)}\n`;
};

const onVercel = async ([command, ...args]: readonly string[], input: string): Promise<string> => {
  if (command === "link") return "Linked\n";
  if (command === "env" && args[0] === "add" && args[2] === "production") {
    const [, name = ""] = args;
    if (name in vercel) throw new Error(`${name} is there already`);
    vercel[name] = input;
    return "Added\n";
  }
  if (command === "deploy" && args.join(" ") === "--prebuilt --prod") {
    // The build writes beside its own source, which the checkout only links to.
    await access(join(root, "rollback-vercel/.vercel/output/config.json"));
    await deployments.deployFallback(vercel);
    return `${deployments.fallbackUrl}\n`;
  }
  throw new Error(`the guide calls vercel ${command ?? ""} ${args.join(" ")}`);
};

/** The guide's commands are for a shell with these, which not every machine has. */
const missing = ["bash", "curl", "jq"].filter((name) => programOf(name, "") === null);
warnWithout(missing.length === 0 ? "" : null, `docs/getting-started.md: there is no ${missing.join(", ")} on this machine`);

beforeAll(async () => {
  if (missing.length > 0) return;
  dir = await mkdtemp(join(scratchDir(), "tranche-guide-"));
  await openCheckout(dir);
  const postgres = opened(await startPostgres());
  const owner = await openNeon(postgres.urlFor("postgres"));
  const endpoint = opened(await startSqlEndpoint());
  cdns = { primary: opened(await startToyCdn({ name: "cloudflare" })), backup: opened(await startToyCdn({ name: "fastly" })) };
  sink = opened(await startNotifySink());
  const targets: Readonly<Record<string, string>> = {
    [cdns.primary.url]: "www.example.com.cdn.cloudflare.net",
    [cdns.backup.url]: "example.map.fastly.net",
  };
  aws = await startAws(opened, "example.com", (target) => targets[target] ?? target);
  aws.route53.seed(aws.route53.zones[0]?.id ?? "", [
    { name: "www.example.com", type: "CNAME", ttlSeconds: 60, values: ["www.example.com.cdn.cloudflare.net"] },
  ]);
  cloudflare = await startCloudflareApi(opened);
  deployments = opened(
    await openDeployments({
      ...aws.env,
      NEON_FETCH_ENDPOINT: endpoint.url,
      ALLOW_PRIVATE_TARGETS: "true",
      PROBE_INTERVAL: "1s",
      PROBE_TIMEOUT: "1s",
      TICK_OVERTIME: "0s",
    }),
  );
  const programs = await openPrograms(opened, dir, async ({ program, args, input }) =>
    program === "aws" ? await onAws(args) : await onVercel(args, input),
  );
  shell = openShell(
    dir,
    {
      ...programs,
      CI: "true",
      WRANGLER_SEND_METRICS: "false",
      CLOUDFLARE_API_BASE_URL: cloudflare.url,
      CLOUDFLARE_API_TOKEN: "a-token-of-the-test",
      CLOUDFLARE_ACCOUNT_ID: "0123456789abcdef0123456789abcdef",
    },
    owner,
  );
});

afterAll(async () => {
  if (missing.length > 0) return;
  clearInterval(rounds);
  await close();
  await rm(dir, { recursive: true, force: true });
});

/** What the reader puts in the place of the guide's own examples. */
const filledIn = (text: string): string =>
  text
    .replace("URL=https://tranche.example.workers.dev", `URL=${deployments.url}`)
    .replace("FALLBACK=https://tranche-fallback.vercel.app", `FALLBACK=${deployments.fallbackUrl}`)
    .replace("PRIMARY=www.example.com.cdn.cloudflare.net", `PRIMARY=${cdns.primary.url}`)
    .replace("BACKUP=example.map.fastly.net", `BACKUP=${cdns.backup.url}`)
    .replace("HOOK=https://hooks.example.net/tranche", `HOOK=${sink.webhookUrl}`);

const secretsOf = async (name: string): Promise<Record<string, string>> =>
  JSON.parse(await readFile(join(dir, ".secrets", `${name}.json`), "utf8")) as Record<string, string>;

/** How `doctor` ends: with 0 once every job has run, which a reader waits for. */
const untilWell = (): Promise<void> =>
  vi.waitFor(
    async () => {
      const { code, out } = await shell(`TRANCHE_TOKEN="$ADMIN_TOKEN" npx tranche doctor --url "$URL" --peer "$FALLBACK"`);
      expect([code, out]).toEqual([0, expect.stringContaining("none fails, and none is overdue")]);
    },
    { timeout: 120_000, interval: 2_000 },
  );

/** Both platforms' clocks: every cron once, and the one of each minute again as long as the test lasts. */
const startClocks = async (): Promise<void> => {
  const { CRON_SECRET = "" } = await secretsOf("cloudflare");
  const onFallback = async (job: string) => {
    const answer = await fetch(`${deployments.fallbackUrl}/internal/cron/${job}`, { headers: { authorization: `Bearer ${CRON_SECRET}` } });
    await answer.text();
  };
  const ofWorker = (cron: string) =>
    void deployments
      .worker()
      ?.trigger(cron)
      .catch(() => undefined);
  for (const cron of Object.keys(schedule)) ofWorker(cron);
  for (const job of new Set(Object.values(schedule).flat())) void onFallback(job).catch(() => undefined);
  rounds = setInterval(() => {
    ofWorker("* * * * *");
    void onFallback("tick").catch(() => undefined);
  }, 60_000);
  await untilWell();
};

const run = async (section: string, text: string): Promise<Ran> => {
  const ran = await shell(filledIn(text));
  printed.push({ section, text, ran });
  return ran;
};

const patience = { timeout: 180_000, interval: 1_000 };

const routing = async () =>
  JSON.parse((await shell(`curl -sS "$URL/v1/services/$SERVICE/routing" -H "Authorization: Bearer $TOKEN"`)).out) as { state: string };

const weights = (): Record<string, number | undefined> =>
  Object.fromEntries(
    aws.route53
      .records(aws.route53.zones[0]?.id ?? "")
      .flatMap(({ setIdentifier, weight }) => (setIdentifier === undefined ? [] : [[setIdentifier, weight]])),
  );

describe.skipIf(missing.length > 0)("docs/getting-started.md, followed literally", () => {
  it.each(blocks.map(({ section, text }, at) => [`${at + 1}. in "${section}"`, section, text] as const))(
    "block %s",
    async (_, section, text) => {
      if (section.startsWith("6. ")) await startClocks();
      // A week of the shadow has passed by then: rounds know both CDNs.
      if (text.includes("{state, reason}")) await vi.waitFor(async () => expect((await routing()).state).toBe("normal"), patience);
      const ran = await run(section, text);
      expect(ran.code, `${text}\n${ran.out}\n${ran.err}`).toBe(0);
      if (text.includes("wrangler deploy")) await deployments.deployWorker(cloudflare.uploaded() ?? {});
    },
  );
});

/** What a block said that holds this text. */
const said = (text: string): string => printed.find((one) => one.text.includes(text))?.ran.out ?? "";

describe.skipIf(missing.length > 0)("and then", () => {
  it("no block has shown a secret", async () => {
    const secrets = [...Object.entries(await secretsOf("cloudflare")), ...Object.entries(await secretsOf("vercel"))];
    const all = printed.map(({ ran }) => ran.out + ran.err).join("\n");
    for (const [name, value] of secrets) {
      if (/^(?:PEER_URL|SELF_URL|PREFERRED_PROVIDER|BILLING_GRACE|BILLING_CYCLE)$/.test(name)) continue;
      expect(all.includes(name === "DATABASE_URL" ? new URL(value).password : value), name).toBe(false);
    }
  });

  it("both deployments have what belongs to them, and each a login and a key of its own", async () => {
    const [worker, fallback] = [await secretsOf("cloudflare"), await secretsOf("vercel")];
    expect(cloudflare.uploaded()).toMatchObject({ ...worker, PROVIDER: "cloudflare", BILLING_GRACE: "6h", BILLING_CYCLE: "month" });
    expect(cloudflare.crons().toSorted()).toEqual(Object.keys(schedule).toSorted());
    expect(vercel).toEqual(fallback);
    for (const name of ["ADMIN_TOKEN", "SECRETS_KEY", "EVIDENCE_SIGNING_KEY", "METRICS_TOKEN"]) expect(fallback[name]).toBe(worker[name]);
    for (const name of ["DATABASE_URL", "AWS_ACCESS_KEY_ID"]) expect(fallback[name]).not.toBe(worker[name]);
    const users = [worker, fallback].map(({ DATABASE_URL = "" }) => new URL(DATABASE_URL).username);
    expect(users).toEqual(["tranche_cloudflare", "tranche_vercel"]);
  });

  it("what it printed is what the guide says of it", async () => {
    expect(said("$URL/readyz")).toBe("okok");
    expect(said("npx vercel deploy")).toMatch(/ok$/);
    expect(said("tranche doctor")).toMatch(/ok, 2 to look at, 0 to mend/);
    expect(said("/verification")).toMatch(/^proven$/m);
    expect(await readFile(join(dir, ".secrets/policy.json"), "utf8")).not.toContain("hostedzone/*");
    const shadowed = said("| jq -r '.checks[] | [.result");
    expect(shadowed).not.toMatch(/^fail/m);
    // What the guide names; a toy CDN has no certificate, which is what warns here.
    expect([...shadowed.matchAll(/^unproven\t(\w+)/gm)].map(([, name]) => name)).toEqual([
      "zone_binding",
      "certificate",
      "backup_health",
      "permission",
      "joint_permission",
    ]);
    expect([...shadowed.matchAll(/^warn\t(\w+)/gm)].map(([, name]) => name)).toEqual(["primary_target", "backup_target"]);
    expect(said("{state, reason}")).toMatch(/"state": "normal",\n {2}"reason": "calm"/);
    const insured = said('"steering": "auto"');
    expect(insured).not.toMatch(/^(?:fail|\w+\t(?:joint_)?permission)/m);
    expect(said("override set web")).toMatch(/web is held on its backup[\s\S]*web is steered again/);
  });

  it("in the shadow a storm is declared, told, and moves nothing; insured, it moves the visitors", async () => {
    const steer = (steering: string) =>
      shell(
        `curl -sS -X PATCH $URL/v1/services/$SERVICE -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"steering": "${steering}"}'`,
      );
    await vi.waitFor(() => expect(weights()).toEqual({ primary: 100, backup: 0 }), { timeout: 120_000, interval: 500 });
    expect((await steer("shadow")).code).toBe(0);
    const changesBefore = aws.route53.changes.length;
    await cdns.primary.setFault("5xx");
    await vi.waitFor(async () => expect((await routing()).state).toBe("shifted"), patience);
    await vi.waitFor(() => expect(JSON.stringify(sink.messages)).toContain("storm.started"), patience);
    expect(aws.route53.changes.length).toBe(changesBefore);
    expect(weights()).toEqual({ primary: 100, backup: 0 });
    expect((await steer("auto")).code).toBe(0);
    await vi.waitFor(() => expect(weights()).toEqual({ primary: 0, backup: 100 }), { timeout: 180_000, interval: 500 });
  });
});

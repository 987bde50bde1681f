import { execFile } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, request as send } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSelfHosted } from "../../local/self-hosted.ts";
import type { SelfHosted } from "../../local/self-hosted.ts";
import { serve } from "../../self-hosted/serve.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";

const adminToken = "admin-token-of-the-self-hosted-tests-0123";
const program = fileURLToPath(new URL("../../self-hosted/main.ts", import.meta.url));
const key = btoa("a key of thirty-two bytes indeed");

let database: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  database = await freshDatabase();
  env = {
    DATABASE_URL: database.appUrl,
    ADMIN_TOKEN: adminToken,
    HOST: "127.0.0.1",
    PORT: "0",
    SECRETS_KEY: btoa("sealing key of the tests, 32 byt"),
    DOH_ENDPOINTS: "http://127.0.0.1:9/dns-query",
    PROBE_INTERVAL: "500ms",
    LEASE_TTL: "5s",
  };
});
afterAll(() => database.close());

const run = (args: readonly string[], variables: Readonly<Record<string, string>>) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile(process.execPath, ["--no-warnings", program, ...args], { env: { ...variables } }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

/** Who tells the database that it is there, and until when. */
const holders = () =>
  database.sql<{ name: string; holder: string; held: boolean }>(
    "select name, holder, released_at is null and expires_at > now() as held from leases where name like 'shard:%'",
  );

describe("a process", () => {
  it("that is configured wrongly does not start, and says by what", async () => {
    const { code, stderr } = await run(["serve"], { ...env, PROBE_INTERVAL: "soon", DATABASE_URL: "postgresql://u:hunter2@h/d" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/PROBE_INTERVAL must be a duration/);
    expect(stderr).not.toContain("hunter2");
    const other = await run(["serve"], { ...env, ROLES: "everything" });
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('there is no role "everything"')]);
    const misspelt = await run(["serve", "--port=1"], env);
    expect([misspelt.code, misspelt.stderr]).toEqual([2, expect.stringContaining("Usage: tranche")]);
  });

  it("whose port is taken says so, and ends", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { code, stderr } = await run(["serve"], { ...env, PORT: String((taken.address() as AddressInfo).port) });
    taken.close();
    expect([code, stderr]).toEqual([1, expect.stringContaining("EADDRINUSE")]);
  });

  it("starts while its database is away, and is ready when that is back", async () => {
    const away = await serve({ ...env, ROLES: "api", DATABASE_URL: Object.assign(new URL(database.appUrl), { port: "9" }).href });
    expect((await fetch(`${away.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${away.url}/readyz`)).status).toBe(503);
    await away.close();
  });

  it("with roles that answer no requests answers about itself alone", async () => {
    const scorer = await serve({ ...env, ROLES: "scorer" }, { cron: false });
    const statuses = [];
    for (const path of ["/healthz", "/readyz", "/v1/customers", "/console", "/internal/cron/tick"]) {
      statuses.push((await fetch(scorer.url + path, { headers: { authorization: `Bearer ${adminToken}` } })).status);
    }
    await scorer.close();
    expect(statuses).toEqual([200, 200, 404, 404, 404]);
  });
});

it("a client that goes away in the middle of its body is no failure of ours", async () => {
  const told = Promise.withResolvers<{ event: string; status?: number }>();
  const server = await startSelfHosted({
    env: { ...env, ROLES: "api" },
    onLine: (line) => {
      const said = line.startsWith("{") ? (JSON.parse(line) as { event: string; route?: string }) : null;
      if (said?.event === "request_failed" || said?.route === "/v1/customers") told.resolve(said);
    },
  });
  const { port } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    `POST /v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminToken}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name`,
    () => setTimeout(() => socket.resetAndDestroy(), 100),
  );
  const said = await told.promise;
  await server.close();
  expect(said).toMatchObject({ event: "request", status: 400 });
});

describe("whose request it is", () => {
  const asked = async (url: string, headers: Readonly<Record<string, string | string[]>>): Promise<IncomingMessage> => {
    const outgoing = send(`${url}/v1/customers`, { headers });
    outgoing.end();
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    answer.resume();
    return answer;
  };
  /** After so many guesses an address is refused whatever it says. */
  const guesses = async (url: string, headersOf: (n: number) => Readonly<Record<string, string | string[]>>): Promise<number[]> => {
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1)
      statuses.push((await asked(url, { authorization: `Bearer trn_${n}`, ...headersOf(n) })).statusCode ?? 0);
    return [...new Set(statuses)];
  };

  it("is told by the connection, not by the client", async () => {
    const server = await serve({ ...env, ROLES: "api", RATE_LIMIT_REFUSALS: "5" }, { cron: false });
    const said = await guesses(server.url, (n) => ({
      "x-real-ip": `198.51.100.${n}`,
      "x-forwarded-for": `198.51.100.${n}`,
      "X-Real-IP": "1",
    }));
    await server.close();
    expect(said).toEqual([401, 429]);
  });

  it("is told by the connection of who says it several times, and ends no process", async () => {
    const server = await startSelfHosted({ env: { ...env, ROLES: "api", RATE_LIMIT_REFUSALS: "5" } });
    const said = await guesses(server.url, (n) => ({ "x-real-ip": [`198.51.100.${n}`, "1", "2"], "x-forwarded-for": ["a", "b"] }));
    const still = await fetch(`${server.url}/healthz`);
    await server.close();
    expect([said, still.status]).toEqual([[401, 429], 200]);
  });

  it("is told by our own proxy, whatever precedes", async () => {
    const server = await serve({ ...env, ROLES: "api", RATE_LIMIT_REFUSALS: "5", TRUST_PROXY: "true" }, { cron: false });
    const many = await guesses(server.url, (n) => ({ "x-forwarded-for": `203.0.113.9, 198.51.100.${n}` }));
    const one = await guesses(server.url, (n) => ({ "x-forwarded-for": `198.51.100.${n}, 203.0.113.9` }));
    await server.close();
    expect([one, many]).toEqual([[401, 429], [401]]);
  });

  it("and over TLS where our proxy says so: the console's cookie is for TLS alone then", async () => {
    const cookieOf = async (trust: string): Promise<string> => {
      const server = await serve({ ...env, ROLES: "dashboard", TRUST_PROXY: trust }, { cron: false });
      const body = new URLSearchParams({ token: adminToken, next: "/console" }).toString();
      const outgoing = send(`${server.url}/console/sign-in`, {
        method: "POST",
        headers: {
          host: "tranche.example.test",
          origin: "https://tranche.example.test",
          "x-forwarded-proto": "https",
          "x-forwarded-for": "203.0.113.9",
          "content-type": "application/x-www-form-urlencoded",
          "content-length": String(body.length),
        },
      });
      outgoing.end(body);
      const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
      answer.resume();
      await server.close();
      return `${answer.statusCode} ${answer.headers["set-cookie"]?.[0] ?? ""}`;
    };
    expect(await cookieOf("true")).toMatch(/^303 __Host-session=.*; Secure/);
  });
});

describe("the end", () => {
  const holding = async (pattern: RegExp): Promise<void> => {
    await expect
      .poll(async () => (await holders()).some(({ holder, held }) => held && pattern.test(holder)), { timeout: 60_000 })
      .toBe(true);
  };

  it("in order leaves no lease that the next one waits for", async () => {
    const first = await startSelfHosted({ env: { ...env, ROLES: "rounds" } });
    await holding(/^self-hosted:/);
    await first.close();
    expect((await holders()).filter(({ held }) => held)).toEqual([]);
  });

  it("comes soon where a client asks all the time, and cuts none of its requests off", async () => {
    const server = await serve({ ...env, ROLES: "api" }, { cron: false });
    const agent = new Agent({ keepAlive: true });
    const outcomes = new Set<string>();
    const asking = (async () => {
      while (!outcomes.has("ECONNREFUSED")) {
        const outgoing = send(`${server.url}/healthz`, { agent }).end();
        const said = await once(outgoing, "response").then(
          async ([answer]) => (await once((answer as IncomingMessage).resume(), "end"), String((answer as IncomingMessage).statusCode)),
          (error: NodeJS.ErrnoException) => error.code ?? "failed",
        );
        outcomes.add(said);
      }
    })();
    await expect.poll(() => outcomes.size).toBe(1);
    const began = performance.now();
    await server.close();
    await asking;
    expect([[...outcomes], performance.now() - began < 10_000]).toEqual([["200", "ECONNREFUSED"], true]);
  });

  it("by a kill leaves one, which lapses: the next process acts then, and two of one role never act at once", async () => {
    const processes: SelfHosted[] = [];
    const start = async () => void processes.push(await startSelfHosted({ env: { ...env, ROLES: "rounds" } }));
    await start();
    await holding(/^self-hosted:/);
    const [killed] = await holders();
    await processes[0]?.kill();
    await Promise.all([start(), start()]);
    await expect
      .poll(async () => (await holders()).some(({ holder, held }) => held && holder !== killed?.holder), { timeout: 60_000 })
      .toBe(true);
    // A row a lease: whoever has it has it alone, and each round is stored once.
    const doubled = await database.sql("select shard_index, round_at from round_loads group by 1, 2 having count(*) > 1").catch(() => []);
    expect(doubled).toEqual([]);
    await Promise.all(processes.slice(1).map((one) => one.close()));
  });

  it("goes on through a restart of what it is connected to", async () => {
    const server = await startSelfHosted({ env: { ...env, ROLES: "rounds,api" } });
    await holding(/^self-hosted:/);
    await database.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tranche' and datname = current_database()",
    );
    await expect.poll(async () => (await fetch(`${server.url}/readyz`)).status, { timeout: 30_000 }).toBe(200);
    const [before] = await database.sql<{ at: Date }>("select last_round_at as at from providers where name = 'self-hosted'");
    await expect
      .poll(
        async () =>
          Number((await database.sql<{ at: Date }>("select last_round_at as at from providers where name = 'self-hosted'"))[0]?.at ?? 0),
        { timeout: 60_000 },
      )
      .toBeGreaterThan(Number(before?.at ?? 0));
    await server.close();
  });
});

describe("a machine whose clock is wrong", () => {
  const shifted = (ms: number): string =>
    `--import=data:text/javascript,${encodeURIComponent(
      `const D=Date;globalThis.Date=class extends D{constructor(...a){if(a.length)super(...a);else super(D.now()+${ms})}static now(){return D.now()+${ms}}}`,
    )}`;

  it.each([
    ["an hour ahead", 3_600_000],
    ["an hour behind", -3_600_000],
  ])("%s acts by the database's, and stores its rounds when they were", async (_, ms) => {
    const server = await startSelfHosted({ env: { ...env, ROLES: "rounds", NODE_OPTIONS: shifted(ms) } });
    await database.sql("update providers set last_round_at = null where name = 'self-hosted'");
    const apart = async (): Promise<number | null> =>
      (
        await database.sql<{ apart: number | null }>(
          "select extract(epoch from clock_timestamp() - last_round_at)::float8 as apart from providers where name = 'self-hosted'",
        )
      )[0]?.apart ?? null;
    await expect.poll(apart, { timeout: 60_000 }).not.toBeNull();
    const seconds = await apart();
    await server.close();
    expect(Math.abs(seconds ?? 0)).toBeLessThan(600);
  });
});

describe("commands", () => {
  it("migrate brings a database to the newest schema, twice and by two at once, and gives the login its password", async () => {
    const own = await freshDatabase();
    const name = `login_${new URL(own.url).pathname.slice(1)}`.slice(0, 60);
    const application = Object.assign(new URL(own.url), { username: name, password: "a-password-of-32-characters-abcd" }).href;
    const variables = { MIGRATE_DATABASE_URL: own.url, DATABASE_URL: application };
    const ends = await Promise.all([run(["migrate"], variables), run(["migrate"], variables)]);
    // Of two at once one may find the role just made: it says so, and the next run is good.
    expect(ends.map(({ code }) => code)).toContain(0);
    const again = await run(["migrate"], variables);
    expect([again.code, again.stderr]).toEqual([0, ""]);
    expect(again.stdout).toMatch(/up to date/);
    const checked = await run(["check"], { ...env, DATABASE_URL: application });
    expect([checked.code, checked.stderr]).toEqual([0, ""]);
    await own.sql(`drop owned by ${name}; drop role ${name}`).catch(() => undefined);
    await own.close();
  });

  it.each([
    [{ DATABASE_URL: "" }, "MIGRATE_DATABASE_URL is not set"],
    [{ MIGRATE_DATABASE_URL: "nowhere" }, "MIGRATE_DATABASE_URL is not of the form"],
    [
      { MIGRATE_DATABASE_URL: "postgresql://o:p@127.0.0.1:9/d", DATABASE_URL: "postgresql://a@127.0.0.1:9/d" },
      "DATABASE_URL has no password",
    ],
    [{ MIGRATE_DATABASE_URL: "postgresql://o:hunter2@127.0.0.1:9/d", DATABASE_URL: "postgresql://a:b@127.0.0.1:9/d" }, "ECONNREFUSED"],
  ])("migrate with %o says what is missing", async (variables, said) => {
    const { code, stderr } = await run(["migrate"], variables as Record<string, string>);
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
    expect(stderr).not.toContain("hunter2");
  });

  it("check and serve say that a database was restored beside the key of another one", async () => {
    const own = await freshDatabase();
    await own.sql("insert into customers (name) values ('acme')");
    await own.sql(
      "insert into dns_accounts (customer_id, region, access_key_id, sealed_secret) select id, 'us-east-1', 'AKIA', 's1.0123abcd.x.y' from customers",
    );
    const variables = { ...env, DATABASE_URL: own.appUrl, SECRETS_KEY: key };
    for (const command of ["check", "serve"]) {
      const { code, stderr } = await run([command], variables);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/SECRETS_KEY is not the key of this database: none of its 1 stored secrets.*0123abcd/),
      ]);
    }
    await own.close();
  });

  it("first-admin makes the first account, once, and shows what it signs in with", async () => {
    const own = await freshDatabase();
    const variables = { ...env, DATABASE_URL: own.appUrl, LOCAL_ACCOUNTS: "on", SELF_URL: "https://tranche.example.com" };
    const made = await run(["first-admin"], variables);
    expect([made.code, made.stderr]).toEqual([0, ""]);
    const [, address = "", password = ""] = /^address {3}(\S+)\npassword {2}(\S+)$/m.exec(made.stdout) ?? [];
    expect(address).toBe("admin@tranche.example.com");
    const server = await serve({ ...variables, ROLES: "dashboard" }, { cron: false });
    const answer = await fetch(`${server.url}/console/sign-in`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: server.url },
      body: new URLSearchParams({ address, password, next: "/console" }),
    });
    await server.close();
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/console"]);
    const again = await run(["first-admin", "eve@example.com"], variables);
    expect([again.code, again.stdout]).toEqual([0, "there is an account of an admin already: nothing was changed\n"]);
    const wrong = await run(["first-admin", "nobody"], variables);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("give the mail address of the first admin")]);
    const off = await run(["first-admin"], { ...variables, LOCAL_ACCOUNTS: "off" });
    expect([off.code, off.stderr]).toEqual([1, expect.stringContaining("LOCAL_ACCOUNTS is not on")]);
    await own.close();
  });

  it.each([
    ["first-admin", "--help"],
    ["serve", "-h"],
  ])("%s %s prints how it is called, and does nothing", async (...args) => {
    const { code, stdout, stderr } = await run(args, {});
    expect([code, stdout, stderr]).toEqual([0, expect.stringContaining("Usage: tranche serve"), ""]);
  });

  it("check names what nothing reads, as serve does, and ends with 0", async () => {
    const { code, stdout } = await run(["check"], { ...env, LOCAL_ACOUNTS: "on" });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^warning: LOCAL_ACOUNTS is not read: is LOCAL_ACCOUNTS meant\?$/m)]);
  });

  it.each(["127.0.0.2", "::1"])("health asks where the process listens: on %s", async (host) => {
    const server = await serve({ ...env, ROLES: "api", HOST: host }, { cron: false });
    const { port } = new URL(server.url);
    const { code, stderr } = await run(["health"], { HOST: host, PORT: port });
    await server.close();
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("health ends with 0 where the process answers", async () => {
    const server = await serve({ ...env, ROLES: "api" }, { cron: false });
    const { port } = new URL(server.url);
    expect((await run(["health"], { PORT: port })).code).toBe(0);
    await server.close();
    expect((await run(["health"], { PORT: port })).code).toBe(1);
  });
});

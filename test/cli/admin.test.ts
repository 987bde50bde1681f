import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFallback } from "../../local/fallback.ts";
import { commandLine, commandProcess } from "../support/command-line.ts";
import type { Printed } from "../support/command-line.ts";
import { freshEnv } from "../support/worker-env.ts";

let deployment: Awaited<ReturnType<typeof startFallback>>;
let databaseUrl: string;
let admin: string;

const statement = async <Row extends pg.QueryResultRow>(text: string, ...values: unknown[]): Promise<Row[]> => {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
};

beforeAll(async () => {
  const environment = await freshEnv();
  databaseUrl = environment.OWNER_DATABASE_URL;
  admin = environment.ADMIN_TOKEN;
  const variables = { EVIDENCE_SIGNING_KEY: randomBytes(32).toString("base64"), PROBE_INTERVAL: "60s" };
  deployment = await startFallback({ runtime: "node", env: { ...environment, ...variables } });
  await statement(`
    with customer as (insert into customers (name) values ('acme') returning id
    ), service as (
      insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 'web', 'cloudflare', 'fastly' from customer returning id, customer_id
    ), invoice as (
      insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
      select id, 1, '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z', 10, 3, 7, '2026-11-20T03:00:00Z' from customer returning id
    ), usage as (
      insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, primary_source, invoice_id)
      select s.id, '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z', 1, 'push', i.id from service s, invoice i returning *
    )
    insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes,
      rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
    select invoice_id, id, service_id, window_start, window_end, primary_bytes, 0, 12, 0.5, 0, 1.5, 10, 3 from usage`);
});
afterAll(() => deployment.close());

const env = () => ({ HOME: "/nonexistent", TRANCHE_URL: deployment.url, TRANCHE_TOKEN: admin });
const tranche = (args: readonly string[], confirms?: boolean): Promise<Printed> =>
  commandLine(["admin", ...args], { env: env(), ...(confirms !== undefined && { confirms }) });
const shards = async () => (await statement<{ shards: number }>("select shards from settings"))[0]?.shards;

describe("tranche admin shards", () => {
  it("shows who has them, and how many are needed", async () => {
    const { code, out, err } = await tranche(["shards"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^shards +1\nneeded +as many\n\nSHARD +PROVIDER +HELD +DOMAINS +LEFT OUT +BUSY\n0 +nobody yet +no +- +- +-\n$/);
    expect(JSON.parse((await tranche(["shards", "--json"])).out)).toMatchObject({ shards: 1, wanted: 1 });
  });

  it("sets their number once that is confirmed", async () => {
    const set = ["shards", "--set", "3", "--reason", "a drill"];
    const unasked = await tranche(set);
    expect([unasked.code, unasked.err]).toEqual([2, expect.stringMatching(/^tranche: 1 shards become 3, .*--yes is required\n$/)]);
    expect(await tranche(set, false)).toMatchObject({ code: 1, out: "", err: "tranche: nothing was changed\n" });
    expect(await shards()).toBe(1);
    expect(await tranche(set, true)).toMatchObject({ code: 0, out: "1 shards are 3 now; both providers follow within a minute\n" });
    expect(await tranche([...set, "--yes"])).toMatchObject({ code: 0, out: "there are 3 shards already\n" });
    expect(await shards()).toBe(3);
  });

  it.each([
    [["shards", "--set", "0", "--reason", "x"], "--set must be a whole number, 1 to 1024"],
    [["shards", "--set", "2"], "--reason is required"],
    [["shards", "--yes"], "--reason, --force and --yes go with --set"],
    [["move-shards", "--reason", "x"], "--to is required"],
    [["move-shards", "--to", "aws", "--reason", "x"], "--to must be cloudflare, vercel, self-hosted, local"],
    [["move-shards", "--to", "vercel", "--shards", "0,x", "--reason", "x"], "--shards must be numbers of shards"],
    [
      ["move-shards", "--to", "vercel", "--shards", "7", "--reason", "x", "--yes"],
      "--shards: must be shards that there are: 0 to 2, not 7",
    ],
    [["findings", "--state", "closed"], "--state must be open, cleared, all"],
    [["findings", "--rule", "%"], "--rule: must be the name of a rule"],
    [["adjust", "x", "--reason", "x"], "WINDOW must be the number of a window"],
    [["adjust", "1"], "--reason is required"],
  ])("%j is called wrongly: %s", async (args, says) => {
    expect(await tranche(args)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(says) as string });
  });
});

describe("tranche admin move-shards", () => {
  const move = ["move-shards", "--to", "vercel", "--reason", "a drill", "--yes"];

  it("refuses a silent provider in the API's words, and moves to one that lives", async () => {
    await statement("delete from leases");
    await statement(`
      insert into leases (name, holder, provider, acquired_at, expires_at)
      select 'shard:' || n, 'cloudflare:run', 'cloudflare', now(), now() + interval '1 minute' from generate_series(0, 1) n`);
    const refused = await tranche(move);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("vercel shows no sign of life")]);
    await statement("insert into providers (name, heartbeat_at, heartbeat_since) values ('vercel', now(), now())");
    expect((await tranche([...move, "--shards", "1"])).out).toBe("shard 1 given to vercel\n");
    expect((await tranche(move)).out).toBe("shard 0 given to vercel\nshard 1: vercel's already\nshard 2: never held by anybody\n");
    expect((await tranche(move)).out).toMatch(/^nothing was moved to vercel\nshards 0, 1: vercel's already\n/);
  });
});

describe("tranche breakers", () => {
  it("says what fails, since when it is paused, and when it is tried again", async () => {
    const breakers = (...flags: string[]) => commandLine(["breakers", ...flags], { env: env() });
    expect((await breakers()).out).toBe("every outside service answers\n");
    await statement(`
      insert into breakers (name, kind, failures, in_a_row, pauses, opened_at, probe_at, last_error, updated_at)
      values ('cdn:fastly', 'cdn', '{}', 5, 1, '2026-11-20T03:00:00Z', '2099-11-20T03:01:00Z', 'no answer within 20 s', now())`);
    const { code, out } = await breakers();
    expect(code).toBe(0);
    expect(out).toMatch(
      /^KIND +CUSTOMER +ACCOUNT +STATE +FAILURES +OPEN SINCE +TRIED AGAIN +LAST ERROR\ncdn +operator +fastly +open +5 +2026-11-20 .+ 2099-11-20 .+ no answer within 20 s\n$/,
    );
    expect(JSON.parse((await breakers("--json")).out)).toMatchObject([{ kind: "cdn", state: "open", customer_id: null }]);
  });
});

describe("tranche admin findings and adjust", () => {
  it("list what is open, and have its window computed again", async () => {
    expect((await tranche(["findings"])).out).toBe("no findings that are open\n");
    await statement(`
      insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at)
      select s.customer_id, 'window_bytes', 'usage_snapshot', u.id, '2 + 0', '1 + 0', now(), now() from usage_snapshots u join services s on s.id = u.service_id`);
    const { out } = await tranche(["findings", "--rule", "window_bytes", "--of", "1", "--state", "all"]);
    const window = /usage_snapshot (\d+)/.exec(out)?.[1] ?? "";
    expect(out).toMatch(
      /^ID +CUSTOMER +RULE +OF +EXPECTED +ACTUAL +FOUND +CLEARED\n1 +1 +window_bytes +usage_snapshot \d+ +2 \+ 0 +1 \+ 0 +20.*Z +open\n$/,
    );
    const adjust = await tranche(["adjust", window, "--reason", "as the finding says"]);
    expect([adjust.code, adjust.out]).toEqual([
      0,
      expect.stringMatching(/^window \d+ of service 1, from 2026-11-20.*, waits for the next run \(cause \d+\)\n$/),
    ]);
    expect((await tranche(["adjustments"])).out).toMatch(
      /^ID +CUSTOMER +SERVICE +CAUSE +FROM +TO +WAITS FOR\n\d+ +1 +1 +usage +2026-11-20.* +the next run\n$/,
    );
    expect(await tranche(["adjust", "999", "--reason", "x"])).toMatchObject({ code: 1, err: expect.stringContaining("404") as string });
  });

  it("end where enough are shown, however many there are", async () => {
    await statement(`
      insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at)
      select 1, 'side_incomplete', 'service', n, '0', '1', now(), now() from generate_series(1, 260) n`);
    expect((await tranche(["findings"])).out.split("\n")).toHaveLength(52);
    expect(JSON.parse((await tranche(["findings", "--limit", "1000", "--json"])).out)).toHaveLength(261);
  });
});

describe("tranche admin reseal", () => {
  it("goes through all tables, a hundred at a time, and ends with 1 where something does not open", async () => {
    expect(await tranche(["reseal"])).toMatchObject({
      code: 0,
      out: "cdn_accounts: 0 resealed, 0 changed meanwhile, 0 not opened\ndns_accounts: 0 resealed, 0 changed meanwhile, 0 not opened\ncost_accounts: 0 resealed, 0 changed meanwhile, 0 not opened\nchannels: 0 resealed, 0 changed meanwhile, 0 not opened\n",
    });
    await statement(`
      insert into cdn_accounts (customer_id, cdn, account_ref, sealed_token, deleted_at)
      select 1, 'fastly', null, 'v1.lost.x.y', case when n > 1 then now() end from generate_series(1, 3) n`);
    const { code, out } = await tranche(["reseal"]);
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/^cdn_accounts: 0 resealed, 0 changed meanwhile, 1 not opened\n {2}not opened, ids: \d+\n/),
    ]);
  });

  it("is refused to who may only read", async () => {
    const response = await fetch(`${deployment.url}/v1/admin-tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "reader", scopes: ["read"] }),
    });
    const { token } = (await response.json()) as { token: string };
    const { code, err } = await commandLine(["admin", "reseal"], { env: { ...env(), TRANCHE_TOKEN: token } });
    expect([code, err]).toEqual([3, expect.stringContaining("403 Forbidden")]);
  });
});

it("a process without a terminal is never asked, and reads nothing of its input", async () => {
  const { code, out, err } = await commandProcess(["admin", "shards", "--set", "5", "--reason", "x"], { env: env(), input: "y\ny\n" });
  expect([code, out, err]).toEqual([2, "", expect.stringContaining("--yes is required")]);
  expect(await shards()).toBe(3);
});

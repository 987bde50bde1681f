import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resealDatabase } from "../../../local/reseal.ts";
import { createChannelStore } from "../../../src/adapters/db/notify/channels.ts";
import { createCostAccountStore } from "../../../src/adapters/db/cost/accounts.ts";
import { createCdnAccountStore, sealingContext } from "../../../src/adapters/db/metering/cdn-accounts.ts";
import { createCustomerStore } from "../../../src/adapters/db/tenants/customers.ts";
import { createDnsAccountStore, dnsSealingContext } from "../../../src/adapters/db/steering/dns-accounts.ts";
import { reseal } from "../../../src/adapters/db/platform/reseal.ts";
import type { Ask } from "../../../src/adapters/db/platform/reseal.ts";
import { createStatusStore } from "../../../src/adapters/db/coordination/status.ts";
import { createLinkTokens } from "../../../src/adapters/platform/link-tokens.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import { costSealingContext } from "../../../src/domain/cost/sealing.ts";
import { sealCounts } from "../../../src/domain/tenants/seals.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";

/** Hole: a new SECRETS_KEY sealed nothing anew, so that the key that had leaked opened every customer's credentials for ever. */
const key = () => btoa(String.fromCharCode(...systemRandom.bytes(32)));
const [leaked, newer, lost] = [key(), key(), key()];
const change = { actor: "test", requestId: "r", idempotency: null };
const customers = 130;

let database: TestDatabase;
/** Ids of customers, in order. */
let ids: number[];

const scope = { name: "costs", region: "us-east-1", bucket: null, prefix: "", awsAccounts: ["123456789012"], regions: ["us-east-1"] };

const tokenOf = (at: number) => `token-at-fastly-of-${at}`;

beforeAll(async () => {
  database = await freshDatabase();
  const { db } = database;
  const secrets = createSecrets([leaked], systemRandom);
  const [customerStore, cdn, dns] = [createCustomerStore(db), createCdnAccountStore(db, secrets), createDnsAccountStore(db, secrets)];
  ids = [];
  for (let at = 0; at < customers; at += 1) ids.push((await customerStore.create({ name: `c-${at}`, maxCoverageCap: 1.5 }, change)).id);
  for (const [at, id] of ids.entries()) await cdn.create(id, { cdn: "fastly", accountRef: null, apiToken: tokenOf(at) }, change);
  const [first = 0, second = 0, third = 0] = ids;
  await dns.create(first, { region: "us-east-1", accessKeyId: "AKIA0000000000000001", secretAccessKey: "secret-1" }, change);
  await dns.create(second, { region: "us-east-1", roleArn: "arn:aws:iam::123456789012:role/dns" }, change);
  const gone = await dns.create(third, { region: "us-east-1", accessKeyId: "AKIA0000000000000003", secretAccessKey: "secret-3" }, change);
  await dns.remove(third, gone.id, change);
  await createCostAccountStore(db, secrets).create(
    first,
    { ...scope, accessKeyId: "AKIA0000000000000009", secretAccessKey: "secret-9" },
    change,
  );
  const channels = createChannelStore(db, secrets);
  for (const owner of [first, null]) {
    await channels.create(
      owner,
      {
        name: "slack",
        settings: {},
        kinds: null,
        minSeverity: "info",
        serviceIds: null,
        confirmation: null,
        secret: { kind: "slack", url: `https://hooks.slack.com/services/of-${owner}` },
      },
      change,
    );
  }
});

/** Beside the accounts at a CDN: two AWS keys, a channel of a customer and one of the operator. */
const others = 4;

afterAll(() => database.close());

const counts = async (...keys: [string, ...string[]]) =>
  sealCounts(await createSecrets(keys, systemRandom).keyIds(), (await createStatusStore(database.db).read()).seals);

const seals = () =>
  database.sql<{ id: string; customer_id: string; sealed_token: string }>(
    "select id, customer_id, sealed_token from cdn_accounts order by id",
  );
const ask: Ask = async <Row>(text: string, params: readonly unknown[]) => await database.sql<Row>(text, params);

describe("after a rotation", () => {
  it("/v1/status and the metrics say how much is still sealed with the key before", async () => {
    expect(await counts(leaked)).toEqual({ current: customers + others, previous: 0, unknown: 0 });
    expect(await counts(newer, leaked)).toEqual({ current: 0, previous: customers + others, unknown: 0 });
    expect(await counts(newer)).toEqual({ current: 0, previous: 0, unknown: customers + others });
  });

  it("resealing goes on where it was stopped", async () => {
    let asked = 0;
    const cutOff: Ask = async (text, params) => {
      asked += 1;
      if (asked === 4) throw new Error("connection lost");
      return await ask(text, params);
    };
    await expect(reseal(cutOff, createSecrets([newer, leaked], systemRandom))).rejects.toThrow("connection lost");
    expect(await counts(newer, leaked)).toEqual({ current: 100, previous: customers + others - 100, unknown: 0 });
  });

  it("what does not open is left as it is, named by its id, and keeps nothing else from being resealed", async () => {
    const [row] = await seals();
    const [, last] = (await seals()).toReversed();
    await database.sql("update cdn_accounts set sealed_token = $2 where id = $1", [
      last?.id,
      await createSecrets([lost], systemRandom).seal("x", "y"),
    ]);
    expect(await resealDatabase(database.url, [newer, leaked])).toEqual([
      { table: "cdn_accounts", resealed: customers - 101, unopened: [Number(last?.id)], changed: 0 },
      { table: "dns_accounts", resealed: 1, unopened: [], changed: 0 },
      { table: "cost_accounts", resealed: 1, unopened: [], changed: 0 },
      { table: "channels", resealed: 2, unopened: [], changed: 0 },
    ]);
    expect(await counts(newer, leaked)).toEqual({ current: customers + others - 1, previous: 0, unknown: 1 });
    expect((await seals())[0]?.sealed_token).toBe(row?.sealed_token);
    await database.sql("delete from cdn_accounts where id = $1", [last?.id]);
  });

  it("the leaked key opens nothing any more, and the new one all, each in its place", async () => {
    const [attacker, ours] = [createSecrets([leaked], systemRandom), createSecrets([newer], systemRandom)];
    for (const { customer_id: id, sealed_token: sealed } of await seals()) {
      const context = sealingContext(Number(id), "fastly");
      await expect(attacker.open(sealed, context)).rejects.toThrow();
      expect(await ours.open(sealed, context)).toBe(tokenOf(ids.indexOf(Number(id))));
    }
    const [dns] = await database.sql<{ sealed_secret: string }>("select sealed_secret from dns_accounts where customer_id = $1", [ids[0]]);
    expect(await ours.open(dns?.sealed_secret ?? "", dnsSealingContext(ids[0] ?? 0, "AKIA0000000000000001"))).toBe("secret-1");
    const [cost] = await database.sql<{ sealed_secret: string }>("select sealed_secret from cost_accounts");
    expect(await ours.open(cost?.sealed_secret ?? "", costSealingContext(ids[0] ?? 0, "AKIA0000000000000009"))).toBe("secret-9");
    const channels = createChannelStore(database.db, ours);
    for (const owner of [ids[0] ?? 0, null]) {
      const [channel] = await channels.list(owner, { limit: 1, afterId: null });
      expect((await channels.open(owner, channel?.id ?? 0))?.secret).toEqual({
        kind: "slack",
        url: `https://hooks.slack.com/services/of-${owner}`,
      });
    }
  });

  it("a second run has nothing to do", async () => {
    const before = await seals();
    expect((await resealDatabase(database.url, [newer, leaked])).map(({ resealed }) => resealed)).toEqual([0, 0, 0, 0]);
    expect(await seals()).toEqual(before);
  });

  it("what a customer replaces meanwhile stays his", async () => {
    const [row] = await seals();
    const fresh = await createSecrets([leaked], systemRandom).seal("replaced", sealingContext(Number(row?.customer_id), "fastly"));
    await database.sql("update cdn_accounts set sealed_token = $2 where id = $1", [
      row?.id,
      await createSecrets([leaked], systemRandom).seal("old", sealingContext(Number(row?.customer_id), "fastly")),
    ]);
    const between: Ask = async (text, params) => {
      if (text.includes("update cdn_accounts"))
        await database.sql("update cdn_accounts set sealed_token = $2 where id = $1", [row?.id, fresh]);
      return await ask(text, params);
    };
    const [cdn] = await reseal(between, createSecrets([newer, leaked], systemRandom));
    expect([cdn?.resealed, cdn?.changed]).toEqual([0, 1]);
    expect((await seals())[0]?.sealed_token).toBe(fresh);
    await resealDatabase(database.url, [newer, leaked]);
  });

  it("each has an audit row that names the keys, and no secret", async () => {
    const rows = await database.sql<{ actor: string; object_type: string; text: string }>(
      "select actor, object_type, concat(before, after) as text from audit_log where action = 'reseal'",
    );
    expect(rows.length).toBe(customers - 1 + others + 1);
    expect(new Set(rows.map(({ actor }) => actor))).toEqual(new Set(["operator"]));
    for (const { text } of rows) expect(text).toMatch(/^\{"sealed_with": "[0-9a-f]{8}"\}\{"sealed_with": "[0-9a-f]{8}"\}$/);
  });
});

describe("npm run secrets:reseal", () => {
  const run = (env: Record<string, string>) =>
    promisify(execFile)(process.execPath, ["local/reseal.ts"], { env: { PATH: process.env["PATH"] ?? "", ...env } });

  it("prints counts, and neither keys nor secrets", async () => {
    const { stdout, stderr } = await run({ DATABASE_URL: database.url, SECRETS_KEY: key(), SECRETS_KEY_PREVIOUS: `${newer},${leaked}` });
    expect(stdout).toMatch(
      /^cdn_accounts: \d+ resealed, 0 changed meanwhile, 0 not opened\ndns_accounts: 1 resealed, 0 changed meanwhile, 0 not opened\ncost_accounts: 1 resealed, 0 changed meanwhile, 0 not opened\nchannels: 2 resealed, 0 changed meanwhile, 0 not opened\n$/,
    );
    expect(stdout + stderr).not.toContain(newer);
  });

  it("says which variable is missing or wrong, and changes nothing", async () => {
    const before = await seals();
    await expect(run({ DATABASE_URL: database.url })).rejects.toMatchObject({ stderr: expect.stringContaining("SECRETS_KEY") });
    await expect(run({ DATABASE_URL: database.url, SECRETS_KEY: "short" })).rejects.toMatchObject({
      stderr: expect.stringContaining("SECRETS_KEY"),
    });
    await expect(run({ SECRETS_KEY: key() })).rejects.toMatchObject({ stderr: expect.stringContaining("DATABASE_URL") });
    expect(await seals()).toEqual(before);
  });

  it("is told of keys that open nothing by its exit code", async () => {
    await expect(run({ DATABASE_URL: database.url, SECRETS_KEY: key() })).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining("not opened, ids:"),
    });
  });
});

it("a link to an invoice lives on while the key before is configured, and is signed with the new one", async () => {
  const claim = { linkId: 1, invoiceId: 2, expiresAtMs: Date.now() + 60_000 };
  const before = await createLinkTokens([leaked]).sign(claim);
  const rotated = createLinkTokens([newer, leaked]);
  expect(await rotated.read(before, Date.now())).toEqual(claim);
  expect(await createLinkTokens([newer]).read(before, Date.now())).toBeNull();
  expect(await createLinkTokens([newer]).read(await rotated.sign(claim), Date.now())).toEqual(claim);
});

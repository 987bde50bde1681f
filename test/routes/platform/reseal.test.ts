import { sql } from "drizzle-orm";
import { beforeEach, expect, it } from "vitest";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import { sealingContext } from "../../../src/adapters/db/metering/cdn-accounts.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

const key = () => btoa(String.fromCharCode(...systemRandom.bytes(32)));
const path = "/v1/secrets/reseal";
const [newer, older] = [key(), key()];

let api: Api;
let customerId: number;

beforeEach(async () => {
  api = await startApi({ SECRETS_KEY: newer, SECRETS_KEY_PREVIOUS: older });
  customerId = (await api.onboard("acme")).id;
});

/** An account whose token was sealed with these keys. */
const sealed = async (...keys: [string, ...string[]]) => {
  const seal = await createSecrets(keys, systemRandom).seal("token", sealingContext(customerId, "fastly"));
  await api.db.rows(sql`insert into cdn_accounts (customer_id, cdn, sealed_token) values (${customerId}, 'fastly', ${seal})`);
};
const step = (from: unknown = null) => api.call("POST", path, { body: { from } });
const audit = () =>
  api.db.rows(
    sql`select customer_id as customer, actor, action, object_type as object, request_id is not null as asked from audit_log where action = 'reseal'`,
  );

it("goes through every table, and names who had it done", async () => {
  await sealed(older);
  const first = await step();
  expect([first.status, first.body]).toEqual([
    200,
    { table: "cdn_accounts", resealed: 1, unopened: [], changed: 0, next: { table: "dns_accounts", after_id: 0 } },
  ]);
  const second = await step(first.body["next"]);
  expect(second.body).toMatchObject({ table: "dns_accounts", next: { table: "cost_accounts", after_id: 0 } });
  const third = await step(second.body["next"]);
  expect(third.body).toMatchObject({ table: "cost_accounts", next: { table: "channels", after_id: 0 } });
  expect((await step(third.body["next"])).body).toEqual({ table: "channels", resealed: 0, unopened: [], changed: 0, next: null });
  expect(await audit()).toEqual([{ customer: customerId, actor: "admin", action: "reseal", object: "cdn_account", asked: true }]);
  expect((await step()).body).toMatchObject({ resealed: 0 });
  expect((await api.call("GET", "/v1/status")).body["secrets"]).toEqual({ current_key: 1, previous_keys: 0, unknown_keys: 0 });
});

it("names what does not open, and leaves it", async () => {
  await sealed(key());
  expect((await step()).body).toMatchObject({ resealed: 0, unopened: [1] });
  expect((await api.call("GET", "/v1/status")).body["secrets"]).toMatchObject({ unknown_keys: 1 });
});

it("is for admins that may write, and goes on only where it can have stopped", async () => {
  const { editor } = await api.onboard("other");
  expect((await api.call("POST", path, { token: editor, body: {} })).status).toBe(403);
  for (const [from, pointer] of [
    [{ table: "customers", after_id: 1 }, "/from/table"],
    [{ table: "channels", after_id: -1 }, "/from/after_id"],
    [{ table: "channels" }, "/from/after_id"],
  ] as const) {
    const refused = await step(from);
    expect([refused.status, pointers(refused)]).toEqual([400, [pointer]]);
  }
});

it("is a conflict where no secrets are kept", async () => {
  const keyless = await startApi({ SECRETS_KEY: "", SECRETS_KEY_PREVIOUS: "" });
  expect(await keyless.call("POST", path, { body: {} })).toMatchObject({ status: 409 });
});

import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
const path = "/v1/cost/accounts";
const sealingKey = btoa("sealing key of this suite, 32 by");
const keyId = "AKIAIOSFODNN7EXAMPLE";
const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const role = "arn:aws:iam::123456789012:role/costs/tranche";
const scope = { region: "eu-central-1", bucket: "acme-trail", prefix: "trails", aws_accounts: ["123456789012"], regions: ["eu-central-1"] };
const body = { name: "production", ...scope, access_key_id: keyId, secret_access_key: secret };
const byRole = { name: "by role", ...scope, role_arn: role };

beforeAll(async () => {
  api = await startApi({ SECRETS_KEY: sealingKey });
  acme = await api.onboard("acme");
});

describe("an AWS account whose costs are watched", () => {
  it("is kept sealed, listed without its secret, and erased when it is removed", async () => {
    const account = await api.created(path, body, { token: acme.editor });
    const { access_key_id: _key, secret_access_key: _secret, ...known } = body;
    expect(account).toEqual({
      id: account.id,
      ...known,
      prefix: "trails/",
      access_key_id: keyId,
      created_at: expect.any(String),
      last_read_at: null,
      last_error: null,
    });
    expect((await api.call("GET", path, { token: acme.viewer })).list).toEqual([account]);
    expect((await api.call("GET", `${path}/${account.id}`, { token: acme.viewer })).body).toEqual(account);
    const stored = JSON.stringify(await api.db.rows(sql`select to_jsonb(a) as a from cost_accounts a`));
    const audit = await api.call("GET", "/v1/audit-log?object_type=cost_account", { token: acme.viewer });
    expect(stored).toContain("v1.");
    for (const text of [stored, audit.text, JSON.stringify(api.lines)]) expect(text).not.toContain(secret);
    expect(audit.text).not.toContain("sealed");
    expect((await api.call("DELETE", `${path}/${account.id}`, { token: acme.editor })).status).toBe(204);
    const [row] = await api.db.rows<{ sealed: string }>(sql`select sealed_secret as sealed from cost_accounts where id = ${account.id}`);
    expect([row?.sealed, (await api.call("GET", path, { token: acme.viewer })).list]).toEqual(["", []]);
    expect((await api.call("DELETE", `${path}/${account.id}`, { token: acme.editor })).status).toBe(404);
    expect((await api.call("PATCH", `${path}/${account.id}`, { token: acme.editor, body: { name: "x" } })).status).toBe(404);
  });

  it("is a role, which knows the customer by an id of our making that a change leaves alone", async () => {
    const { editor, viewer } = await api.onboard("by role");
    const account = await api.created(path, byRole, { token: editor });
    expect(account["external_id"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const second = await api.created(path, { ...byRole, name: "second" }, { token: editor });
    expect(second["external_id"]).not.toBe(account["external_id"]);
    const changed = await api.call("PATCH", `${path}/${account.id}`, {
      token: editor,
      body: { name: "renamed", bucket: null, prefix: "", regions: ["us-east-1", "eu-west-1"], aws_accounts: ["210987654321"] },
    });
    expect([changed.status, changed.body]).toEqual([
      200,
      { ...account, name: "renamed", bucket: null, prefix: "", regions: ["us-east-1", "eu-west-1"], aws_accounts: ["210987654321"] },
    ]);
    expect((await api.call("GET", `${path}/${account.id}`, { token: viewer })).body).toEqual(changed.body);
    const taken = await api.call("PATCH", `${path}/${account.id}`, { token: editor, body: { name: "second" } });
    expect([taken.status, pointers(taken)]).toEqual([409, ["/name"]]);
    for (const wrong of [{ region: "cn-north-1" }, { region: "us-gov-west-1", regions: ["us-gov-west-1"] }]) {
      const answer = await api.call("PATCH", `${path}/${account.id}`, { token: editor, body: wrong });
      expect([answer.status, pointers(answer)], answer.text).toEqual([400, ["/region"]]);
    }
    expect((await api.call("PATCH", `${path}/${account.id}`, { token: viewer, body: { name: "x" } })).status).toBe(403);
    expect((await api.call("PATCH", `${path}/${account.id}`, { token: editor, body: {} })).status).toBe(400);
    const audit = await api.call("GET", "/v1/audit-log?object_type=cost_account", { token: viewer });
    expect(audit.list.map(({ action }) => String(action)).toSorted()).toEqual(["create", "create", "update"]);
  });

  it("is created once per Idempotency-Key, by one name of a customer, and within its quota", async () => {
    const { editor, id } = await api.onboard("quota");
    const headers = { "idempotency-key": "once" };
    const first = await api.call("POST", path, { token: editor, body, headers });
    const again = await api.call("POST", path, { token: editor, body, headers });
    expect([first.status, again.body, again.headers.get("idempotency-replayed")]).toEqual([201, first.body, "true"]);
    const same = await api.call("POST", path, { token: editor, body });
    expect([same.status, pointers(same)]).toEqual([409, ["/name"]]);
    expect((await api.call("PUT", `/v1/customers/${id}/quotas`, { body: { cost_accounts: 1 } })).status).toBe(200);
    const beyond = await api.call("POST", path, { token: editor, body: { ...body, name: "another" } });
    expect([beyond.status, beyond.body["quota"]]).toEqual([409, { kind: "cost_accounts", limit: 1 }]);
  });

  it.each([
    [{ ...body, name: "" }, "/name"],
    [{ ...body, region: "mars-1" }, "/region"],
    [{ ...body, bucket: "Acme" }, "/bucket"],
    [{ ...body, bucket: "192.168.0.1" }, "/bucket"],
    [{ ...body, bucket: "a..b" }, "/bucket"],
    [{ ...body, bucket: "acme/../other" }, "/bucket"],
    [{ ...body, prefix: "/trails" }, "/prefix"],
    [{ ...body, prefix: "a/../b" }, "/prefix"],
    [{ ...body, prefix: "trails/AWSLogs/123456789012/" }, "/prefix"],
    [{ ...body, prefix: "é" }, "/prefix"],
    [{ ...body, aws_accounts: [] }, "/aws_accounts"],
    [{ ...body, aws_accounts: ["12345678901"] }, "/aws_accounts/0"],
    [{ ...body, aws_accounts: ["123456789012", "123456789012"] }, "/aws_accounts"],
    [{ ...body, regions: ["eu-central-1", "nowhere"] }, "/regions/1"],
    [{ ...body, regions: ["eu-central-1", "cn-north-1"] }, "/regions"],
    [{ ...body, region: "cn-north-1", regions: ["eu-central-1"] }, "/regions"],
    [{ ...byRole, region: "cn-north-1", regions: ["cn-north-1"] }, "/role_arn"],
    [{ ...body, access_key_id: keyId.toLowerCase() }, "/access_key_id"],
    [{ ...body, secret_access_key: "with a blank in the middle" }, "/secret_access_key"],
    [{ ...body, secret_access_key: undefined }, "/secret_access_key"],
    [{ ...byRole, access_key_id: keyId }, "/role_arn"],
    [{ ...byRole, external_id: "mine" }, "/external_id"],
    [{ ...byRole, role_arn: "arn:aws:iam::123456789012:user/x" }, "/role_arn"],
    [
      {
        ...body,
        aws_accounts: Array.from({ length: 50 }, (_, at) => `${100_000_000_000 + at}`),
        regions: ["eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "us-east-1"],
      },
      "/regions",
    ],
  ])("refuses %j", async (wrong, pointer) => {
    const answer = await api.call("POST", path, { token: acme.editor, body: wrong });
    expect([answer.status, [...new Set(pointers(answer))]], answer.text).toEqual([400, [pointer]]);
  });

  it("accepts the prefix of an organization's trail", async () => {
    const { editor } = await api.onboard("organization");
    const account = await api.created(path, { ...byRole, prefix: "x/AWSLogs/o-exampleorgid/" }, { token: editor });
    expect(account["prefix"]).toBe("x/AWSLogs/o-exampleorgid/");
  });

  it("needs SECRETS_KEY for a key, not for a role", async () => {
    const keyless = await startApi({ SECRETS_KEY: "" });
    const { editor } = await keyless.onboard("acme");
    expect((await keyless.call("POST", path, { token: editor, body })).status).toBe(409);
    await keyless.created(path, byRole, { token: editor });
  });

  it("has its secret sealed anew with the others", async () => {
    const older = btoa("older sealing key, also 32 bytes");
    const rotated = await startApi({ SECRETS_KEY: sealingKey, SECRETS_KEY_PREVIOUS: older });
    const { id, editor } = await rotated.onboard("rotated");
    const account = await rotated.created(path, body, { token: editor });
    const seal = await createSecrets([older], systemRandom).seal(secret, `cost-account:${id}:${keyId}`);
    await rotated.db.rows(sql`update cost_accounts set sealed_secret = ${seal} where id = ${account.id}`);
    expect((await rotated.call("GET", "/v1/status")).body["secrets"]).toEqual({ current_key: 0, previous_keys: 1, unknown_keys: 0 });
    const step = await rotated.call("POST", "/v1/secrets/reseal", { body: { from: { table: "cost_accounts", after_id: 0 } } });
    expect(step.body).toMatchObject({ table: "cost_accounts", resealed: 1, unopened: [] });
    expect((await rotated.call("GET", "/v1/status")).body["secrets"]).toEqual({ current_key: 1, previous_keys: 0, unknown_keys: 0 });
  });
});

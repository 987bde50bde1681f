import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
const path = "/v1/dns-accounts";
const keyId = "AKIAIOSFODNN7EXAMPLE";
const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const body = { access_key_id: keyId, secret_access_key: secret };

beforeAll(async () => {
  api = await startApi({ SECRETS_KEY: btoa("sealing key of this suite, 32 by") });
  acme = await api.onboard("acme");
});

describe("an AWS account of a customer's own", () => {
  it("is kept sealed, listed without its secret, and erased when it is removed", async () => {
    const service = await api.service(acme.editor);
    const domain = await api.created(`/v1/services/${service.id}/domains`, { name: "app.example.test" }, { token: acme.editor });
    const readAt = async () => (await api.db.rows<{ at: number | null }>(sql`select read_at as at from domain_routing`))[0]?.at;
    await api.db.rows(
      sql`insert into domain_routing (domain_id, service_id, status, read_at) values (${domain.id}, ${service.id}, 'found', now())`,
    );
    const account = await api.created(path, { ...body, region: "us-gov-west-1" }, { token: acme.editor });
    expect(account).toEqual({
      id: account.id,
      region: "us-gov-west-1",
      access_key_id: keyId,
      created_at: expect.any(String),
      last_error: null,
      paused_until: null,
    });
    // Its zones may be others: what was read before is read again.
    expect(await readAt()).toBeNull();
    expect((await api.call("GET", path, { token: acme.viewer })).list).toEqual([account]);
    const stored = JSON.stringify(await api.db.rows(sql`select to_jsonb(a) as a from dns_accounts a`));
    const audit = await api.call("GET", "/v1/audit-log?object_type=dns_account", { token: acme.viewer });
    expect(stored).toContain("v1.");
    for (const text of [stored, audit.text, JSON.stringify(api.lines)]) expect(text).not.toContain(secret);
    expect(audit.text).not.toContain("sealed");
    expect((await api.call("DELETE", `${path}/${account.id}`, { token: acme.editor })).status).toBe(204);
    const [row] = await api.db.rows<{ sealed: string }>(sql`select sealed_secret as sealed from dns_accounts`);
    expect([row?.sealed, (await api.call("GET", path, { token: acme.viewer })).list]).toEqual(["", []]);
    expect((await api.call("DELETE", `${path}/${account.id}`, { token: acme.editor })).status).toBe(404);
  });

  it("is a role, which knows the customer by an id of our making", async () => {
    const arn = "arn:aws:iam::123456789012:role/dns/tranche";
    const keyless = await startApi({ SECRETS_KEY: "" });
    const [ours, theirs] = [await keyless.onboard("acme"), await keyless.onboard("globex")];
    const headers = { "idempotency-key": "role" };
    const answer = await keyless.call("POST", path, { token: ours.editor, body: { role_arn: arn }, headers });
    const account = answer.body;
    expect(account).toEqual({
      id: account.id,
      region: "us-east-1",
      role_arn: arn,
      created_at: expect.any(String),
      last_error: null,
      paused_until: null,
      external_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    });
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `${path}/${account.id}`]);
    expect((await keyless.call("POST", path, { token: ours.editor, body: { role_arn: arn }, headers })).body).toEqual(account);
    expect((await keyless.call("GET", path, { token: ours.viewer })).list).toEqual([account]);
    expect((await keyless.call("GET", `${path}/${account.id}`, { token: ours.viewer })).body).toEqual(account);
    // The same role by another customer, or made anew: another id, so that nobody can stand in for anybody.
    const other = await keyless.created(path, { role_arn: arn }, { token: theirs.editor });
    expect((await keyless.call("GET", `${path}/${account.id}`, { token: theirs.viewer })).status).toBe(404);
    const second = await keyless.call("POST", path, { token: ours.editor, body: { role_arn: arn } });
    expect([second.status, pointers(second)]).toEqual([409, ["/role_arn"]]);
    expect((await keyless.call("DELETE", `${path}/${account.id}`, { token: ours.editor })).status).toBe(204);
    expect((await keyless.call("GET", `${path}/${account.id}`, { token: ours.viewer })).status).toBe(404);
    const anew = await keyless.created(path, { role_arn: arn, region: "eu-central-1" }, { token: ours.editor });
    expect(new Set([account["external_id"], other["external_id"], anew["external_id"]]).size).toBe(3);
    const audit = await keyless.call("GET", "/v1/audit-log?object_type=dns_account", { token: ours.viewer });
    expect(audit.list.map(({ action }) => action)).toEqual(expect.arrayContaining(["create", "delete"]));
  });

  it.each([
    ["us-gov-west-1", "aws-us-gov"],
    ["cn-north-1", "aws-cn"],
    ["eu-central-1", "aws"],
  ])("in %s is a role of %s, and of no other partition", async (region, partition) => {
    const { editor } = await api.onboard(`in ${region}`);
    for (const other of ["aws", "aws-us-gov", "aws-cn", "aws-iso"].filter((name) => name !== partition)) {
      const answer = await api.call("POST", path, { token: editor, body: { region, role_arn: `arn:${other}:iam::123456789012:role/x` } });
      expect([answer.status, pointers(answer)], answer.text).toEqual([400, ["/role_arn"]]);
      expect(answer.text).toContain("partition of the region");
    }
    await api.created(path, { region, role_arn: `arn:${partition}:iam::123456789012:role/x` }, { token: editor });
  });

  it("is read by its own URL", async () => {
    const { editor, viewer } = await api.onboard("by its URL");
    const created = await api.call("POST", path, { token: editor, body });
    const location = created.headers.get("location") ?? "";
    expect(location).toBe(`${path}/${created.body.id}`);
    const read = await api.call("GET", location, { token: viewer });
    expect([read.status, read.body]).toEqual([200, created.body]);
    expect(read.text).not.toContain("sealed");
  });

  it("is one per customer, created once per Idempotency-Key", async () => {
    const headers = { "idempotency-key": "once" };
    const first = await api.call("POST", path, { token: acme.editor, body, headers });
    const again = await api.call("POST", path, { token: acme.editor, body, headers });
    expect([first.status, again.body, again.headers.get("idempotency-replayed")]).toEqual([201, first.body, "true"]);
    const second = await api.call("POST", path, { token: acme.editor, body });
    expect([second.status, pointers(second)]).toEqual([409, ["/access_key_id"]]);
    const globex = await api.onboard("globex");
    expect((await api.call("POST", path, { token: globex.editor, body })).status).toBe(201);
    expect((await api.call("DELETE", `${path}/${first.body.id}`, { token: globex.editor })).status).toBe(404);
  });

  it.each([
    [{ ...body, region: "mars-1" }, "/region"],
    [{ ...body, access_key_id: keyId.toLowerCase() }, "/access_key_id"],
    [{ ...body, secret_access_key: "with a blank in the middle" }, "/secret_access_key"],
    [{ access_key_id: keyId }, "/secret_access_key"],
    [{ secret_access_key: secret }, "/access_key_id"],
    [{ access_key_id: keyId, role_arn: "arn:aws:iam::123456789012:role/x" }, "/role_arn"],
    [{ ...body, role_arn: "arn:aws:iam::123456789012:role/x" }, "/role_arn"],
    [{ role_arn: "arn:aws:iam::123456789012:role/x", external_id: "mine" }, "/external_id"],
    [{ role_arn: "arn:aws:iam::123456789012:user/x" }, "/role_arn"],
    [{ role_arn: "arn:aws:iam::12345678901:role/x" }, "/role_arn"],
    [{ role_arn: "arn:aws:iam::123456789012:role/" }, "/role_arn"],
    [{ role_arn: `arn:aws:iam::123456789012:role/${"x".repeat(65)}` }, "/role_arn"],
    [{ role_arn: "arn:aws:sts::123456789012:assumed-role/x/y" }, "/role_arn"],
    [{ role_arn: " arn:aws:iam::123456789012:role/x" }, "/role_arn"],
  ])("refuses %j", async (wrong, pointer) => {
    const answer = await api.call("POST", path, { token: acme.editor, body: wrong });
    expect([answer.status, [...new Set(pointers(answer))]]).toEqual([400, [pointer]]);
    expect(answer.text).not.toContain(secret);
  });

  it("is not for viewers to create, nor kept by a deployment without a key", async () => {
    expect((await api.call("POST", path, { token: acme.viewer, body })).status).toBe(403);
    const keyless = await startApi({ SECRETS_KEY: "" });
    const { editor } = await keyless.onboard("acme");
    expect((await keyless.call("POST", path, { token: editor, body })).status).toBe(409);
  });
});

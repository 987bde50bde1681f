import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
const path = "/v1/dns-accounts";
const keyId = "AKIAIOSFODNN7EXAMPLE";
const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const body = { access_key_id: keyId, secret_access_key: secret };

beforeAll(async () => {
  api = await startApi({ SECRETS_KEY: btoa("s".repeat(32)) });
  acme = await api.onboard("acme");
});

describe("an AWS account of a customer's own", () => {
  it("is kept sealed, listed without its secret, and erased when it is removed", async () => {
    const service = await api.service(acme.editor);
    const domain = await api.created(`/v1/services/${service.id}/domains`, { name: "app.example.test" }, { token: acme.editor });
    const readAt = async () => (await api.db.rows<{ at: number | null }>(sql`select read_at as at from domain_routing`))[0]?.at;
    await api.db.rows(sql`insert into domain_routing (domain_id, service_id, status, read_at) values (${domain.id}, ${service.id}, 'found', now())`);
    const account = await api.created(path, { ...body, region: "us-gov-west-1" }, { token: acme.editor });
    expect(account).toEqual({ id: account.id, region: "us-gov-west-1", access_key_id: keyId, created_at: expect.any(String) });
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
  ])("refuses %j", async (wrong, pointer) => {
    const answer = await api.call("POST", path, { token: acme.editor, body: wrong });
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
    expect(answer.text).not.toContain(secret);
  });

  it("is not for viewers to create, nor kept by a deployment without a key", async () => {
    expect((await api.call("POST", path, { token: acme.viewer, body })).status).toBe(403);
    const keyless = await startApi({ SECRETS_KEY: "" });
    const { editor } = await keyless.onboard("acme");
    expect((await keyless.call("POST", path, { token: editor, body })).status).toBe(409);
  });
});

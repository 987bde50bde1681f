import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
});

const body = (name: string) => ({ name, primary_cdn: "cloudflare", backup_cdn: "fastly" });

const post = (key: string, payload: unknown, path = "/v1/services", token = acme.editor) =>
  api.call("POST", path, { token, body: payload, headers: { "idempotency-key": key } });

const count = async (name: string) =>
  (await api.db.rows<{ n: number }>(sql`select count(*) as n from services where name = ${name}`))[0]?.n;

describe("Idempotency-Key", () => {
  it("replays the first answer, even after the row has changed", async () => {
    const first = await post("k1", body("once"));
    await api.call("PATCH", `/v1/services/${first.body.id}`, { token: acme.editor, body: { name: "renamed" } });
    const second = await post("k1", body("once"));
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(await count("renamed")).toBe(1);
  });

  it.each([
    ["/domains", { name: "idem.example.test", normal_weights: { primary: 9, backup: 1 } }],
    ["/storm-policies", { threshold_avail: 0.95 }],
  ])("replays %s too", async (suffix, payload) => {
    const { id } = await api.service(acme.editor, `idem${suffix}`);
    const first = await post("k2", payload, `/v1/services/${id}${suffix}`);
    const second = await post("k2", payload, `/v1/services/${id}${suffix}`);
    expect([second.status, second.body]).toEqual([201, first.body]);
  });

  it("refuses the same key with another body", async () => {
    await post("k3", body("three"));
    const other = await post("k3", body("four"));
    expect(other.status).toBe(409);
    expect(await count("four")).toBe(0);
  });

  it("is scoped to customer, method and path", async () => {
    const globex = await api.onboard("globex");
    expect((await post("k4", body("scoped"))).headers.get("idempotency-replayed")).toBeNull();
    const theirs = await post("k4", body("scoped"), "/v1/services", globex.editor);
    expect([theirs.status, theirs.headers.get("idempotency-replayed")]).toEqual([201, null]);
    const { id } = await api.service(acme.editor, "scope");
    expect((await post("k4", { name: "k4.example.test" }, `/v1/services/${id}/domains`)).status).toBe(201);
  });

  it("remembers success only", async () => {
    expect((await post("k5", { name: "" })).status).toBe(400);
    expect((await post("k5", body("five"))).status).toBe(201);
    expect((await post("k6", body("five"))).status).toBe(409);
    expect((await post("k6", body("six"))).status).toBe(201);
  });

  it("forgets after 24 hours", async () => {
    await post("k7", body("seven"));
    await api.db.rows(sql`update idempotency_keys set created_at = now() - interval '24 hours 1 second' where key = 'k7'`);
    const again = await post("k7", body("eight"));
    expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, null]);
  });

  it("makes one row out of many requests at once", async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => post("k8", body("at once"))));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get("idempotency-replayed") === null)).toHaveLength(1);
    expect(await count("at once")).toBe(1);
  });

  it("never gives a secret twice", async () => {
    const path = `/v1/customers/${acme.id}/tokens`;
    const first = await post("k9", { name: "t", role: "viewer" }, path, acme.owner);
    expect(first.status).toBe(201);
    const second = await post("k9", { name: "t", role: "viewer" }, path, acme.owner);
    expect([second.status, second.text.includes("trn_")]).toEqual([409, false]);
    const [row] = await api.db.rows<{ answer: unknown }>(sql`select answer from idempotency_keys where key = 'k9'`);
    expect(row?.answer).toBeNull();
  });

  it("works for admins who create customers", async () => {
    const first = await post("k10", { name: "created once" }, "/v1/customers", api.env.ADMIN_TOKEN);
    const second = await post("k10", { name: "created once" }, "/v1/customers", api.env.ADMIN_TOKEN);
    expect([second.status, second.body]).toEqual([201, first.body]);
  });

  it.each(["", "x".repeat(256), "a b"])("must be visible ASCII of at most 255 characters (%#)", async (key) => {
    const answer = await post(key, body("never"));
    expect(answer.status).toBe(400);
  });
});

describe("audit", () => {
  it("is written with the change or neither is", async () => {
    await api.db.rows(sql`alter table audit_log add constraint refuse_all check (after ->> 'name' <> 'unaudited')`);
    const answer = await api.call("POST", "/v1/services", {
      token: acme.editor,
      body: body("unaudited"),
      headers: { "idempotency-key": "k11" },
    });
    expect(answer.status).toBe(500);
    expect(await count("unaudited")).toBe(0);
    const [row] = await api.db.rows<{ n: number }>(sql`select count(*) as n from idempotency_keys where key = 'k11'`);
    expect(row?.n).toBe(0);
  });
});

describe("pagination", () => {
  it("walks every row once along the Link headers", async () => {
    const pager = await api.onboard("pager");
    const ids: number[] = [];
    for (let at = 0; at < 7; at += 1) ids.push((await api.service(pager.editor, `page ${at}`)).id);
    const seen: number[] = [];
    let path = "/v1/services?limit=3";
    const sizes: number[] = [];
    while (path !== "") {
      const page = await api.call("GET", path, { token: pager.viewer });
      sizes.push(page.list.length);
      seen.push(...page.list.map(({ id }) => id));
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
    }
    expect([sizes, seen]).toEqual([[3, 3, 1], ids]);
    const empty = await api.call("GET", "/v1/invoices", { token: pager.viewer });
    expect([empty.status, empty.text, empty.headers.get("link")]).toEqual([200, "[]", null]);
    const exact = await api.call("GET", "/v1/services?limit=7", { token: pager.viewer });
    expect([exact.list.length, exact.headers.get("link")]).toEqual([7, null]);
  });
});

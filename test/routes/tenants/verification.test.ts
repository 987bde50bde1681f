import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../../src/app.ts";
import type { TxtReading } from "../../../src/adapters/ports/steering/resolver.ts";
import { startApi } from "../../support/api.ts";
import type { Api, Json } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;
/** What the public DNS says of a name; a resolver that is missing here is silent. */
let published: Record<string, { a?: string[]; b?: string[] }>;
let asked: string[];

beforeAll(async () => {
  api = await startApi({ DOMAIN_VERIFICATION: "on" });
  const reading = (resolver: string, texts: string[] | undefined): TxtReading =>
    texts === undefined ? { resolver, status: "silent" } : { resolver, status: "answered", texts };
  const resolver = {
    txt: async (name: string) => {
      asked.push(name);
      return [reading("a.test", published[name]?.a), reading("b.test", published[name]?.b)];
    },
  };
  const app = createApp({ ...api.deps, resolver });
  Object.assign(api.app, { request: app.request });
  acme = await api.onboard("acme");
  globex = await api.onboard("globex");
  published = {};
  asked = [];
});

const claim = async (token: string, name: string): Promise<{ path: string; value: string; record: string; id: number }> => {
  const service = await api.service(token, name.replaceAll(".", "-"));
  const domain = await api.created(`/v1/services/${service.id}/domains`, { name }, { token });
  const verification = domain["verification"] as { record_name: string; record_value: string; verified_at: null };
  expect(verification.verified_at).toBeNull();
  const path = `/v1/services/${service.id}/domains/${domain.id}/verification`;
  return { path, value: verification.record_value, record: verification.record_name, id: domain.id };
};

const publish = (record: string, ...texts: string[]) => {
  published[record] = { a: texts, b: texts };
};

describe("the challenge", () => {
  it("fault 13: is only made for names that leave room for the name of the proof", async () => {
    const service = await api.service(acme.editor, "long-names");
    const named = (length: number) => {
      const labels = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.`;
      return `${labels}${"d".repeat(length - labels.length - ".example.com".length)}.example.com`;
    };
    const create = async (length: number) =>
      await api.call("POST", `/v1/services/${service.id}/domains`, { token: acme.editor, body: { name: named(length) } });
    const refused = await create(235);
    expect([refused.status, refused.body["errors"]]).toEqual([
      400,
      [{ pointer: "/name", detail: expect.stringContaining("at most 234 characters") }],
    ]);
    expect((await create(234)).status).toBe(201);
  });

  it("is read by its owner, and by nobody else", async () => {
    const { path, value, record } = await claim(acme.editor, "read.example.com");
    const read = await api.call("GET", path, { token: acme.viewer });
    expect([read.status, read.body]).toEqual([
      200,
      {
        record_type: "TXT",
        record_name: record,
        record_value: value,
        warning: expect.stringMatching(/wildcard .*create records of its own first .*RFC 4592/),
        state: "unproven",
        expires_at: expect.stringMatching(/Z$/),
        verified_at: null,
        seen_at: null,
        lapsed_at: null,
        held_at: null,
        disputed_at: null,
      },
    ]);
    for (const method of ["GET", "POST"]) {
      const foreign = await api.call(method, path, { token: globex.editor });
      const missing = await api.call(method, "/v1/services/999999/domains/999999/verification", { token: globex.editor });
      expect([foreign.status, foreign.body["detail"]]).toEqual([404, missing.body["detail"]]);
    }
    expect((await api.call("POST", path, { token: acme.viewer })).status).toBe(403);
    expect(asked).not.toContain(record);
  });
});

describe("a check", () => {
  it("changes nothing until every resolver sees the record", async () => {
    const { path, value, record } = await claim(acme.editor, "slow.example.com");
    for (const [views, status, about] of [
      [{ a: [], b: [] }, 409, "a.test, b.test"],
      [{ a: [value], b: ["something else"] }, 409, "b.test"],
      [{ a: [value] }, 503, "b.test"],
      [{}, 503, "a.test, b.test"],
    ] as const) {
      published[record] = { ...views } as { a?: string[] };
      const answer = await api.call("POST", path, { token: acme.editor });
      expect([answer.status, String(answer.body["detail"]).includes(about)]).toEqual([status, true]);
      expect(answer.headers.get("retry-after")).toBe(status === 503 ? "30" : null);
      expect((await api.call("GET", path, { token: acme.viewer })).body["verified_at"]).toBeNull();
    }
    publish(record, "unrelated", value);
    const answer = await api.call("POST", path, { token: acme.editor });
    expect([answer.status, answer.body]).toMatchObject([200, { result: "verified", record_value: value }]);
    expect(answer.body["verified_at"]).toMatch(/Z$/);
    const kept = await api.call("GET", path, { token: acme.viewer });
    expect(kept.body["verified_at"]).toBe(answer.body["verified_at"]);
    // Taken down afterwards, it is asked for again: the name is held on for a while.
    publish(record);
    expect((await api.call("POST", path, { token: acme.editor })).status).toBe(409);
    const lapsed = await api.call("GET", path, { token: acme.viewer });
    expect(lapsed.body).toMatchObject({
      state: "lapsing",
      verified_at: kept.body["verified_at"],
      lapsed_at: expect.stringMatching(/Z$/),
      held_at: null,
    });
    publish(record, value);
    expect((await api.call("POST", path, { token: acme.editor })).body).toMatchObject({ state: "proven", lapsed_at: null });
  });

  it("leaves the name with whoever proved it before; both are told, and neither who the other is", async () => {
    const first = await claim(acme.editor, "won.example.com");
    const second = await claim(globex.editor, "won.example.com");
    publish(first.record, first.value);
    await api.call("POST", first.path, { token: acme.editor });
    publish(first.record, first.value, second.value);
    const refused = await api.call("POST", second.path, { token: globex.editor });
    expect([refused.status, refused.body["detail"]]).toEqual([409, expect.stringContaining("it is disputed")]);
    const both = [await api.call("GET", first.path, { token: acme.viewer }), await api.call("GET", second.path, { token: globex.viewer })];
    expect(both.map(({ body }) => [body["state"], body["verified_at"] === null, body["disputed_at"] === null])).toEqual([
      ["proven", false, false],
      ["disputed", true, false],
    ]);
    const log = async (token: string) => (await api.call("GET", "/v1/audit-log?object_type=domain", { token })).list;
    const [told] = await log(acme.viewer);
    expect(told).toMatchObject({ action: "disputed", object_id: first.id, actor: "tranche", request_id: null });
    expect(JSON.stringify(told)).not.toContain(second.value);
    const [disputes] = await log(globex.viewer);
    expect(disputes).toMatchObject({ action: "dispute", object_id: second.id, request_id: refused.headers.get("x-request-id") });
    expect(JSON.stringify([both[1]?.body, disputes])).not.toContain(first.value);
  });

  it("survives two proofs at once: one of them is the owner, and stays it", async () => {
    const claims = await Promise.all([claim(acme.editor, "race.example.com"), claim(globex.editor, "race.example.com")]);
    publish(claims[0].record, claims[0].value, claims[1].value);
    const tokens = [acme.editor, globex.editor];
    const winners = new Set<number>();
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(claims.map(({ path }, at) => api.call("POST", path, { token: tokens[at] ?? "" })));
      expect(answers.map(({ status }) => status)).toEqual(expect.arrayContaining([200, 409]));
      winners.add(answers.findIndex(({ status }) => status === 200));
      const [row] = await api.db.rows<{ verified: number }>(sql`
        select count(*) as verified from service_domains where name = 'race.example.com' and verified_at is not null`);
      expect(row?.verified).toBe(1);
    }
    expect(winners.size).toBe(1);
  });

  it("answers the present with an Idempotency-Key, too", async () => {
    const { path, value, record } = await claim(acme.editor, "keyed.example.com");
    const headers = { "idempotency-key": "once" };
    expect((await api.call("POST", path, { token: acme.editor, headers })).status).toBe(503);
    publish(record, value);
    const first = await api.call("POST", path, { token: acme.editor, headers });
    publish(record);
    const again = await api.call("POST", path, { token: acme.editor, headers });
    expect([first.status, again.status, again.headers.get("idempotency-replayed")]).toEqual([200, 409, null]);
  });

  it("takes no body, or an empty one", async () => {
    const { path, value, record } = await claim(acme.editor, "body.example.com");
    publish(record, value);
    expect((await api.call("POST", path, { token: acme.editor, body: { force: true } })).status).toBe(400);
    expect((await api.call("POST", path, { token: acme.editor, body: "x".repeat(2 ** 21) })).status).toBe(413);
    expect((await api.call("POST", path, { token: acme.editor, body: {} })).status).toBe(200);
  });
});

it("succeeds as `off` where no proof is asked for", async () => {
  const open = await startApi({ DOMAIN_VERIFICATION: "off" });
  const { editor } = await open.onboard("solo");
  const service = await open.service(editor);
  const domain: Json = await open.created(`/v1/services/${service.id}/domains`, { name: "app.example.com" }, { token: editor });
  await open.db.rows(sql`update service_domains set verified_at = null`);
  const answer = await open.call("POST", `/v1/services/${service.id}/domains/${domain.id}/verification`, { token: editor });
  expect([answer.status, answer.body["result"]]).toEqual([200, "off"]);
  expect(answer.body["verified_at"]).not.toBeNull();
});

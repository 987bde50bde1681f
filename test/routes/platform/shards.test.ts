import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
const path = "/v1/shards";
const reason = "a drill";

beforeEach(async () => {
  api = await startApi();
});

const take = async (shard: number, provider: string) => {
  const fence = await api.deps.leases.acquire(`shard:${shard}`, provider, `${provider}:run`);
  if (fence === null) throw new Error(`${provider} was not given shard ${shard}`);
  return fence;
};
const alive = (provider: string) =>
  api.db.rows(sql`insert into providers (name, heartbeat_at, heartbeat_since) values (${provider}, now(), now())`);
const storm = async () => {
  const { editor } = await api.onboard("acme");
  const service = await api.service(editor, "web");
  const policy = await api.created(`/v1/services/${service.id}/storm-policies`, {}, { token: editor });
  await api.db.rows(sql`
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
    values (${service.id}, ${policy.id}, 1, 'http_availability', 'storm', now(), now(), 1.5)`);
};
const audit = () => api.db.rows(sql`select action, actor, before, after from audit_log where object_type = 'shards' order by id`);
const put = (shards: unknown, more: object = {}) => api.call("PUT", path, { body: { shards, reason, ...more } });
const move = (body: object) => api.call("POST", `${path}/move`, { body: { reason, ...body } });

describe("the number of shards", () => {
  it("is shown with who has them, and set with a reason that the audit log keeps", async () => {
    await take(0, "cloudflare");
    const empty = { domains: null, left_out: null, utilisation: null };
    expect((await api.call("GET", path)).body).toEqual({
      shards: 1,
      wanted: 1,
      held: [{ shard: 0, provider: "cloudflare", held: true, ...empty }],
    });
    const { status, body } = await put(2);
    expect([status, body]).toEqual([
      200,
      {
        shards: 2,
        wanted: 2,
        held: [
          { shard: 0, provider: "cloudflare", held: false, ...empty },
          { shard: 1, provider: null, held: false, ...empty },
        ],
      },
    ]);
    expect((await put(2)).status).toBe(200);
    expect(await audit()).toEqual([{ action: "split", actor: "admin", before: { shards: 1 }, after: { shards: 2, reason, force: false } }]);
  });

  it("ends every lease of the old number", async () => {
    const fence = await take(0, "cloudflare");
    await put(4);
    expect(await api.deps.leases.renew(fence)).toBe(false);
  });

  it("is not changed in a storm, unless that is meant", async () => {
    await storm();
    const refused = await put(3);
    expect([refused.status, refused.body["detail"]]).toEqual([409, expect.stringMatching(/^1 storm is on: .*force/)]);
    expect((await put(1)).status).toBe(200);
    expect(await audit()).toEqual([]);
    expect((await put(3, { force: true })).body).toMatchObject({ shards: 3 });
    expect(await audit()).toMatchObject([{ after: { shards: 3, force: true } }]);
  });

  it.each([0, 1_025, 1.5, "2", null])("is 1 to 1024, and not %j", async (shards) => {
    const refused = await put(shards);
    expect([refused.status, pointers(refused)]).toEqual([400, ["/shards"]]);
  });

  it("is set for a reason, by admins that may write", async () => {
    const nameless = await api.call("PUT", path, { body: { shards: 2 } });
    expect([nameless.status, pointers(nameless)]).toEqual([400, ["/reason"]]);
    const { editor } = await api.onboard("acme");
    expect((await api.call("PUT", path, { token: editor, body: { shards: 2, reason } })).status).toBe(403);
    expect((await api.call("GET", path, { token: editor })).status).toBe(403);
  });
});

describe("shards are moved", () => {
  it("all of them: their leases end, the provider is preferred for them, and each is on record", async () => {
    await put(3);
    await api.db.rows(sql`delete from leases`);
    const fence = await take(0, "cloudflare");
    await take(1, "vercel");
    await alive("vercel");
    expect((await move({ to: "vercel" })).body).toEqual({ moved: [0], stayed: [1], unheld: [2] });
    expect(await api.deps.leases.renew(fence)).toBe(false);
    expect(await api.deps.leases.acquire("shard:0", "cloudflare", "cloudflare:run-2")).toBeNull();
    expect(await api.deps.leases.acquire("shard:0", "vercel", "vercel:run-2")).not.toBeNull();
    const { takeovers } = (await api.call("GET", "/v1/status")).body;
    expect(takeovers).toMatchObject([{ lease: "shard:0", kind: "hand_back", from: "cloudflare", to: "vercel" }]);
    expect((await move({ to: "vercel" })).body).toEqual({ moved: [], stayed: [0, 1], unheld: [2] });
    expect((await audit()).slice(1)).toEqual([
      { action: "move", actor: "admin", before: { 0: "cloudflare" }, after: { to: "vercel", reason, force: false } },
    ]);
  });

  it("or some: the others, and the jobs, are left alone", async () => {
    await put(3);
    await api.db.rows(sql`delete from leases`);
    for (const shard of [0, 1, 2]) await take(shard, "cloudflare");
    await api.deps.leases.acquire("job:bill", "cloudflare", "cloudflare:run");
    await alive("vercel");
    expect((await move({ to: "vercel", shards: [2, 0, 2] })).body).toEqual({ moved: [0, 2], stayed: [], unheld: [] });
    const rows = await api.db.rows(sql`select name, provider, expires_at > clock_timestamp() as held from leases order by name`);
    expect(rows).toEqual([
      { name: "job:bill", provider: "cloudflare", held: true },
      { name: "shard:0", provider: "vercel", held: false },
      { name: "shard:1", provider: "cloudflare", held: true },
      { name: "shard:2", provider: "vercel", held: false },
    ]);
  });

  it("to nobody that is silent, unless that is meant", async () => {
    await take(0, "cloudflare");
    const refused = await move({ to: "vercel" });
    expect([refused.status, refused.body["detail"]]).toEqual([409, expect.stringMatching(/^vercel shows no sign of life/)]);
    await alive("vercel");
    await api.db.rows(sql`update providers set heartbeat_at = now() - interval '46 seconds'`);
    expect((await move({ to: "vercel" })).status).toBe(409);
    expect(await api.db.rows(sql`select provider from leases`)).toEqual([{ provider: "cloudflare" }]);
    expect((await move({ to: "vercel", force: true })).body).toMatchObject({ moved: [0] });
  });

  it.each([
    [{ to: "aws" }, "/to"],
    [{ to: "vercel", shards: [] }, "/shards"],
    [{ to: "vercel", shards: [-1] }, "/shards/0"],
    [{ to: "vercel", shards: [0, 1] }, "/shards"],
    [{}, "/to"],
  ])("and none for %j, which names %s", async (body, pointer) => {
    await alive("vercel");
    const fence = await take(0, "cloudflare");
    const refused = await move(body);
    expect([refused.status, pointers(refused)]).toEqual([400, [pointer]]);
    expect(await api.deps.leases.renew(fence)).toBe(true);
  });

  it("while a split is under way, one after the other", async () => {
    await put(8);
    await alive("vercel");
    for (const shard of [7, 3, 5, 1]) await take(shard, "cloudflare");
    const answers = await Promise.all([move({ to: "vercel" }), put(9), move({ to: "vercel" }), put(10), move({ to: "vercel" })]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });
});

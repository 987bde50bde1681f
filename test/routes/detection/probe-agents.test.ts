import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Answer, Api, Json } from "../../support/api.ts";
import { agentSigner } from "../../support/agent-key.ts";
import type { AgentSigner } from "../../support/agent-key.ts";

const intervalMs = 10_000;
const targetsPath = "/v1/probe-agents/targets";
const samplesPath = "/v1/probe-agents/samples";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let domainId: number;
let made: Json;
let sign: AgentSigner;
/** The slot in which the test began: the database's clock goes on meanwhile, and takes what is a minute old. */
let present: number;

beforeEach(async () => {
  present = Math.floor(Date.now() / intervalMs) * intervalMs;
  api = await startApi();
  acme = await api.onboard("acme");
  const service = await api.service(acme.editor);
  const domain = await api.created(
    `/v1/services/${service.id}/domains`,
    { name: "app.example.com", primary_target: "a.cdn.net", backup_target: "b.cdn.net", expect_status: "200" },
    { token: acme.editor },
  );
  domainId = domain.id;
  made = await api.created("/v1/probe-agents", { name: "fra-1", location: "Frankfurt" });
  sign = await agentSigner(String(made["secret"]));
});

/** The slot that is on, or so many before it. */
const slot = (back = 0): number => present - back * intervalMs;
const time = (ms: number): string => new Date(ms).toISOString();

type Over = { path?: string; setup?: number; slotMs?: number; domain?: number; probes?: unknown[] };
const good = (atMs: number) => ({ probed_at: time(atMs), status: 200, latency_ms: 87, error: null });
const bad = (atMs: number) => ({ probed_at: time(atMs), status: 503, latency_ms: 9, error: "http_status" });
const reading = ({ path = "primary", setup = 0, slotMs = slot(), domain = domainId, probes = [good(slotMs)] }: Over = {}) => ({
  domain_id: domain,
  path,
  setup,
  slot: time(slotMs),
  probes,
});

const post = async (body: unknown, authorization?: string): Promise<Answer> => {
  const text = JSON.stringify(body);
  const headers = { authorization: authorization ?? (await sign("POST", samplesPath, text)) };
  return await api.call("POST", samplesPath, { body: text, headers });
};
const tell = async (...readings: unknown[]) => {
  const answer = await post({ version: "0.1.0", readings });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const targets = async (path = targetsPath, headers: Record<string, string> = {}) =>
  await api.call("GET", path, { headers: { authorization: await sign("GET", path), ...headers } });

const nothing = { known: 0, late: 0, stale: 0, gone: 0 };
const stored = () =>
  api.db.rows<{ path: string; vantage: string; attempt: number; ok: boolean }>(
    sql`select path, vantage, attempt, ok from probe_samples order by path, attempt`,
  );

describe("an agent as admins see it", () => {
  it("has a secret that is shown once, and not kept", async () => {
    expect(made).toMatchObject({ name: "fra-1", vantage: "agent:fra-1", location: "Frankfurt", last_sample_at: null, created_by: "admin" });
    expect(made["secret"]).toMatch(/^tpa_[\w-]{43}$/);
    const { text } = await api.call("GET", `/v1/probe-agents/${made.id}`);
    expect(text).not.toContain("tpa_");
    const rows = JSON.stringify(await api.db.rows(sql`select * from probe_agents, audit_log where object_type = 'probe_agent'`));
    expect(rows).not.toContain(String(made["secret"]).slice(4));
    expect((await api.call("GET", "/v1/probe-agents")).list).toMatchObject([{ id: made.id, name: "fra-1" }]);
  });

  it("keeps its name for ever: a second one gets none of its past", async () => {
    const again = () => api.call("POST", "/v1/probe-agents", { body: { name: "fra-1" } });
    expect((await again()).status).toBe(409);
    expect((await api.call("DELETE", `/v1/probe-agents/${made.id}`)).status).toBe(204);
    expect((await api.call("DELETE", `/v1/probe-agents/${made.id}`)).status).toBe(204);
    expect((await again()).status).toBe(409);
    expect((await api.call("DELETE", "/v1/probe-agents/999")).status).toBe(404);
  });

  it.each([[{ name: "FRA" }], [{ name: "agent:x" }], [{ name: "" }], [{ name: "a".repeat(41) }], [{}], [{ name: "x", role: "y" }]])(
    "is not made of %j",
    async (body) => {
      expect((await api.call("POST", "/v1/probe-agents", { body })).status).toBe(400);
    },
  );
});

describe("what an agent is to probe", () => {
  it("is each path of proven domains with its set-up, and nothing else of a customer", async () => {
    const { status, body, headers } = await targets();
    expect(status).toBe(200);
    expect(body).toEqual({
      interval_ms: intervalMs,
      timeout_ms: 5_000,
      domains: [
        {
          domain_id: domainId,
          service_id: 1,
          customer_id: acme.id,
          expect_status: "200",
          paths: [
            { path: "primary", url: "https://a.cdn.net/healthz", setup: 0, cdn: "cloudflare" },
            { path: "backup", url: "https://b.cdn.net/healthz", setup: 0, cdn: "fastly" },
            { path: "direct", url: "https://app.example.com/healthz", setup: 0, cdn: null },
          ],
        },
      ],
    });
    expect(Math.abs(Number(headers.get("x-tranche-time")) - Date.now())).toBeLessThan(5_000);
    const etag = headers.get("etag") ?? "";
    expect((await targets(targetsPath, { "if-none-match": etag })).status).toBe(304);
    await api.call("PATCH", `/v1/services/1/domains/${domainId}`, { token: acme.editor, body: { probe_path: "/up" } });
    const changed = await targets(targetsPath, { "if-none-match": etag });
    expect([changed.status, changed.text]).toEqual([200, expect.stringContaining("https://a.cdn.net/up")]);
    expect(changed.text).toContain('"setup":1');
  });

  it("comes by pages", async () => {
    await api.created("/v1/services/1/domains", { name: "b.example.com" }, { token: acme.editor });
    const first = await targets(`${targetsPath}?limit=1`);
    const next = /<([^>]+)>/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await targets(next);
    expect((second.body["domains"] as Json[]).map((one) => one["domain_id"])).toEqual([domainId + 1]);
    expect(second.headers.get("link")).toBeNull();
  });

  it("leaves out names without a proof, where one is required, and private targets", async () => {
    const strict = await startApi({ DOMAIN_VERIFICATION: "on", ALLOW_PRIVATE_TARGETS: "false" });
    const other = await strict.onboard("acme");
    const service = await strict.service(other.editor);
    const path = `/v1/services/${service.id}/domains`;
    for (const [name, target] of [
      ["one.example.com", "one.cdn.net"],
      ["two.example.com", "two.cdn.net"],
    ])
      await strict.created(path, { name, primary_target: target }, { token: other.editor });
    await strict.db.rows(sql`update service_domains set verified_at = now(), verified_by = 'proof' where name = 'two.example.com'`);
    await strict.db.rows(sql`insert into probe_targets (host, addresses, checked_at) values ('two.cdn.net', 'private', now())
      on conflict (host) do update set addresses = 'private'`);
    const secret = String((await strict.created("/v1/probe-agents", { name: "x" }))["secret"]);
    const own = await agentSigner(secret);
    const answer = await strict.call("GET", targetsPath, { headers: { authorization: await own("GET", targetsPath) } });
    expect(answer.body["domains"]).toMatchObject([{ domain_id: 2, paths: [{ path: "direct" }] }]);
    const body = JSON.stringify({
      readings: [1, 2].map((domain) => reading({ domain })),
    });
    const told = await strict.call("POST", samplesPath, { body, headers: { authorization: await own("POST", samplesPath, body) } });
    expect(told.body).toMatchObject({ accepted: 0, ignored: { gone: 2 } });
  });
});

describe("what an agent saw", () => {
  it("is stored as its own vantage's, a failed probe with those that confirm it", async () => {
    const at = slot();
    const answer = await tell(reading(), reading({ path: "backup", probes: [bad(at), bad(at + 1_000), good(at + 2_000)] }));
    // Two seconds on may still be to come.
    expect(answer).toMatchObject({ rejected: 0, ignored: nothing });
    expect(await stored()).toEqual([
      { path: "backup", vantage: "agent:fra-1", attempt: 0, ok: false },
      { path: "backup", vantage: "agent:fra-1", attempt: 1, ok: false },
      { path: "backup", vantage: "agent:fra-1", attempt: 2, ok: true },
      { path: "primary", vantage: "agent:fra-1", attempt: 0, ok: true },
    ]);
    expect(await api.db.rows(sql`select name, place from vantages`)).toEqual([{ name: "agent:fra-1", place: "Frankfurt" }]);
    const seen = (await api.call("GET", `/v1/probe-agents/${made.id}`)).body;
    expect(seen).toMatchObject({ version: "0.1.0", last_sample_at: expect.any(String) });
    expect(Math.abs(Number(seen["clock_skew_seconds"]))).toBeLessThan(5);
  });

  it("is counted once, however often it comes and whoever sends it, and the first of a slot stays whole", async () => {
    const at = slot(1);
    const first = reading({ slotMs: at, probes: [good(at)] });
    expect(await tell(first)).toMatchObject({ accepted: 1 });
    expect(await tell(first)).toMatchObject({ accepted: 0, ignored: { ...nothing, known: 1 } });
    const other = reading({ slotMs: at, probes: [bad(at), bad(at + 1), bad(at + 2)] });
    expect(await tell(other)).toMatchObject({ accepted: 0, ignored: { ...nothing, known: 1 } });
    expect(await stored()).toHaveLength(1);
    const next = slot();
    const two = [good(next), bad(next)].map((probe) =>
      reading({ slotMs: next, probes: probe.error === null ? [probe] : [probe, probe, probe] }),
    );
    const answers = await Promise.all(two.map((one) => tell(one)));
    expect(answers.map((one) => Number(one["accepted"])).toSorted((a, b) => a - b)).toEqual([0, 1]);
    const last = await api.db.rows<{ ok: boolean }>(sql`select ok from probe_samples where round_at = ${time(next)}::timestamptz`);
    expect([JSON.stringify([true]), JSON.stringify([false, false, false])]).toContain(JSON.stringify(last.map(({ ok }) => ok)));
  });

  it("is each judged by itself: what is late, stale, gone or wrong drops nothing else", async () => {
    const old = slot(8);
    const ahead = slot(-6);
    const answer = await tell(
      reading(),
      reading({ path: "direct", slotMs: old, probes: [good(old)] }),
      reading({ path: "backup", setup: 1 }),
      reading({ domain: 4_711 }),
      reading({ path: "direct", slotMs: ahead, probes: [good(ahead)] }),
      reading(),
      { path: "primary" },
      "nonsense",
      { ...reading({ path: "direct" }), slot: time(slot() + 1) },
      reading({ path: "direct", probes: [good(slot()), good(slot())] }),
      reading({ path: "direct", probes: [{ ...good(slot()), latency_ms: 100_000 }] }),
      reading({ path: "direct", probes: [{ ...good(slot()), status: null }] }),
      reading({ path: "direct", probes: [{ ...bad(slot()), error: "timeout" }] }),
      reading({ path: "direct", probes: [good(slot() - 1)] }),
      { ...reading({ path: "direct" }), vantage: "vercel" },
    );
    expect(answer).toMatchObject({ accepted: 1, ignored: { known: 0, late: 1, stale: 1, gone: 1 }, rejected: 11 });
    expect((answer["rejections"] as { pointer: string }[]).map(({ pointer }) => pointer).toSorted()).toEqual(
      [
        "/readings/10/probes/0/latency_ms",
        "/readings/11/probes/0/status",
        "/readings/12/probes/0/status",
        "/readings/13/probes/0/probed_at",
        "/readings/14",
        "/readings/4/slot",
        "/readings/5",
        "/readings/6/domain_id",
        "/readings/7",
        "/readings/8/slot",
        "/readings/9/probes",
      ].toSorted(),
    );
    expect(await stored()).toHaveLength(1);
  });

  it.each([[{}], [{ readings: [] }], [{ readings: Array.from({ length: 1_001 }, () => 1) }], [{ readings: [1], more: 1 }], [[]], ["x"]])(
    "is a list in an object: a bad envelope stores nothing",
    async (body) => {
      expect((await post(body)).status).toBe(400);
    },
  );
});

describe("who may speak for an agent", () => {
  const body = () => JSON.stringify({ readings: [reading()] });
  const sent = async (text: string, authorization: string, path = samplesPath) =>
    await api.call("POST", path, { body: text, headers: { authorization } });

  it("nobody who changes a byte of what it signed, or sends it elsewhere", async () => {
    const text = body();
    const signed = await sign("POST", samplesPath, text);
    const forged = [
      await sent(text.replace('"latency_ms":87', '"latency_ms":88'), signed),
      await sent(text.replace("primary", "backup"), signed),
      await sent(`${text} `, signed),
      await sent(text, signed, `${samplesPath}?x=1`),
      await sent(text, await sign("GET", samplesPath, text)),
      await sent(text, await sign("POST", targetsPath, text)),
      await sent(
        text,
        signed.replace(/\.(\d+)\./, (_, ms: string) => `.${Number(ms) + 1}.`),
      ),
    ];
    expect(forged.map(({ status }) => status)).toEqual(forged.map(() => 401));
    expect(forged[0]?.headers.get("x-tranche-time")).toMatch(/^\d{13}$/);
    expect(await stored()).toEqual([]);
    expect((await sent(text, signed)).status).toBe(200);
  });

  it("nobody later: a request is of its minute, and the answer says by how much it is not", async () => {
    const text = body();
    for (const offMs of [-61_500, 61_500]) {
      const answer = await sent(text, await sign("POST", samplesPath, text, Date.now() + offMs));
      expect([answer.status, answer.body["detail"]]).toEqual([401, expect.stringMatching(/its time is -?6\d s from the database's/)]);
    }
    expect((await sent(text, await sign("POST", samplesPath, text, Date.now() - 50_000))).status).toBe(200);
  });

  it("no other agent, no deleted one, no credential of another kind", async () => {
    const other = String((await api.created("/v1/probe-agents", { name: "other" }))["secret"]);
    const [mine, theirs] = [(await sign("GET", targetsPath)).split("."), (await (await agentSigner(other))("GET", targetsPath)).split(".")];
    const mixed = [theirs[0], mine[1], mine[2]].join(".");
    const get = async (authorization: string | null) =>
      (await api.call("GET", targetsPath, { token: null, headers: authorization === null ? {} : { authorization } })).status;
    expect(await get(mixed)).toBe(401);
    for (const token of [
      null,
      `Bearer ${acme.owner}`,
      `Bearer ${api.env.ADMIN_TOKEN}`,
      `Bearer ${String(made["secret"])}`,
      "TrancheAgent x",
    ])
      expect(await get(token), String(token)).toBe(401);
    for (const token of [acme.owner, api.env.ADMIN_TOKEN])
      expect((await api.call("POST", samplesPath, { token, body: { readings: [reading()] } })).status).toBe(401);
    await api.call("DELETE", `/v1/probe-agents/${made.id}`);
    const gone = await targets();
    expect([gone.status, gone.body["detail"]]).toEqual([401, expect.stringContaining("it was deleted")]);
    expect((await post({ readings: [reading()] })).status).toBe(401);
    expect(await stored()).toEqual([]);
  });

  it("and an agent speaks for itself alone: its signature and its secret open nothing else", async () => {
    const secret = String(made["secret"]);
    for (const [method, path] of [
      ["GET", "/v1/services"],
      ["GET", "/v1/customers"],
      ["GET", "/v1/probe-agents"],
      ["GET", `/v1/probe-agents/${made.id}`],
      ["DELETE", `/v1/probe-agents/${made.id}`],
      ["GET", "/v1/status"],
      ["PUT", "/v1/panic"],
    ] as const) {
      for (const headers of [{ authorization: await sign(method, path) }, { authorization: `Bearer ${secret}` }, { "x-api-key": secret }]) {
        const answer = await api.call(method, path, { token: null, headers, ...(method === "PUT" && { body: {} }) });
        expect(answer.status, path).toBe(401);
      }
    }
  });
});

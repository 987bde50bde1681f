import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let token: string;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  token = acme.editor;
});

type AuditRow = { actor: string; action: string; before: object | null; after: object | null; requestId: string };

const audit = (objectType: string, id: number) =>
  api.db.rows<AuditRow>(sql`
    select actor, action, before, after, request_id as "requestId" from audit_log
    where object_type = ${objectType} and object_id = ${id} and customer_id = ${acme.id} order by id`);

describe("customers", () => {
  it("are created, read, renamed and listed by admins, with an audit row each", async () => {
    const made = await api.created("/v1/customers", { name: "initech" });
    expect(made).toMatchObject({ name: "initech", max_coverage_cap: 1.5 });
    expect(made["created_at"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const changed = await api.call("PATCH", `/v1/customers/${made.id}`, { body: { max_coverage_cap: 2.25 } });
    expect(changed.body).toMatchObject({ name: "initech", max_coverage_cap: 2.25 });
    expect((await api.call("GET", `/v1/customers/${made.id}`)).body).toEqual(changed.body);
    expect((await api.call("GET", "/v1/customers")).list.map(({ id }) => id)).toEqual([acme.id, made.id]);
    const rows = await api.db.rows<AuditRow>(sql`
      select action, actor from audit_log where object_type = 'customer' and object_id = ${made.id} order by id`);
    expect(rows).toEqual([
      { action: "create", actor: "admin" },
      { action: "update", actor: "admin" },
    ]);
  });

  it.each([
    [{}, "/name"],
    [{ name: "" }, "/name"],
    [{ name: "x".repeat(201) }, "/name"],
    [{ name: "a\nb" }, "/name"],
    [{ name: "x", max_coverage_cap: 0 }, "/max_coverage_cap"],
    [{ name: "x", max_coverage_cap: 10.5 }, "/max_coverage_cap"],
    [{ name: "x", max_coverage_cap: 1.00001 }, "/max_coverage_cap"],
    [{ name: "x", id: 3 }, "/id"],
  ])("refuse %j", async (body, pointer) => {
    const answer = await api.call("POST", "/v1/customers", { body });
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });

  it("have unique names", async () => {
    expect((await api.call("POST", "/v1/customers", { body: { name: "acme" } })).status).toBe(409);
    expect((await api.call("PATCH", "/v1/customers/424242", { body: { name: "nobody" } })).status).toBe(404);
    expect((await api.call("PATCH", `/v1/customers/${acme.id}`, { body: {} })).status).toBe(400);
  });
});

describe("tokens", () => {
  it("show their secret once and store only its hash", async () => {
    const path = `/v1/customers/${acme.id}/tokens`;
    const made = await api.created(path, { name: "ci", role: "viewer" }, { token: acme.owner });
    expect(made["token"]).toMatch(/^trn_[A-Za-z0-9_-]{43}$/);
    const listed = await api.call("GET", path, { token: acme.viewer });
    expect(listed.list.at(-1)).toMatchObject({ id: made.id, name: "ci", role: "viewer", revoked_at: null });
    expect(listed.text).not.toContain("trn_");
    const [stored] = await api.db.rows<{ text: string }>(sql`
      select to_jsonb(t)::text || (select coalesce(string_agg(to_jsonb(a)::text, ''), '') from audit_log a) as text
      from customer_tokens t where id = ${made.id}`);
    expect(stored?.text).not.toContain(String(made["token"]));
    expect(await audit("token", made.id)).toMatchObject([{ action: "create", after: { name: "ci" } }]);
    const revoked = await api.call("DELETE", `${path}/${made.id}`, { token: acme.owner });
    expect([revoked.status, revoked.text]).toEqual([204, ""]);
    expect((await api.call("GET", "/v1/services", { token: String(made["token"]) })).status).toBe(401);
    expect((await api.call("DELETE", `${path}/${made.id}`, { token: acme.owner })).status).toBe(204);
    expect((await audit("token", made.id)).map(({ action }) => action)).toEqual(["create", "revoke"]);
  });
});

describe("services", () => {
  it("live from POST to DELETE", async () => {
    const made = await api.created("/v1/services", { name: "life", primary_cdn: "cloudflare", backup_cdn: "fastly" }, { token });
    expect(made).toMatchObject({ steering: "auto", failback_steps: [100], failback_step_seconds: 60 });
    const patch = { steering: "shadow", failback_steps: [10, 50, 100], primary_cdn: "akamai" };
    const changed = await api.call("PATCH", `/v1/services/${made.id}`, { token, body: patch });
    expect(changed.body).toMatchObject({ id: made.id, name: "life", ...patch });
    const read = await api.call("GET", `/v1/services/${made.id}`, { token: acme.viewer });
    expect(read.body).toEqual({ service: changed.body, domains: [], storm_policies: [] });
    expect((await api.call("DELETE", `/v1/services/${made.id}`, { token })).status).toBe(204);
    expect((await api.call("DELETE", `/v1/services/${made.id}`, { token })).status).toBe(404);
    expect((await api.call("GET", `/v1/services/${made.id}`, { token })).status).toBe(404);
    const rows = await audit("service", made.id);
    expect(rows.map(({ action }) => action)).toEqual(["create", "update", "delete"]);
    expect(rows[1]).toMatchObject({
      before: { steering: "auto" },
      after: { steering: "shadow" },
      requestId: changed.headers.get("x-request-id"),
    });
    expect(rows[1]?.actor).toMatch(/^token:\d+$/);
    await api.service(token, "life");
  });

  it.each([
    [{ primary_cdn: "Cloudflare" }, "/primary_cdn"],
    [{ primary_cdn: "x".repeat(41) }, "/primary_cdn"],
    [{ backup_cdn: "cloudflare" }, "/backup_cdn"],
    [{ steering: "manual" }, "/steering"],
    [{ failback_steps: [50] }, "/failback_steps"],
    [{ failback_steps: [50, 20, 100] }, "/failback_steps"],
    [{ failback_step_seconds: 0 }, "/failback_step_seconds"],
    [{ name: null }, "/name"],
  ])("refuse %j", async (over, pointer) => {
    const body = { name: "bad", primary_cdn: "cloudflare", backup_cdn: "fastly", ...over };
    const answer = await api.call("POST", "/v1/services", { token, body });
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });

  it("refuse a patch that makes both CDNs the same, and a name that is taken", async () => {
    const { id } = await api.service(token, "twins");
    const same = await api.call("PATCH", `/v1/services/${id}`, { token, body: { backup_cdn: "cloudflare" } });
    expect([same.status, pointers(same)]).toEqual([400, ["/backup_cdn"]]);
    const taken = { name: "twins", primary_cdn: "a", backup_cdn: "b" };
    expect((await api.call("POST", "/v1/services", { token, body: taken })).status).toBe(409);
  });

  it("end their storm when they are deleted", async () => {
    const { id } = await api.service(token, "stormy");
    const policy = await api.created(`/v1/services/${id}/storm-policies`, {}, { token });
    await api.db.rows(sql`
      insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at,
        recovering_since, max_coverage_factor)
      values (${id}, ${policy.id}, 1, 'http_availability', 'recovering', now() - interval '1 hour',
        now() - interval '1 hour', '2026-11-21T12:00:00Z'::timestamptz, 1.5)`);
    await api.db.rows(sql`update storm_events set started_at = '2026-11-21T11:00:00Z'::timestamptz where service_id = ${id}`);
    expect((await api.call("DELETE", `/v1/services/${id}`, { token })).status).toBe(204);
    const storms = await api.call("GET", `/v1/storms?service_id=${id}`, { token });
    expect(storms.list).toMatchObject([{ state: "ended", ended_reason: "service_deleted", ended_at: "2026-11-21T12:00:00.000Z" }]);
  });
});

describe("domains", () => {
  it("live from POST to DELETE", async () => {
    const { id } = await api.service(token, "with domains");
    const path = `/v1/services/${id}/domains`;
    const made = await api.created(path, { name: "App.Example.Test.", primary_target: "http://127.0.0.1:9001" }, { token });
    expect(made).toMatchObject({
      service_id: id,
      name: "app.example.test",
      primary_target: "http://127.0.0.1:9001",
      backup_target: null,
      probe_path: null,
      expect_status: "200-399",
      normal_weights: { primary: 100, backup: 0 },
      steer_group: false,
      verification: { record_name: "_tranche-challenge.app.example.test" },
    });
    expect((made["verification"] as { verified_at: string }).verified_at).toMatch(/Z$/);
    const patch = {
      backup_target: "bücher.example",
      normal_weights: { primary: 50, backup: 50 },
      expect_status: "200,301-308",
      steer_group: true,
    };
    const changed = await api.call("PATCH", `${path}/${made.id}`, { token, body: { ...patch, primary_target: null } });
    expect(changed.body).toMatchObject({ ...patch, backup_target: "xn--bcher-kva.example", primary_target: null });
    const read = await api.call("GET", `/v1/services/${id}`, { token });
    expect(read.body["domains"]).toEqual([changed.body]);
    expect((await api.call("POST", path, { token, body: { name: "app.example.test" } })).status).toBe(409);
    expect((await api.call("DELETE", `${path}/${made.id}`, { token })).status).toBe(204);
    expect((await api.call("DELETE", `${path}/${made.id}`, { token })).status).toBe(404);
    expect((await audit("domain", made.id)).map(({ action }) => action)).toEqual(["create", "update", "delete"]);
    const [, updated] = await audit("domain", made.id);
    expect([updated?.before, updated?.after]).toMatchObject([{ steer_group: false }, { steer_group: true }]);
  });

  it.each([
    [{ name: "a b.test" }, "/name"],
    [{ name: "-a.example.test" }, "/name"],
    [{ name: `${"a".repeat(64)}.example.test` }, "/name"],
    [{ name: `${"a.".repeat(127)}test` }, "/name"],
    [{ name: "*.example.test" }, "/name"],
    [{ name: "co.uk" }, "/name"],
    [{ name: "x.test", primary_target: "http://127.0.0.1:1/path" }, "/primary_target"],
    [{ name: "x.test", primary_target: "http://u:p@127.0.0.1" }, "/primary_target"],
    [{ name: "x.test", probe_path: "healthz" }, "/probe_path"],
    [{ name: "x.test", primary_target: "http://127.0.0.1%41" }, "/primary_target"],
    [{ name: "x.test", primary_target: "http:\\\\127.0.0.1" }, "/primary_target"],
    [{ name: "x.test", primary_target: "http://127.0.0.1\n" }, "/primary_target"],
    [{ name: "x.test", backup_target: "exa\u00admple.test" }, "/backup_target"],
    [{ name: "exa\u200bmple.test" }, "/name"],
    [{ name: "x.test", probe_path: "/a#b" }, "/probe_path"],
    [{ name: "x.test", probe_path: "/a\\b" }, "/probe_path"],
    [{ name: "x.test", probe_path: "//evil.test/" }, "/probe_path"],
    [{ name: "x.test", probe_path: "/a/%2e%2E/b" }, "/probe_path"],
    [{ name: "x.test", expect_status: "2xx" }, "/expect_status"],
    [{ name: "x.test", expect_status: "200,\u2028204" }, "/expect_status"],
    [{ name: "x.test", expect_status: "100-199" }, "/expect_status"],
    [{ name: "x.test", expect_status: "407" }, "/expect_status"],
    [{ name: "x.test", normal_weights: { primary: 0, backup: 0 } }, "/normal_weights"],
    [{ name: "x.test", normal_weights: { primary: 256, backup: 0 } }, "/normal_weights/primary"],
    [{ name: "x.test", steer_group: "yes" }, "/steer_group"],
  ])("refuse %j", async (body, pointer) => {
    const answer = await api.call("POST", "/v1/services/1/domains", { token, body });
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });

  it("are strict and unverified in public, where foreign claims neither block nor reveal", async () => {
    const open = await startApi({ ALLOW_PRIVATE_TARGETS: "false", DOMAIN_VERIFICATION: "on" });
    const [one, two] = [await open.onboard("one"), await open.onboard("two")];
    const [first, second] = [await open.service(one.editor), await open.service(two.editor)];
    for (const name of ["127.0.0.1", "0x7f.1", "[::1]", "localhost", "intranet", "db.internal", "a.local", "x.arpa", "github.io"]) {
      const answer = await open.call("POST", `/v1/services/${first.id}/domains`, { token: one.editor, body: { name } });
      expect([answer.status, pointers(answer)], name).toEqual([400, ["/name"]]);
    }
    const body = { name: "app.example.com", primary_target: "http://127.0.0.1:9001" };
    const origin = await open.call("POST", `/v1/services/${first.id}/domains`, { token: one.editor, body });
    expect(pointers(origin)).toEqual(["/primary_target"]);
    for (const [who, where] of [
      [one, first],
      [two, second],
    ] as const) {
      const made = await open.created(`/v1/services/${where.id}/domains`, { name: "app.example.com" }, { token: who.editor });
      expect(made["verification"]).toMatchObject({ verified_at: null });
      expect(String((made["verification"] as { record_value: string }).record_value)).toHaveLength(32);
    }
  });
});

describe("storm policies", () => {
  const terms = {
    threshold_avail: 0.9,
    window_seconds: 60,
    cooldown_seconds: 300,
    max_coverage_factor: 1.5,
    min_samples: 3,
    min_failures: 3,
    latency_ms: null,
  };

  it("have the defaults of semantics §3, one per kind, and versions", async () => {
    const { id } = await api.service(token, "with policies");
    const path = `/v1/services/${id}/storm-policies`;
    const made = await api.created(path, {}, { token });
    expect(made).toMatchObject({ kind: "http_availability", version: 1, service_id: id, ...terms });
    expect((await api.call("POST", path, { token, body: {} })).status).toBe(409);
    const latency = await api.created(path, { kind: "http_latency", latency_ms: 800 }, { token });
    const changed = await api.call("PATCH", `${path}/${made.id}`, { token, body: { window_seconds: 30, threshold_avail: 0.955 } });
    expect(changed.body).toMatchObject({ ...terms, version: 2, window_seconds: 30, threshold_avail: 0.955 });
    const listed = await api.call("GET", path, { token: acme.viewer });
    expect(listed.list).toEqual([changed.body, latency]);
    expect((await api.call("GET", `/v1/services/${id}`, { token })).body["storm_policies"]).toEqual(listed.list);
    const versions = await api.db.rows<{ window: number }>(sql`
      select window_seconds as window from storm_policy_versions where policy_id = ${made.id} order by version`);
    expect(versions).toEqual([{ window: 60 }, { window: 30 }]);
    expect((await api.call("DELETE", `${path}/${made.id}`, { token })).status).toBe(204);
    expect((await api.call("GET", path, { token })).list).toEqual([latency]);
    const rows = await audit("storm_policy", made.id);
    expect(rows).toMatchObject([
      { action: "create", before: null, after: { window_seconds: 60, version: 1 } },
      { action: "update", before: { window_seconds: 60, version: 1 }, after: { window_seconds: 30, version: 2 } },
      { action: "delete", before: { window_seconds: 30, version: 2 }, after: null },
    ]);
  });

  it("number their versions one by one under concurrent changes", async () => {
    const { id } = await api.service(token, "raced");
    const { id: policyId } = await api.created(`/v1/services/${id}/storm-policies`, {}, { token });
    const path = `/v1/services/${id}/storm-policies/${policyId}`;
    const patches = [11, 12, 13].map((seconds) => api.call("PATCH", path, { token, body: { cooldown_seconds: seconds } }));
    const answers = await Promise.all(patches);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map(({ body }) => Number(body["version"])).toSorted((a, b) => a - b)).toEqual([2, 3, 4]);
  });

  it.each([
    [{ threshold_avail: 0 }, "/threshold_avail"],
    [{ threshold_avail: 1.01 }, "/threshold_avail"],
    [{ threshold_avail: 0.91234 }, "/threshold_avail"],
    [{ window_seconds: 9 }, "/window_seconds"],
    [{ window_seconds: 3601 }, "/window_seconds"],
    [{ window_seconds: 10.5 }, "/window_seconds"],
    [{ cooldown_seconds: -1 }, "/cooldown_seconds"],
    [{ max_coverage_factor: 0 }, "/max_coverage_factor"],
    [{ max_coverage_factor: 1.6 }, "/max_coverage_factor"],
    [{ min_samples: 0 }, "/min_samples"],
    [{ min_failures: 101 }, "/min_failures"],
    [{ kind: "http_latency" }, "/latency_ms"],
    [{ latency_ms: 100 }, "/latency_ms"],
    [{ kind: "dns" }, "/kind"],
  ])("refuse %j", async (body, pointer) => {
    const { list } = await api.call("GET", "/v1/services", { token });
    const path = `/v1/services/${list[0]?.id}/storm-policies`;
    const answer = await api.call("POST", path, { token, body });
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
    expect((await api.call("GET", path, { token })).list).toEqual([]);
  });

  it("keep to the cap and to their kind when they change", async () => {
    const { id } = await api.service(token, "capped");
    const path = `/v1/services/${id}/storm-policies`;
    const made = await api.created(path, {}, { token });
    for (const [body, pointer] of [
      [{ max_coverage_factor: 2 }, "/max_coverage_factor"],
      [{ latency_ms: 5 }, "/latency_ms"],
    ] as const) {
      const answer = await api.call("PATCH", `${path}/${made.id}`, { token, body });
      expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
    }
    expect((await api.call("PATCH", `${path}/${made.id}`, { token, body: { kind: "http_latency" } })).status).toBe(400);
  });

  it("take a window as short as the probe interval", async () => {
    const quick = await startApi({ PROBE_INTERVAL: "1s" });
    const { editor } = await quick.onboard("quick");
    const { id } = await quick.service(editor);
    await quick.created(`/v1/services/${id}/storm-policies`, { window_seconds: 5, cooldown_seconds: 5 }, { token: editor });
  });
});

describe("storms", () => {
  it("are listed newest first by service, activity and time, and read one by one", async () => {
    const { id } = await api.service(token, "weather");
    const policy = await api.created(`/v1/services/${id}/storm-policies`, {}, { token });
    for (const [from, to] of [
      ["01:00", "02:00"],
      ["03:00", "04:00"],
      ["05:00", null],
    ] as const) {
      await api.db.rows(sql`
        insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at,
          ended_reason, max_coverage_factor)
        values (${id}, ${policy.id}, 1, 'http_availability', ${to === null ? "storm" : "ended"},
          ${`2026-11-20T${from}Z`}::timestamptz, ${`2026-11-20T${from}Z`}::timestamptz,
          ${to === null ? null : `2026-11-20T${to}Z`}::timestamptz, ${to === null ? null : "recovered"}, 1.5)`);
    }
    const hours = async (query: string) =>
      (await api.call("GET", `/v1/storms?service_id=${id}&${query}`, { token: acme.viewer })).list.map((storm) =>
        String(storm["started_at"]).slice(11, 13),
      );
    expect(await hours("")).toEqual(["05", "03", "01"]);
    expect(await hours("active=true")).toEqual(["05"]);
    expect(await hours("active=false")).toEqual(["03", "01"]);
    expect(await hours("from=2026-11-20T03:30:00Z&to=2026-11-20T05:00:00Z")).toEqual(["03"]);
    const [newest] = (await api.call("GET", `/v1/storms?service_id=${id}`, { token })).list;
    const one = await api.call("GET", `/v1/storms/${newest?.id}`, { token });
    expect(one.body).toMatchObject({ ...newest, timeline: [{ event: "begun" }, { event: "detected" }] });
    const other = await api.onboard("other weather");
    expect((await api.call("GET", `/v1/storms/${newest?.id}`, { token: other.viewer })).status).toBe(404);
    expect((await api.call("GET", "/v1/storms", { token: other.viewer })).list).toEqual([]);
    expect((await api.call("DELETE", `/v1/services/${id}/storm-policies/${policy.id}`, { token })).status).toBe(204);
    expect((await api.call("GET", `/v1/storms/${newest?.id}`, { token })).body).toMatchObject({
      state: "ended",
      ended_reason: "policy_deleted",
    });
  });

  it("show their timeline with the switches that were made for them", async () => {
    const { id } = await api.service(token, "timeline");
    const policy = await api.created(`/v1/services/${id}/storm-policies`, {}, { token });
    const domain = await api.created(`/v1/services/${id}/domains`, { name: "timeline.example.test" }, { token });
    const [storm] = await api.db.rows<{ id: number }>(sql`
      insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, recovering_since,
        ended_at, ended_reason, relapses, max_coverage_factor)
      values (${id}, ${policy.id}, 1, 'http_availability', 'ended', '2026-11-20T01:00:00Z', '2026-11-20T01:00:02Z',
        '2026-11-20T02:00:00Z', '2026-11-20T02:00:00Z', 'recovered', 1, 1.5) returning id`);
    await api.db.rows(sql`
      insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason,
        actor, epoch, result, change_id, intended_at, accepted_at, insync_at)
      values (${id}, ${domain.id}, ${storm?.id}, 100, 0, 0, 100, 'storm', 'tranche', 3, 'insync', 'C1',
          '2026-11-20T01:00:03Z', '2026-11-20T01:00:04Z', '2026-11-20T01:00:40Z'),
        (${id}, ${domain.id}, null, 0, 100, 100, 0, 'drift', 'tranche', 3, 'failed', null, '2026-11-20T01:30:00Z', null, null)`);
    const { body } = await api.call("GET", `/v1/storms/${storm?.id}`, { token: acme.viewer });
    const timeline = body["timeline"] as { at: string; event: string; change: object | null }[];
    expect(timeline.map(({ at, event }) => `${at.slice(11, 19)} ${event}`)).toEqual([
      "01:00:00 begun",
      "01:00:02 detected",
      "01:00:03 switch",
      "02:00:00 recovering",
      "02:00:00 ended",
    ]);
    expect(timeline[2]?.change).toMatchObject({
      domain_id: domain.id,
      to: { primary: 0, backup: 100 },
      result: "insync",
      accepted_at: "2026-11-20T01:00:04.000Z",
    });
    expect(body["relapses"]).toBe(1);
  });

  it.each(["active=1", "from=yesterday", "from=2026-11-20T00:00:00%2B01:00", "from=0000-01-01T00:00:00Z", "to=9", "service_id=x"])(
    "refuse ?%s",
    async (query) => {
      const answer = await api.call("GET", `/v1/storms?${query}`, { token });
      expect([answer.status, pointers(answer)]).toEqual([400, [query.split("=")[0]]]);
    },
  );

  it("refuse an inverted span", async () => {
    const answer = await api.call("GET", "/v1/storms?from=2026-11-20T02:00:00Z&to=2026-11-20T01:00:00Z", { token });
    expect([answer.status, pointers(answer)]).toEqual([400, ["to"]]);
  });
});

describe("routing", () => {
  it("shows state, override, domains and a paged history", async () => {
    const { id } = await api.service(token, "routed");
    const domain = await api.created(`/v1/services/${id}/domains`, { name: "routed.example.test" }, { token });
    const calm = await api.call("GET", `/v1/services/${id}/routing`, { token: acme.viewer });
    expect(calm.body).toEqual({
      service_id: id,
      state: "normal",
      reason: "",
      override: null,
      changes: [],
      drifts: [],
      domains: [
        {
          domain_id: domain.id,
          name: "routed.example.test",
          status: "unread",
          weights: null,
          read_at: null,
          moved_at: null,
          contested_at: null,
          expected: null,
          last_error: null,
        },
      ],
    });
    for (const to of [100, 0, 100]) {
      await api.db.rows(sql`
        insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor,
          epoch, result, intended_at)
        values (${id}, ${domain.id}, ${100 - to}, ${to}, ${to}, ${100 - to}, 'storm', 'local', 1, 'insync',
          '2026-11-20T01:00:00Z'::timestamptz)`);
    }
    await api.db.rows(sql`
      insert into service_routing (service_id, state, reason, override_mode, override_reason, override_until)
      values (${id}, 'frozen', 'override', 'frozen', 'maintenance', '2099-01-01T00:00:00Z'::timestamptz)`);
    const page = await api.call("GET", `/v1/services/${id}/routing?limit=2`, { token });
    expect(page.body).toMatchObject({ state: "frozen", override: { mode: "frozen", until: "2099-01-01T00:00:00.000Z" } });
    expect(page.body["changes"]).toMatchObject([{ to: { primary: 100 } }, { to: { primary: 0 }, result: "insync" }]);
    const next = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
    const rest = await api.call("GET", next, { token });
    expect(rest.body["changes"]).toHaveLength(1);
    expect(rest.headers.get("link")).toBeNull();
  });
});

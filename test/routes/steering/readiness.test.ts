import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../../src/app.ts";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { createScriptedAccess } from "../../support/dns-access.ts";
import { checkAnswers } from "../../support/openapi.ts";
import { createStrictDns } from "../../support/strict-dns.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let dns: ReturnType<typeof createScriptedAccess>;
let strict: ReturnType<typeof createStrictDns>;
let probed: string[];
let answered: (name: string, type: string) => readonly string[] = () => [];
let at: string;
let serviceId: number;
let domainId: number;

beforeAll(async () => {
  api = await startApi();
  strict = createStrictDns(api.clock);
  dns = createScriptedAccess(strict);
  probed = [];
  const prober = {
    probe: async ({ url }: { url: string }) => {
      probed.push(url);
      return { kind: "answer", status: 200, latencyMs: 1 } as const;
    },
  };
  const app = createApp({
    ...api.deps,
    dnsDirectory: dns,
    prober,
    lookup: {
      lookup: async (name, type) => [
        {
          resolver: "r",
          status: "answered",
          answers: name === "hooks.slack.com" && type === "A" ? ["198.51.100.98"] : answered(name, type),
        },
      ],
    },
  });
  checkAnswers(app);
  Object.assign(api.app, { request: app.request });
  acme = await api.onboard("acme");
  serviceId = (await api.service(acme.editor)).id;
  at = `/v1/services/${serviceId}`;
  await api.created(
    "/v1/channels",
    { name: "slack", kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x" },
    { token: acme.editor },
  );
  domainId = (await api.created(`${at}/domains`, { name: "app.example.test", backup_target: "given.b.net" }, { token: acme.editor })).id;
});

const check = (token = acme.editor, path = at) => api.call("POST", `${path}/readiness/check`, { token });
const resultsOf = (body: Record<string, unknown>) =>
  Object.fromEntries((body["checks"] as { check: string; result: string }[]).map((one) => [one.check, one.result]));

describe("readiness", () => {
  it("is not known before the first check", async () => {
    const { status, body } = await api.call("GET", `${at}/readiness`, { token: acme.viewer });
    expect([status, body]).toEqual([
      200,
      { service_id: serviceId, result: "unchecked", checked_at: null, actor: null, domains: null, checks: [] },
    ]);
  });

  it("is checked, stored, shown and audited", async () => {
    strict.put("app.example.test");
    const first = await check();
    expect(first.status, first.text).toBe(200);
    expect(first.body).toMatchObject({ result: "pass", actor: expect.stringMatching(/^token:/) });
    expect(resultsOf(first.body)).toEqual({
      owner: "pass",
      zone: "pass",
      zone_binding: "unproven",
      records: "pass",
      ttl: "pass",
      weights: "pass",
      primary_target: "pass",
      backup_target: "pass",
      certificate: "unproven",
      backup_health: "unproven",
      permission: "pass",
      joint_permission: "pass",
      other_zones: "pass",
      types_left_behind: "pass",
      neighbours: "pass",
      health_checks: "pass",
      https_records: "pass",
      caa: "pass",
      notification_channel: "pass",
    });
    // The primary's target is the one in its record, the backup's the one that was given.
    expect(probed.toSorted()).toEqual(["https://a.cdn.net/healthz", "https://given.b.net/healthz"]);
    expect(dns.proofs).toEqual([["app.example.test"]]);
    expect((await api.call("GET", `${at}/readiness`, { token: acme.viewer })).body).toEqual(first.body);
    strict.remove("app.example.test");
    const second = await check();
    expect(second.body["result"]).toBe("fail");
    const { list } = await api.call("GET", "/v1/audit-log?object_type=readiness", { token: acme.viewer });
    expect(list).toMatchObject([
      { action: "check", object_id: serviceId, before: { result: "pass" }, after: { result: "fail" } },
      { before: null, after: { result: "pass" } },
    ]);
    strict.put("app.example.test");
  });

  it("counts the backup's samples of the last 24 h, each vantage for itself", async () => {
    const samples = async (vantage: string, bad: number) =>
      await api.db.rows(sql`
        insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, latency_ms, error)
        select ${serviceId}, ${domainId}, 'backup', ${vantage}, t, 0, t, n > ${bad}, 5, case when n <= ${bad} then 'timeout' end
        from (select row_number() over (order by t) as n, t from generate_series(
          ${new Date(api.time.nowMs - 23.9 * 3_600_000).toISOString()}::timestamptz, ${new Date(api.time.nowMs).toISOString()}::timestamptz, '1 minute') t) x`);
    await samples("local", 0);
    expect(resultsOf((await check()).body)["backup_health"]).toBe("pass");
    await samples("vercel", 40);
    const { body } = await check();
    expect(resultsOf(body)["backup_health"]).toBe("fail");
    expect(JSON.stringify(body)).toContain("probes from vercel");
    await api.db.rows(sql`delete from probe_samples`);
  });

  it("writes nothing in DNS while the service is frozen or shadowed, nor for a name that nobody has proven", async () => {
    const tried = async () => {
      dns.proofs.length = 0;
      const results = resultsOf((await check()).body);
      return [dns.proofs.length, results["permission"], results["zone"]];
    };
    await api.call("PUT", `${at}/routing/override`, { token: acme.editor, body: { mode: "frozen", reason: "x" } });
    expect(await tried()).toEqual([0, "unproven", "pass"]);
    await api.call("DELETE", `${at}/routing/override`, { token: acme.editor });
    await api.db.rows(sql`update settings set freeze_reason = 'x', freeze_actor = 'admin', freeze_set_at = now()`);
    expect(await tried()).toEqual([0, "unproven", "pass"]);
    await api.db.rows(sql`update settings set freeze_reason = null, freeze_actor = null, freeze_set_at = null`);
    await api.call("PATCH", at, { token: acme.editor, body: { steering: "shadow" } });
    expect(await tried()).toEqual([0, "unproven", "pass"]);
    await api.call("PATCH", at, { token: acme.editor, body: { steering: "auto" } });
    await api.db.rows(sql`update service_domains set verified_at = null`);
    const reads = strict.reads.length;
    expect(await tried()).toEqual([0, "unproven", "unproven"]);
    expect(strict.reads).toHaveLength(reads);
    await api.db.rows(sql`update service_domains set verified_at = now()`);
    expect(await tried()).toEqual([1, "pass", "pass"]);
  });

  it("fault 3: tries the names of all services in a zone together", async () => {
    strict.put("app.example.test");
    strict.put("mate.example.test");
    const other = await api.service(acme.editor, "other");
    const mate = await api.created(`/v1/services/${other.id}/domains`, { name: "mate.example.test" }, { token: acme.editor });
    await api.db.rows(sql`
      insert into domain_routing (domain_id, service_id, status, zone_id) values (${domainId}, ${serviceId}, 'found', 'Z1'), (${mate.id}, ${other.id}, 'found', 'Z1')`);
    dns.proofs.length = 0;
    expect(resultsOf((await check()).body)["joint_permission"]).toBe("pass");
    expect(dns.proofs).toEqual([["app.example.test", "mate.example.test"]]);
    const proof = dns.script.proof;
    dns.script.proof = ({ domain }) => ({ domain, status: "accepted", changeId: "C1", acceptedAtMs: 0, refusedJointly: "AccessDenied" });
    const { body } = await check();
    expect([resultsOf(body)["permission"], resultsOf(body)["joint_permission"]]).toEqual(["pass", "fail"]);
    dns.script.proof = proof;
    await api.db.rows(sql`delete from domain_routing`);
  });

  it("fault 9: names a record that leads past the pair, and one that forbids the backup's certificate", async () => {
    await api.db.rows(sql`update services set backup_cdn = 'fastly' where id = ${serviceId}`);
    dns.script.beside = (name) => [
      { name, type: "HTTPS", values: ["1 . alpn=h3 ipv4hint=192.0.2.1"] },
      { name: "example.test", type: "CAA", values: ['0 issue "amazon.com"'] },
    ];
    const { body } = await check();
    expect(resultsOf(body)).toMatchObject({ https_records: "warn", caa: "warn" });
    expect(JSON.stringify(body)).toMatch(/app\.example\.test HTTPS.*example\.test CAA: 0 issue/);
    dns.script.beside = () => [];
  });

  it("fault 8: warns of a name that only a wildcard serves, before its proof makes it disappear", async () => {
    await api.db.rows(sql`update service_domains set verified_at = null where id = ${domainId}`);
    answered = (_, type) => (type === "A" ? ["192.0.2.7"] : []);
    expect(resultsOf((await check()).body)["proof_record"]).toBe("warn");
    answered = (name, type) => (type === "A" && name !== "app.example.test" ? ["192.0.2.7"] : []);
    expect(resultsOf((await check()).body)["proof_record"]).toBe("fail");
    answered = (name, type) => (type === "A" && name === "app.example.test" ? ["192.0.2.7"] : []);
    expect(resultsOf((await check()).body)["proof_record"]).toBe("pass");
    await api.db.rows(sql`update service_domains set verified_at = now() where id = ${domainId}`);
  });

  it("warns where nobody would be told of a storm, or only by what goes down with it", async () => {
    const channel = async (method: string, path: string, body?: unknown) =>
      (await api.call(method, `/v1/channels${path}`, { token: acme.editor, body })).body;
    const found = async () =>
      ((await check()).body["checks"] as { check: string; result: string; detail: string }[]).find(
        (one) => one.check === "notification_channel",
      );
    const { id: slack } = (await api.call("GET", "/v1/channels", { token: acme.editor })).list[0] ?? { id: 0 };
    await channel("PATCH", `/${slack}`, { kinds: ["invoice.issued"] });
    expect(await found()).toMatchObject({ result: "warn", detail: expect.stringContaining("nobody is told") });
    const { id: hook } = await channel("POST", "", { name: "hook", kind: "webhook", url: "https://hooks.example.org/x?key=secret" });
    expect((await found())?.result).toBe("unproven");
    answered = (name, type) =>
      name === "hooks.example.org" && type === "CNAME" ? ["app.example.test."] : type === "A" ? ["203.0.113.9"] : [];
    const { result, detail } = (await found()) ?? {};
    expect([result, detail]).toEqual([
      "warn",
      "every channel goes down with the service: hook on app.example.test, which is insured itself",
    ]);
    answered = (name, type) => (type !== "A" ? [] : name === "hooks.example.org" ? ["203.0.113.9"] : ["192.0.2.7"]);
    expect((await found())?.result).toBe("pass");
    // The target of the primary, as its record has it.
    answered = (_, type) => (type === "A" ? ["192.0.2.7"] : []);
    expect((await found())?.detail).toBe("every channel goes down with the service: hook on cloudflare");
    await channel("PATCH", `/${hook}`, { service_ids: [(await api.service(acme.editor, "elsewhere")).id] });
    expect((await found())?.detail).toContain("nobody is told");
    answered = () => [];
    await channel("PATCH", `/${slack}`, { kinds: null });
    expect((await found())?.result).toBe("pass");
    await channel("PATCH", `/${slack}`, { enabled: false });
    expect((await found())?.result).toBe("warn");
    await channel("PATCH", `/${slack}`, { enabled: true });
  });

  it("is checked once at a time", async () => {
    await api.db.rows(sql`
      insert into leases (name, holder, provider, epoch, acquired_at, expires_at)
      values (${`readiness:${serviceId}`}, 'x', 'local', 1, now(), now() + interval '1 minute')
      on conflict (name) do update set expires_at = excluded.expires_at, released_at = null`);
    expect((await check()).status).toBe(409);
    await api.db.rows(sql`delete from leases`);
    expect((await check()).status).toBe(200);
  });

  it("is checked once for one Idempotency-Key", async () => {
    const headers = { "idempotency-key": "once" };
    const first = await api.call("POST", `${at}/readiness/check`, { token: acme.editor, headers });
    dns.proofs.length = 0;
    const again = await api.call("POST", `${at}/readiness/check`, { token: acme.editor, headers });
    expect([again.status, again.body, again.headers.get("idempotency-replayed"), dns.proofs.length]).toEqual([200, first.body, "true", 0]);
  });

  it("is for editors of the service to check, and for its viewers to read", async () => {
    const globex = await api.onboard("globex");
    expect((await check(acme.viewer)).status).toBe(403);
    expect((await check(globex.editor)).status).toBe(404);
    expect((await api.call("GET", `${at}/readiness`, { token: globex.editor })).status).toBe(404);
  });
});

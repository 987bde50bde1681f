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
let at: string;
let serviceId: number;
let domainId: number;

beforeAll(async () => {
  api = await startApi();
  dns = createScriptedAccess(createStrictDns(api.clock));
  const app = createApp({ ...api.deps, dnsDirectory: dns });
  checkAnswers(app);
  Object.assign(api.app, { request: app.request });
  acme = await api.onboard("acme");
  serviceId = (await api.service(acme.editor)).id;
  at = `/v1/services/${serviceId}`;
  const targets = { primary_target: "app.a.cdn.net", backup_target: "app.b.cdn.net" };
  const body = { name: "app.example.test", ...targets, normal_weights: { primary: 50, backup: 50 } };
  domainId = (await api.created(`${at}/domains`, body, { token: acme.editor })).id;
});

const provision = (options = {}, id = domainId) => api.call("POST", `${at}/domains/${id}/provision`, { token: acme.editor, ...options });
const trail = async () =>
  (await api.call("GET", "/v1/audit-log?object_type=domain", { token: acme.viewer })).list.map(({ action }) => action);

describe("provisioning a domain", () => {
  it("creates the pair at its normal weights, with a trace before and after, and has the records read again", async () => {
    await api.db.rows(
      sql`insert into domain_routing (domain_id, service_id, status, read_at) values (${domainId}, ${serviceId}, 'unprovisioned', now())`,
    );
    const answer = await provision({ headers: { "idempotency-key": "p1" } });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        domain_id: domainId,
        result: "created",
        zone_id: "Z1",
        question: null,
        change_id: "C1",
        records: [
          { type: "CNAME", set_identifier: "primary", weight: 50, ttl: 60, value: "app.a.cdn.net" },
          { type: "CNAME", set_identifier: "backup", weight: 50, ttl: 60, value: "app.b.cdn.net" },
        ],
      },
    ]);
    expect(dns.wishes).toEqual([
      {
        domain: "app.example.test",
        targets: { primary: "app.a.cdn.net", backup: "app.b.cdn.net" },
        weights: { primary: 50, backup: 50 },
        ttlSeconds: 60,
      },
    ]);
    expect((await trail()).slice(0, 2)).toEqual(["provisioned", "provision"]);
    const [row] = await api.db.rows<{ readAt: number | null }>(
      sql`select read_at as "readAt" from domain_routing where domain_id = ${domainId}`,
    );
    expect(row?.readAt).toBeNull();
    const again = await provision({ headers: { "idempotency-key": "p1" } });
    expect([again.body, again.headers.get("idempotency-replayed"), dns.wishes.length]).toEqual([answer.body, "true", 1]);
  });

  it("succeeds where the pair is there already", async () => {
    dns.script.provision = () => ({ status: "exists", zoneId: "Z1" });
    expect((await provision()).body).toMatchObject({ result: "exists", change_id: null, records: [] });
  });

  it("is a 409 that says what to do where something stands in the way, and a 503 in a bad moment", async () => {
    dns.script.provision = () => ({ status: "refused", detail: "app.example.test has an unweighted CNAME: in one change, delete it" });
    const refused = await provision({ headers: { "idempotency-key": "p2" } });
    expect([refused.status, refused.body["detail"]]).toEqual([409, "app.example.test has an unweighted CNAME: in one change, delete it"]);
    expect((await trail()).slice(0, 2)).toEqual(["provision_failed", "provision"]);
    dns.script.provision = () => ({ status: "failed", detail: "AccessDenied", retryable: false });
    expect((await provision()).status).toBe(409);
    dns.script.provision = () => ({ status: "failed", detail: "Throttling", retryable: true });
    const busy = await provision({ headers: { "idempotency-key": "p2" } });
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "30"]);
  });

  it("asks Route 53 nothing where it must not write", async () => {
    dns.wishes.length = 0;
    const bare = await api.created(`${at}/domains`, { name: "bare.example.test" }, { token: acme.editor });
    expect((await provision({}, bare.id)).body["detail"]).toContain("primary_target");
    const origin = { name: "origin.example.test", primary_target: "http://127.0.0.1:9001", backup_target: "b.test" };
    expect((await provision({}, (await api.created(`${at}/domains`, origin, { token: acme.editor })).id)).body["detail"]).toContain(
      "hostname",
    );
    await api.call("PUT", `${at}/routing/override`, { token: acme.editor, body: { mode: "frozen", reason: "x" } });
    expect((await provision()).body["detail"]).toContain("frozen");
    await api.call("DELETE", `${at}/routing/override`, { token: acme.editor });
    await api.call("PATCH", at, { token: acme.editor, body: { steering: "shadow" } });
    expect((await provision()).body["detail"]).toContain("shadowed");
    await api.call("PATCH", at, { token: acme.editor, body: { steering: "auto" } });
    await api.db.rows(sql`update service_domains set verified_at = null`);
    expect([(await provision()).status, dns.wishes]).toEqual([409, []]);
  });

  it("is for editors of the service", async () => {
    const globex = await api.onboard("globex");
    expect((await provision({ token: acme.viewer })).status).toBe(403);
    expect((await provision({ token: globex.editor })).status).toBe(404);
    expect((await provision({}, 999_999)).status).toBe(404);
  });
});

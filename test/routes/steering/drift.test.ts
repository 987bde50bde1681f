import { sql } from "drizzle-orm";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let other: Awaited<ReturnType<Api["onboard"]>>;
let serviceId: number;
let domainId: number;

beforeAll(async () => {
  api = await startApi();
  api.time.nowMs = Date.now();
  acme = await api.onboard("acme");
  other = await api.onboard("other");
  serviceId = (await api.service(acme.editor)).id;
  domainId = (await api.created(`/v1/services/${serviceId}/domains`, { name: "app.example.test" }, { token: acme.editor })).id;
  await api.db.rows(sql`
    insert into routing_drifts (service_id, domain_id, record_type, previous_primary, previous_backup, expected_primary, expected_backup,
      found_primary, found_backup, left_alone, epoch, found_at)
    values (${serviceId}, ${domainId}, 'CNAME', 100, 0, 100, 0, 30, 70, null, 1, '2026-11-21T10:00:00Z'),
      (${serviceId}, ${domainId}, 'CNAME', 100, 0, null, null, 60, 40, 'frozen', 1, '2026-11-21T11:00:00Z')`);
  await api.db.rows(sql`
    insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result,
      intended_at, accepted_at)
    values (${serviceId}, ${domainId}, 30, 70, 100, 0, 'drift', 'tranche', 1, 'accepted', '2026-11-21T10:00:00Z', '2026-11-21T10:00:01Z')`);
  // As a round adds them up that finds such drifts.
  await api.db.rows(
    sql`insert into counters (name, provider, label, value) values ('drifts', '', 'frozen', 1), ('drifts', '', 'healing', 1)`,
  );
});

beforeEach(async () => {
  await api.db.rows(sql`
    insert into domain_routing (domain_id, service_id, status, primary_weight, backup_weight, read_at, contested_at)
    values (${domainId}, ${serviceId}, 'found', 30, 70, now(), '2026-11-21T10:00:00Z')
    on conflict (domain_id) do update set contested_at = excluded.contested_at, drift_resumed_at = null, last_error = null`);
});

const routing = async () => (await api.call("GET", `/v1/services/${serviceId}/routing`, { token: acme.viewer })).body;
const resume = (token: string | null, id = domainId, service = serviceId) =>
  api.call("POST", `/v1/services/${service}/domains/${id}/drift/resume`, { token });
const memory = async () =>
  (
    await api.db.rows<{ contested: boolean; resumed: boolean }>(sql`
    select contested_at is not null as contested, drift_resumed_at is not null as resumed from domain_routing where domain_id = ${domainId}`)
  )[0];

describe("drift", () => {
  it("is shown with what was known, wanted and found, when it was healed or why it was not", async () => {
    expect(await routing()).toMatchObject({
      domains: [{ status: "contested", contested_at: "2026-11-21T10:00:00.000Z" }],
      drifts: [
        { previous: { primary: 100 }, expected: null, found: { primary: 60 }, left_alone: "frozen", healed_at: null },
        {
          expected: { primary: 100, backup: 0 },
          found: { primary: 30, backup: 70 },
          left_alone: null,
          healed_at: "2026-11-21T10:00:01.000Z",
        },
      ],
    });
    expect(await api.deps.metrics.read()).toMatchObject({ domains: [{ status: "contested", count: 1 }] });
    expect((await api.deps.metrics.read()).drifts).toEqual([
      { outcome: "frozen", count: 1 },
      { outcome: "healing", count: 1 },
    ]);
  });

  it("that is contested is healed again once an editor says so, with an audit row", async () => {
    const answer = await resume(acme.editor);
    expect([answer.status, answer.body["domain_id"]]).toEqual([200, domainId]);
    expect(await memory()).toEqual({ contested: false, resumed: true });
    expect(await routing()).toMatchObject({ domains: [{ status: "found", contested_at: null }] });
    const [row] = await api.db.rows<{ action: string; object_id: number }>(sql`
      select action, object_id from audit_log where object_type = 'drift' order by id desc limit 1`);
    expect(row).toEqual({ action: "resume", object_id: domainId });
  });

  it("is resumed by any order about the service", async () => {
    const at = `/v1/services/${serviceId}/routing/override`;
    await api.call("PUT", at, { token: acme.editor, body: { mode: "frozen", reason: "talking to the other team" } });
    expect(await memory()).toEqual({ contested: false, resumed: true });
    await api.db.rows(sql`update domain_routing set contested_at = now(), drift_resumed_at = null`);
    await api.call("DELETE", at, { token: acme.editor });
    expect(await memory()).toEqual({ contested: false, resumed: true });
  });

  it("is nobody else's to resume, nor a viewer's", async () => {
    expect((await resume(acme.viewer)).status).toBe(403);
    expect((await resume(other.editor)).status).toBe(404);
    expect((await resume(acme.editor, domainId + 999)).status).toBe(404);
    expect(await memory()).toEqual({ contested: true, resumed: false });
  });

  it("does not hide what failed last", async () => {
    await api.db.rows(sql`update domain_routing set contested_at = null, last_error = 'AccessDenied'`);
    expect(await routing()).toMatchObject({ domains: [{ status: "error", last_error: "AccessDenied" }] });
  });
});

import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { createIngestStore } from "../../src/adapters/db/metering/ingest.ts";
import { createLeaseStore } from "../../src/adapters/db/coordination/leases.ts";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { wholeWindow } from "../support/usage.ts";

let api: Api;
let token: string;
let serviceId: number;

beforeAll(async () => {
  api = await startApi();
  token = (await api.onboard("acme")).editor;
  const plain = { name: "plain", primary_cdn: "akamai", backup_cdn: "fastly" };
  serviceId = (await api.created("/v1/services", plain, { token })).id;
});

const stored = async () =>
  (await api.db.rows<{ seconds: number | null }>(sql`select usage_window_seconds as seconds from settings`))[0]?.seconds;
const hour = [{ window_start: "2026-11-21T01:00:00Z", window_end: "2026-11-21T02:00:00Z", primary_bytes: 1 }];
const minute = [{ window_start: "2026-11-21T03:00:00Z", window_end: "2026-11-21T03:01:00Z", primary_bytes: 1 }];

/** Another deployment on the same database, configured for windows of a minute. */
const otherDeployment = () => {
  const deps = buildDeps(parseConfig({ ...api.env, USAGE_WINDOW: "1m" }), { clock: api.clock, log: api.log });
  const app = createApp(deps);
  return async (method: string, path: string, body?: unknown) =>
    await app.request(path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
};

describe("the length of usage windows", () => {
  it("is open until the first is stored, and refused pushes do not fix it", async () => {
    expect(await stored()).toBeNull();
    expect((await api.call("PUT", "/v1/services/999999/usage", { token, body: hour })).status).toBe(404);
    expect(await stored()).toBeNull();
    expect((await otherDeployment()("GET", "/readyz")).status).toBe(200);
    expect((await api.call("PUT", `/v1/services/${serviceId}/usage`, { token, body: hour })).status).toBe(200);
    expect(await stored()).toBe(3_600);
    expect((await api.call("PUT", `/v1/services/${serviceId}/usage`, { token, body: hour })).status).toBe(200);
  });

  it("is then refused to a deployment that is configured for another: at its start, and at every push", async () => {
    const call = otherDeployment();
    const ready = await call("GET", "/readyz");
    expect([ready.status, await ready.text()]).toMatchObject([503, expect.stringContaining("windows of 3600 s")]);
    const push = await call("PUT", `/v1/services/${serviceId}/usage`, minute);
    expect([push.status, await push.text()]).toMatchObject([409, expect.stringContaining("60 s (USAGE_WINDOW)")]);
    const rows = await api.db.rows(sql`select 1 from usage_snapshots`);
    expect(rows).toHaveLength(1);
    expect((await api.call("GET", "/readyz")).status).toBe(200);
  });

  it("binds what is ingested in the same way", async () => {
    const fence = await createLeaseStore(api.db).acquire("job:test", "local", "local:test");
    if (fence === null) throw new Error("the lease of a fresh database is taken");
    const ingest = createIngestStore(api.db);
    const at = Date.parse("2026-11-21T05:00:00Z");
    await api.db.rows(sql`update services set created_at = '2026-11-20T00:00:00Z'`);
    const [domain] = await api.db.rows<{ id: number }>(sql`
      insert into service_domains (service_id, customer_id, name, challenge_token, created_at, verified_at)
      select id, customer_id, 'metered.example.com', 'token', created_at, created_at from services where id = ${serviceId} returning id`);
    const usage = (seconds: number) =>
      wholeWindow({ serviceId, domainId: domain?.id ?? 0, cdn: "akamai", startMs: at, windowMs: seconds * 1_000, bytes: 5 });
    await expect(ingest.save(fence, usage(60))).rejects.toThrow(/windows of 3600 s.*60 s/);
    expect(await ingest.save(fence, usage(3_600))).toMatchObject({ stored: 1 });
    await api.db.rows(sql`delete from usage_snapshots`);
    await api.db.rows(sql`delete from usage_readings`);
    await api.db.rows(sql`update settings set usage_window_seconds = null`);
    expect(await ingest.save({ ...fence, epoch: fence.epoch + 1 }, usage(60))).toMatchObject({ stored: 0 });
    expect(await stored()).toBeNull();
    expect(await ingest.save(fence, usage(60))).toMatchObject({ stored: 1 });
    expect(await stored()).toBe(60);
  });

  it("must be whole seconds", () => {
    expect(() => parseConfig({ ...api.env, USAGE_WINDOW: "1500ms" })).toThrow(/USAGE_WINDOW must be whole seconds/);
  });
});

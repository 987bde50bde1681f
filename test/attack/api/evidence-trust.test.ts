import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { runJob } from "../../../src/cron/schedule.ts";
import { headText } from "../../../src/domain/evidence/evidence-claim.ts";
import type { JsonValue } from "../../../src/domain/evidence/canonical-json.ts";
import type { Api } from "../../support/api.ts";
import { startApi } from "../../support/api.ts";
import type { Tenant } from "../../support/tenant.ts";
import { seedTenant } from "../../support/tenant.ts";

/**
 * Holes 5 and 6 of issue J, over the API in workerd: evidence of three hundred relapses is read to its end, which is signed, so
 * that nobody on the way can cut it off; keys and anchors are there for whoever audits.
 */
let api: Api;
let [owner, stranger]: Tenant[] = [];
const key = "aiSEPV2rD7d7Qf4Id1hx6wPZxVV2qUCFoQCBZFv2aeo=";

beforeAll(async () => {
  api = await startApi({ EVIDENCE_SIGNING_KEY: key });
  [owner, stranger] = [await seedTenant(api, "owner"), await seedTenant(api, "stranger")];
  await api.db.rows(sql`
    insert into evidence (service_id, storm_id, kind, body)
    select service_id, id, case n when 0 then 'begin' when 301 then 'end' else 'relapse' end, '{"text":"' || repeat('é', 20000) || '"}'
    from storm_events cross join generate_series(0, 301) n where id = ${owner.ids["storms"]} order by n`);
});

const fromBase64Url = (text: string) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

describe("the evidence of 300 relapses", () => {
  it("is read page by page, no answer too large, to a signed end", async () => {
    const records: Record<string, JsonValue>[] = [];
    let path: string | null = `/v1/storms/${owner?.ids["storms"] ?? 0}/evidence`;
    let pages = 0;
    while (path !== null) {
      const answer = await api.call("GET", path, { token: owner?.viewer ?? "" });
      expect(answer.status).toBe(200);
      expect(answer.text.length).toBeLessThan(4_000_000);
      records.push(...(answer.list as unknown as Record<string, JsonValue>[]));
      path = /<([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1] ?? null;
      pages += 1;
    }
    expect(pages).toBeGreaterThan(3);
    expect(records.length).toBe(303);
    expect(records.map(({ kind }) => kind).filter((kind) => kind === "head")).toHaveLength(1);
    const { signature, ...head } = records.at(-1) ?? {};
    expect(head).toMatchObject({ kind: "head", seq: 302, hash: records.at(-2)?.["hash"], storm_id: owner?.ids["storms"] });
    const { body } = await api.call("GET", "/.well-known/tranche-evidence-keys", { token: null });
    const [own] = body["keys"] as { kid: string; x: string }[];
    expect(own?.kid).toBe(head["key_id"]);
    const publicKey = await crypto.subtle.importKey("raw", fromBase64Url(own?.x ?? ""), { name: "Ed25519" }, false, ["verify"]);
    const text = new TextEncoder().encode(headText(head as Record<string, JsonValue>));
    expect(await crypto.subtle.verify({ name: "Ed25519" }, publicKey, fromBase64Url(String(signature)), text)).toBe(true);
  });

  it("is told by its storm where it ends: what a notification may carry", async () => {
    const storm = await api.call("GET", `/v1/storms/${owner?.ids["storms"] ?? 0}`, { token: owner?.viewer ?? "" });
    expect(storm.body["evidence_head"]).toEqual({ seq: 302, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown });
    const none = await api.call("GET", `/v1/storms/${stranger?.ids["storms"] ?? 0}`, { token: stranger?.viewer ?? "" });
    expect(none.body["evidence_head"]).toBeNull();
  });
});

describe("what an auditor asks for", () => {
  it("keys are for everybody, and may be kept for minutes", async () => {
    const answer = await api.call("GET", "/.well-known/tranche-evidence-keys", { token: null });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "public, max-age=300"]);
    expect(answer.body["keys"]).toMatchObject([{ kty: "OKP", crv: "Ed25519", kid: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown }]);
    expect(answer.text).not.toContain('"d"');
    const unsigned = await startApi();
    expect((await unsigned.call("GET", "/.well-known/tranche-evidence-keys", { token: null })).body).toEqual({ keys: [] });
  });

  it("anchors are the customer's own", async () => {
    await runJob(api.deps, "anchor-evidence", api.clock.nowMs());
    const path = `/v1/services/${owner?.ids["services"] ?? 0}/evidence-anchors`;
    const own = await api.call("GET", path, { token: owner?.viewer ?? "" });
    expect(own.list.slice(1)).toMatchObject([
      { leaf: { seq: 302 }, place: 0, path: [], anchor: { timestamp: null, timestamp_error: null } },
    ]);
    expect((await api.call("GET", path, { token: stranger?.editor ?? "" })).status).toBe(404);
    expect(
      (await api.call("GET", `/v1/services/${stranger?.ids["services"] ?? 0}/evidence-anchors`, { token: stranger?.editor ?? "" })).list,
    ).toHaveLength(1);
  });

  it("is told what weakens the deployment", async () => {
    const warningsOf = async (of: Api) => [
      (await of.call("GET", "/readyz", { token: null, headers: { accept: "application/json" } })).body["warnings"],
      (await of.call("GET", "/v1/status")).body["warnings"],
    ];
    expect(await warningsOf(api)).toEqual([[], []]);
    const weak = await startApi();
    const asOwner = await startApi({ DATABASE_URL: weak.env.OWNER_DATABASE_URL });
    const expected = [expect.stringContaining("owner of its tables"), expect.stringContaining("EVIDENCE_SIGNING_KEY")];
    expect(await warningsOf(asOwner)).toEqual([expected, expected]);
  });
});

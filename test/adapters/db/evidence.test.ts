import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyBundle } from "../../../local/evidence-bundle.ts";
import { createEvidenceStore } from "../../../src/adapters/db/evidence.ts";
import { canonicalJson } from "../../../src/domain/canonical-json.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";

let database: TestDatabase;
let customer: number;

const idOf = async (text: string, params: readonly unknown[]): Promise<number> =>
  Number((await database.sql<{ id: string }>(`${text} returning id`, params))[0]?.id);

const newService = async (name: string) => {
  const service = await idOf("insert into services (customer_id, name, primary_cdn, backup_cdn) values ($1, $2, 'a', 'b')", [customer, name]);
  const policy = await idOf("insert into storm_policies (service_id, kind) values ($1, 'http_availability')", [service]);
  const domain = await idOf(
    "insert into service_domains (service_id, customer_id, name, challenge_token) values ($1, $2, $3, 't')", [service, customer, `${name}.example.test`]);
  const storm = (state = "storm") => idOf(
    `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
     select $1, $2, 1, 'http_availability', $3, now(), now(), case $3 when 'ended' then now() end, case $3 when 'ended' then 'recovered' end, 1.5`,
    [service, policy, state]);
  return { service, policy, domain, storm };
};

const record = (service: number, storm: number, kind: string, body = canonicalJson({ note: kind })) =>
  database.sql("insert into evidence (service_id, storm_id, kind, body) values ($1, $2, $3, $4)", [service, storm, kind, body]);

const bundleOf = async (storm: number, of = customer): Promise<string> => (await createEvidenceStore(database.db).bundle(of, storm)) ?? "none";
const verify = (text: string) => verifyBundle(new TextEncoder().encode(text));

beforeAll(async () => {
  database = await freshDatabase();
  customer = await idOf("insert into customers (name) values ('acme')", []);
});

afterAll(() => database.close());

describe("evidence", () => {
  it("is chained per service, and one storm's bundle holds what stands between its records", async () => {
    const { service, storm } = await newService("chain");
    const other = await newService("beside");
    const first = await storm("ended");
    await record(service, first, "begin");
    await record(service, first, "end");
    const second = await storm("ended");
    await record(service, second, "begin", canonicalJson({ text: "ü \" \\ 😀 \u2028 { ] ," }));
    await record(other.service, await other.storm(), "begin");
    await record(service, first, "switch");
    await record(service, second, "end");
    const [one, two] = [await bundleOf(first), await bundleOf(second)];
    expect(verify(one)).toMatchObject({ ok: true, stormId: first, serviceId: service, kinds: ["begin", "end", "switch"], ended: true });
    expect(verify(two)).toMatchObject({ ok: true, stormId: second, kinds: ["begin", "end"] });
    expect((JSON.parse(one) as { seq: number }[]).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect((JSON.parse(two) as { seq: number }[]).map(({ seq }) => seq)).toEqual([3, 4, 5]);
  });

  it("keeps one unbroken chain under concurrent writers", async () => {
    const { service, storm } = await newService("busy");
    const only = await storm();
    await record(service, only, "begin");
    await Promise.all(Array.from({ length: 40 }, (_, at) => record(service, only, "relapse", canonicalJson({ at }))));
    const verdict = verify(await bundleOf(only));
    expect(verdict).toMatchObject({ ok: true, ended: false });
    expect(verdict.ok && verdict.kinds.length).toBe(41);
  });

  it("chains the rows of one statement among themselves", async () => {
    const { service, storm } = await newService("at-once");
    const only = await storm();
    await database.sql(`insert into evidence (service_id, storm_id, kind, body) select $1, $2, kind, '{}' from unnest(array['begin', 'relapse', 'end']) kind`, [service, only]);
    expect(verify(await bundleOf(only))).toMatchObject({ ok: true, kinds: ["begin", "relapse", "end"] });
  });

  it("takes no hash, place or link from whoever writes", async () => {
    const { service, storm } = await newService("forged");
    const only = await storm();
    await database.sql(
      "insert into evidence (service_id, storm_id, kind, body, seq, hash, previous_hash) values ($1, $2, 'begin', '{}', 77, 'f00', 'ba5')", [service, only]);
    expect(verify(await bundleOf(only))).toMatchObject({ ok: true });
  });

  it.each(["update evidence set body = '{}'", "delete from evidence", "truncate evidence"])("refuses %s", async (statement) => {
    await expect(database.sql(statement)).rejects.toMatchObject({ code: "23001" });
  });

  it("seals the storm of a deleted policy or service", async () => {
    const { service, storm } = await newService("deleted");
    const only = await storm();
    await record(service, only, "begin");
    await database.sql("update storm_events set state = 'ended', ended_at = now(), ended_reason = 'policy_deleted' where id = $1", [only]);
    const text = await bundleOf(only);
    expect(verify(text)).toMatchObject({ ok: true, kinds: ["begin", "end"], ended: true });
    expect(JSON.parse(text)).toMatchObject([{}, { body: { decision: { change: "end", reason: "policy_deleted" } } }]);
  });

  it("records a switch for a storm with its change id once Route 53 has taken it", async () => {
    const { service, domain, storm } = await newService("switched");
    const only = await storm();
    await record(service, only, "begin");
    const change = (stormId: number | null) => idOf(
      `insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at)
       values ($1, $2, $3, 100, 0, 0, 100, 'storm', E'sre "ü"\\t\\x01', 7, 'intent', '2026-11-18T11:20:40.120Z')`, [service, domain, stormId]);
    const ids = [await change(only), await change(null)];
    await database.sql("update routing_changes set result = 'accepted', change_id = '/change/C1', accepted_at = '2026-11-18T11:20:41Z' where id = any($1)", [ids]);
    await database.sql("update routing_changes set result = 'insync', insync_at = now() where id = any($1)", [ids]);
    const text = await bundleOf(only);
    expect(verify(text)).toMatchObject({ ok: true, kinds: ["begin", "switch"] });
    expect((JSON.parse(text) as { body: unknown }[])[1]?.body).toEqual({
      accepted_at: "2026-11-18T11:20:41.000Z", actor: 'sre "ü"\t\u0001', change_id: "/change/C1", domain: "switched.example.test", epoch: 7,
      from: { primary: 100, backup: 0 }, intended_at: "2026-11-18T11:20:40.120Z", reason: "storm", to: { primary: 0, backup: 100 },
    });
  });

  it("shows a storm to its own customer only", async () => {
    const { service, storm } = await newService("private");
    const only = await storm();
    await record(service, only, "begin");
    const stranger = await idOf("insert into customers (name) values ('stranger')", []);
    expect(await bundleOf(only, stranger)).toBe("none");
    expect(await bundleOf(only + 1_000_000)).toBe("none");
    expect(await bundleOf(await storm("ended"))).toBe("[]");
  });
});

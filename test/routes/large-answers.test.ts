import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pageBytes } from "../../src/domain/platform/page-size.ts";
import { startApi } from "../support/api.ts";
import type { Answer, Api, Json } from "../support/api.ts";

/** What Neon's proxy sends at most, and a Vercel function. */
const [databaseLimit, functionLimit] = [10 * 1024 * 1024, 4_500_000];

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let service: Json;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  service = await api.service(acme.editor);
});

const nextOf = (answer: Answer): string | null => /<([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1] ?? null;

/** Every page of an answer; each of them must be one that both platforms can send. */
const pages = async (path: string): Promise<Answer[]> => {
  const all: Answer[] = [];
  for (let next: string | null = path; next !== null; next = nextOf(all.at(-1) as Answer)) {
    const answer = await api.call("GET", next, { token: acme.viewer });
    expect([next, answer.status], answer.text.slice(0, 300)).toEqual([next, 200]);
    expect(answer.text.length).toBeLessThan(functionLimit);
    all.push(answer);
    expect(all.length).toBeLessThan(50);
  }
  return all;
};

const idsOf = (rows: readonly unknown[], field = "id"): number[] => rows.map((row) => Number((row as Json)[field]));

const bytesOf = async (table: string): Promise<number> => {
  const [row] = await api.db.rows<{ bytes: number }>(
    sql`select sum(octet_length(to_jsonb(t)::text)) as bytes from ${sql.identifier(table)} t`,
  );
  return Number(row?.bytes);
};

describe("the audit log", () => {
  const windows = (bytes: number) =>
    Array.from({ length: 1_000 }, (_, index) => {
      const at = (hours: number) => new Date(Date.parse("2026-10-01T00:00:00Z") + (index + hours) * 3_600_000).toISOString();
      return { window_start: at(0), window_end: at(1), primary_bytes: bytes + index, backup_bytes: index };
    });

  it("of many pushes of 1,000 windows comes page by page, each entry once", async () => {
    for (const bytes of [1_000_000, 2_000_000]) {
      const pushed = await api.call("PUT", `/v1/services/${service.id}/usage`, { token: acme.editor, body: windows(bytes) });
      expect(pushed.status, pushed.text.slice(0, 300)).toBe(200);
    }
    // As fifteen and more of them would leave behind.
    await api.db.rows(sql`
      insert into audit_log (customer_id, actor, action, object_type, object_id, before, after, request_id)
      select customer_id, actor, action, object_type, object_id, before, after, request_id from audit_log, generate_series(1, 16)
      where action = 'push' and before is not null`);
    expect(await bytesOf("audit_log")).toBeGreaterThan(databaseLimit);
    const all = await pages("/v1/audit-log");
    const entries = all.flatMap(({ list }) => list);
    expect(all.length).toBeGreaterThan(5);
    const known = await api.db.rows<{ id: number }>(sql`select id from audit_log where customer_id = ${acme.id} order by id desc`);
    expect(idsOf(entries)).toEqual(known.map(({ id }) => id));
    expect(entries[0]?.["after"]).toHaveLength(1_000);
    const filtered = await pages("/v1/audit-log?action=push&limit=3");
    expect(filtered.map(({ list }) => list.length <= 3)).not.toContain(false);
    expect(idsOf(filtered.flatMap(({ list }) => list)).length).toBe(18);
  });

  it("leaves out what is too large for any page, and says so", async () => {
    await api.db.rows(sql`
      insert into audit_log (customer_id, actor, action, object_type, before, after)
      select ${acme.id}, 'test', 'explode', 'thing', to_jsonb(array_fill(repeat('"', 2000), array[6000])), jsonb_build_object('a', repeat('x', 13000000))`);
    const [row] = await api.db.rows<{ hash: string }>(sql`
      select encode(sha256(convert_to(before::text, 'UTF8')), 'hex') as hash from audit_log where action = 'explode'`);
    const [answer] = await pages("/v1/audit-log?action=explode");
    expect(answer?.list).toMatchObject([
      {
        action: "explode",
        before: { left_out: { bytes: 24_024_000, entries: 6_000, sha256: row?.hash } },
        after: { left_out: { bytes: 13_000_009, entries: 1 } },
      },
    ]);
  });
});

describe("a service with very many domains", () => {
  const count = 6_500;
  let ids: number[];

  beforeAll(async () => {
    const rows = await api.db.rows<{ id: number }>(sql`
      with added as (
        insert into service_domains (service_id, customer_id, name, primary_target, backup_target, probe_path, challenge_token)
        select ${service.id}, ${acme.id}, n || '.' || repeat('very-long-label.', 14) || 'example.test', n || '.a.' || repeat('c', 60) || '.test',
          n || '.b.test', '/' || repeat('p', 1000), 't' from generate_series(1, ${count}::int) n returning *
      ), live as (
        insert into domain_routing (domain_id, service_id, status, primary_weight, backup_weight, last_error)
        select id, service_id, 'error', 100, 0, repeat('e', 700) from added
      )
      select id from added order by id`);
    ids = rows.map(({ id }) => id);
  });

  it("is read in parts", async () => {
    expect(await bytesOf("service_domains")).toBeGreaterThan(databaseLimit);
    const all = await pages(`/v1/services/${service.id}`);
    expect(idsOf(all.flatMap(({ body }) => body["domains"] as Json[]))).toEqual(ids);
    expect(new Set(all.map(({ body }) => (body["service"] as Json).id))).toEqual(new Set([service.id]));
  });

  it("tells its routing in parts, the history beside them", async () => {
    await api.db.rows(sql`
      insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, error, intended_at)
      select ${service.id}, ${ids[0]}, 100, 0, 0, 100, 'storm', 'tranche', n, 'failed', repeat('e', 30000), now() from generate_series(1, 120) n`);
    const all = await pages(`/v1/services/${service.id}/routing`);
    expect(
      idsOf(
        all.flatMap(({ body }) => body["domains"] as Json[]),
        "domain_id",
      ),
    ).toEqual(ids);
    const changes = idsOf(all.flatMap(({ body }) => body["changes"] as Json[]));
    expect(changes).toEqual(Array.from({ length: 120 }, (_, index) => (changes[0] ?? 0) - index));
    const history = await pages(`/v1/services/${(await api.service(acme.editor, "small")).id}/routing`);
    expect(history.map(({ body }) => [body["domains"], body["changes"]])).toEqual([[[], []]]);
  });

  it("can still be looked at as a whole", async () => {
    const policy = await api.call("GET", `/v1/services/${service.id}/iam-policy`, { token: acme.viewer });
    expect([policy.status, policy.text.includes("very-long-label")]).toEqual([200, true]);
    const found: number[] = [];
    for (let behind = true; behind;) {
      const setup = await api.deps.dnsSetup.get(acme.id, service.id, { limit: 20, afterDomainId: found.at(-1) ?? 0 });
      found.push(...(setup?.domains.map(({ domainId }) => domainId) ?? []));
      behind = setup?.domainsBehind === true;
    }
    expect(found).toEqual(ids);
    expect(await api.deps.dnsSetup.get(acme.id, 999_999_999, { limit: 20, afterDomainId: 0 })).toBeNull();
  });

  it("shows its readiness in parts", async () => {
    await api.db.rows(sql`
      insert into readiness_checks (service_id, checked_at, actor, result, checks)
      select ${service.id}, now(), 'admin', 'pass', jsonb_agg(jsonb_build_object('domainId', n, 'domain', 'd.test', 'check', 'ttl', 'result', 'pass',
        'detail', repeat('d', 1700), 'mend', null) order by n) from generate_series(1, ${count}::int) n`);
    const all = await pages(`/v1/services/${service.id}/readiness`);
    expect(
      idsOf(
        all.flatMap(({ body }) => body["checks"] as Json[]),
        "domain_id",
      ),
    ).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(all.every(({ body }) => body["result"] === "pass")).toBe(true);
  });
});

describe("a storm with very much about it", () => {
  let storm: number;

  beforeAll(async () => {
    const [row] = await api.db.rows<{ id: number }>(sql`
      with policy as (insert into storm_policies (service_id, kind) values (${service.id}, 'http_availability') returning id),
      version as (insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor,
        min_samples, min_failures) select id, 1, 0.9, 60, 300, 1.5, 3, 3 from policy)
      insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
      select ${service.id}, id, 1, 'http_availability', 'storm', '2026-11-21T10:00:00Z', '2026-11-21T10:00:20Z', 1.5 from policy returning id`);
    storm = row?.id ?? 0;
  });

  it("names how many of its switches are not shown", async () => {
    await api.db.rows(sql`
      insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, error, intended_at)
      select ${service.id}, (select min(id) from service_domains), ${storm}, 100, 0, 0, 100, 'storm', 'tranche', n, 'failed', repeat('e', 12000), now()
      from generate_series(1, 1000) n`);
    const [answer] = await pages(`/v1/storms/${storm}`);
    const shown = ((answer?.body["timeline"] ?? []) as Json[]).filter((entry) => entry["event"] === "switch").length;
    expect(shown).toBeGreaterThan(100);
    expect(answer?.body["switches_left_out"]).toBe(1_000 - shown);
  });

  it("proves itself in parts that follow each other in the chain", async () => {
    await api.db.rows(sql`
      insert into evidence (service_id, storm_id, kind, body)
      select ${service.id}, ${storm}, case n when 1 then 'begin' else 'relapse' end, '{"text":"' || repeat('x', 60000) || '"}' from generate_series(1, 200) n`);
    const all = await pages(`/v1/storms/${storm}/evidence`);
    const records = all.flatMap(({ list }) => list);
    expect(all.length).toBeGreaterThan(3);
    expect(records.map((record) => record["seq"])).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(records.slice(1).every((record, index) => record["previous_hash"] === records[index]?.["hash"])).toBe(true);
    expect(all.map(({ headers }) => headers.get("content-disposition")).slice(0, 2)).toEqual([
      `attachment; filename="storm-${storm}-evidence.json"`,
      `attachment; filename="storm-${storm}-evidence-from-${(all[0]?.list.length ?? 0) + 1}.json"`,
    ]);
  });
});

describe("a remembered answer that is too large", () => {
  it("is refused as what it is", async () => {
    const post = async () =>
      await api.call("POST", "/v1/services", {
        token: acme.editor,
        headers: { "idempotency-key": "large" },
        body: { name: "remembered", primary_cdn: "cloudflare", backup_cdn: "fastly" },
      });
    expect((await post()).status).toBe(201);
    await api.db.rows(sql`update idempotency_keys set answer = to_jsonb(repeat('x', 12000000)) where key = 'large'`);
    const again = await post();
    expect([again.status, again.body["detail"]]).toEqual([409, expect.stringContaining("too large to be given again")]);
  });
});

describe("one page", () => {
  it("fits both platforms, escapes included", () => {
    expect(2 * pageBytes).toBeLessThan(databaseLimit / 2);
    expect(pageBytes).toBeLessThan(functionLimit / 2);
  });
});

import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { troubleNames } from "../../../src/domain/steering/trouble.ts";
import { startApi } from "../../support/api.ts";
import type { Answer, Api, Json } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
const at = "2026-11-21T12:29:52.000Z";

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
});

const domain = async (
  serviceId: number,
  weights: readonly [number, number] | null,
  more: { status?: string; expected?: unknown; sampledAt?: string | null; contested?: boolean } = {},
) => {
  const { id } = await api.created(
    `/v1/services/${serviceId}/domains`,
    { name: `d${Math.random().toString(36).slice(2)}.example.test` },
    { token: acme.editor },
  );
  await api.db.rows(sql`update service_domains set verified_at = '2026-11-01T00:00:00Z' where id = ${id}`);
  await api.db.rows(sql`
    insert into domain_routing (domain_id, service_id, status, primary_weight, backup_weight, expected, contested_at, last_error)
    values (${id}, ${serviceId}, 'found', ${weights?.[0] ?? null}::int, ${weights?.[1] ?? null}::int, ${JSON.stringify(more.expected ?? null)}::jsonb,
      case when ${more.contested ?? false}::boolean then now() end, case when ${more.status === "error"}::boolean then 'AccessDenied' end)`);
  const sampledAt = more.sampledAt === undefined ? at : more.sampledAt;
  if (sampledAt !== null) {
    await api.db.rows(sql`
      insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms)
      select ${serviceId}, ${id}, 'primary', 'local', t, 0, t, true, 200, 5 from generate_series(${sampledAt}::timestamptz - interval '1 minute', ${sampledAt}::timestamptz, '10 seconds') t`);
  }
};

const storm = async (serviceId: number, state = "storm", kind = "http_availability") => {
  const [row] = await api.db.rows<{ id: number }>(sql`
    with policy as (insert into storm_policies (service_id, kind) values (${serviceId}, ${kind}) returning id),
    version as (insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
      select id, 1, 0.9, 60, 300, 1.5, 3, 3 from policy)
    insert into storm_events (service_id, policy_id, policy_version, kind, state, recovering_since, started_at, detected_at, max_coverage_factor)
    select ${serviceId}, id, 1, ${kind}, ${state}, case when ${state} = 'recovering' then now() end, '2026-11-21T12:00:00Z', '2026-11-21T12:00:20Z', 1.5 from policy returning id`);
  return row?.id ?? 0;
};

const routing = (serviceId: number, state: string, reason: string, backupHealth = "up") =>
  api.db.rows(sql`
  insert into service_routing (service_id, state, reason, backup_health) values (${serviceId}, ${state}, ${reason}, ${backupHealth})
  on conflict (service_id) do update set state = excluded.state, reason = excluded.reason, backup_health = excluded.backup_health`);

const fleet = (options: { token?: string; customer?: number } = { token: acme.viewer }) => api.call("GET", "/v1/fleet", options);

/** How each service comes into its trouble, in another order than they are to be listed. */
const ways: Readonly<Record<string, (id: number) => Promise<unknown>>> = {
  none: (id) => Promise.all([domain(id, [100, 0]), routing(id, "normal", "calm")]),
  not_ready: (id) =>
    Promise.all([
      domain(id, [100, 0]),
      api.db.rows(
        sql`insert into readiness_checks (service_id, checked_at, actor, result, checks) values (${id}, now(), 'admin', 'fail', '[]')`,
      ),
    ]),
  overridden: (id) =>
    Promise.all([
      domain(id, [100, 0]),
      api.call("PUT", `/v1/services/${id}/routing/override`, { token: acme.editor, body: { mode: "primary", reason: "drill" } }),
    ]),
  backup_down: (id) => Promise.all([domain(id, [100, 0]), routing(id, "normal", "calm", "down")]),
  recovering: (id) => Promise.all([domain(id, [50, 50]), routing(id, "failback", "failback")]),
  on_backup: (id) => Promise.all([domain(id, [0, 100]), domain(id, [0, 100]), routing(id, "shifted", "storm"), storm(id)]),
  contested: (id) => domain(id, [100, 0], { contested: true }),
  silent: (id) => Promise.all([domain(id, [100, 0], { sampledAt: "2026-11-21T12:24:00.000Z" }), storm(id, "recovering")]),
  failing: (id) =>
    Promise.all([
      domain(id, [100, 0], { expected: { types: [], obstacle: { reason: "health_check", detail: "x" } } }),
      domain(id, null),
      storm(id, "storm", "http_latency"),
      storm(id),
    ]),
  held: (id) => Promise.all([domain(id, [100, 0], { status: "error" }), routing(id, "held", "backup_down", "down"), storm(id)]),
};

describe("the fleet", () => {
  it("is empty for who has nothing", async () => {
    expect((await fleet()).list).toEqual([]);
  });

  it("lists services by their trouble, the worst first", async () => {
    for (const [name, way] of Object.entries(ways)) await way((await api.service(acme.editor, name)).id);
    const { list, headers } = await fleet();
    expect(list.map((one) => [one["name"], one["trouble"]])).toEqual(troubleNames.map((name) => [name, name]));
    expect(headers.get("link")).toBeNull();
  });

  it("says of each who serves, what is on, who has ordered what, and how old the last round is", async () => {
    const { list } = await fleet();
    const of = (name: string) => list.find((one) => one["name"] === name);
    expect(of("on_backup")).toMatchObject({
      customer_id: acme.id,
      state: "shifted",
      reason: "storm",
      serving: "backup",
      backup_health: "up",
      readiness: "unchecked",
      override: null,
      storm: { kind: "http_availability", state: "storm", started_at: "2026-11-21T12:00:00.000Z", relapses: 0, monitor_only: false },
      domains: { total: 2, primary: 0, backup: 2, both: 0, unread: 0, contested: 0, failing: 0, hindered: 0 },
      last_round_at: at,
      last_round_age_seconds: 8,
    });
    expect(of("failing")).toMatchObject({
      serving: "primary",
      domains: { total: 2, unread: 1, hindered: 1 },
      storm: { kind: "http_availability" },
    });
    expect(of("recovering")).toMatchObject({ serving: "both", storm: null });
    expect(of("overridden")).toMatchObject({ override: { mode: "primary", reason: "drill", until: null } });
    expect(of("held")).toMatchObject({ domains: { failing: 1 } });
    expect(of("silent")).toMatchObject({ last_round_age_seconds: 360 });
    expect(of("not_ready")).toMatchObject({ readiness: "fail", state: "normal", backup_health: null });
    const empty = await api.service(acme.editor, "empty");
    const { list: now } = await fleet();
    expect(now.find((one) => one["service_id"] === empty.id)).toMatchObject({
      trouble: "none",
      serving: "unknown",
      last_round_at: null,
      last_round_age_seconds: null,
    });
    expect((await api.call("DELETE", `/v1/services/${empty.id}`, { token: acme.editor })).status).toBe(204);
    expect((await fleet()).list).toHaveLength(list.length);
  });

  it("is a customer's own; an admin's is everybody's, or that of the customer that is named", async () => {
    const other = await api.onboard("other");
    await api.service(other.editor, "theirs");
    expect((await fleet({ token: other.viewer })).list.map((one) => one["name"])).toEqual(["theirs"]);
    expect((await fleet({})).list).toHaveLength(troubleNames.length + 1);
    expect((await fleet({ customer: other.id })).list.map((one) => one["name"])).toEqual(["theirs"]);
    expect((await fleet({ token: other.viewer, customer: acme.id })).status).toBe(403);
  });

  it("comes in one answer and one round trip for a thousand services, and in parts where that would be too large", async () => {
    const large = await api.onboard("large");
    const grow = (count: number, nameLength: number) =>
      api.db.rows(sql`
      with added as (
        insert into services (customer_id, name, primary_cdn, backup_cdn)
        select ${large.id}, rpad('s' || n || ':' || ${nameLength}, ${nameLength}::int, 'x'), 'cloudflare', 'fastly' from generate_series(1, ${count}::int) n returning id
      ), routed as (insert into service_routing (service_id, state, reason) select id, case when id % 3 = 0 then 'shifted' else 'normal' end, 'calm' from added)
      insert into service_domains (service_id, customer_id, name, challenge_token) select id, ${large.id}, id || '.large.example.test', 't' from added`);
    await grow(1_000, 20);
    await fleet({ token: large.viewer });
    const network = vi.spyOn(globalThis, "fetch");
    const whole = await fleet({ token: large.viewer });
    expect([whole.status, whole.list.length, whole.headers.get("link"), network.mock.calls.length]).toEqual([200, 1_000, null, 1]);
    network.mockRestore();
    await grow(4_000, 1_500);
    const pages: Answer[] = [];
    for (
      let path: string | undefined = "/v1/fleet";
      path !== undefined;
      path = /<([^>]+)>; rel="next"/.exec(pages.at(-1)?.headers.get("link") ?? "")?.[1]
    ) {
      pages.push(await api.call("GET", path, { token: large.viewer }));
      expect(pages.at(-1)?.text.length).toBeLessThan(4_500_000);
    }
    const all = pages.flatMap(({ list }) => list);
    expect([pages.length > 2, all.length, new Set(all.map((one: Json) => one["service_id"])).size]).toEqual([true, 5_000, 5_000]);
    const sorted = all.toSorted(
      (a, b) =>
        troubleNames.indexOf(a["trouble"] as never) - troubleNames.indexOf(b["trouble"] as never) ||
        (String(a["name"]) < String(b["name"]) ? -1 : 1),
    );
    expect(all.map((one) => one["name"])).toEqual(sorted.map((one) => one["name"]));
    const order = all.map((one) => troubleNames.indexOf(one["trouble"] as never));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it.each([
    ["on_backup", "all of it on the backup", [0, 100], undefined],
    ["failing", "on the primary", [100, 0], undefined],
    ["failing", "on the backup, which visitors do not get", [0, 100], { types: [], obstacle: { reason: "health_check", detail: "x" } }],
  ] as const)("says %s of one that is frozen in a storm, %s", async (trouble, how, weights, expected) => {
    const { id } = await api.service(acme.editor, `frozen ${how}`);
    await domain(id, weights, expected === undefined ? {} : { expected });
    await routing(id, "frozen", "frozen");
    await storm(id);
    expect((await fleet()).list.find(({ service_id }) => service_id === id)).toMatchObject({ trouble });
  });
});

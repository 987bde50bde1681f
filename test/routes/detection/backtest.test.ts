import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let serviceId: number;
let policyId: number;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  serviceId = (await api.service(acme.editor)).id;
  const { id } = await api.created(
    `/v1/services/${serviceId}/domains`,
    { name: "one.example.com", primary_target: "one.cdn.net" },
    { token: acme.editor },
  );
  policyId = (await api.created(`/v1/services/${serviceId}/storm-policies`, {}, { token: acme.editor })).id;
  // Dead from 12:05 to 12:10, and slow from 12:15 to 12:20.
  await api.db.rows(sql`
    insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
    select ${serviceId}, ${id}, 'primary', 'vercel', t, 0, t + interval '50 milliseconds', good, case when good then 200 else 503 end,
      case when extract(minute from t) between 15 and 19 then 900 else 40 end, case when not good then 'http_status' end
    from generate_series('2026-11-21T11:50:00Z'::timestamptz, '2026-11-21T12:29:50Z', '10 seconds') t,
      lateral (select extract(minute from t) not between 5 and 9 as good) g`);
  await api.db.rows(sql`
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, relapses, max_coverage_factor)
    values (${serviceId}, ${policyId}, 1, 'http_availability', 'ended', '2026-11-21T12:05:00Z', '2026-11-21T12:06:00Z', '2026-11-21T12:08:00Z', 'recovered', 2, 1.5)`);
});

const span = { from: "2026-11-21T12:00:00Z", to: "2026-11-21T12:30:00Z" };
const ask = async (body: object, token = acme.viewer, id = serviceId) =>
  await api.call("POST", `/v1/services/${id}/storm-policies/backtest`, { token, body: { policy: {}, ...span, ...body } });

describe("a backtest", () => {
  it("tells what a policy would have made of the samples, beside what was recorded", async () => {
    const { status, body } = await ask({});
    expect(status).toBe(200);
    expect(body).toEqual({
      service_id: serviceId,
      from: "2026-11-21T12:00:00.000Z",
      to: "2026-11-21T12:30:00.000Z",
      samples: 187,
      backtest: {
        storms: [
          {
            started_at: "2026-11-21T12:05:00.050Z",
            detected_at: "2026-11-21T12:05:20.090Z",
            detection_delay_seconds: 20.04,
            recovering_since: "2026-11-21T12:10:50.090Z",
            ended_at: "2026-11-21T12:10:50.090Z",
            ended_reason: "recovered",
            relapses: 0,
          },
        ],
        relapses: 0,
        minutes_covered: 5.834,
        bad_minutes: { total: 5, covered: 5 },
        minutes_below_threshold: { total: 5, covered: 5 },
        detection_delay_seconds: { median: 20.04, longest: 20.04 },
      },
      current: {
        policy: expect.objectContaining({ id: policyId, version: 1, kind: "http_availability", cooldown_seconds: 300 }) as object,
        storms: [
          {
            started_at: "2026-11-21T12:05:00.000Z",
            detected_at: "2026-11-21T12:06:00.000Z",
            detection_delay_seconds: 60,
            recovering_since: null,
            ended_at: "2026-11-21T12:08:00.000Z",
            ended_reason: "recovered",
            relapses: 2,
          },
        ],
        relapses: 2,
        minutes_covered: 3,
        bad_minutes: { total: 5, covered: 3 },
        minutes_below_threshold: { total: 5, covered: 3 },
        detection_delay_seconds: { median: 60, longest: 60 },
      },
    });
  });

  it("tries the policy that it is given, of either kind", async () => {
    const slow = await ask({ policy: { kind: "http_latency", latency_ms: 500 } });
    expect(slow.body).toMatchObject({
      backtest: { storms: [{ started_at: "2026-11-21T12:05:00.050Z", relapses: 1 }], bad_minutes: { total: 10, covered: 10 } },
      current: { policy: null, storms: [], detection_delay_seconds: null },
    });
    expect((await ask({ policy: { min_failures: 31 } })).body).toMatchObject({
      backtest: { storms: [], minutes_covered: 0, bad_minutes: { total: 0, covered: 0 } },
    });
  });

  it("ends now where it is asked about the future, and fills its first window from before", async () => {
    api.time.nowMs = Date.parse("2026-11-21T12:07:00Z");
    const early = await ask({ from: "2026-11-21T12:06:00Z", to: "2026-11-21T13:00:00Z" });
    api.time.nowMs = Date.parse("2026-11-21T12:30:00Z");
    expect(early.body).toMatchObject({
      to: "2026-11-21T12:07:00.000Z",
      backtest: { storms: [{ detected_at: "2026-11-21T12:06:00.090Z", ended_at: null }] },
    });
  });

  it("changes nothing, costs one round trip and suffices a viewer", async () => {
    await ask({});
    const network = vi.spyOn(globalThis, "fetch");
    expect((await ask({})).status).toBe(200);
    expect(network.mock.calls).toHaveLength(1);
    network.mockRestore();
    expect(await api.db.rows(sql`select from storm_policy_versions`)).toHaveLength(1);
    const again = await api.call("POST", `/v1/services/${serviceId}/storm-policies/backtest`, {
      token: acme.viewer,
      body: { policy: {}, ...span },
      headers: { "idempotency-key": "k" },
    });
    expect(again.status).toBe(200);
  });

  it.each([
    [{ policy: { cooldown: 1 } }, "/policy/cooldown"],
    [{ policy: { kind: "http_latency" } }, "/policy/latency_ms"],
    [{ policy: { threshold_avail: 1.5 } }, "/policy/threshold_avail"],
    [{ policy: undefined }, "/policy"],
    [{ from: "yesterday" }, "/from"],
    [{ from: "2026-11-21T12:30:00Z" }, "/to"],
    [{ from: "2026-11-19T12:29:59Z" }, "/to"],
    [{ from: "2026-11-21T12:30:00Z", to: "2026-11-21T13:30:00Z" }, "/from"],
    [{ until: span.to }, "/until"],
  ])("refuses %j", async (body, pointer) => {
    const answer = await ask(body);
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });

  it("is its owner's only", async () => {
    const globex = await api.onboard("globex");
    expect((await ask({}, globex.editor)).status).toBe(404);
    expect((await ask({}, acme.viewer, 999_999)).status).toBe(404);
  });
});

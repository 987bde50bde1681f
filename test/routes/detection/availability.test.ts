import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let serviceId: number;

type Point = {
  start: string;
  samples: number;
  ok: number;
  availability: number | null;
  p50_latency_ms: number | null;
  p95_latency_ms: number | null;
};

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  serviceId = (await api.service(acme.editor)).id;
  const path = `/v1/services/${serviceId}/domains`;
  const [one, two] = [
    await api.created(path, { name: "one.example.com" }, { token: acme.editor }),
    await api.created(path, { name: "two.example.com" }, { token: acme.editor }),
  ];
  // Two domains, a sample every ten seconds from 12:00 to 12:30; the second one fails in every even minute.
  await api.db.rows(sql`
    insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
    select ${serviceId}, d, 'primary', 'cloudflare', t, 0, t + interval '1 second', good, 200, 10 + extract(second from t)::int,
      case when not good then 'timeout' end
    from unnest(array[${one.id}, ${two.id}]::bigint[]) d,
      generate_series('2026-11-21T12:00:00Z'::timestamptz, '2026-11-21T12:29:50Z', '10 seconds') t,
      lateral (select d = ${one.id} or extract(minute from t)::int % 2 = 1 as good) g`);
  await api.db.rows(sql`
    insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
    values (${serviceId}, ${one.id}, 'primary', 'vercel', '2026-11-21T12:00:00Z', 0, '2026-11-21T12:00:01Z', true, 200, 500, null),
      (${serviceId}, ${one.id}, 'backup', 'cloudflare', '2026-11-21T12:00:00Z', 0, '2026-11-21T12:00:01Z', false, null, 5000, 'timeout')`);
});

const read = async (query: string, token = acme.viewer) =>
  await api.call("GET", `/v1/services/${serviceId}/availability?${query}`, { token });
const points = async (query: string) => (await read(query)).body["points"] as Point[];

describe("availability", () => {
  it("covers the last hour by the minute by default", async () => {
    const { status, body } = await read("");
    expect([status, body]).toMatchObject([
      200,
      {
        service_id: serviceId,
        path: "primary",
        vantage: null,
        step_seconds: 60,
        from: "2026-11-21T11:30:00.000Z",
        to: "2026-11-21T12:30:00.000Z",
      },
    ]);
    const series = body["points"] as Point[];
    expect(series).toHaveLength(60);
    expect(series[0]).toEqual({
      start: "2026-11-21T11:30:00.000Z",
      samples: 0,
      ok: 0,
      availability: null,
      p50_latency_ms: null,
      p95_latency_ms: null,
    });
    expect(series[30]).toMatchObject({ start: "2026-11-21T12:00:00.000Z", samples: 13, ok: 7, availability: 7 / 13 });
    expect(series[31]).toEqual({
      start: "2026-11-21T12:01:00.000Z",
      samples: 12,
      ok: 12,
      availability: 1,
      p50_latency_ms: 30,
      p95_latency_ms: 60,
    });
  });

  it("is cut by path, vantage, span and step; the span grows to whole steps", async () => {
    expect(await points("path=backup&from=2026-11-21T12:00:00Z&to=2026-11-21T12:01:00Z")).toMatchObject([
      { samples: 1, ok: 0, availability: 0, p50_latency_ms: null },
    ]);
    expect(await points("vantage=vercel&from=2026-11-21T12:00:00Z&to=2026-11-21T12:01:00Z")).toMatchObject([
      { samples: 1, ok: 1, p95_latency_ms: 500 },
    ]);
    expect(await points("path=direct&step=3600&from=2026-11-21T12:00:00Z")).toMatchObject([{ samples: 0, availability: null }]);
    const tens = await points("step=10&vantage=cloudflare&from=2026-11-21T12:00:05Z&to=2026-11-21T12:00:11Z");
    expect(tens).toMatchObject([
      { start: "2026-11-21T12:00:00.000Z", samples: 2, ok: 1 },
      { start: "2026-11-21T12:00:10.000Z", samples: 2 },
    ]);
    expect(await points("from=2026-11-21T12:29:00Z")).toHaveLength(1);
  });

  it.each([
    ["step=9", "step"],
    ["step=0", "step"],
    ["step=1e2", "step"],
    ["step=86401", "step"],
    ["path=side", "path"],
    ["vantage=A%20b", "vantage"],
    ["from=now", "from"],
    ["from=2026-11-21T12:00:00Z&to=2026-11-21T12:00:00Z", "to"],
    ["from=2026-11-21T12:00:00Z&to=2026-11-20T12:00:00Z", "to"],
    ["step=10&from=2026-11-21T00:00:00Z&to=2026-11-21T12:00:00Z", "step"],
    ["from=1970-01-01T00:00:00Z&to=9999-12-31T23:59:59Z&step=86400", "step"],
  ])("refuses ?%s", async (query, pointer) => {
    const answer = await read(query);
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });

  it("takes a thousand points and the ends of time", async () => {
    expect(await points("step=60&from=2026-11-21T00:00:00Z&to=2026-11-21T16:40:00Z")).toHaveLength(1_000);
    expect(await points("to=1970-01-01T00:00:01Z")).toHaveLength(1);
    expect(pointers(await read("from=9999-12-31T23:59:59Z"))).toEqual(["from"]);
    expect(pointers(await read("from=9999-12-31T00:00:00Z&to=9999-12-31T23:59:59Z&step=7200"))).toEqual(["to"]);
    expect((await read("from=9999-12-31T23:00:00Z&to=9999-12-31T23:59:00Z")).status).toBe(200);
  });

  it("costs one round trip, and is its owner's only", async () => {
    await read("");
    const network = vi.spyOn(globalThis, "fetch");
    await read("");
    expect(network.mock.calls.length).toBe(1);
    network.mockRestore();
    const globex = await api.onboard("globex");
    expect((await read("", globex.viewer)).status).toBe(404);
  });
});

import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { createStormStore } from "../../../src/adapters/db/detection/storms.ts";
import { createDowntimeAvoidedStore } from "../../../src/adapters/db/slo/downtime-avoided.ts";
import type { Stretch } from "../../../src/domain/slo/avoided.ts";
import { downtimeCents, lengthUs, within } from "../../../src/domain/slo/avoided.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { countTrips } from "../../support/counting-database.ts";
import { seededRandom } from "../../support/random.ts";
import { insertStates, insertStorm } from "../../support/states.ts";
import type { State } from "../../support/states.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;

const second = 1_000_000;
const minute = 60 * second;
const at = (text: string): number => Date.parse(text) * 1_000;

/** A service of a customer with both policies, and a price. */
const service = async (owner: typeof acme, name: string, cents: number | null = 5_000): Promise<number> => {
  const { id } = await api.service(owner.editor, name);
  await api.created(`/v1/services/${id}/storm-policies`, {}, { token: owner.editor });
  await api.created(`/v1/services/${id}/storm-policies`, { kind: "http_latency", latency_ms: 500 }, { token: owner.editor });
  await api.db.rows(sql`update services set downtime_cents_per_minute = ${cents}::int where id = ${id}`);
  return id;
};

beforeAll(async () => {
  api = await startApi();
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
});

const storm = async (id: number, token = acme.viewer) => (await api.call("GET", `/v1/storms/${id}`, { token })).body;
const month = async (text?: string, token = acme.viewer, more = "") =>
  (await api.call("GET", `/v1/downtime-avoided?${text === undefined ? "" : `month=${text}`}${more}`, { token })).body;

const started = at("2026-10-05T10:00:00Z");

describe("a storm", () => {
  it("says what it avoided, what it did not, who is to blame, and what nobody knows, within its own time", async () => {
    const id = await service(acme, "told");
    const one = await insertStorm(api.db, id, started, started + 60 * minute);
    await insertStates(api.db, id, [
      { fromUs: started - 60 * minute, toUs: started + 7, state: { upstream: "cloudflare" } },
      { fromUs: started + 7, toUs: started + 2 * minute, state: "self" },
      { fromUs: started + 2 * minute, toUs: started + 3 * minute, state: { upstream: "cloudflare" } },
      { fromUs: started + 3 * minute, toUs: started + 20 * minute + 1, state: "avoided" },
      { fromUs: started + 20 * minute + 1, toUs: started + 25 * minute, state: "unknown" },
      { fromUs: started + 25 * minute, toUs: started + 90 * minute, state: "avoided" },
    ]);
    const avoidedUs = 17 * minute + 1 + 35 * minute;
    const figures = {
      downtime_avoided: { seconds: avoidedUs / second, cents: downtimeCents(avoidedUs, 5_000), currency: "USD" },
      downtime: {
        seconds: 180,
        unmeasured_seconds: (5 * minute - 1) / second,
        blamed: [
          { upstream_cdn: null, seconds: (2 * minute - 7) / second },
          { upstream_cdn: "cloudflare", seconds: (minute + 7) / second },
        ],
      },
    };
    expect(await storm(one)).toMatchObject(figures);
    const { list } = await api.call("GET", `/v1/storms?service_id=${id}`, { token: acme.viewer });
    expect(list).toMatchObject([{ id: one, ...figures }]);
    expect((await api.call("GET", `/v1/storms?service_id=${id}`)).list, "everybody's, for an admin").toMatchObject([figures]);
  });

  it("is read with it in one round trip, and so are its list and a month", async () => {
    const counted = countTrips(api.db);
    const terms = { clock: api.clock, currency: "USD" };
    const store = createStormStore(counted.db, null, terms);
    const [first] = await store.list(acme.id, {}, { limit: 10, afterId: null });
    expect(counted.count.trips).toBe(1);
    await store.get(acme.id, first?.id ?? 0);
    expect(counted.count.trips).toBe(2);
    await createDowntimeAvoidedStore(counted.db, terms).between(acme.id, 0, api.time.nowMs, { limit: 10, afterId: null });
    expect(counted.count.trips).toBe(3);
  });

  it("of whose time nothing was recorded is all unmeasured", async () => {
    const id = await service(acme, "unrecorded", null);
    const one = await insertStorm(api.db, id, started, started + 10 * minute);
    expect(await storm(one)).toMatchObject({
      downtime_avoided: { seconds: 0, cents: null, currency: null },
      downtime: { seconds: 0, unmeasured_seconds: 600, blamed: [] },
    });
  });

  it("that is on counts up to now, but not beyond the last judged round", async () => {
    const nowUs = api.time.nowMs * 1_000;
    const id = await service(acme, "on");
    const one = await insertStorm(api.db, id, nowUs - 30 * minute, null);
    await insertStates(api.db, id, [{ fromUs: nowUs - 20 * minute, toUs: null, state: "avoided" }]);
    const figures = async () => {
      const { downtime_avoided: avoided, downtime } = await storm(one);
      return [(avoided as { seconds: number }).seconds, (downtime as { unmeasured_seconds: number }).unmeasured_seconds];
    };
    expect(await figures()).toEqual([1_200, 600]);
    const judged = async (agoMs: number) =>
      await api.db.rows(sql`
        insert into leases (name, holder, provider, acquired_at, expires_at, judged_at)
        values ('shard:0', 'x', 'local', now(), now(), ${new Date(api.time.nowMs - agoMs).toISOString()}::timestamptz)
        on conflict (name) do update set judged_at = excluded.judged_at`);
    await judged(120_000);
    expect(await figures()).toEqual([1_200, 600]);
    await judged(120_001);
    expect(await figures()).toEqual([1_200 - 120.001, 600 + 120.001]);
    await api.db.rows(sql`delete from leases`);
    await api.db.rows(sql`update storm_events set state = 'ended', ended_at = started_at, ended_reason = 'recovered' where id = ${one}`);
  });

  it("is priced in the currency of the customer's terms in force", async () => {
    const owner = await api.onboard("yen");
    const id = await service(owner, "yen", 7);
    const one = await insertStorm(api.db, id, started, started + 10 * minute);
    await insertStates(api.db, id, [{ fromUs: started, toUs: started + 90 * second, state: "avoided" }]);
    const terms = (currency: string, valid: string) => sql`
      insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values (${owner.id}, ${valid}::timestamptz, 1, 0.5, ${currency})`;
    await api.db.rows(terms("JPY", "2026-01-01T00:00:00Z"));
    await api.db.rows(terms("EUR", "2026-12-01T00:00:00Z"));
    // 10.5, halves away from zero.
    const avoided = { seconds: 90, cents: 11, currency: "JPY" };
    expect((await storm(one, owner.viewer))["downtime_avoided"]).toEqual(avoided);
    expect(await month("2026-10", owner.viewer)).toMatchObject({ ...avoided, services: [avoided] });
  });
});

describe("GET /v1/downtime-avoided", () => {
  it("has a month in all, by service and by storm; of what two storms share once", async () => {
    const owner = await api.onboard("month");
    const [priced, other, unpriced, calm] = [
      await service(owner, "priced", 1),
      await service(owner, "other", 1),
      await service(owner, "unpriced", null),
      await service(owner, "calm", 1),
    ];
    const eve = at("2026-10-31T23:50:00Z");
    const [early, late] = [
      await insertStorm(api.db, priced, eve, eve + 30 * minute),
      await insertStorm(api.db, priced, eve + 20 * minute, eve + 40 * minute, "http_latency"),
    ];
    await insertStates(api.db, priced, [{ fromUs: eve - 60 * minute, toUs: eve + 60 * minute, state: "avoided" }]);
    await insertStorm(api.db, other, eve + 11 * minute, eve + 12 * minute);
    await insertStates(api.db, other, [{ fromUs: eve + 11 * minute, toUs: eve + 11 * minute + 30 * second, state: "avoided" }]);
    await insertStorm(api.db, unpriced, eve + 11 * minute, eve + 12 * minute);
    await insertStates(api.db, unpriced, [{ fromUs: eve, toUs: eve + 12 * minute, state: "avoided" }]);
    await insertStorm(api.db, calm, eve, eve + 40 * minute);
    await insertStates(api.db, calm, [{ fromUs: eve, toUs: null, state: "up" }]);

    const november = await month("2026-11", owner.viewer);
    expect(november).toMatchObject({
      month: "2026-11",
      seconds: 30 * 60 + 30 + 60,
      // 30 and a half: rounded once.
      cents: 31,
      currency: "USD",
      unpriced_seconds: 60,
      service_count: 3,
      services: [
        {
          service_id: priced,
          service_name: "priced",
          seconds: 30 * 60,
          cents: 30,
          currency: "USD",
          storm_count: 2,
          storms: [
            { storm_id: late, kind: "http_latency", seconds: 20 * 60, cents: 20, started_at: "2026-11-01T00:10:00.000Z" },
            { storm_id: early, kind: "http_availability", seconds: 20 * 60, cents: 20, ended_at: "2026-11-01T00:20:00.000Z" },
          ],
        },
        { service_id: other, seconds: 30, cents: 1 },
        { service_id: unpriced, seconds: 60, cents: null, currency: null },
      ],
    });
    expect(await month("2026-10", owner.viewer)).toMatchObject({
      seconds: 600,
      cents: 10,
      service_count: 1,
      services: [{ storm_count: 1 }],
    });
    expect(await month(undefined, owner.viewer), "the present one").toEqual(november);
    expect(await month("2026-12", owner.viewer)).toMatchObject({ seconds: 0, cents: null, currency: null, services: [] });

    const pages = [];
    for (let path: string | undefined = "/v1/downtime-avoided?month=2026-11&limit=2"; path !== undefined;) {
      const page = await api.call("GET", path, { token: owner.viewer });
      expect(page.body, "the sums are those of all").toMatchObject({ seconds: 30 * 60 + 90, service_count: 3 });
      pages.push((page.body["services"] as { service_id: number }[]).map((one) => one.service_id));
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(pages).toEqual([[priced, other], [unpriced]]);

    await api.call("DELETE", `/v1/services/${other}`, { token: owner.editor });
    expect(await month("2026-11", owner.viewer), "a deleted service did avoid it").toEqual(november);
  });

  it("counts the storms of a service, and shows the newest", async () => {
    const owner = await api.onboard("many");
    const id = await service(owner, "many");
    const ids: number[] = [];
    for (let nth = 0; nth < 23; nth += 1)
      ids.push(await insertStorm(api.db, id, started + nth * 10 * minute, started + (nth * 10 + 5) * minute));
    await insertStates(api.db, id, [{ fromUs: started, toUs: started + 300 * minute, state: "avoided" }]);
    const { services } = (await month("2026-10", owner.viewer)) as unknown as {
      services: { storm_count: number; storms: { storm_id: number }[] }[];
    };
    expect([services[0]?.storm_count, services[0]?.storms.map((one) => one.storm_id)]).toEqual([23, ids.toReversed().slice(0, 20)]);
  });

  it("is each customer's own", async () => {
    expect(await month("2026-10")).toMatchObject({ service_count: 1 });
    expect(await month("2026-10", globex.viewer)).toMatchObject({ seconds: 0, services: [] });
    const call = (token: string | null, path = "/v1/downtime-avoided") => api.call("GET", path, { token });
    expect((await call(null)).status).toBe(401);
    expect((await call(globex.owner, `/v1/downtime-avoided?customer_id=${acme.id}`)).status).toBe(403);
    expect((await call(api.env.ADMIN_TOKEN)).status, "an admin names whose").toBe(400);
    expect((await call(api.env.ADMIN_TOKEN, `/v1/downtime-avoided?month=2026-10&customer_id=${acme.id}`)).body).toEqual(
      await month("2026-10"),
    );
  });

  it.each([
    "2026-13",
    "2026-00",
    "2026-1",
    "26-11",
    "1969-12",
    "10000-01",
    "2026-11-01",
    "%202026-11",
    "2026-11%00",
    "",
    "NaN",
    "-2026-11",
  ])("takes no month %j", async (text) => {
    const answer = await api.call("GET", `/v1/downtime-avoided?month=${text}`, { token: acme.viewer });
    expect([answer.status, pointers(answer)]).toEqual([400, ["month"]]);
  });

  it.each(["1970-01", "9999-12", "2028-02"])("takes the month %s", async (text) => {
    expect(await month(text)).toMatchObject({ month: text, seconds: 0, cents: null, service_count: 0 });
  });

  it("is what adding it up by hand gives, for histories made by chance", async () => {
    const random = seededRandom(2026);
    const owner = await api.onboard("chance");
    const [from, to] = [at("2026-09-01T00:00:00Z"), at("2026-10-01T00:00:00Z")];
    const whole: Stretch = { fromUs: from, toUs: to };
    const below = (top: number): number => Math.floor(random() * top);
    let [avoidedUs, product] = [0, 0n];
    for (let nth = 0; nth < 12; nth += 1) {
      const price = below(3) === 0 ? null : below(1_000_000);
      const id = await service(owner, `chance ${nth}`, price);
      const states: State[] = [];
      for (let place = from - 100 * minute; place < to;) {
        const toUs = place + below(3 * 24 * 60 * minute);
        const state = (["up", "avoided", "self", "unknown", { upstream: "cloudflare" }] as const)[below(5)] ?? "up";
        states.push({ fromUs: place, toUs, state });
        place = toUs;
      }
      await insertStates(api.db, id, states);
      const storms: Stretch[] = [];
      for (const kind of ["http_availability", "http_latency"] as const) {
        for (let place = from - 100 * minute + below(7 * 24 * 60 * minute); place < to;) {
          const toUs = place + below(4 * 24 * 60 * minute);
          const bounds = { fromUs: place, toUs };
          storms.push(bounds);
          const told = await insertStorm(api.db, id, place, toUs, kind);
          const avoided = within(
            states.filter(({ state }) => state === "avoided").map((one) => ({ fromUs: one.fromUs, toUs: one.toUs ?? 0 })),
            bounds,
          );
          const seconds = lengthUs(avoided) / second;
          expect((await api.call("GET", `/v1/storms/${told}`, { token: owner.viewer })).body["downtime_avoided"]).toMatchObject({
            seconds,
          });
          place = toUs + 1 + below(4 * 24 * 60 * minute);
        }
      }
      // Between each two edges, whatever they are of, either all is avoided in a storm or nothing.
      const edges = [...new Set([...states, ...storms].flatMap((one) => [one.fromUs, one.toUs ?? 0]).concat(from, to))].sort(
        (a, b) => a - b,
      );
      const has = (place: number) => (one: { fromUs: number; toUs: number | null }) => one.fromUs <= place && place < (one.toUs ?? 0);
      const own = lengthUs(
        edges
          .map((edge, index) => ({ fromUs: edge, toUs: edges[index + 1] ?? edge }))
          .filter(
            ({ fromUs }) =>
              has(fromUs)(whole) && storms.some(has(fromUs)) && states.some((one) => one.state === "avoided" && has(fromUs)(one)),
          ),
      );
      avoidedUs += own;
      if (price !== null) product += BigInt(own) * BigInt(price);
    }
    const september = await month("2026-09", owner.viewer);
    expect(september).toMatchObject({ seconds: avoidedUs / second, cents: Number((product + 30_000_000n) / 60_000_000n) });
    expect(avoidedUs).toBeGreaterThan(0);
  }, 60_000);
});

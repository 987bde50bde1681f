import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { measuredDays } from "../../../../src/adapters/db/publish/days.ts";
import type { MeasuredDay } from "../../../../src/domain/publish/days.ts";
import { shownDays } from "../../../../src/domain/publish/days.ts";
import { microsecondText } from "../../../../src/domain/slo/avoided.ts";
import { recorded } from "../../../../src/domain/slo/tally.ts";
import { chance } from "../../../domain/slo/chance.ts";
import { randomLife, spansOfLife } from "../../../domain/slo/life.ts";
import { flagged, secondsOf } from "../../../domain/slo/referee.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";

const services = 120;
const day = 86_400;
/** In the middle of a day. */
const at = Date.UTC(2026, 5, 1, 13, 33, 7) / 1_000;

let world: TestDatabase;
beforeAll(async () => {
  world = await freshDatabase();
});
afterAll(() => world.close());

type Row = {
  readonly service_id: number;
  readonly trackedUs: number | null;
  readonly state: string;
  readonly days: readonly MeasuredDay[];
};

it(`counts ${services} random lives day by day, as somebody does who walks through them second by second`, async () => {
  const made = Array.from({ length: services }, (_, nth) => {
    const random = chance(nth + 1);
    // The first begins before what is shown.
    const until = at - (nth === 0 ? 87 * day : random.one([0, 0, 1, 200, 50_000]));
    const length = nth === 0 || random.is(4) ? random.between(300_000, 900_000) : random.between(60, random.one([7_200, 200_000]));
    const life = randomLife(random, until - length, length);
    const corrections = Array.from({ length: random.one([0, 0, 1, 2, 4]) }, () => {
      const from = life.from + random.between(-3_600, length);
      return { from, to: from + random.one([1, 60, random.between(1, 200_000)]) };
    }).filter(({ from }) => from < at);
    return { id: nth + 1, life, corrections, spans: recorded(spansOfLife(life)) };
  });
  await world.sql("insert into customers (name) values ('acme')");
  await world.sql(
    "insert into leases (name, holder, provider, acquired_at, expires_at, judged_at) values ('shard:0', 'h', 'local', now(), now(), $1)",
    [microsecondText(at * 1e6)],
  );
  const insert = async (statement: string, rows: readonly object[]) => await world.sql(statement, [JSON.stringify(rows)]);
  await insert(
    `insert into services (id, customer_id, name, primary_cdn, backup_cdn) overriding system value
    select x.id, 1, 's' || x.id, 'a', 'b' from jsonb_to_recordset($1::jsonb) as x(id bigint)`,
    made,
  );
  const text = (us: number | null) => (us === null ? null : microsecondText(us));
  await insert(
    `insert into service_states (service_id, started_at, ended_at, state, serving, attribution, outage_at)
    select x.id, x.started, x.ended, x.state, 'primary', case when x.state = 'down' then 'self' end, x.outage
    from jsonb_to_recordset($1::jsonb) as x(id bigint, started timestamptz, ended timestamptz, state text, outage timestamptz)`,
    made.flatMap(({ id, spans }) =>
      spans.map((one) => ({ id, started: text(one.fromUs), ended: text(one.toUs), state: one.state, outage: text(one.outageAtUs) })),
    ),
  );
  await insert(
    `insert into slo_corrections (service_id, from_at, to_at, reason, actor)
    select x.id, x.begins, x.ends, 'r', 'a' from jsonb_to_recordset($1::jsonb) as x(id bigint, begins timestamptz, ends timestamptz)`,
    made.flatMap(({ id, corrections }) => corrections.map(({ from, to }) => ({ id, begins: text(from * 1e6), ends: text(to * 1e6) }))),
  );
  const rows = await world.db.rows<Row>(measuredDays(sql`select id from services`, sql`${microsecondText(at * 1e6)}::timestamptz`));
  expect(rows.length).toBe(services);
  const found = new Map(rows.map((row) => [row.service_id, row]));

  const met = { down: 0, unknown: 0, corrected: 0, several: 0 };
  const first = (Math.floor(at / day) - shownDays + 1) * day;
  for (const { id, life, corrections, spans } of made) {
    const seconds = secondsOf(life);
    // Somebody still judges: the last state goes on.
    const last = seconds.at(-1);
    const corrected = flagged(corrections, life.from, at);
    const expected = new Map<number, MeasuredDay>();
    for (let now = Math.max(life.from, first); now < at; now += 1) {
      const second = seconds[now - life.from] ?? last;
      const nth = Math.floor(now / day);
      const before = expected.get(nth) ?? { day: nth, measuredUs: 0, downUs: 0, correctedUs: 0 };
      const isOut = corrected[now - life.from] === 1;
      const isMeasured = !isOut && second?.state !== "unknown";
      expected.set(nth, {
        day: nth,
        measuredUs: before.measuredUs + (isMeasured ? 1e6 : 0),
        downUs: before.downUs + (isMeasured && second?.state === "down" ? 1e6 : 0),
        correctedUs: before.correctedUs + (isOut ? 1e6 : 0),
      });
    }
    const wanted = [...expected.values()].filter(({ measuredUs, correctedUs }) => measuredUs + correctedUs > 0);
    const row = found.get(id);
    const isNothing = (one: MeasuredDay) => one.measuredUs + one.correctedUs === 0;
    expect([id, row?.days.filter((one) => !isNothing(one))]).toEqual([id, wanted]);
    const reaching = spans.find(({ toUs }) => toUs === null || toUs > first * 1e6);
    expect([id, row?.trackedUs, row?.state]).toEqual([id, reaching?.fromUs ?? null, spans.at(-1)?.state ?? "unknown"]);
    met.down += Number(wanted.some(({ downUs }) => downUs > 0));
    met.unknown += Number(seconds.some(({ state }) => state === "unknown"));
    met.corrected += Number(wanted.some(({ correctedUs }) => correctedUs > 0));
    met.several += Number(wanted.length > 1);
  }
  for (const [what, times] of Object.entries(met)) expect([what, times > services / 8]).toEqual([what, true]);
});

it("knows nothing beyond the last judged round where that is more than two minutes ago", async () => {
  const [calm] = await world.sql<{ id: string }>(
    "select service_id as id from service_states where ended_at is null and state = 'up' and service_id not in (select service_id from slo_corrections) limit 1",
  );
  const one = sql`select ${calm?.id ?? ""}::bigint as id`;
  const [before] = await world.db.rows<Row>(measuredDays(one, sql`${microsecondText((at + 120) * 1e6)}::timestamptz`));
  const [after] = await world.db.rows<Row>(measuredDays(one, sql`${microsecondText((at + 120) * 1e6 + 1)}::timestamptz`));
  const measured = (row: Row | undefined) => row?.days.at(-1)?.measuredUs ?? 0;
  expect([before?.state, after?.state]).toEqual(["up", "unknown"]);
  expect(measured(before) - measured(after)).toBe(120e6);
});

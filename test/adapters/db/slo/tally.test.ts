import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tallies, talliesOf } from "../../../../src/adapters/db/slo/tally.ts";
import type { TallyRow } from "../../../../src/adapters/db/slo/tally.ts";
import type { Tallies } from "../../../../src/domain/slo/status.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";

let world: TestDatabase;
beforeAll(async () => {
  world = await freshDatabase();
  await world.sql(`insert into customers (name) values ('acme')`);
});
afterAll(() => world.close());

const dayMs = 86_400_000;
const now = Date.UTC(2026, 10, 27, 12);
const minutes = (us: number): number => us / 60_000_000;
let named = 0;

type Piece = { readonly from: number; readonly to: number; readonly cdn?: string };

/** A service that was up for 100 days but for these pieces, in days before now. */
const service = async (pieces: readonly Piece[], mode: "strict" | "self-only", corrections: readonly Piece[] = []): Promise<Tallies> => {
  named += 1;
  const [made] = await world.sql<{ id: string }>(
    `insert into services (customer_id, name, primary_cdn, backup_cdn) values (1, $1, 'fastly', 'cloudflare') returning id`,
    [`s${named}`],
  );
  const id = made?.id;
  const at = (days: number) => new Date(now + Math.round(days * dayMs));
  const add = async (state: string, from: number, to: number | null, cdn?: string) =>
    await world.sql(
      `insert into service_states (service_id, started_at, ended_at, state, serving, attribution, upstream_cdn, outage_at)
       values ($1, $2, $3, $4, 'primary', $5, $6, $7)`,
      [
        id,
        at(from),
        to === null ? null : at(to),
        state,
        state === "down" ? (cdn === undefined ? "self" : "upstream") : null,
        cdn ?? null,
        state === "down" ? at(from) : null,
      ],
    );
  let upFrom = -100;
  for (const piece of pieces) {
    if (piece.from > upFrom) await add("up", upFrom, piece.from);
    await add("down", piece.from, piece.to > 0 ? null : piece.to, piece.cdn);
    upFrom = piece.to;
  }
  if (upFrom <= 0) await add("up", upFrom, null);
  for (const one of corrections) {
    await world.sql(`insert into slo_corrections (service_id, from_at, to_at, reason, actor) values ($1, $2, $3, 'maintenance', 'test')`, [
      id,
      at(one.from),
      at(one.to),
    ]);
  }
  const [row] = await world.db.rows<TallyRow>(
    tallies(
      sql`select 1::bigint as id, ${id}::bigint as service_id, 30 as window_days, null::text as calendar,
        ${mode}::text as dependency_exclusion, '{}'::text[] as excluded_upstreams`,
      sql`${new Date(now).toISOString()}::timestamptz`,
      sql`c.deleted_at is null`,
    ),
  );
  if (row === undefined) throw new Error("no tally");
  return talliesOf(row);
};

const minute = 1 / 1_440;

test.each([
  ["nothing", [], "strict", 0, 0],
  [
    "self 10, upstream 20, self-only",
    [
      { from: -2, to: -2 + 10 * minute },
      { from: -1, to: -1 + 20 * minute, cdn: "fastly" },
    ],
    "self-only",
    10,
    30,
  ],
  [
    "self 10, upstream 20, strict",
    [
      { from: -2, to: -2 + 10 * minute },
      { from: -1, to: -1 + 20 * minute, cdn: "fastly" },
    ],
    "strict",
    30,
    30,
  ],
  ["from before the window", [{ from: -31, to: -29 }], "strict", 1_440, 1_440],
  ["open since long before the window", [{ from: -60, to: 1 }], "strict", 43_200, 43_200],
] as const)("%s", async (_name, pieces, mode, consumed, down) => {
  const { window } = await service(pieces, mode);
  expect([minutes(window.consumedUs), minutes(window.downUs)]).toEqual([consumed, down]);
  expect(minutes(window.measuredUs)).toBe(43_200);
});

test("the union of corrections is taken out", async () => {
  const { window } = await service([{ from: -4 / 24, to: 0 }], "strict", [
    { from: -3 / 24, to: -1.5 / 24 },
    { from: -2 / 24, to: -1 / 24 },
  ]);
  expect(minutes(window.consumedUs)).toBe(120);
  expect(minutes(window.measuredUs)).toBe(43_200 - 120);
  expect(window.elapsedUs).toBe(window.measuredUs);
});

test("what lies before a service was first measured counts as good in the look-backs of burn alerts, and in nothing else", async () => {
  const [made] = await world.sql<{ id: string }>(
    `insert into services (customer_id, name, primary_cdn, backup_cdn) values (1, 'young', 'fastly', 'cloudflare') returning id`,
  );
  const at = (minutesAgo: number) => new Date(now - minutesAgo * 60_000);
  await world.sql(
    `insert into service_states (service_id, started_at, ended_at, state, serving, attribution, outage_at)
     values ($1, $2, $3, 'up', 'primary', null, null), ($1, $3, null, 'down', 'primary', 'self', $3)`,
    [made?.id, at(10), at(1)],
  );
  const [row] = await world.db.rows<TallyRow>(
    tallies(
      sql`select 1::bigint as id, ${made?.id}::bigint as service_id, 30 as window_days, null::text as calendar,
        'strict'::text as dependency_exclusion, '{}'::text[] as excluded_upstreams`,
      sql`${new Date(now).toISOString()}::timestamptz`,
      sql`c.deleted_at is null`,
    ),
  );
  const read = row === undefined ? null : talliesOf(row);
  expect([read?.window.elapsedUs, read?.window.measuredUs].map((us) => minutes(us ?? 0))).toEqual([10, 10]);
  expect(Object.values(read?.burn ?? {}).map((one) => [minutes(one.measuredUs), minutes(one.consumedUs)])).toEqual([
    [5, 1],
    [30, 1],
    [60, 1],
    [360, 1],
    [4_320, 1],
  ]);
});

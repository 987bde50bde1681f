import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { bill } from "./run.ts";
import { addSnapshots, seed, takeLease } from "./worlds.ts";
import type { WorldSnapshot } from "./worlds.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-03-05T00:00:00Z");
const lookbackMs = 6 * hourMs;
const gib = 2 ** 30;

let database: TestDatabase;

beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterEach(() => database.close());

const hour = (ago: number): WorldSnapshot => ({
  service: 1,
  windowStart: new Date(nowMs - (ago + 1) * hourMs).toISOString(),
  windowEnd: new Date(nowMs - ago * hourMs).toISOString(),
  primaryBytes: 100 * gib,
  backupBytes: 50 * gib,
});

const ofHour = (ago: number): Date => new Date(nowMs - (ago + 1) * hourMs);

/** As metering leaves a window of which a host could not be read. */
const incomplete = (ago: number, side: "primary" | "backup", value = true) =>
  database.sql(`update usage_snapshots set ${side}_incomplete = $2 where window_start = $1 and invoice_id is null`, [ofHour(ago), value]);

/** What was missing is read, as metering stores it: in the window itself, or beside it where that is billed. */
const complete = async (ago: number, primaryGib: number): Promise<void> => {
  await database.sql(
    "update usage_snapshots set primary_bytes = $2, primary_incomplete = false where window_start = $1 and invoice_id is null",
    [ofHour(ago), primaryGib * gib],
  );
  await database.sql(
    `with k as (
       insert into usage_corrections (snapshot_id, primary_bytes, backup_bytes)
       select id, $2, backup_bytes from usage_snapshots where window_start = $1 and invoice_id is not null returning snapshot_id)
     insert into adjustment_causes (service_id, cause, from_at, to_at)
     select u.service_id, 'usage', u.window_start, u.window_end from usage_snapshots u join k on k.snapshot_id = u.id`,
    [ofHour(ago), primaryGib * gib],
  );
};

const run = (atMs = nowMs) => bill(database.db, atMs, { lookbackMs });

const lines = async (): Promise<string[]> =>
  (
    await database.sql<{ number: string; kind: string; window_start: Date; gib: string; cents: string; estimated: boolean }>(
      `select i.number, l.kind, l.window_start, l.primary_bytes / 1073741824 as gib, l.amount_cents as cents, l.estimated
     from invoice_line_items l join invoices i on i.id = l.invoice_id order by l.id`,
    )
  ).map(
    (row) =>
      `${row.number} ${row.kind} ${(nowMs - row.window_start.getTime()) / hourMs - 1}h ${row.gib} GiB ${row.cents}${row.estimated ? " estimated" : ""}`,
  );

describe("a window of which a host could not be read", () => {
  it.each(["primary", "backup"] as const)(
    "on its %s side is withheld while it is younger than the look-back, and billed as complete once it is",
    async (side) => {
      await seed(database, [{ snapshots: [hour(3), hour(2)], storms: [] }]);
      await incomplete(2, side);
      expect(await run()).toMatchObject({ lines: 1 });
      expect(await run()).toMatchObject({ customers: 0 });
      await incomplete(2, side, false);
      expect(await run()).toMatchObject({ lines: 1 });
      expect(await lines()).toEqual(["1 usage 3h 100 GiB 1800", "2 usage 2h 100 GiB 1800"]);
    },
  );

  it("is billed by what was read once it is as old as the look-back, to the millisecond, and says that it is estimated", async () => {
    await seed(database, [{ snapshots: [hour(0)], storms: [] }]);
    await incomplete(0, "primary");
    expect(await run(nowMs + lookbackMs - 1)).toMatchObject({ customers: 0, lines: 0 });
    expect(await run(nowMs + lookbackMs)).toMatchObject({ lines: 1 });
    expect(await lines()).toEqual(["1 usage 0h 100 GiB 1800 estimated"]);
  });

  it("is adjusted by what is read later, and that is no estimate any more", async () => {
    await seed(database, [{ snapshots: [hour(7)], storms: [] }]);
    await incomplete(7, "primary");
    await run();
    await complete(7, 130);
    await run();
    expect(await run()).toMatchObject({ customers: 0 });
    expect(await lines()).toEqual(["1 usage 7h 100 GiB 1800 estimated", "2 adjustment 7h 30 GiB 360"]);
  });

  it("adjusted while it still is incomplete remains an estimate", async () => {
    await seed(database, [{ snapshots: [hour(7)], storms: [] }]);
    await incomplete(7, "backup");
    await run();
    await complete(7, 130);
    await database.sql("update usage_corrections set backup_incomplete = true");
    await run();
    expect(await lines()).toEqual(["1 usage 7h 100 GiB 1800 estimated", "2 adjustment 7h 30 GiB 360 estimated"]);
  });

  it("younger than the look-back does not keep the others of its customer, or its cycle, waiting", async () => {
    const [customerId = 0] = await seed(database, [{ snapshots: [hour(2), hour(1)], storms: [] }]);
    await incomplete(1, "primary");
    expect(await bill(database.db, nowMs, { lookbackMs, cycle: "day" })).toMatchObject({ lines: 1 });
    expect(await bill(database.db, nowMs + 12 * hourMs, { lookbackMs, cycle: "day" })).toMatchObject({ customers: 0 });
    await addSnapshots(database, [customerId], [{ world: 0, ...hour(-1) }]);
    await bill(database.db, nowMs + 24 * hourMs, { lookbackMs, cycle: "day" });
    expect(await database.sql("select arrears, estimated from invoice_line_items order by id")).toEqual([
      { arrears: false, estimated: false },
      { arrears: true, estimated: true },
      { arrears: false, estimated: false },
    ]);
  });
});

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/adapters/db/platform/client.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import type { Cut, CuttingProxy } from "../support/cutting-proxy.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { nothingFound, reconcileCustomers } from "./reconciled.ts";
import { bill } from "./run.ts";
import { addSnapshots, edit, seed, takeLease } from "./worlds.ts";
import type { World, WorldSnapshot, WorldStorm } from "./worlds.ts";

const hourMs = 3_600_000;
const startMs = Date.parse("2026-03-01T00:00:00Z");
const iso = (ms: number): string => new Date(ms).toISOString();
const customers = 6;
const kills = 100;

let database: TestDatabase;
let proxy: CuttingProxy;

beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
  proxy = await startCuttingProxy(database.url);
});
afterAll(async () => {
  await proxy.close();
  await database.close();
});

const snapshot = (hour: number, backupBytes = 2 ** 32): WorldSnapshot => ({
  service: 1,
  windowStart: iso(startMs + hour * hourMs),
  windowEnd: iso(startMs + (hour + 1) * hourMs),
  primaryBytes: 2 ** 31 + hour,
  backupBytes,
});
const storm: WorldStorm = {
  service: 1,
  state: "ended",
  startedAt: iso(startMs),
  recoveringSince: null,
  endedAt: iso(startMs + 3 * hourMs),
  factor: "1.5",
};

/** Windows, usage lines, windows whose line is tagged and byte-exact, and customers whose numbers have a gap. */
const audit = async () => {
  const [row] = await database.sql<Record<string, string>>(
    `select (select count(*) from usage_snapshots) as windows,
       (select count(*) from invoice_line_items where kind = 'usage') as lines,
       (select count(*) from usage_snapshots u join invoice_line_items l on l.snapshot_id = u.id and l.kind = 'usage'
          and (l.invoice_id, l.primary_bytes, l.backup_bytes) = (u.invoice_id, u.primary_bytes, u.backup_bytes)) as exact,
       (select count(*) from customers c where c.next_invoice_number - 1 <> (select count(*) from invoices i where i.customer_id = c.id)
          or c.next_invoice_number - 1 <> (select coalesce(max(i.number), 0) from invoices i where i.customer_id = c.id)) as gaps`,
  );
  return Object.fromEntries(Object.entries(row ?? {}).map(([key, value]) => [key, Number(value)]));
};

/** A run asks what is due, then BEGIN, patience, locks, invoices, COMMIT, each request followed by a DISCARD. */
const statements = 8;
const cutArb: fc.Arbitrary<Cut> = fc.record({
  statement: fc.integer({ min: 1, max: statements }),
  when: fc.constantFrom("before", "after"),
});

describe("a run whose connection is cut", () => {
  it(`at a random statement, before or after it was done, ${kills} times: every window is billed once, every number is used`, async () => {
    const worlds = (hours: number, backup: number): World[] =>
      Array.from({ length: customers }, () => ({
        snapshots: Array.from({ length: hours }, (_, hour) => snapshot(hour, hour === 0 ? backup : 2 ** 32)),
        storms: [storm],
      }));
    const customerIds = await seed(database, worlds(1, 2 ** 32));
    const db = connect(proxy.url, database.fetchEndpoint);
    const outcome = { threw: 0, failures: 0, clean: 0 };
    // The seed is fixed: a kill that finds something must find it again.
    const plan = fc.sample(cutArb, { seed: 20_261_121, numRuns: 10 * kills });
    let hour = 1;
    for (const cut of plan) {
      if (proxy.cuts() >= kills) break;
      // Always something new to bill and something billed to adjust, so that every cut hits a run that writes.
      await addSnapshots(
        database,
        customerIds,
        customerIds.map((_, world) => ({ world, ...snapshot(hour) })),
      );
      if (hour % 3 === 0) await edit(database, customerIds, worlds(1, 2 ** 32 + hour * 2 ** 28));
      const nowMs = startMs + (hour + 1) * hourMs;
      hour += 1;
      await proxy.arm(cut);
      try {
        const report = await bill(db, nowMs);
        outcome.failures += report.failures;
        if (report.failures === 0) outcome.clean += 1;
      } catch {
        outcome.threw += 1;
      }
      await proxy.arm(null);
      if (hour % 5 === 0) {
        const state = await audit();
        expect([state["exact"], state["gaps"]]).toEqual([state["lines"], 0]);
      }
      // Every other time the next run is the one that is cut.
      if (hour % 2 === 0) await bill(database.db, nowMs);
    }
    expect(proxy.cuts()).toBe(kills);
    expect(outcome.threw).toBeGreaterThan(5);
    expect(outcome.failures).toBeGreaterThan(5 * customers);
    expect(outcome.clean).toBeGreaterThan(5);
    const lastMs = startMs + (hour + 1) * hourMs;
    await bill(database.db, lastMs);
    expect(await bill(database.db, lastMs)).toMatchObject({ customers: 0, invoices: 0, lines: 0 });
    const windows = customers * hour;
    expect(await audit()).toEqual({ windows, lines: windows, exact: windows, gaps: 0 });
    expect(await reconcileCustomers(database, customerIds, lastMs)).toEqual(nothingFound);
    const [sums] = await database.sql<{ n: string }>(
      `select count(*) as n from invoices i where (i.subtotal_cents, i.discount_cents) <>
         (select sum(l.amount_cents), sum(l.discount_cents) from invoice_line_items l where l.invoice_id = i.id)`,
    );
    expect(sums?.n).toBe("0");
  });
});

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { coverWindow } from "../../src/domain/billing/coverage.ts";
import type { BilledStorm } from "../../src/domain/billing/coverage.ts";
import { priceLine } from "../../src/domain/billing/pricing.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { microsecondsOf, refereeLines, textOf } from "./referee.ts";
import type { Terms } from "./referee.ts";
import { nothingFound, reconcileCustomers } from "./reconciled.ts";
import { bill } from "./run.ts";
import { edit, seed, storedLines, takeLease } from "./worlds.ts";
import type { StoredLine, World, WorldSnapshot, WorldStorm } from "./worlds.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterAll(() => database.close());

const hour = 3_600_000_000n;
const firstWindow = microsecondsOf("2026-03-01T00:00:00Z");
const nowMs = Date.parse("2026-03-01T06:00:00Z");
const windows = 4;

const decimal = (max: number, digits: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: max * 10 ** digits }).map((value) => (value / 10 ** digits).toFixed(digits));

const termsArb = fc.record({
  rateCentsPerGb: fc.oneof(fc.constantFrom("12", "1", "3", "100", "7", "0.5", "0", "1000000"), decimal(200, 6)),
  discountRate: fc.oneof(fc.constantFrom("0.5", "1", "0.35", "0.333", "0.2", "0"), decimal(1, 9)),
});

/** Around bytes that cost a whole number of cents and a half, where rounding decides. */
const tieBytes = (rate: string): fc.Arbitrary<number> =>
  fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constantFrom(0, 1, -1)).map(([halves, off]) => {
    const bytes = Math.round((halves * 2 ** 29) / Math.max(Number(rate), 1e-3)) + off;
    return Math.min(Math.max(bytes, 0), 2 ** 50);
  });

const bytesArb = (rate: string): fc.Arbitrary<number> =>
  fc.oneof(tieBytes(rate), tieBytes(rate), fc.nat(2 ** 31 - 1), fc.integer({ min: 0, max: 2 ** 45 }), fc.constant(0));

/** Mostly on 20ths and 24ths of a window, so that discounts meet halves too; now and then a microsecond beside. */
const timeArb = fc
  .record({
    window: fc.integer({ min: -1, max: windows }),
    part: fc.oneof(
      fc.integer({ min: 0, max: 24 }).map((n) => (BigInt(n) * hour) / 24n),
      fc.integer({ min: 0, max: 20 }).map((n) => (BigInt(n) * hour) / 20n),
      fc.bigInt({ min: 0n, max: hour }),
    ),
    off: fc.constantFrom(0n, 0n, 0n, 1n, -1n),
  })
  .map(({ window, part, off }) => firstWindow + BigInt(window) * hour + part + off);

const creditArb = fc.constantFrom<NonNullable<WorldStorm["credit"]>>("earned", "earned", "earned", "refused", "pending");

/** Until when the CDN of a corroborated storm was seen failing; mostly it needs no such witness. */
const seenArb: fc.Arbitrary<bigint | null> = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: timeArb });

const stormArb: fc.Arbitrary<WorldStorm> = fc
  .record({
    service: fc.integer({ min: 1, max: 2 }),
    state: fc.constantFrom<WorldStorm["state"]>("ended", "ended", "ended", "recovering", "storm"),
    times: fc.tuple(timeArb, timeArb),
    factor: fc.constantFrom("1", "1.2", "1.25", "1.5", "2", "3", "0.5", "0.333333333"),
    monitorOnly: fc.boolean(),
    credit: creditArb,
    seenUntil: seenArb,
  })
  .map(({ times: [a, b], state, seenUntil, ...rest }) => {
    const [from, to] = a < b ? [a, b] : [b, a];
    return {
      ...rest,
      creditedUntil: seenUntil === null ? null : textOf(seenUntil),
      state,
      startedAt: textOf(from),
      recoveringSince: state === "recovering" ? textOf(to) : null,
      endedAt: state === "ended" ? textOf(to) : null,
    };
  });

/** A service has at most two active storms, one a kind: what comes after is dropped. */
const atMostTwoActive = (storms: readonly WorldStorm[]): WorldStorm[] =>
  storms.filter(
    (storm, index) =>
      storm.endedAt !== null ||
      storms.slice(0, index).filter((other) => other.service === storm.service && other.endedAt === null).length < 2,
  );

const worldArb = (rate: string): fc.Arbitrary<World> => {
  const snapshot: fc.Arbitrary<WorldSnapshot> = fc
    .record({
      service: fc.integer({ min: 1, max: 2 }),
      window: fc.integer({ min: 0, max: windows - 1 }),
      length: fc.constantFrom(hour, hour, hour, 10_000_000n, 7_000_001n),
      primaryBytes: bytesArb(rate),
      backupBytes: bytesArb(rate),
    })
    .map(({ service, window, length, ...bytes }) => {
      const start = firstWindow + BigInt(window) * hour;
      return { service, windowStart: textOf(start), windowEnd: textOf(start + length), ...bytes };
    });
  return fc.record({
    snapshots: fc.uniqueArray(snapshot, {
      minLength: 1,
      maxLength: 8,
      selector: ({ service, windowStart }) => `${service} ${windowStart}`,
    }),
    storms: fc.array(stormArb, { maxLength: 6 }).map(atMostTwoActive),
  });
};

/** What may become of a world after it was billed: other bytes, and storms that are not what they were thought to be. */
const editedArb = (rate: string, world: World): fc.Arbitrary<World> => {
  const bytes = fc.record({ primaryBytes: bytesArb(rate), backupBytes: bytesArb(rate) });
  const times = fc.tuple(timeArb, timeArb).map(([a, b]) => (a < b ? [a, b] : [b, a]) as [bigint, bigint]);
  const stormEdit = fc.record({
    times,
    factor: fc.constantFrom("1", "1.5", "0.25", "3"),
    state: fc.constantFrom<WorldStorm["state"]>("ended", "recovering", "storm"),
    credit: creditArb,
    seenUntil: seenArb,
  });
  return fc
    .record({
      bytes: fc.array(fc.option(bytes, { freq: 2 }), { minLength: world.snapshots.length, maxLength: world.snapshots.length }),
      storms: fc.array(fc.option(stormEdit), { minLength: world.storms.length, maxLength: world.storms.length }),
    })
    .map((edits) => ({
      snapshots: world.snapshots.map((snapshot, index) => ({ ...snapshot, ...edits.bytes[index] })),
      storms: world.storms.map((storm, index) => {
        const change = edits.storms[index];
        if (change == null) return storm;
        const {
          times: [from, to],
          factor,
          credit,
          seenUntil,
        } = change;
        // What has ended stays ended: another active storm may have followed.
        const state = storm.state === "ended" ? "ended" : change.state;
        return {
          ...storm,
          state,
          factor,
          credit,
          creditedUntil: seenUntil === null ? null : textOf(seenUntil),
          startedAt: textOf(from),
          recoveringSince: state === "recovering" ? textOf(to) : null,
          endedAt: state === "ended" ? textOf(to) : null,
        };
      }),
    }));
};

const worldsPerBatch = 200;

const batchArb = termsArb.chain((terms) =>
  fc.record({
    terms: fc.constant(terms),
    worlds: fc.array(
      worldArb(terms.rateCentsPerGb).chain((world) => fc.tuple(fc.constant(world), editedArb(terms.rateCentsPerGb, world))),
      { minLength: worldsPerBatch, maxLength: worldsPerBatch },
    ),
  }),
);

const epochMs = (text: string): number => Number(microsecondsOf(text) / 1000n);
const isWholeMs = (text: string | null): boolean => text === null || microsecondsOf(text) % 1000n === 0n;

/** The domain's opinion of a window. Null where a time is finer than the milliseconds it works in. */
const domainCoverage = (world: World, line: StoredLine) => {
  const storms = world.storms.filter(({ service }) => service === line.service);
  if (line.windowMicroseconds % 1000 !== 0) return null;
  if (!storms.every((storm) => [storm.startedAt, storm.recoveringSince, storm.endedAt, storm.creditedUntil ?? null].every(isWholeMs)))
    return null;
  const billed: BilledStorm[] = storms.map((storm) => ({
    state: storm.state,
    startedAtMs: epochMs(storm.startedAt),
    recoveringSinceMs: storm.recoveringSince === null ? null : epochMs(storm.recoveringSince),
    endedAtMs: storm.endedAt === null ? null : epochMs(storm.endedAt),
    maxCoverageFactor: storm.factor,
    credit: storm.credit ?? "earned",
    creditedUntilMs: storm.creditedUntil == null ? null : epochMs(storm.creditedUntil),
  }));
  const startMs = epochMs(line.windowStart);
  const endMs = startMs + line.windowMicroseconds / 1000;
  const { stormMicroseconds, maxCoverageFactor } = coverWindow(billed, { startMs, endMs });
  return { stormMicroseconds, factor: Number(maxCoverageFactor) };
};

/** Names seed and path instead of printing all worlds of the batch; the assertion shows the one that differs. */
const reporter = <Value>(details: fc.RunDetails<Value>): void => {
  if (details.failed) {
    throw new Error(`seed ${details.seed}, path "${details.counterexamplePath}"`, { cause: details.errorInstance });
  }
};

/** What a customer's lines come to, window by window, in the order of the referee. */
const sumsByWindow = (lines: readonly StoredLine[]) => {
  const byWindow = Map.groupBy(lines, ({ service, windowStart }) => `${windowStart} ${service}`);
  return [...byWindow]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, same]) => ({
      service: same[0]?.service,
      windowStart: same[0]?.windowStart,
      primaryBytes: same.reduce((sum, line) => sum + line.primaryBytes, 0),
      backupBytes: same.reduce((sum, line) => sum + line.backupBytes, 0),
      amountCents: same.reduce((sum, line) => sum + line.amountCents, 0),
      discountCents: same.reduce((sum, line) => sum + line.discountCents, 0),
    }));
};

type Cents = { readonly service: number; readonly windowStart: string; readonly amountCents: number; readonly discountCents: number };

/** An invoice of nothing is not issued: what costs nothing waits for what does. */
const saysNothing = (lines: readonly Cents[]): boolean =>
  lines.every(({ amountCents, discountCents }) => amountCents === 0 && discountCents === 0);

const centsOf = (lines: readonly Cents[]): string =>
  lines.map(({ amountCents, discountCents }) => `${amountCents} ${discountCents}`).join();

const refereeSums = (world: World, terms: Terms) => {
  const bytes = new Map(world.snapshots.map((snapshot) => [`${microsecondsOf(snapshot.windowStart)} ${snapshot.service}`, snapshot]));
  return refereeLines(world, terms).map(({ service, windowStart, amountCents, discountCents }) => {
    const snapshot = bytes.get(`${microsecondsOf(windowStart)} ${service}`);
    return { service, windowStart, primaryBytes: snapshot?.primaryBytes, backupBytes: snapshot?.backupBytes, amountCents, discountCents };
  });
};

/** What both runs come to. What the first had nothing to say of is billed by the second, at its terms. */
const expectedSums = (before: World, after: World, terms: Terms, others: Terms) => {
  const [was, is] = [refereeSums(before, terms), refereeSums(after, terms)];
  // Bytes that change no cent wait for an invoice.
  if (!saysNothing(was)) return centsOf(was) === centsOf(is) ? was : is;
  const first = refereeSums(after, others);
  return saysNothing(first) ? [] : first;
};

/** Cases in all. `npm run mutants` runs five thousand of them before it begins. */
const cases = Number(process.env["BILLING_CASES"] ?? 1_000);

describe("random worlds", () => {
  it(`${cases} of them cost the same by the database, by the domain and by an independent referee, and reconcile`, async () => {
    const count = { compared: 0, coverages: 0, adjusted: 0, adjustments: 0 };
    await fc.assert(
      fc.asyncProperty(batchArb, async ({ terms, worlds: pairs }) => {
        const worlds = pairs.map(([world]) => world);
        const edited = pairs.map(([, world]) => world);
        const customerIds = await seed(database, worlds);
        const speaking = worlds.map((world) => !saysNothing(refereeLines(world, terms)));
        const report = await bill(database.db, nowMs, { terms });
        expect(report).toMatchObject({ invoices: speaking.filter(Boolean).length, failures: 0 });
        const lines = await storedLines(database, customerIds);
        worlds.forEach((world, index) => {
          const stored = lines.get(customerIds[index] ?? 0) ?? [];
          const figures = stored.map(({ service, windowStart, amountCents, discountCents, stormMicroseconds }) => ({
            service,
            windowStart,
            amountCents,
            discountCents,
            stormMicroseconds,
          }));
          expect(figures, JSON.stringify({ terms, world })).toEqual(speaking[index] === true ? refereeLines(world, terms) : []);
          for (const line of stored) {
            const price = priceLine({ ...line, maxCoverageFactor: line.factor }, terms);
            expect([price.amountCents, price.discountCents]).toEqual([line.amountCents, line.discountCents]);
            count.compared += 1;
            const coverage = domainCoverage(world, line);
            if (coverage === null) continue;
            expect(coverage).toEqual({ stormMicroseconds: line.stormMicroseconds, factor: Number(line.factor) });
            count.coverages += 1;
          }
        });

        await edit(database, customerIds, edited);
        // Other terms meanwhile: an adjustment keeps to those of its line, and what was not billed is billed by the new ones.
        const others = { rateCentsPerGb: "99", discountRate: "0.9" };
        const adjusting = await bill(database.db, nowMs, { terms: others });
        expect(adjusting.failures).toBe(0);
        count.adjusted += adjusting.invoices;
        count.adjustments += adjusting.lines;
        const after = await storedLines(database, customerIds);
        edited.forEach((world, index) => {
          const sums = sumsByWindow(after.get(customerIds[index] ?? 0) ?? []);
          const before = worlds[index] ?? world;
          expect(sums, JSON.stringify({ terms, world, before })).toEqual(expectedSums(before, world, terms, others));
        });
        expect(await bill(database.db, nowMs)).toMatchObject({ customers: 0, invoices: 0 });
        expect(await reconcileCustomers(database, customerIds, nowMs)).toEqual(nothingFound);
        // What costs nothing at these terms waits, and would be billed with the next batch at that one's.
        await database.sql("delete from usage_snapshots where invoice_id is null");
      }),
      { numRuns: Math.ceil(cases / worldsPerBatch), endOnFailure: true, reporter },
    );
    expect(count.compared).toBeGreaterThanOrEqual(cases);
    expect(count.coverages).toBeGreaterThan(cases / 10);
    expect(count.adjusted).toBeGreaterThan(cases / 2);
    expect(count.adjustments).toBeGreaterThan(cases);
  });
});

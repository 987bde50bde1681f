import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyBundle } from "../../cli/evidence/evidence-bundle.ts";
import { createEvidenceStore } from "../../src/adapters/db/evidence/evidence.ts";
import { createObservationStore } from "../../src/adapters/db/steering/observations.ts";
import { observeAnswers } from "../../src/cron/observe-answers.ts";
import type { JsonValue } from "../../src/domain/evidence/canonical-json.ts";
import { canonicalJson } from "../../src/domain/evidence/canonical-json.ts";
import type { TestDatabase } from "../support/database.ts";
import { freshDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import type { World } from "../support/round-world.ts";
import { createWorld, startMs } from "../support/round-world.ts";

type Body = {
  decision: { change: string; started_at?: string; ended_at?: string; reason?: string; relapses?: number };
  policy: Record<string, unknown>;
  primary: Record<string, unknown>;
  backup: Record<string, unknown>;
  service: Record<string, unknown>;
  window: { entries: Record<string, unknown>[]; left_out: number };
  weights: { entries: Record<string, unknown>[] };
  samples: { fields: string[]; entries: unknown[][] } | null;
  vantages: Record<string, unknown>[];
  change_id?: string;
  change?: number;
  verdict?: string;
  expected?: string[];
  resolvers?: unknown[];
};
type Rec = { kind: string; seq: number; hash: string; body: Body };

let database: TestDatabase;
let world: World;
let bundle: Uint8Array;
let records: Rec[];

const at = (ms: number) => new Date(startMs + ms).toISOString();
const recordsIn = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as Rec[];

const read = async (stormId: number): Promise<Uint8Array> => {
  const [row] = await world.sql<{ customer_id: string }>(
    "select v.customer_id from storm_events e join services v on v.id = e.service_id where e.id = $1",
    [stormId],
  );
  const page = await createEvidenceStore(world.db, { clock: world.clock, currency: "USD" }).bundle(Number(row?.customer_id), stormId);
  return new TextEncoder().encode(page !== null && "bundle" in page ? page.bundle : "none");
};

/** What the job finds at public resolvers, which answer as DNS stands; one of them is away. */
const observe = async (answer: string) => {
  const fence = await world.leases.acquire("job:observe-answers", "local", `local:${answer}`);
  if (fence === null) throw new Error("the lease is taken");
  const lookup = {
    lookup: async () => [
      { resolver: "one.test", status: "answered" as const, answers: [`${answer}.`] },
      { resolver: "two.test", status: "silent" as const },
    ],
  };
  const report = await observeAnswers(
    { observations: createObservationStore(world.db), lookup, clock: world.clock, log: createMemoryLog().log },
    fence,
  );
  await world.leases.release(fence);
  return report;
};

/** One storm with a switch, a relapse, a recovery and the way back, as the real rounds record it; each switch observed. */
beforeAll(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  await world.seed({ policies: [{ cooldown: 60 }] });
  world.dns.put("app.example.test");
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
  await world.roundsOf(4);
  world.dns.settle();
  world.prober.say("a.cdn.net", 200);
  await world.roundsOf(5);
  world.prober.say("a.cdn.net", "refuse");
  await world.roundsOf(3);
  const seen = [await observe("b.cdn.net")];
  world.prober.say("a.cdn.net", 200);
  await world.roundsOf(14);
  world.dns.settle();
  await world.roundsOf(8);
  seen.push(await observe("b.cdn.net"));
  if (seen.some(({ stored }) => stored !== 1)) throw new Error(`a switch was not observed: ${JSON.stringify(seen)}`);
  bundle = await read(1);
  records = recordsIn(bundle);
});

afterAll(() => database.close());

describe("the evidence of a storm", () => {
  it("tells its beginning, its switches, its relapse and its end", () => {
    expect(verifyBundle(bundle)).toMatchObject({ ok: true, stormId: 1, ended: true });
    expect(records.map(({ kind }) => kind)).toEqual(["begin", "switch", "relapse", "observed", "end", "switch", "observed"]);
    const [begin, shift, relapse, , end] = records.map(({ body }) => body);
    expect(begin?.decision).toEqual({ change: "begin", started_at: at(40_000) });
    expect(begin?.policy).toMatchObject({
      id: 1,
      version: 1,
      kind: "http_availability",
      threshold_avail: 0.9,
      window_seconds: 30,
      latency_ms: null,
    });
    expect(begin?.primary).toMatchObject({ health: "down", below_threshold: true, first_failed_at: at(40_000) });
    expect(begin?.vantages).toMatchObject([{ name: "local", counted: true }]);
    expect(begin?.window).toMatchObject({
      entries: [
        { path: "primary", samples: 5, failures: 3 },
        { path: "backup", failures: 0 },
      ],
      left_out: 0,
    });
    expect(begin?.weights.entries).toMatchObject([
      { domain: "app.example.test", before: { primary: 100, backup: 0 }, after: { primary: 0, backup: 100 } },
    ]);
    expect(shift?.change_id).toMatch(/\S/);
    expect(relapse?.decision).toEqual({ change: "relapse", relapses: 1 });
    expect(end?.decision).toMatchObject({ change: "end", reason: "recovered" });
    expect(end?.weights.entries).toMatchObject([{ before: { primary: 0, backup: 100 } }]);
  });

  it("shows the samples on both sides of each edge", () => {
    for (const { kind, body } of records) {
      if (kind === "switch" || kind === "observed") continue;
      const samples = body.samples?.entries ?? [];
      const column = (name: string) => body.samples?.fields.indexOf(name) ?? -1;
      const primaries = samples.filter((sample) => sample[column("path")] === "primary");
      expect(new Set(primaries.map((sample) => sample[column("ok")])), kind).toEqual(new Set([true, false]));
      const times = samples.map((sample) => String(sample[column("probed_at")]));
      expect(times).toEqual(times.toSorted());
    }
  });

  it("says the same as the storm, the policy and the switches", async () => {
    const [storm] = await world.sql<{ started_at: Date; ended_at: Date; relapses: number }>("select * from storm_events");
    expect(records[0]?.body.decision.started_at).toBe(storm?.started_at.toISOString());
    expect(records.find(({ kind }) => kind === "end")?.body.decision.ended_at).toBe(storm?.ended_at.toISOString());
    expect(storm?.relapses).toBe(1);
    const changes = await world.sql<{ change_id: string; id: string }>("select change_id, id from routing_changes order by id");
    expect(records.filter(({ kind }) => kind === "switch").map(({ body }) => body.change_id)).toEqual(
      changes.map(({ change_id: id }) => id),
    );
    const observed = records.filter(({ kind }) => kind === "observed").map(({ body }) => body);
    expect(observed.map(({ change, change_id: changeId }) => [String(change), changeId])).toEqual(
      changes.map((change) => [change.id, change.change_id]),
    );
    const resolvers = [
      { answers: ["b.cdn.net"], resolver: "one.test" },
      { answers: null, resolver: "two.test" },
    ];
    expect(observed).toMatchObject([
      { verdict: "confirmed", expected: ["b.cdn.net"], resolvers },
      { verdict: "other", expected: ["a.cdn.net"], resolvers },
    ]);
  });

  it("is not written by a round in which nothing happens, and asks the database for nothing then", async () => {
    await world.roundsOf(2);
    const before = world.count.trips;
    await world.round();
    expect(world.count.trips - before).toBeLessThanOrEqual(2);
    expect(recordsIn(await read(1))).toHaveLength(records.length);
  });
});

/** Which record a byte belongs to, its separator before it included; the end of the array belongs to the last one. */
const owners = (): number[] => {
  const texts = records.map((record) => canonicalJson(record as unknown as JsonValue));
  const owner = texts.flatMap((text, index) => Array.from({ length: 1 + new TextEncoder().encode(text).length }, () => index + 1));
  return [...owner, texts.length];
};

describe("verification", () => {
  it("fails on any one byte that was changed, and names the record that it stands in", () => {
    const owner = owners();
    expect(owner).toHaveLength(bundle.length);
    const wrong: string[] = [];
    bundle.forEach((byte, position) => {
      // Another bit each time; the property below tries every value.
      const changed = bundle.slice();
      changed[position] = byte ^ (1 << (position % 8));
      const verdict = verifyBundle(changed);
      // What separates two records may be laid to either.
      const expected = [owner[position] ?? 0, ...(owner[position - 1] === owner[position] ? [] : [owner[position - 1] ?? 0])];
      if (verdict.ok || !expected.includes(verdict.record)) wrong.push(`${position}: ${JSON.stringify(verdict)}`);
    });
    expect(wrong).toEqual([]);
  });

  it("fails whatever a byte is changed to", () => {
    const position = fc.integer({ min: 0, max: bundle.length - 1 });
    fc.assert(
      fc.property(position, fc.integer({ min: 1, max: 255 }), (where, mask) => {
        const changed = bundle.slice();
        changed[where] = (bundle[where] ?? 0) ^ mask;
        expect(verifyBundle(changed).ok).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it("fails when bytes are cut out, put in or cut off", () => {
    const position = fc.integer({ min: 0, max: bundle.length - 1 });
    fc.assert(
      fc.property(position, fc.integer({ min: 0, max: 255 }), (where, byte) => {
        expect(verifyBundle(Uint8Array.of(...bundle.subarray(0, where), ...bundle.subarray(where + 1))).ok).toBe(false);
        expect(verifyBundle(Uint8Array.of(...bundle.subarray(0, where), byte, ...bundle.subarray(where))).ok).toBe(false);
        expect(verifyBundle(bundle.subarray(0, where)).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  const rebuilt = (change: (all: Rec[]) => Rec[]) =>
    new TextEncoder().encode(canonicalJson(change(structuredClone(records)) as unknown as JsonValue));

  it("knows the records as they are", () => {
    expect(verifyBundle(rebuilt((all) => all))).toMatchObject({ ok: true });
  });

  it("misses a record that was taken out", () => {
    for (let gone = 1; gone < records.length - 1; gone += 1) {
      expect(verifyBundle(rebuilt((all) => all.toSpliced(gone, 1)))).toMatchObject({ ok: false, record: gone + 1 });
    }
    expect(verifyBundle(rebuilt((all) => all.slice(1)))).toMatchObject({ ok: false, record: 1 });
  });

  it("refuses the same records in bytes that are not canonical", () => {
    const text = new TextDecoder().decode(bundle);
    const spaced = JSON.stringify(records, null, 1);
    const escaped = text.replace("recovered", String.raw`\u0072ecovered`);
    const reordered = text.replace(/"seq":2,"service_id":(\d+)/, '"service_id":$1,"seq":2');
    const doubled = text.replace('"v":1}', '"v":1,"v":1}');
    const exponent = text.replace('"window_seconds":30', '"window_seconds":3e1');
    for (const other of [spaced, escaped, reordered, doubled, exponent, `${text}\n`, `\uFEFF${text}`]) {
      expect(other).not.toBe(text);
      expect(verifyBundle(new TextEncoder().encode(other)).ok).toBe(false);
    }
  });

  it.each(["", "[]", "{}", "null", "[{}]", "[", "[1]"])("refuses %j", (text) => {
    expect(verifyBundle(new TextEncoder().encode(text))).toMatchObject({ ok: false, record: 1 });
  });
});

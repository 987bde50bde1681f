import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditBundle } from "../../cli/evidence/evidence-audit.ts";
import type { Keys } from "../../cli/evidence/evidence-signatures.ts";
import { summaryText } from "../../cli/evidence/evidence-summary.ts";
import type { JsonValue } from "../../src/domain/evidence/canonical-json.ts";
import { canonicalJson } from "../../src/domain/evidence/canonical-json.ts";
import { headText } from "../../src/domain/evidence/evidence-claim.ts";
import { microsecondText, microsecondsOf } from "../../src/domain/slo/avoided.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { testSigner } from "../support/evidence-signer.ts";
import { bundleOf, keysOf, playStorm } from "../support/evidence.ts";
import type { World } from "../support/round-world.ts";
import { createWorld } from "../support/round-world.ts";

type Fields = Record<string, JsonValue>;
type Span = { from: string; to: string };
type Avoided = {
  cents: number | null;
  cents_per_minute: number | null;
  currency: string | null;
  microseconds: number;
  rest: Fields | null;
  spans: Span[];
};
type Summary = { as_of: string; downtime: Fields & { microseconds: number }; downtime_avoided: Avoided };
type Head = Fields & { summary: Summary };

const signer = testSigner();
let database: TestDatabase;
let world: World;
let serviceId: number;
let keys: Keys;
/** Of the storm, and of its first switch; microseconds. */
let times: { readonly begun: number; readonly ended: number; readonly switched: number };

const second = 1_000_000;

type State = {
  readonly from: number;
  readonly to: number | null;
  readonly state?: string;
  readonly avoided?: boolean;
  readonly cdn?: string;
};

/** What visitors got from then on, in microseconds behind the beginning of the storm, in place of what was there. */
const states = async (all: readonly State[]): Promise<void> => {
  await world.sql("delete from service_states");
  for (const { from, to, state = "up", avoided = false, cdn = null } of all) {
    await world.sql(
      `insert into service_states (service_id, started_at, ended_at, state, serving, attribution, upstream_cdn, avoided, outage_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        serviceId,
        microsecondText(times.begun + from),
        to === null ? null : microsecondText(times.begun + to),
        state,
        avoided ? "backup" : "primary",
        state === "down" ? (cdn === null ? "self" : "upstream") : null,
        cdn,
        avoided,
        state === "down" ? microsecondText(times.begun + from) : null,
      ],
    );
  }
};

const recordsOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as Fields[];
const headOf = (bytes: Uint8Array) => recordsOf(bytes).at(-1) as Head;
const summaryOf = async () => headOf(await bundleOf(world, 1, signer)).summary;
const check = (bytes: Uint8Array) => auditBundle(bytes, { keys });

/** The bundle with another summary, signed by who has the key, or not signed anew. */
const forged = async (edit: (summary: Summary) => unknown, anew = true) => {
  const records = recordsOf(await bundleOf(world, 1, signer));
  const { signature: old, ...head } = structuredClone(records.at(-1) as Head);
  const summary = edit(head["summary"] as Summary) ?? head["summary"];
  const { summary: _summary, ...bare } = head;
  const fields = (summary === "none" ? bare : { ...head, summary }) as Fields;
  const signature = anew ? (await signer.sign(() => headText(fields))).signature : (old ?? null);
  return check(new TextEncoder().encode(canonicalJson([...records.slice(0, -1), { ...fields, signature }])));
};

const down = { from: 0, to: 5 * second, state: "down", cdn: "cloudflare" };

beforeAll(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  keys = await keysOf(signer);
  ({ serviceId } = await playStorm(world, signer, { window: 60, minFailures: 5 }));
  const [row] = await world.sql<{ begun: string; ended: string; switched: string }>(
    `select (extract(epoch from e.started_at) * 1000000)::bigint as begun, (extract(epoch from e.ended_at) * 1000000)::bigint as ended,
      (select (extract(epoch from min(accepted_at)) * 1000000)::bigint from routing_changes where storm_id = e.id and to_backup > to_primary) as switched
     from storm_events e where e.id = 1`,
  );
  times = { begun: Number(row?.begun), ended: Number(row?.ended), switched: Number(row?.switched) };
  if (times.switched <= times.begun + 5 * second) throw new Error("the switch is to come some seconds after the beginning");
  await world.sql("update services set downtime_cents_per_minute = 5000");
});
afterAll(() => database.close());

/** Where the avoided time may begin, behind the beginning of the storm. */
const afterSwitch = () => times.switched - times.begun;
const ended = () => times.ended - times.begun;

describe("what the end of a bundle says of downtime", () => {
  it("is of what the rounds recorded, and verifies", async () => {
    const { downtime, downtime_avoided: avoided } = await summaryOf();
    expect([avoided.spans.length > 0, avoided.microseconds > 0, downtime.microseconds > 0]).toEqual([true, true, true]);
    expect(avoided.microseconds + downtime.microseconds).toBeLessThanOrEqual(ended());
    expect(microsecondsOf(avoided.spans[0]?.from ?? "")).toBeGreaterThanOrEqual(times.switched);
    expect(check(await bundleOf(world, 1, signer))).toMatchObject({ ok: true });
  });

  it("is what was recorded within the storm behind its first switch, to the microsecond, with its price", async () => {
    const from = afterSwitch();
    await states([
      down,
      { from: 5 * second, to: from + 1, avoided: true },
      { from: from + 1, to: from + 10 * second + 7, avoided: true },
      { from: from + 10 * second + 7, to: from + 12 * second, state: "unknown" },
      { from: from + 12 * second, to: ended() + 60 * second, avoided: true },
    ]);
    const { downtime, downtime_avoided: avoided } = await summaryOf();
    const spans = [
      [from, from + 1],
      [from + 1, from + 10 * second + 7],
      [from + 12 * second, ended()],
    ].filter(([a = 0, b = 0]) => b > a);
    const sum = spans.reduce((all, [a = 0, b = 0]) => all + b - a, 0);
    expect(avoided).toEqual({
      cents: Math.round((sum * 5_000) / 60_000_000),
      cents_per_minute: 5_000,
      currency: "USD",
      microseconds: sum,
      rest: null,
      spans: spans.map(([a = 0, b = 0]) => ({ from: microsecondText(times.begun + a), to: microsecondText(times.begun + b) })),
    });
    expect(downtime).toEqual({
      blamed: [{ microseconds: 5 * second, upstream_cdn: "cloudflare" }],
      microseconds: 5 * second,
      unmeasured_microseconds: 12 * second - 10 * second - 7,
    });
    const told = check(await bundleOf(world, 1, signer));
    expect(told).toMatchObject({ ok: true });
    expect(summaryText(told.ok ? (told.bundle.closing?.summary ?? null) : null)).toContain(
      `(USD ${((avoided.cents ?? 0) / 100).toFixed(2)}) in 3 spans`,
    );
  });

  it("is nothing where nothing was recorded, all of it unmeasured; without a price it is time alone", async () => {
    await states([]);
    await world.sql("update services set downtime_cents_per_minute = null");
    const { downtime, downtime_avoided: avoided } = await summaryOf();
    expect(avoided).toEqual({ cents: null, cents_per_minute: null, currency: null, microseconds: 0, rest: null, spans: [] });
    expect(downtime).toEqual({ blamed: [], microseconds: 0, unmeasured_microseconds: ended() });
    expect(check(await bundleOf(world, 1, signer))).toMatchObject({ ok: true });
    await world.sql("update services set downtime_cents_per_minute = 5000");
  });

  it("lists a hundred spans, and adds up the rest", async () => {
    const from = afterSwitch();
    const step = 10_000;
    await states(
      Array.from({ length: 240 }, (_, nth) => ({ from: from + nth * step, to: from + (nth + 1) * step, avoided: nth % 2 === 0 })),
    );
    const { downtime_avoided: avoided } = await summaryOf();
    expect([avoided.spans.length, avoided.rest, avoided.microseconds]).toEqual([100, { microseconds: 20 * step, spans: 20 }, 120 * step]);
    expect(check(await bundleOf(world, 1, signer))).toMatchObject({ ok: true });
    const restOf = (change: Fields) => (summary: Summary) => {
      Object.assign(summary.downtime_avoided.rest ?? {}, change);
      summary.downtime_avoided.microseconds = 100 * step + Number(summary.downtime_avoided.rest?.["microseconds"]);
      summary.downtime_avoided.cents = Math.round((summary.downtime_avoided.microseconds * 5_000) / 60_000_000);
    };
    expect(await forged(restOf({ microseconds: 19 }))).toMatchObject({
      reason: expect.stringContaining("not listed do not fit") as unknown,
    });
    expect(await forged(restOf({ microseconds: 9_000 * second }))).toMatchObject({
      reason: expect.stringContaining("not listed do not fit") as unknown,
    });
    expect(await forged(restOf({ spans: 0 }))).toMatchObject({ reason: expect.stringContaining("should be listed") as unknown });
  });

  it("is not needed: bundles from before there was one verify", async () => {
    expect(await forged(() => "none")).toMatchObject({ ok: true });
    expect(await forged(() => "none", false)).toMatchObject({ ok: false, reason: expect.stringContaining("does not hold") as unknown });
  });
});

describe("a summary that is not what was recorded", () => {
  const told = async (edit: (summary: Summary) => unknown) => {
    const answer = await forged(edit);
    return answer.ok ? "ok" : answer.reason;
  };
  const moved = (text: string, us: number) => microsecondText((microsecondsOf(text) ?? 0) + us);
  /** Changes the only span, and what follows from it. */
  const spanned =
    (from: number, to: number) =>
    ({ downtime_avoided: avoided }: Summary): void => {
      const [span] = avoided.spans;
      if (span === undefined) throw new Error("no span");
      Object.assign(span, { from: moved(span.from, from), to: moved(span.to, to) });
      avoided.microseconds += to - from;
      avoided.cents = Math.round((avoided.microseconds * 5_000) / 60_000_000);
    };

  beforeAll(async () => {
    await states([down, { from: 5 * second, to: ended(), avoided: true }]);
  });

  it("holds as it is", async () => {
    expect(await told(() => undefined)).toBe("ok");
  });

  it("does not have the signature of its signer, one microsecond more and all", async () => {
    for (const edit of [spanned(0, -1), spanned(1, 0), ({ downtime }: Summary) => void (downtime.microseconds += 1)]) {
      expect(await forged(edit, false)).toMatchObject({
        ok: false,
        seq: null,
        reason: expect.stringContaining("does not hold") as unknown,
      });
    }
  });

  it.each<[string, string, (summary: Summary) => unknown]>([
    ["before the switch", "begins before the first switch to the backup was accepted", spanned(-1, 0)],
    ["before the storm", "is not within the storm", (s) => spanned(-1_000 * second, 0)(s)],
    ["behind the storm", "is not within the storm", spanned(0, 1)],
    [
      "an inverted span",
      "is empty or inverted",
      ({ downtime_avoided: avoided }) => {
        const [span] = avoided.spans;
        if (span !== undefined) Object.assign(span, { from: span.to, to: span.from });
      },
    ],
    [
      "a span twice",
      "begins before the end of the one before it",
      ({ downtime_avoided: avoided }) => {
        avoided.spans.push(...avoided.spans);
        avoided.microseconds *= 2;
        avoided.cents = (avoided.cents ?? 0) * 2;
      },
    ],
    ["a greater sum", "microseconds, not to", ({ downtime_avoided: avoided }) => void (avoided.microseconds += 1)],
    ["more money", "so much time costs", ({ downtime_avoided: avoided }) => void (avoided.cents = (avoided.cents ?? 0) + 1)],
    ["a higher price", "so much time costs", ({ downtime_avoided: avoided }) => void (avoided.cents_per_minute = 6_000)],
    ["no currency", "a currency goes with cents", ({ downtime_avoided: avoided }) => void (avoided.currency = null)],
    [
      "a rest of few spans",
      "should be listed",
      ({ downtime_avoided: avoided }) => {
        avoided.rest = { microseconds: second, spans: 1 };
        avoided.microseconds += second;
      },
    ],
    ["less downtime", "have somebody to blame", ({ downtime }) => void (downtime.microseconds -= 1)],
    [
      "more time than there was",
      "it has more time than the storm",
      ({ downtime }) => void (downtime["unmeasured_microseconds"] = Number(downtime["unmeasured_microseconds"]) + 3_600 * second),
    ],
    ["another field", "is none", (s) => ({ ...s, note: "trust me" })],
    ["a time without microseconds", "is none", (s) => ({ ...s, as_of: s.as_of.replace(/\d{3}Z$/, "Z") })],
    ["a day that is none", "is none", (s) => ({ ...s, as_of: s.as_of.replace(/-\d\dT/, "-31T") })],
    ["half a microsecond", "is none", ({ downtime_avoided: avoided }) => void (avoided.microseconds += 0.5)],
    ["a negative price", "is none", ({ downtime_avoided: avoided }) => void (avoided.cents_per_minute = -1)],
    ["nothing at all", "is none", () => ({})],
    ["a text", "is none", () => "much"],
  ])("%s is named", async (_, reason, edit) => {
    expect(await told(edit)).toContain(reason);
  });

  it("of a storm that is still on ends where it was added up", async () => {
    const bytes = await bundleOf(world, 1, signer);
    const records = recordsOf(bytes).slice(0, -1);
    const upTo = records.findIndex(({ kind }) => kind === "end");
    const open = records.slice(0, upTo);
    const last = open.at(-1) as Fields;
    const { signature: _signature, ...head } = structuredClone(headOf(bytes));
    const closed = async (asOf: string) => {
      const fields = {
        ...head,
        seq: last["seq"],
        hash: last["hash"],
        summary: { ...(head["summary"] as Summary), as_of: asOf },
      } as unknown as Fields;
      const { signature } = await signer.sign(() => headText(fields));
      const answer = check(new TextEncoder().encode(canonicalJson([...open, { ...fields, signature }])));
      return answer.ok ? "ok" : answer.reason;
    };
    const to = headOf(bytes).summary.downtime_avoided.spans[0]?.to ?? "";
    expect(await closed(to)).toBe("ok");
    expect(await closed(moved(to, -1))).toContain("is not within the storm");
  });

  it("without a switch to the backup avoids nothing", async () => {
    const bytes = await bundleOf(world, 1, signer);
    const [begin] = recordsOf(bytes) as [Fields];
    const { signature: _signature, ...head } = structuredClone(headOf(bytes));
    const fields = { ...head, seq: begin["seq"], hash: begin["hash"] } as unknown as Fields;
    const { signature } = await signer.sign(() => headText(fields));
    const answer = check(new TextEncoder().encode(canonicalJson([begin, { ...fields, signature }])));
    expect(answer).toMatchObject({
      ok: false,
      record: 2,
      reason: expect.stringContaining("comes without a switch to the backup") as unknown,
    });
  });
});

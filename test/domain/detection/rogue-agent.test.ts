import { describe, expect, it } from "vitest";
import { detect } from "../../../src/domain/detection/detect.ts";
import type { DetectionInput } from "../../../src/domain/detection/detect.ts";
import type { WindowStats } from "../../../src/domain/detection/health.ts";
import { judgePath } from "../../../src/domain/detection/health.ts";
import type { ActiveStorm } from "../../../src/domain/detection/storm.ts";
import { isAgent, isEnough, testimony } from "../../../src/domain/detection/vantage.ts";
import { judgeSides } from "../../../src/domain/slo/judge.ts";

const nowMs = Date.parse("2026-11-18T12:00:00Z");
const terms = { thresholdAvail: 0.9, windowSeconds: 60, cooldownSeconds: 60, minSamples: 3, minFailures: 3 };

/** What a vantage may say of both paths, or not at all. `thin`: too few samples; `wavering`: below, and not down. */
const opinions = [
  "never heard",
  "forgotten",
  "silent",
  "no samples",
  "thin",
  "wavering",
  "up",
  "down",
  "primary down",
  "backup down",
] as const;
type Opinion = (typeof opinions)[number];

const ageOf = (opinion: Opinion): number | null =>
  opinion === "never heard" ? null : opinion === "forgotten" ? 30 * 3_600_000 : opinion === "silent" ? 3_600_000 : 5_000;

const figures: Readonly<Partial<Record<Opinion, readonly [primary: readonly [number, number], backup: readonly [number, number]]>>> = {
  thin: [
    [2, 2],
    [2, 2],
  ],
  wavering: [
    [6, 2],
    [6, 2],
  ],
  up: [
    [6, 0],
    [6, 0],
  ],
  // What a stopped vantage saw last.
  silent: [
    [6, 0],
    [6, 6],
  ],
  down: [
    [8, 8],
    [8, 8],
  ],
  "primary down": [
    [8, 8],
    [6, 0],
  ],
  "backup down": [
    [6, 0],
    [8, 8],
  ],
};

type Table = Readonly<Record<string, Opinion>>;

const statsOf = (table: Table): WindowStats[] =>
  Object.entries(table).flatMap(([vantage, opinion]) =>
    (["primary", "backup"] as const).flatMap((path, at) => {
      const own = figures[opinion]?.[at];
      if (own === undefined) return [];
      const [samples, failures] = own;
      // An agent would date the failure back, if it could.
      const firstFailedAtMs = failures === 0 ? null : nowMs - (isAgent(vantage) ? 59_000 : 20_000);
      return [{ domainId: 1, path, vantage, samples, failures, firstFailedAtMs }];
    }),
  );

const vantagesOf = (table: Table) =>
  Object.entries(table).flatMap(([name, opinion]) => {
    const age = ageOf(opinion);
    return age === null ? [] : [{ name, lastHeardAtMs: nowMs - age }];
  });

const storms: readonly (ActiveStorm | null)[] = [
  null,
  { state: "storm", startedAtMs: nowMs - 600_000, recoveringSinceMs: null },
  { state: "recovering", startedAtMs: nowMs - 600_000, recoveringSinceMs: nowMs - 120_000 },
];

const judged = (table: Table, cdns: readonly string[], active: ActiveStorm | null) => {
  const stats = statsOf(table);
  const input: DetectionInput = {
    cdns,
    domains: [{ domainId: 1, paths: ["primary", "backup"], primaryOnTrial: false }],
    vantages: vantagesOf(table),
    stats,
    nowMs,
    terms,
    newest: stats.map(({ vantage, path }) => ({ domainId: 1, path, vantage, atMs: nowMs - (ageOf(table[vantage] ?? "up") ?? 0) })),
    active,
    previousEndedAtMs: null,
  };
  const visitors = judgeSides({ stats, terms, cdns, vantages: vantagesOf(table), intervalMs: 10_000 }, nowMs);
  return { ...detect(input), visitors: (["primary", "backup"] as const).map((path) => visitors(1, path).health) };
};

/** Every table of opinions of these vantages. The one that decides is always heard: it has just probed. */
const tables = (names: readonly string[], decider: string): readonly Table[] =>
  names.reduce<readonly Table[]>(
    (all, name) =>
      all.flatMap((table) =>
        opinions.filter((opinion) => name !== decider || ageOf(opinion) === 5_000).map((opinion) => ({ ...table, [name]: opinion })),
      ),
    [{}],
  );

const without = (table: Table, name: string): Table => Object.fromEntries(Object.entries(table).filter(([one]) => one !== name));

const installations = [
  { title: "one provider that is no CDN", providers: ["node"], cdns: ["fastly", "akamai"] },
  { title: "one provider on a CDN that is insured", providers: ["cloudflare"], cdns: ["cloudflare", "fastly"] },
  { title: "two providers", providers: ["cloudflare", "vercel"], cdns: ["fastly", "akamai"] },
  { title: "two providers, one of them on a CDN that is insured", providers: ["vercel", "cloudflare"], cdns: ["cloudflare", "fastly"] },
  {
    title: "two providers, the deciding one on a CDN that is insured",
    providers: ["cloudflare", "vercel"],
    cdns: ["cloudflare", "fastly"],
  },
];

describe("a single agent, whatever it says", () => {
  it.each(installations)("$title: only ever turns a conclusion into none", ({ providers: [decider = "", ...others], cdns }) => {
    const rogue = "agent:rogue";
    const seen = { same: 0, withheld: 0 };
    for (const table of tables([decider, ...others, rogue], decider)) {
      for (const active of storms) {
        const [base, now] = [judged(without(table, rogue), cdns, active), judged(table, cdns, active)];
        const about = JSON.stringify({ table, active: active?.state });
        expect([base.primary, "unknown"], about).toContain(now.primary);
        expect([base.backup, "unknown"], about).toContain(now.backup);
        for (const at of [0, 1]) expect([base.visitors[at], "unknown"], about).toContain(now.visitors[at]);
        // No storm begins, relapses, recovers or ends that would not have; it is not dated otherwise. To recover later is all there is.
        const isSame = JSON.stringify(now.transition) === JSON.stringify(base.transition);
        expect(isSame || now.transition === null || now.transition.kind === "restart", about).toBe(true);
        seen[isSame ? "same" : "withheld"] += 1;
      }
    }
    expect(seen.same).toBeGreaterThan(0);
    expect(seen.withheld).toBeGreaterThan(0);
  });

  it.each(installations)("$title: once it is silent or deleted all is as without it", ({ providers: [decider = "", ...others], cdns }) => {
    for (const table of tables([decider, ...others], decider)) {
      for (const gone of ["never heard", "forgotten", "silent"] as const) {
        for (const active of storms) expect(judged({ ...table, "agent:gone": gone }, cdns, active)).toEqual(judged(table, cdns, active));
      }
    }
  });
});

describe("a storm of which nothing is heard any more", () => {
  const active: ActiveStorm = { state: "storm", startedAtMs: nowMs - 3_600_000, recoveringSinceMs: null };
  /** The transition where the provider's newest sample is twenty minutes old, and those of agents so many milliseconds. */
  const after = (agentAgesMs: Readonly<Record<string, number>>) => {
    const ages = { node: 20 * 60_000, ...agentAgesMs };
    const newest = Object.entries(ages).map(([vantage, ageMs]) => ({
      domainId: 1,
      path: "primary" as const,
      vantage,
      atMs: nowMs - ageMs,
    }));
    return detect({
      cdns: ["fastly", "akamai"],
      domains: [{ domainId: 1, paths: ["primary"], primaryOnTrial: false }],
      vantages: Object.keys(ages).map((name) => ({ name, lastHeardAtMs: nowMs - 5_000 })),
      stats: [],
      nowMs,
      terms,
      newest,
      active,
      previousEndedAtMs: null,
    }).transition;
  };

  it("is not kept on by a single agent, but by two", () => {
    const ended = { kind: "end", endedAtMs: nowMs - 20 * 60_000, reason: "no_evidence" };
    expect(after({})).toEqual(ended);
    expect(after({ "agent:a": 1_000 })).toEqual(ended);
    expect(after({ "agent:a": 1_000, "agent:b": 60_000 })).toBeNull();
    expect(after({ "agent:a": 1_000, "agent:b": 16 * 60_000 })).toEqual({ ...ended, endedAtMs: nowMs - 16 * 60_000 });
  });
});

describe("several agents", () => {
  const names = ["cloudflare", "agent:a", "agent:b"];

  it("never conclude what not a provider or two of them say", () => {
    for (const cdns of [
      ["cloudflare", "fastly"],
      ["fastly", "akamai"],
    ]) {
      for (const table of tables(names, "cloudflare")) {
        const { counted } = testimony(vantagesOf(table), cdns, nowMs, 60_000);
        const stats = statsOf(table).filter(({ vantage }) => counted.has(vantage));
        for (const path of ["primary", "backup"] as const) {
          const own = stats.filter((one) => one.path === path);
          const { health } = judgePath(own, terms);
          if (health === "unknown") continue;
          const agree = own.filter((one) => judgePath([{ ...one, vantage: "x" }], terms).health === health).map(({ vantage }) => vantage);
          expect(isEnough(agree), JSON.stringify(table)).toBe(true);
        }
      }
    }
  });

  it("are believed before the CDN about itself, where two of them speak", () => {
    const cdns = ["cloudflare", "fastly"];
    const outside = { cloudflare: "up", "agent:a": "primary down", "agent:b": "primary down" } as const;
    expect(judged(outside, cdns, null)).toMatchObject({ primary: "down", backup: "up", transition: { kind: "begin" } });
    // One of them alone is not.
    expect(judged({ ...outside, "agent:b": "up" }, cdns, null)).toMatchObject({ primary: "unknown", transition: null });
    expect(judged({ ...outside, "agent:b": "silent" }, cdns, null)).toMatchObject({ primary: "unknown", transition: null });
  });

  it("keep a storm from ending while one of two has fallen silent, as a silent provider does, until it is deleted", () => {
    const cdns = ["cloudflare", "fastly"];
    const [, storm = null] = storms;
    expect(judged({ cloudflare: "up", "agent:a": "up", "agent:b": "silent" }, cdns, storm).transition).toBeNull();
    expect(judged({ cloudflare: "up", "agent:a": "up", "agent:b": "never heard" }, cdns, storm).transition).toMatchObject({
      kind: "recover",
    });
  });
});

import fc from "fast-check";
import { expect, it } from "vitest";
import type { PolicyView, RoundService } from "../../src/adapters/ports/detection/round-view.ts";
import type { WindowStats } from "../../src/domain/detection/health.ts";
import { decideRound } from "../../src/pipeline/decide.ts";
import { policyView, recordsOf, roundDomain, roundService, unreadRouting, windowStats } from "../support/round-fixtures.ts";

const startMs = Date.parse("2026-11-18T12:00:00Z");
const intervalMs = 10_000;
const rounds = 360;

/** Figures from which nothing can be known: none, too few, failures too few to say so, or vantages that disagree. */
const nothingKnown = (path: WindowStats["path"]): fc.Arbitrary<WindowStats[]> =>
  fc.constantFrom(
    [],
    [windowStats(path, 2, 0)],
    [windowStats(path, 2, 2)],
    [windowStats(path, 6, 2)],
    [windowStats(path, 6, 0), windowStats(path, 6, 6, { vantage: "vercel" })],
    [windowStats(path, 6, 6), windowStats(path, 2, 0, { vantage: "vercel" })],
  );

const weights = fc.constantFrom([100, 0], [0, 100], [10, 90], [60, 40]);
const storms: fc.Arbitrary<PolicyView["storm"]> = fc.constantFrom(
  null,
  { id: 7, state: "storm", startedAtMs: startMs - 600_000, recoveringSinceMs: null, relapses: 1, creditReason: null },
  { id: 7, state: "recovering", startedAtMs: startMs - 600_000, recoveringSinceMs: startMs - 290_000, relapses: 0, creditReason: null },
);

it("nothing but unknown for an hour never moves weights, wherever they stand and whatever was going on", () => {
  const figures = fc.array(fc.tuple(nothingKnown("primary"), nothingKnown("backup")), { minLength: 1, maxLength: 5 });
  const cases = fc.record({
    figures,
    at: weights,
    storm: storms,
    moved: fc.boolean(),
    latched: fc.boolean(),
    failback: fc.boolean(),
    cooldownSeconds: fc.constantFrom(0, 300),
  });
  fc.assert(
    fc.property(cases, ({ figures: all, at: [primary = 0, backup = 0], storm, moved, latched, failback, cooldownSeconds }) => {
      let active = storm;
      const service = (): RoundService =>
        roundService({
          failbackSteps: [10, 100],
          domains: [
            roundDomain({
              routing: {
                ...unreadRouting,
                records: recordsOf("app.example.test", primary, backup),
                readAtMs: startMs,
                movedAtMs: moved ? startMs - 500_000 : null,
              },
            }),
          ],
          routing: {
            state: "shifted",
            reason: "storm",
            latch: latched ? { stormId: 7, relapses: active?.relapses ?? 0 } : null,
            failback: failback ? { step: 0, sinceMs: startMs - 60_000 } : null,
            shadowTarget: null,
          },
        });
      for (let round = 1; round <= rounds; round += 1) {
        const nowMs = startMs + round * intervalMs;
        const stats = (all[round % all.length] ?? []).flat();
        const newest = stats.map(({ domainId, path, vantage }) => ({ domainId, path, vantage, atMs: nowMs }));
        const view = policyView({ stats, newest, storm: active, cooldownSeconds });
        const vantages = ["local", "vercel"].map((name) => ({ name, lastHeardAtMs: nowMs }));
        const { intents, storms: changed } = decideRound([service()], vantages, [view], [], [], null, nowMs);
        expect(intents).toEqual([]);
        for (const { transition } of changed) {
          expect(transition.kind, "no storm begins or recovers out of nothing").not.toBe("begin");
          expect(transition.kind).not.toBe("recover");
          if (transition.kind === "end") expect(transition.reason).toBe("no_evidence");
          if (active === null) continue;
          if (transition.kind === "end") active = null;
          else if (transition.kind === "relapse")
            active = { ...active, state: "storm", recoveringSinceMs: null, relapses: active.relapses + 1 };
          else if (transition.kind === "restart") active = { ...active, recoveringSinceMs: transition.sinceMs };
        }
      }
    }),
    { numRuns: 60 },
  );
});

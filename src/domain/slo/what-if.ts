import type { ReplayRound } from "../detection/replay.ts";
import type { ProbePath } from "../detection/probe.ts";
import type { FailbackPosition, Latch, SteeringStorm } from "../steering/steering.ts";
import { desired } from "../steering/steering.ts";
import { judgeSides } from "./judge.ts";
import type { StateSpan } from "./tally.ts";
import { recorded } from "./tally.ts";
import type { Condition, Span, VisitedDomain } from "./visitors.ts";
import { conditionOf, nextSpans } from "./visitors.ts";

/** `steers` false: as if visitors had stayed on the primary, whatever happened. */
export type WhatIfSetup = { readonly cdns: readonly [string, string]; readonly steers: boolean };

/**
 * What the visitors of a replayed service would have got, by the rules of the rounds: `desired` steers, `nextSpans` records. A switch
 * is accepted in the round that decides it. Fed by a replay round by round.
 */
export class WhatIf {
  readonly #setup: WhatIfSetup;
  readonly #spans: Span[] = [];
  #moved = false;
  #movedAtMs: number | null = null;
  #latch: Latch | null = null;
  #failback: FailbackPosition | null = null;
  #storms = 0;
  #stormStartedAtMs: number | null = null;

  constructor(setup: WhatIfSetup) {
    this.#setup = setup;
  }

  /** The spans so far, ascending; the last one has no end. */
  get spans(): readonly StateSpan[] {
    return recorded(this.#spans);
  }

  see(round: ReplayRound): void {
    const domains = this.#visited(round);
    const condition: Condition = conditionOf(domains, this.#setup.cdns);
    this.#spans.push(...nextSpans(this.#spans.at(-1) ?? null, condition, domains, null, round.nowMs));
    if (this.#setup.steers) this.#steer(round);
  }

  #visited(round: ReplayRound): readonly VisitedDomain[] {
    const judge = judgeSides(round, round.nowMs);
    return round.domains.map(({ domainId, paths }) => {
      const side: ProbePath = this.#moved && paths.includes("backup") ? "backup" : "primary";
      const serving = paths.includes(side) ? side : "direct";
      const other = serving === "primary" ? "backup" : serving === "backup" ? "primary" : null;
      return {
        serving,
        user: judge(domainId, serving),
        other: other !== null && paths.includes(other) ? judge(domainId, other) : null,
        readAtMs: this.#movedAtMs,
      };
    });
  }

  #steer({ storm, kind, primary, backup, nowMs }: ReplayRound): void {
    if (storm !== null && storm.startedAtMs !== this.#stormStartedAtMs)
      [this.#storms, this.#stormStartedAtMs] = [this.#storms + 1, storm.startedAtMs];
    const storms: readonly SteeringStorm[] = storm === null ? [] : [{ stormId: this.#storms, kind, relapses: storm.relapses, backup }];
    const { target, latch, failback } = desired({
      freeze: null,
      override: null,
      storms,
      primary,
      backup,
      movedToBackup: this.#moved,
      latch: this.#latch,
      failback: this.#failback,
      failbackSteps: [100],
      failbackStepSeconds: 60,
      nowMs,
    });
    this.#latch = latch;
    this.#failback = failback;
    const moved = target.kind === "hold" ? this.#moved : target.kind === "backup";
    if (moved !== this.#moved) this.#movedAtMs = nowMs;
    this.#moved = moved;
  }
}

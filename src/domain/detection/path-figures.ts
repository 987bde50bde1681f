import type { WindowStats } from "./health.ts";
import type { ProbePath } from "./probe.ts";

/** Memory dropped at the front is released once it is more than this and most of the array. */
const slack = 1_024;

const minuteMs = 60_000;

/** Times in ascending order: added near the end, dropped at the front. */
class TimeQueue {
  #times: number[] = [];
  #head = 0;

  get length(): number {
    return this.#times.length - this.#head;
  }

  get first(): number | null {
    return this.#times[this.#head] ?? null;
  }

  get last(): number | null {
    return this.length === 0 ? null : (this.#times.at(-1) ?? null);
  }

  add(atMs: number): void {
    const times = this.#times;
    let index = times.length;
    for (; index > this.#head && (times[index - 1] ?? 0) > atMs; index -= 1) times[index] = times[index - 1] ?? 0;
    times[index] = atMs;
  }

  dropUntil(untilMs: number): void {
    while (this.#head < this.#times.length && (this.#times[this.#head] ?? 0) <= untilMs) this.#head += 1;
    if (this.#head < slack || this.#head * 2 < this.#times.length) return;
    this.#times = this.#times.slice(this.#head);
    this.#head = 0;
  }
}

export type MinuteCount = { readonly startMs: number; samples: number; failures: number };

/** The figures of one path at one vantage over a sliding window, kept up to date sample by sample. */
export class PathFigures {
  readonly #intervalMs: number;
  readonly #key: Pick<WindowStats, "domainId" | "path" | "vantage">;
  readonly #samples = new TimeQueue();
  readonly #failures = new TimeQueue();
  #stats: WindowStats;
  #minutes: MinuteCount[] = [];
  newestAtMs = 0;
  /** Of which of the path's set-ups they are. */
  setup: number;

  /** @param intervalMs the length of a slot */
  constructor(domainId: number, path: ProbePath, vantage: string, setup: number, intervalMs: number) {
    this.#intervalMs = intervalMs;
    this.setup = setup;
    this.#key = { domainId, path, vantage };
    this.#stats = { ...this.#key, samples: 0, failures: 0, firstFailedAtMs: null };
  }

  get key(): Pick<WindowStats, "domainId" | "path" | "vantage"> {
    return this.#key;
  }

  /** Of the window as it was last slid. */
  get stats(): WindowStats {
    return this.#stats;
  }

  add(atMs: number, good: boolean): void {
    this.#samples.add(atMs);
    if (!good) this.#failures.add(atMs);
    this.hear(atMs);
  }

  /** Records a sample that is evidence of a previous set-up. */
  hear(atMs: number): void {
    this.newestAtMs = Math.max(this.newestAtMs, atMs);
  }

  /** Resets: earlier figures are of a previous set-up. */
  begin(setup: number): void {
    this.setup = setup;
    this.#samples.dropUntil(Number.POSITIVE_INFINITY);
    this.#failures.dropUntil(Number.POSITIVE_INFINITY);
  }

  /** Counts a sample for its calendar minute. */
  count(atMs: number, good: boolean): void {
    const startMs = atMs - (atMs % minuteMs);
    let minute = this.#minutes.findLast((one) => one.startMs === startMs);
    if (minute === undefined) this.#minutes.push((minute = { startMs, samples: 0, failures: 0 }));
    minute.samples += 1;
    if (!good) minute.failures += 1;
  }

  /** Takes the minutes before `untilMs`. */
  minutesBefore(untilMs: number): readonly MinuteCount[] {
    const done = this.#minutes.filter(({ startMs }) => startMs < untilMs);
    this.#minutes = this.#minutes.filter(({ startMs }) => startMs >= untilMs);
    return done;
  }

  /** Drops what is not after `untilMs`. @returns whether the figures changed since the last call */
  slide(untilMs: number): boolean {
    this.#samples.dropUntil(untilMs);
    this.#failures.dropUntil(untilMs);
    const [samples, failures, firstFailedAtMs] = [this.#samples.length, this.#failures.length, this.#failures.first];
    const lastFailedAtMs = this.#failures.last;
    const before = this.#stats;
    if (before.samples === samples && before.failures === failures && before.firstFailedAtMs === firstFailedAtMs) return false;
    const lastFailedSlotMs = lastFailedAtMs === null ? null : lastFailedAtMs - (lastFailedAtMs % this.#intervalMs);
    this.#stats = { ...this.#key, samples, failures, firstFailedAtMs, lastFailedSlotMs };
    return true;
  }
}

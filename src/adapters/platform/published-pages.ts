import type { PublishedPages, Rendered, Snapshot, StatusSnapshots } from "../ports/publish/status-pages.ts";
import type { Clock } from "../ports/platform/clock.ts";

/** For how long a page is shown without being read again, and one that is not there is not looked for. */
const freshMs = 30_000;
/** After a failure nothing is read again for so long. */
const failureMs = 5_000;
/** A read of a request that was cut off may never settle (workerd): after so long another one is begun. The database's own limit is 15 s. */
const lostMs = 20_000;
/** The last known page is shown for so long: meanwhile it may have been switched off, or be called otherwise, which nobody can tell. */
const stalestMs = 24 * 3_600_000;
/** Whoever looks decides what is kept: what was looked at last, within this. */
const mostEntries = 500;
const mostBytes = 24 * 1024 * 1024;
/** Texts that are made of one page: by whatever name this deployment is called. */
const mostMade = 16;
/** Names without a page are kept apart, so that guesses displace no page. */
const mostAbsent = 2_000;

/** `readAtMs`: when its value was read; `atMs`: when that was last tried. `bytes`: of the value, and of what was made of it. */
type Entry<Value> = {
  readonly snapshot: Snapshot<Value>;
  readonly readAtMs: number;
  readonly atMs: number;
  readonly forMs: number;
  readonly valueBytes: number;
  bytes: number;
};

/** That there was no such page, or that it could not be read. */
type Absence = { readonly atMs: number; readonly failure: Error | null };

type Reading = { readonly sinceMs: number; readonly outcome: Promise<Snapshot<unknown> | null> };

type Needs = {
  readonly store: StatusSnapshots;
  readonly clock: Pick<Clock, "nowMs">;
  readonly background: (work: Promise<unknown>) => void;
};

/** Whether a moment is less than so long ago; a clock that was put back makes it old. */
const isWithin = (sinceMs: number, ms: number, nowMs: number): boolean => nowMs >= sinceMs && nowMs - sinceMs < ms;

/** The entries, within what they may take: those that were used last. Maps keep the order in which they were filled. */
const createEntries = () => {
  const entries = new Map<string, Entry<unknown>>();
  let bytes = 0;

  const drop = (key: string): void => {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  /** A single page is kept, however large. */
  const shrink = (): void => {
    for (const key of entries.keys()) {
      if ((bytes <= mostBytes && entries.size <= mostEntries) || entries.size === 1) return;
      drop(key);
    }
  };
  return {
    get: (key: string): Entry<unknown> | undefined => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry;
    },
    put: (key: string, entry: Entry<unknown>): void => {
      drop(key);
      entries.set(key, entry);
      bytes += entry.bytes;
      shrink();
    },
    /** More is kept of a snapshot than before, or less; of one that is no longer there, nothing. */
    grow: (key: string, snapshot: Snapshot<unknown>, by: number): void => {
      const entry = entries.get(key);
      if (entry?.snapshot !== snapshot) return;
      entry.bytes += by;
      bytes += by;
      shrink();
    },
    drop,
    keys: () => [...entries.keys()],
  };
};

/**
 * Pages in the memory of one isolate: a crowd that looks during an outage is one statement each half minute. Whoever comes while a page
 * is read waits for that. A page that cannot be read is the last one that was.
 */
export const createPublishedPages = ({ store, clock, background }: Needs): PublishedPages => {
  const entries = createEntries();
  const absences = new Map<string, Absence>();
  const readings = new Map<string, Reading>();

  const snapshotOf = <Value>(key: string, value: Value, failedAtMs: number | null): Snapshot<Value> => {
    const made = new Map<string, Promise<Rendered>>();
    let madeBytes = 0;
    const count = (bytes: number): void => {
      madeBytes += bytes;
      entries.grow(key, snapshot, bytes);
    };
    const snapshot: Snapshot<Value> = {
      value,
      failedAtMs,
      rendered: (name, make) => {
        const before = made.get(name);
        if (before !== undefined) return before;
        const making = make().then((rendered) => {
          if (made.get(name) === making) count(2 * rendered.body.length);
          return rendered;
        });
        if (made.size >= mostMade) {
          made.clear();
          count(-madeBytes);
        }
        made.set(name, making);
        return making;
      },
    };
    return snapshot;
  };

  const noteAbsence = (key: string, absence: Absence): void => {
    const [oldest] = absences.keys();
    if (absences.size >= mostAbsent && oldest !== undefined) absences.delete(oldest);
    absences.set(key, absence);
  };

  /** What is shown where reading failed. @throws that failure, where nothing is known, or what is known is too old */
  const afterFailure = <Value>(key: string, failure: Error): Snapshot<Value> => {
    const failedAtMs = clock.nowMs();
    const last = entries.get(key) as Entry<Value> | undefined;
    if (last === undefined || !isWithin(last.readAtMs, stalestMs, failedAtMs)) {
      entries.drop(key);
      noteAbsence(key, { atMs: failedAtMs, failure });
      throw failure;
    }
    const { readAtMs, valueBytes } = last;
    const snapshot = snapshotOf(key, last.snapshot.value, failedAtMs);
    entries.put(key, { snapshot, readAtMs, atMs: failedAtMs, forMs: failureMs, valueBytes, bytes: valueBytes });
    return snapshot;
  };

  /** @param isLatest false: what is read here is older than a change, or than another reading, and is for those who wait for it alone */
  const read = async <Value>(key: string, load: () => Promise<Value | null>, isLatest: () => boolean): Promise<Snapshot<Value> | null> => {
    // What is read is as old as the question.
    const atMs = clock.nowMs();
    let value: Value | null;
    try {
      value = await load();
    } catch (error) {
      const failure = error instanceof Error ? error : new Error("reading failed", { cause: error });
      if (isLatest()) return afterFailure<Value>(key, failure);
      const newer = entries.get(key) as Entry<Value> | undefined;
      if (newer === undefined) throw failure;
      return newer.snapshot;
    }
    if (!isLatest()) return value === null ? null : snapshotOf(key, value, null);
    if (value === null) {
      entries.drop(key);
      noteAbsence(key, { atMs, failure: null });
      return null;
    }
    const snapshot = snapshotOf(key, value, null);
    const valueBytes = 2 * JSON.stringify(value).length;
    entries.put(key, { snapshot, readAtMs: atMs, atMs, forMs: freshMs, valueBytes, bytes: valueBytes });
    return snapshot;
  };

  const begin = <Value>(key: string, nowMs: number, load: () => Promise<Value | null>): Promise<Snapshot<Value> | null> => {
    const isLatest = (): boolean => readings.get(key) === reading;
    const outcome = read(key, load, isLatest);
    const reading: Reading = { sinceMs: nowMs, outcome };
    // Those that never settled are forgotten, the oldest first; this one is the newest.
    for (const [lost, { sinceMs }] of readings) {
      if (isWithin(sinceMs, lostMs, nowMs)) break;
      readings.delete(lost);
    }
    readings.delete(key);
    readings.set(key, reading);
    const end = () => void (isLatest() && readings.delete(key));
    // Others wait for it: it goes on although whoever began it has left. That it failed is theirs to say.
    background(outcome.then(end, end));
    return outcome;
  };

  const kept = async <Value>(key: string, load: () => Promise<Value | null>): Promise<Snapshot<Value> | null> => {
    const nowMs = clock.nowMs();
    const entry = entries.get(key) as Entry<Value> | undefined;
    if (entry !== undefined && isWithin(entry.atMs, entry.forMs, nowMs)) return entry.snapshot;
    const absence = absences.get(key);
    if (absence !== undefined && isWithin(absence.atMs, absence.failure === null ? freshMs : failureMs, nowMs)) {
      if (absence.failure !== null) throw absence.failure;
      return null;
    }
    absences.delete(key);
    const reading = readings.get(key);
    if (reading !== undefined && isWithin(reading.sinceMs, lostMs, nowMs))
      return await (reading.outcome as Promise<Snapshot<Value> | null>);
    return await begin(key, nowMs, load);
  };

  return {
    page: (slug) => kept(slug, () => store.page(slug)),
    month: (page, fromMs, toMs) => kept(`${page.slug}/${page.ownerId}/${fromMs}`, () => store.month(page, fromMs, toMs)),
    forget: (slug) => {
      const isOf = (key: string): boolean => key === slug || key.startsWith(`${slug}/`);
      for (const key of entries.keys().filter(isOf)) entries.drop(key);
      for (const map of [absences, readings]) for (const key of [...map.keys()].filter(isOf)) map.delete(key);
    },
  };
};

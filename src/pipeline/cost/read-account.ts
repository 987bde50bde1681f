import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { CostAccess } from "../../adapters/ports/cost/access.ts";
import type { TrailFiles, TrailProblem } from "../../adapters/ports/cost/trail-files.ts";
import type { FileOutcome, TrailProgress, TrailReadings } from "../../adapters/ports/cost/trail-readings.ts";
import type { TrailPlace } from "../../domain/cost/trail.ts";
import { deliveredMs, isOfNow, listedFrom, trailPlaces } from "../../domain/cost/trail.ts";
import type { IngestDeps } from "./ingest.ts";
import type { FileBudgets } from "./read-file.ts";
import { readFile } from "./read-file.ts";
import type { RunAllowance } from "./run-allowance.ts";

export type ReadAccountDeps = IngestDeps & { readonly trailFiles: TrailFiles; readonly trailReadings: TrailReadings };

/** One account's turn. */
export type Turn = {
  readonly fence: Fence;
  readonly access: CostAccess;
  readonly allowance: RunAllowance;
  readonly budgets: FileBudgets;
};

/** What came of reading an account for a turn. */
export type AccountReading = {
  readonly files: number;
  readonly records: number;
  readonly accepted: number;
  /** What the customer is told is wrong; null: nothing. */
  readonly error: string | null;
  /** Whether all that could be read was: nothing failed but files that are given up. */
  readonly wasRead: boolean;
  readonly hasMore: boolean;
};

/** A file that is not read to its end in so many runs is given up. */
const mostTries = 5;
/** Of a listing: what is asked for at once. */
const pageSize = 1_000;
/** Prefixes that fail before the rest of the account is left for the next run. */
const mostFailures = 3;
/** Files in a row that break off before only the latest is tried of a place: where that does too, it is not the files. */
const mostBroken = 3;
/** Requests of a file: itself, what is stored of it, and the archive. */
const requestsOfFile = 3;
/** How often the job runs. */
const runMs = 300_000;

type Found = { readonly key: string; readonly bytes: number };
type Tally = { files: number; records: number; accepted: number; errors: string[]; hasMore: boolean };

/** Files of a place that are to be read now: those that failed before, then what the listing has, in the order of their keys. */
const listed = async (
  deps: ReadAccountDeps,
  { access, allowance, budgets }: Turn,
  place: TrailPlace,
  { settled, failed }: TrailProgress,
  from: string,
): Promise<{ readonly files: readonly Found[]; readonly problem: TrailProblem | null }> => {
  const nowMs = deps.clock.nowMs();
  const again = failed.filter(({ key }) => key.startsWith(place.prefix)).map(({ key }): Found => ({ key, bytes: 0 }));
  const known = new Set(again.map(({ key }) => key));
  const files = [...again];
  for (let token: string | null = null; ;) {
    allowance.take(1);
    const ask = { prefix: place.prefix, startAfter: from, most: pageSize, ...(token !== null && { token }) };
    const page = await deps.trailFiles.list(access, ask, budgets.files);
    if (!page.ok) return { files, problem: page.problem };
    for (const file of page.value.files) {
      const atMs = deliveredMs(place, file.key);
      if (atMs !== null && isOfNow(atMs, nowMs) && !settled.has(file.key) && !known.has(file.key)) files.push(file);
    }
    token = page.value.next;
    // Enough for a turn: what lies behind is found by the next one.
    if (token === null || files.length >= pageSize || !allowance.isLeft()) return { files, problem: null };
  }
};

/** Files of a place that are read in this turn, and what came of them since it was last noted. */
type Reading = { readonly place: TrailPlace; readonly from: string; readonly queue: Found[]; readonly outcomes: FileOutcome[] };

/** Notes what became of files. @returns false where the account is another's to read meanwhile */
const note = async (deps: ReadAccountDeps, { fence, access }: Turn, { place, from, outcomes }: Reading): Promise<boolean> =>
  await deps.trailReadings.settle(fence, access.id, outcomes.splice(0), { prefix: place.prefix, listedFrom: from }, mostTries);

/**
 * Reads files until the turn is over, or one of them shows that no other could be read. What breaks off counts against its file only where
 * another one was read meanwhile: else it may be the network. The cursor passes no file that failed before that is noted: whoever dies in between
 * would have lost it.
 */
const readFiles = async (deps: ReadAccountDeps, turn: Turn, reading: Reading, tally: Tally): Promise<TrailProblem | null> => {
  const { access, allowance, budgets } = turn;
  const { place, queue, outcomes } = reading;
  const broken: { readonly key: string; readonly problem: TrailProblem }[] = [];
  const fail = (key: string, { words }: TrailProblem): void => {
    outcomes.push({ key, error: words });
    tally.errors.push(`${key} can not be read to its end, and is tried again: ${words}`);
  };
  let wasRead = false;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { key, bytes } = next;
    if (!allowance.isLeft()) {
      tally.hasMore = true;
      break;
    }
    allowance.take(requestsOfFile, bytes);
    const isAllNoted = broken.length === 0 && outcomes.every(({ error }) => error === null);
    const { problem, note: left, records, accepted } = await readFile(deps, access, place, key, isAllNoted, budgets);
    tally.records += records;
    tally.accepted += accepted;
    if (left !== null) tally.errors.push(left);
    if (problem?.kind === "broken") {
      broken.push({ key, problem });
      if (!wasRead && broken.length > mostBroken) return problem;
      // The latest one says whether it is the network: as many as these may be damaged.
      if (!wasRead && broken.length === mostBroken) queue.unshift(...queue.splice(-1));
    } else if (problem?.kind === "file") fail(key, problem);
    else if (problem === null || problem.kind === "gone") {
      outcomes.push({ key, error: null });
      tally.files += 1;
      wasRead = true;
      for (const one of broken.splice(0)) fail(one.key, one.problem);
      if (!isAllNoted && !(await note(deps, turn, reading))) return { kind: "away", words: "somebody else reads it meanwhile" };
    } else return problem;
  }
  if (!wasRead && broken.length > 0) return broken[0]?.problem ?? null;
  for (const { key, problem } of broken) fail(key, problem);
  return null;
};

/** @returns the problem that ends the reading of the place; null: all of it was read, or the turn is over */
const readPlace = async (
  deps: ReadAccountDeps,
  turn: Turn,
  place: TrailPlace,
  progress: TrailProgress,
  tally: Tally,
): Promise<TrailProblem | null> => {
  const from = listedFrom(place, progress.cursors.get(place.prefix) ?? null, turn.access.createdAtMs);
  const { files, problem } = await listed(deps, turn, place, progress, from);
  if (problem !== null || files.length === 0) return problem;
  const reading: Reading = { place, from, queue: [...files], outcomes: [] };
  try {
    return await readFiles(deps, turn, reading, tally);
  } finally {
    // Of what was read nothing is lost where the next one could not be stored.
    if (reading.outcomes.length > 0) await note(deps, turn, reading);
  }
};

const said = ({ errors }: Tally, { givenUp }: TrailProgress): string | null => {
  const first = errors[0] ?? (givenUp === null ? null : `${givenUp.key} could not be read to its end, and was given up: ${givenUp.error}`);
  return errors.length > 1 ? `${first} (and ${errors.length - 1} more)` : first;
};

/** Where a turn begins: elsewhere in every run, so that none of many places is always the last. */
const rotated = <T>(things: readonly T[], nowMs: number): readonly T[] => {
  const first = Math.floor(nowMs / runMs) % Math.max(1, things.length);
  return [...things.slice(first), ...things.slice(0, first)];
};

/**
 * Reads what is new of an account's trail, as far as its turn goes: place by place, file by file.
 * @throws where the database or the archive is away
 */
export const readAccount = async (deps: ReadAccountDeps, turn: Turn): Promise<AccountReading> => {
  const { access, allowance } = turn;
  const progress = await deps.trailReadings.progress(access.id);
  const tally: Tally = { files: 0, records: 0, accepted: 0, errors: [], hasMore: false };
  let failures = 0;
  for (const place of rotated(trailPlaces(access.prefix, access.awsAccounts, access.regions), deps.clock.nowMs())) {
    if (!allowance.isLeft()) {
      tally.hasMore = true;
      break;
    }
    const problem = await readPlace(deps, turn, place, progress, tally);
    if (problem === null) continue;
    failures += 1;
    tally.errors.unshift(`${place.prefix}: ${problem.words}`);
    // The same would be said of all others.
    if (problem.kind === "keys" || problem.kind === "no-bucket" || failures >= mostFailures) break;
  }
  const { files, records, accepted, hasMore } = tally;
  // What failed is for the next run, so that a turn does not come round and round.
  return { files, records, accepted, error: said(tally, progress), wasRead: failures === 0, hasMore: hasMore && failures === 0 };
};

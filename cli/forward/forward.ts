import { setTimeout as sleep } from "node:timers/promises";
import { readRecords } from "../../src/domain/cost/read-records.ts";
import { S3Error } from "../../src/adapters/s3/error.ts";
import type { Sending } from "./send.ts";
import { sendWaiting } from "./send.ts";
import type { Source, SourceFile } from "./source.ts";

export type Forwarding = Sending & {
  readonly source: Source;
  /** More than that does not wait: then nothing is read until there is room. */
  readonly mostBytes: number;
  readonly everyMs: number;
  /** All that there is now, and no more. */
  readonly once: boolean;
};

/** A file that is not read to its end in so many looks is given up. */
const mostTries = 5;
/** The API takes 1 MiB and a thousand events a request; what is more after all is sent in halves. */
const limits = { records: 1_000, chars: 600_000 };

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Raised in the middle of a file where it is to stop: the file is read again by the next run. */
class Stopped extends Error {}

/** What is wrong with one file: whatever else a bucket fails with is wrong with all of its place, and counts against none. */
const codesOfFile = new Set(["too_large", "cut", "damaged", "bad_key", "NoSuchKey"]);
const isOfFile = (error: Error): boolean => !(error instanceof S3Error) || codesOfFile.has(error.failure.code);

/** Puts a file's records into the spool, and only then remembers it as read. @returns why not, or null */
const take = async ({ spool, stop }: Forwarding, file: SourceFile, makeRoom: () => Promise<void>): Promise<Error | null> => {
  try {
    const { end } = await readRecords(file.open(), limits, async ({ texts }) => {
      await makeRoom();
      if (stop.aborted) throw new Stopped();
      if (texts.length > 0) await spool.add(texts);
    });
    if (end === "cut") return new Error("it ends in the middle");
    if (end === "malformed") return new Error("it is not the JSON of CloudTrail");
  } catch (error) {
    if (error instanceof Stopped) throw error;
    // A full or lost disk is nothing of the file's.
    if (error instanceof Error && "syscall" in error && error.syscall !== "read" && error.syscall !== "open") throw error;
    return error instanceof Error ? error : new Error(told(error));
  }
  await spool.markDone(file.id);
  return null;
};

/** Reads and sends, look after look, until it is to stop. */
export const forward = async (forwarding: Forwarding): Promise<void> => {
  const { source, spool, log, stop, counts, once, everyMs, mostBytes } = forwarding;
  const tries = new Map<string, number>();
  let wasFull = false;
  let files = 0;

  /** @returns whether it is given up */
  const note = async (file: SourceFile, problem: string): Promise<boolean> => {
    if (file.isFresh) return false;
    const tried = (tries.get(file.id) ?? 0) + 1;
    tries.set(file.id, tried);
    if (tried < mostTries) {
      log(`${file.name} can not be read to its end, and is tried again: ${problem}`);
      return false;
    }
    log(`${file.name} could not be read to its end, and is given up: ${problem}`);
    tries.delete(file.id);
    await spool.markDone(file.id);
    return true;
  };

  /** Waits until there is room in the spool, or it is to stop. */
  const makeRoom = async (): Promise<void> => {
    const full = spool.bytes() >= mostBytes;
    if (full && !wasFull)
      log(`the spool is full: ${Math.ceil(spool.bytes() / 1_048_576)} MiB wait, and nothing is read until they are received`);
    wasFull = full;
    if (full) await sendWaiting(forwarding);
  };

  const look = async (): Promise<void> => {
    const held = new Set<string>();
    let failure: Error | null = null;
    for await (const file of source.files(spool.done())) {
      if (stop.aborted) return;
      if (file.place !== null && held.has(file.place)) continue;
      const problem = await take(forwarding, file, makeRoom);
      if (problem === null) {
        files += 1;
        continue;
      }
      if (!isOfFile(problem)) failure ??= problem;
      else if (await note(file, problem.message)) continue;
      if (file.place !== null) held.add(file.place);
    }
    if (failure !== null) throw failure;
    await spool.forget(source.isGone);
  };

  while (!stop.aborted) {
    let failure: S3Error | null = null;
    try {
      // What was left by the run before comes first.
      await sendWaiting(forwarding);
      await look();
    } catch (error) {
      if (error instanceof Stopped) return;
      if (!(error instanceof S3Error)) throw error;
      failure = error;
      if (!once) log(`the bucket can not be read: ${told(error)}`);
    }
    await sendWaiting(forwarding);
    if (files + counts.sent > 0) log(`${files} files read, ${counts.sent} records sent, ${counts.accepted} of them new`);
    files = counts.sent = counts.accepted = counts.rejected = 0;
    if (once && failure !== null) throw failure;
    if (once) return;
    await sleep(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
};

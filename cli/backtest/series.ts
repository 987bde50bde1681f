import { parseUtc } from "../../src/domain/cost/utc-time.ts";

/** A row of a series; `timestamp` as the file has it. */
export type SeriesRow = { readonly timestamp: string; readonly atMs: number; readonly value: number };

/** A series that can not be read. The message names file and line, counted from 1. */
export class SeriesError extends Error {
  override readonly name = "SeriesError";
}

const header = "timestamp,value";
/** More is no cost, and its square would not fit. */
const most = 1e15;
/** Local times without a zone repeat an hour a year. */
const clockChangeMs = 3_600_000;

/** `2026-11-28 01:30:00` is read as UTC; with a `Z` and `T` it is RFC 3339. */
const timeOf = (text: string): number | null => parseUtc(text.endsWith("Z") ? text : `${text.replace(" ", "T")}Z`);

const numberOf = (text: string): number => (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : Number.NaN);

/**
 * Reads a CSV of the columns timestamp and value, line by line. A gap is nothing odd, as a step may have any length; a time that is there
 * twice, or an hour that a clock went through twice, is told and read.
 * @throws SeriesError at the first row that can not be read, or lies further back in time
 */
export async function* readSeries(
  lines: AsyncIterable<string> | Iterable<string>,
  name: string,
  warn: (line: string) => void,
): AsyncGenerator<SeriesRow> {
  let [number, rows] = [0, 0];
  let latestMs = Number.NEGATIVE_INFINITY;
  const fail = (what: string): never => {
    throw new SeriesError(`${name}:${number}: ${what}`);
  };
  for await (const raw of lines) {
    number += 1;
    const line = (number === 1 ? raw.replace(/^\uFEFF/, "") : raw).trim();
    if (number === 1) {
      if (line.toLowerCase() !== header) fail(`the header must be ${header}`);
      continue;
    }
    if (line === "") continue;
    const fields = line.split(",").map((field) => field.trim());
    const [timestamp = "", text = ""] = fields;
    if (fields.length !== 2) fail(`has ${fields.length} fields, not the 2 of ${header}`);
    const atMs = timeOf(timestamp) ?? fail(`timestamp "${timestamp}" is not a time such as 2026-11-28 01:30:00 or 2026-11-28T01:30:00Z`);
    const value = numberOf(text);
    if (!(Math.abs(value) <= most)) fail(text === "" ? "has no value" : `value "${text}" is not a number of at most ${most}`);
    if (atMs < latestMs - clockChangeMs) fail(`${timestamp} goes back in time; rows must be sorted by timestamp`);
    if (atMs <= latestMs)
      warn(`${name}:${number}: ${timestamp} ${atMs === latestMs ? "is there twice" : "goes back, as by a change of the clock"}`);
    latestMs = Math.max(latestMs, atMs);
    rows += 1;
    yield { timestamp, atMs, value };
  }
  if (number === 0) throw new SeriesError(`${name}:1: the file is empty; the header must be ${header}`);
  if (rows === 0) throw new SeriesError(`${name}:${number}: there is no row after the header`);
}

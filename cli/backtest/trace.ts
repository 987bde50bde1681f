import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { ProbePath } from "../../src/domain/detection/probe.ts";
import type { TraceSample } from "../../src/domain/detection/replay.ts";

const columns = ["time", "path", "vantage", "ok", "status", "latency_ms"];
const paths = new Set(["primary", "backup", "direct"]);
const times = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** A trace that can not be read. The message names the line, counted from 1. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

const parseLine = (line: string, number: number, intervalMs: number): TraceSample => {
  const fields = line.split(",").map((field) => field.trim());
  const fail = (what: string): never => {
    throw new TraceError(`line ${number}: ${what}`);
  };
  if (fields.length !== columns.length) fail(`has ${fields.length} fields, not the ${columns.length} of ${columns.join(",")}`);
  const [time = "", path = "", vantage = "", ok = "", status = "", latency = ""] = fields;
  const atMs = times.test(time) ? Date.parse(time) : Number.NaN;
  // Date.parse reads the 31st of November as the 1st of December.
  if (Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 10) !== time.slice(0, 10))
    fail(`time "${time}" is not an RFC 3339 time in UTC, such as 2025-11-18T11:20:00Z`);
  if (!paths.has(path)) fail(`path "${path}" is not primary, backup or direct`);
  if (!/^[a-z0-9-]{1,40}$/.test(vantage)) fail(`vantage "${vantage}" is not 1 to 40 of a-z, 0-9 and -`);
  if (ok !== "0" && ok !== "1") fail(`ok "${ok}" is not 0 or 1`);
  if (!/^(?:[1-5]\d\d)?$/.test(status)) fail(`status "${status}" is not a status code, nor empty`);
  if (!/^\d{1,6}$/.test(latency)) fail(`latency_ms "${latency}" is not a whole number of milliseconds`);
  const roundAtMs = atMs - (atMs % intervalMs);
  return { domainId: 1, path: path as ProbePath, vantage, roundAtMs, atMs, ok: ok === "1", latencyMs: Number(latency) };
};

/**
 * Reads a CSV of samples line by line (RFC 4180 without quotes; nothing in it needs any). A round is the slot of so many
 * milliseconds in which a sample lies.
 * @throws TraceError naming the first invalid line, one that goes back in time included
 */
export async function* readTrace(lines: AsyncIterable<string> | Iterable<string>, intervalMs: number): AsyncGenerator<TraceSample> {
  let number = 0;
  let before = 0;
  for await (const raw of lines) {
    number += 1;
    const line = number === 1 ? raw.replace(/^\uFEFF/, "") : raw;
    if (number === 1) {
      if (line.trim() !== columns.join(",")) throw new TraceError(`line 1: the header must be ${columns.join(",")}`);
      continue;
    }
    if (line.trim() === "") continue;
    const sample = parseLine(line, number, intervalMs);
    if (sample.roundAtMs < before) throw new TraceError(`line ${number}: goes back in time; samples must be sorted by time`);
    before = sample.roundAtMs;
    yield sample;
  }
  if (number === 0) throw new TraceError(`line 1: the file is empty; the header must be ${columns.join(",")}`);
}

export const fileLines = (path: string): AsyncIterable<string> =>
  createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });

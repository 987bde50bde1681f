import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "series-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const played = async (text: string, ...flags: string[]) => {
  const file = join(dir, "series.csv");
  await writeFile(file, text);
  const { code, out, err } = await commandLine(["cost", "backtest", file, ...flags]);
  const rows = out.trim().split("\n").filter(Boolean);
  return { code, err: err.replaceAll(dir, ""), rows: rows.map((row) => JSON.parse(row) as Record<string, unknown>) };
};

const rows = (count: number, valueAt: (index: number) => number): string[] =>
  Array.from(
    { length: count },
    (_, index) => `${new Date(Date.UTC(2026, 0, 1) + index * 300_000).toISOString().slice(0, 19).replace("T", " ")},${valueAt(index)}`,
  );

describe("tranche cost backtest", () => {
  it("answers each row, and finds what is odd", async () => {
    const {
      code,
      err,
      rows: found,
    } = await played(["timestamp,value", ...rows(1_000, (index) => (index === 900 ? 60 : 20 + (index % 7)))].join("\n"));
    expect([code, err, found.length]).toEqual([0, "", 1_000]);
    expect(found[0]).toEqual({ timestamp: "2026-01-01 00:00:00", value: 20, score: 0, severity: "none" });
    expect(found.flatMap(({ severity }, index) => (severity === "critical" ? [index] : []))).toEqual([900]);
  });

  it("says why, where it is asked to", async () => {
    const text = ["timestamp,value", ...rows(400, (index) => (index === 399 ? 60 : 20 + (index % 7)))].join("\n");
    const { rows: found } = await played(text, "--explain");
    expect(found.at(-1)?.["explanation"]).toMatch(
      /^60, where it was [\d.]+ .*: this series is so far off about once in [\d,]+ values; it is a record as well\.$/,
    );
    expect(found.every((row) => "explanation" in row === (row["severity"] !== "none"))).toBe(true);
  });

  it("reads a BOM, CRLF, blank lines, RFC 3339, exponents, and steps of any length", async () => {
    const text = "\uFEFFtimestamp,value\r\n2026-01-01T00:00:00Z,1e3\r\n\r\n2026-01-01 05:00:00.250, -.5 \r\n2026-03-01 00:00:00,+7.\r\n";
    const { code, rows: found } = await played(text);
    expect(code).toBe(0);
    expect(found.map(({ timestamp, value }) => [timestamp, value])).toEqual([
      ["2026-01-01T00:00:00Z", 1_000],
      ["2026-01-01 05:00:00.250", -0.5],
      ["2026-03-01 00:00:00", 7],
    ]);
  });

  it("tells a time that is there twice, and an hour that a clock went through twice, and reads them", async () => {
    const {
      code,
      err,
      rows: found,
    } = await played("timestamp,value\n2026-10-25 02:30:00,1\n2026-10-25 02:30:00,2\n2026-10-25 01:35:00,3\n2026-10-25 03:00:00,4\n");
    expect([code, found.length]).toEqual([0, 4]);
    expect(err).toBe(
      "/series.csv:3: 2026-10-25 02:30:00 is there twice\n/series.csv:4: 2026-10-25 01:35:00 goes back, as by a change of the clock\n",
    );
  });

  const row = "2026-01-01 00:00:00,1";
  it.each([
    ["an empty file", "", ":1: the file is empty; the header must be timestamp,value"],
    ["a header alone", "timestamp,value\n", ":1: there is no row after the header"],
    ["another header", "time,cost\n1,2\n", ":1: the header must be timestamp,value"],
    ["no value", `timestamp,value\n${row}\n2026-01-01 01:00:00,\n`, ":3: has no value"],
    ["NaN", `timestamp,value\n${row}\n2026-01-01 01:00:00,NaN\n`, ':3: value "NaN" is not a number of at most 1000000000000000'],
    ["infinity", "timestamp,value\n2026-01-01 01:00:00,1e999\n", ':2: value "1e999" is not a number of at most 1000000000000000'],
    ["a hexadecimal number", "timestamp,value\n2026-01-01 01:00:00,0x10\n", ':2: value "0x10" is not a number of at most 1000000000000000'],
    ["a third column", `timestamp,value\n${row},x\n`, ":2: has 3 fields, not the 2 of timestamp,value"],
    [
      "no time",
      "timestamp,value\nyesterday,1\n",
      ':2: timestamp "yesterday" is not a time such as 2026-11-28 01:30:00 or 2026-11-28T01:30:00Z',
    ],
    ["a day that does not exist", "timestamp,value\n2026-02-30 00:00:00,1\n", ':2: timestamp "2026-02-30 00:00:00" is not a time'],
    [
      "rows that are not sorted",
      `timestamp,value\n2026-01-02 00:00:00,1\n\n${row}\n`,
      ":4: 2026-01-01 00:00:00 goes back in time; rows must be sorted by timestamp",
    ],
  ])("refuses %s by file and line", async (_, text, message) => {
    const { code, err } = await played(text);
    expect(code).toBe(2);
    expect(err).toContain(`/series.csv${message}`);
  });

  it("names a file that is not there", async () => {
    const { code, err } = await commandLine(["cost", "backtest", join(dir, "missing.csv")]);
    expect(code).toBe(2);
    expect(err).toContain("missing.csv");
    expect(err).toContain("ENOENT");
  });
});

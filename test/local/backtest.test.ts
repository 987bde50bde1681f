import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { backtestTrace } from "../../cli/backtest/backtest.ts";
import { commandLine } from "../support/command-line.ts";
import { objectiveTerms } from "../../cli/backtest/backtest-objective.ts";
import { readTrace, TraceError } from "../../cli/backtest/trace.ts";
import type { TraceSample } from "../../src/domain/detection/replay.ts";

const fixture = (day: string) => fileURLToPath(new URL(`../fixtures/outage-${day}.csv`, import.meta.url));
const terms = { thresholdAvail: 0.9, windowSeconds: 60, cooldownSeconds: 300, minSamples: 3, minFailures: 3, latencyMs: null };
const played = async (day: string, cooldownSeconds = 300) => {
  const lines = (await readFile(fixture(day), "utf8")).split("\n");
  const setup = { terms: { ...terms, cooldownSeconds }, cdns: ["cloudflare", "fastly"], intervalMs: 10_000 };
  return (await backtestTrace(readTrace(lines, 10_000), setup)).backtest;
};
const time = (text: string) => Date.parse(text);
const header = "time,path,vantage,ok,status,latency_ms";

describe("18 November 2025", () => {
  it("is at most two storms by the default policy, and they cover the bad minutes", async () => {
    const { storms, badMinutes, lowMinutes, detectionDelaysMs } = await played("2025-11-18");
    expect(storms.length).toBeLessThanOrEqual(2);
    expect(storms.map(({ startedAtMs }) => startedAtMs)).toEqual([time("2025-11-18T11:20:00Z"), time("2025-11-18T11:40:00Z")]);
    expect(badMinutes.total).toBeGreaterThan(150);
    expect(badMinutes.covered / badMinutes.total).toBeGreaterThanOrEqual(0.99);
    expect(lowMinutes).toEqual({ total: 172, covered: 157 });
    for (const delayMs of detectionDelaysMs) expect(delayMs).toBeLessThan(31_000);
  });

  it("leaves uncovered only minutes in which a sample or two of the six was lost", async () => {
    const { storms } = await played("2025-11-18");
    const rows = (await readFile(fixture("2025-11-18"), "utf8"))
      .split("\n")
      .map((line) => line.split(","))
      .filter(([, path]) => path === "primary");
    const byMinute = Map.groupBy(rows, ([at = ""]) => at.slice(0, 16));
    const uncovered = [...byMinute].filter(
      ([minute]) =>
        !storms.some(
          ({ startedAtMs, endedAtMs }) =>
            startedAtMs < time(`${minute}:00Z`) + 60_000 && (endedAtMs ?? Number.POSITIVE_INFINITY) > time(`${minute}:00Z`),
        ),
    );
    const failures = uncovered.map(([, own]) => own.filter(([, , , ok]) => ok === "0").length);
    expect(failures.filter((count) => count > 0)).toHaveLength(15);
    expect(Math.max(...failures)).toBe(2);
  });

  it("is exactly one storm with a cooldown of 900 s", async () => {
    const { storms, badMinutes } = await played("2025-11-18", 900);
    expect(storms).toMatchObject([{ endedReason: "recovered" }]);
    expect(badMinutes.covered).toBe(badMinutes.total);
  });
});

describe("5 December 2025", () => {
  it("is exactly one storm, begun within 3 minutes of 08:47 and ended within 2 of 09:12", async () => {
    const { storms, badMinutes } = await played("2025-12-05");
    expect(storms).toHaveLength(1);
    const [storm] = storms;
    expect(Math.abs((storm?.startedAtMs ?? 0) - time("2025-12-05T08:47:00Z"))).toBeLessThanOrEqual(3 * 60_000);
    expect(Math.abs((storm?.detectedAtMs ?? 0) - time("2025-12-05T08:47:00Z"))).toBeLessThanOrEqual(3 * 60_000);
    expect(Math.abs((storm?.endedAtMs ?? 0) - time("2025-12-05T09:12:00Z"))).toBeLessThanOrEqual(2 * 60_000);
    expect(badMinutes.covered).toBe(badMinutes.total);
  });
});

describe("readTrace", () => {
  const read = async (...lines: string[]): Promise<TraceSample[]> => {
    const samples: TraceSample[] = [];
    for await (const sample of readTrace(lines, 10_000)) samples.push(sample);
    return samples;
  };
  const good = "2025-11-18T11:20:13.250Z,primary,vercel,0,500,120";

  it("reads a sample into the round in which it lies", async () => {
    expect(await read(`\uFEFF${header}`, good, "", "2025-11-18T11:20:20Z,backup,vercel,1,,7\r")).toEqual([
      {
        domainId: 1,
        path: "primary",
        vantage: "vercel",
        roundAtMs: time("2025-11-18T11:20:10Z"),
        atMs: time("2025-11-18T11:20:13.250Z"),
        ok: false,
        latencyMs: 120,
      },
      {
        domainId: 1,
        path: "backup",
        vantage: "vercel",
        roundAtMs: time("2025-11-18T11:20:20Z"),
        atMs: time("2025-11-18T11:20:20Z"),
        ok: true,
        latencyMs: 7,
      },
    ]);
  });

  it.each([
    [[], "line 1: the file is empty; the header must be time,path,vantage,ok,status,latency_ms"],
    [["time,path"], "line 1: the header must be"],
    [[header, "2025-11-18T11:20:13Z,primary"], "line 2: has 2 fields, not the 6"],
    [[header, good, good.replace("primary", "main")], 'line 3: path "main" is not primary, backup or direct'],
    [[header, good.replace("Z", "")], 'line 2: time "2025-11-18T11:20:13.250" is not an RFC 3339 time'],
    [[header, good.replace("-18T", "-31T")], 'line 2: time "2025-11-31T11:20:13.250Z" is not'],
    [[header, good.replace(",0,", ",yes,")], 'line 2: ok "yes" is not 0 or 1'],
    [[header, good.replace("500", "5000")], 'line 2: status "5000" is not'],
    [[header, good.replace("120", "-1")], 'line 2: latency_ms "-1" is not'],
    [[header, good.replace("vercel", "a b")], 'line 2: vantage "a b" is not'],
    [[header, "", good, "", good.replace("11:20", "11:19")], "line 5: goes back in time"],
  ])("names the line of what it can not read: %j", async (lines, message) => {
    const error: unknown = await read(...lines).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TraceError);
    expect(String(error)).toContain(message);
  });
});

/** What the command prints. @throws what it complains of */
const backtest = async (args: readonly string[]): Promise<string> => {
  const { code, out, err } = await commandLine(["backtest", ...args]);
  if (code !== 0) throw new Error(err);
  return out;
};

describe("npm run backtest", () => {
  it("prints the figures as aligned columns", async () => {
    const text = await backtest([fixture("2025-12-05")]);
    expect(text).toContain("bad minutes covered                  4 of 4 (100.0 %)");
    const lines = text.split("\n");
    const head = lines.findIndex((line) => line.startsWith("#  started"));
    expect(lines[head + 2]?.indexOf("2025-12-05T08:49:10Z")).toBe(lines[head]?.indexOf("started"));
    expect(lines[head + 2]?.indexOf("recovered")).toBe(lines[head]?.indexOf("reason"));
  });

  it("prints JSON on request", async () => {
    const json = JSON.parse(await backtest([fixture("2025-11-18"), "--json", "--policy", '{"cooldown_seconds":900}'])) as Record<
      string,
      unknown
    >;
    expect(json).toMatchObject({
      samples: 5_160,
      policy: { cooldown_seconds: 900, threshold_avail: 0.9 },
      bad_minutes: { total: 153, covered: 153 },
      storms: [{ started_at: "2025-11-18T11:20:00Z", ended_reason: "recovered" }],
    });
  });

  it("judges by the policy that it is given", async () => {
    const json = JSON.parse(await backtest([fixture("2025-12-05"), "--json", "--policy", '{"threshold_avail":0.3}'])) as {
      storms: unknown[];
    };
    expect(json.storms).toEqual([]);
  });

  it.each([
    [[], "needs TRACE.csv"],
    [["a.csv", "b.csv"], 'does not take "b.csv"'],
    [["a.csv", "--policy", "{"], "--policy is not JSON"],
    [["a.csv", "--policy", '{"threshold":0.9}'], "Unrecognized key"],
    [["a.csv", "--policy", '{"kind":"http_latency"}'], "latency_ms"],
    [["a.csv", "--interval", "0s"], "--interval must be"],
    [["a.csv", "--fast"], "--fast"],
    [["no-such.csv"], "no-such.csv"],
  ])("refuses %j", async (args, message) => {
    await expect(backtest(args)).rejects.toThrow(message);
  });

  it("as a command tells what is wrong and fails", async () => {
    const script = fileURLToPath(new URL("../../cli/tranche.js", import.meta.url));
    const error = await promisify(execFile)(process.execPath, [script, "backtest", "no-such.csv"]).catch(
      (thrown: unknown) => thrown as { code: number; stderr: string },
    );
    expect(error).toMatchObject({ code: 2, stderr: expect.stringMatching(/^tranche: ENOENT.*no-such\.csv/) as string });
  });
});

describe("an objective over a trace", () => {
  const spent = async (day: string) => {
    const lines = (await readFile(fixture(day), "utf8")).split("\n");
    const setup = { terms, cdns: ["cloudflare", "fastly"], intervalMs: 10_000 };
    const { objective } = await backtestTrace(readTrace(lines, 10_000), setup, objectiveTerms(99.9, 30));
    if (objective === null) throw new Error("no objective");
    return objective;
  };

  /** Second by second, by nothing but the file: a minute that judges rounds sees the primary fail in most of its samples. */
  const failedSeconds = async (day: string): Promise<number> => {
    const rows = (await readFile(fixture(day), "utf8")).split("\n").map((line) => line.split(","));
    const primary = rows.filter(([, path]) => path === "primary").map(([at = "", , , ok]) => ({ atMs: time(at), ok: ok === "1" }));
    const down = new Set<number>();
    for (const { atMs } of primary) {
      const window = primary.filter((one) => one.atMs > atMs - 60_000 && one.atMs <= atMs);
      const failed = window.filter(({ ok }) => !ok);
      if (failed.length < 3 || window.length - failed.length >= 0.9 * window.length) continue;
      for (let ms = Math.min(...failed.map((one) => one.atMs)); ms < Math.max(...failed.map((one) => one.atMs)) + 10_000; ms += 1_000)
        down.add(ms);
    }
    return down.size;
  };

  it.each([
    ["2025-11-18", 2, 1],
    ["2025-12-05", 1, 1],
  ])("%s: what steering avoids is what staying costs, less the time until the switch", async (day, storms, switches) => {
    const { without, with: steered } = await spent(day);
    expect(steered.allowed.minutes).toBe(43.2);
    expect(steered.consumed.us + steered.avoided.us).toBe(without.consumed.us);
    expect(without.avoided.us).toBe(0);
    // Of each storm the time from its first failed sample to the switch: two rounds, or three.
    expect(steered.consumed.minutes).toBeLessThan(storms * switches * 0.55);
    const referee = await failedSeconds(day);
    expect(Math.abs(without.consumed.us / 1e6 - referee)).toBeLessThanOrEqual(60 * storms);
  });

  it("prints the budget with and without steering", async () => {
    const text = await backtest([fixture("2025-11-18"), "--cdns", "cloudflare,fastly", "--objective", "99.9"]);
    expect(text).toContain("objective                            99.9 % over 30 days, a budget of 43.2 min");
    expect(text).toMatch(/without steering +153\.2 min down, 354\.5 % of the budget; -110\.0 min left/);
    expect(text).toMatch(/with steering +0\.8 min down, 1\.9 % of the budget; 42\.4 min left/);
    expect(text).toMatch(/downtime avoided +152\.3 min/);
  });

  it.each([["100"], ["0.5"], ["99.9999999"], ["all"]])("refuses the target %s", async (target) => {
    await expect(backtest([fixture("2025-11-18"), "--objective", target])).rejects.toThrow("--objective must be 1 to 99.99999");
  });

  it("refuses a window without an objective, and one that is none", async () => {
    await expect(backtest([fixture("2025-11-18"), "--window", "7"])).rejects.toThrow("--window needs --objective");
    await expect(backtest([fixture("2025-11-18"), "--objective", "99.9", "--window", "401"])).rejects.toThrow("1 to 400 days");
  });
});

import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { normaliseBatch } from "../../../src/domain/cost/normalise.ts";
import { storageFault } from "../../../src/domain/cost/storable.ts";
import { bearingCalls, idleCalls } from "../../support/cloudtrail-calls.ts";
import { trailFile, trailRecords } from "../../support/cloudtrail.ts";
import { nowMs } from "./record.ts";

const fromMs = nowMs - 3_600_000;

describe("records of real shape", () => {
  it("are of more than forty calls, each once", () => {
    const names = bearingCalls.map(({ source, name }) => `${source} ${name}`);
    expect([new Set(names).size, names.length > 40]).toEqual([names.length, true]);
  });

  it.each(bearingCalls.map((call) => [`${call.source} ${call.name}`, call] as const))("%s: its resource is found", (_, call) => {
    const { events, rejected } = normaliseBatch(trailRecords(1, { fromMs, calls: [call] }), "/Records", nowMs);
    expect([rejected, events.map(({ resourceId }) => resourceId)]).toEqual([[], [call.resource]]);
  });

  it("come out, each of them once, with an actor of a lasting name", () => {
    const { events, ignored, rejected, duplicates } = normaliseBatch(trailRecords(200, { fromMs }), "/Records", nowMs);
    expect([events.length, rejected, duplicates, Object.values(ignored)]).toEqual([200, [], 0, [0, 0, 0, 0, 0]]);
    expect(new Set(events.map(({ actor }) => actor))).toEqual(
      new Set([
        "arn:aws:iam::123456789012:role/ci/Deploy",
        "arn:aws:iam::123456789012:user/alice",
        "root:123456789012",
        "autoscaling.amazonaws.com",
      ]),
    );
  });

  it("that bear no cost are of no interest", () => {
    const { events, rejected } = normaliseBatch(trailRecords(idleCalls.length, { fromMs, calls: idleCalls }), "/Records", nowMs);
    expect([events, rejected]).toEqual([[], []]);
  });

  it("lie in files as AWS names them", () => {
    const file = trailFile(trailRecords(2, { fromMs }), { fromMs: Date.parse("2026-11-28T01:05:00Z") }, "logs/");
    expect(file.key).toMatch(
      /^logs\/AWSLogs\/123456789012\/CloudTrail\/eu-central-1\/2026\/11\/28\/123456789012_CloudTrail_eu-central-1_20261128T0105Z_[A-Za-z0-9]{16}\.json\.gz$/,
    );
    expect(JSON.parse(gunzipSync(file.body).toString())).toEqual({ Records: trailRecords(2, { fromMs }) });
  });
});

describe("what can not be stored", () => {
  const deep = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);

  it.each<[string, unknown, unknown]>([
    ["a NUL character", { a: { "b/c": ["x", "y\0"] } }, { pointer: "/a/b~1c/1", problem: "has a NUL character, which can not be stored" }],
    ["half a character", ["\ud800"], { pointer: "/0", problem: "is not well-formed Unicode" }],
    ["a number beyond a double", JSON.parse('{"n": 1e999}'), { pointer: "/n", problem: "is a number beyond what is kept" }],
    [
      "a name with a NUL",
      { a: { "b\0": 1 } },
      { pointer: "/a", problem: "has a field whose name has a NUL character, which can not be stored" },
    ],
    ["too many levels", deep(66), { pointer: "", problem: "is nested deeper than 64 levels" }],
    ["a depth bomb", deep(200_000), { pointer: "", problem: "is nested deeper than 64 levels" }],
    ["as many levels as are kept", deep(64), null],
    ["anything else", { a: [1, -0, 1.5e300, null, true, "😀", {}] }, null],
  ])("%s", (_, value, fault) => {
    expect(storageFault(value)).toEqual(fault);
  });

  it("is rejected alone, where it stands", () => {
    const [good, bad] = trailRecords(2, { fromMs });
    const batch = normaliseBatch([good, { ...bad, userAgent: "\0" }, "x", null, 7], "/events", nowMs);
    expect(batch.events).toHaveLength(1);
    expect(batch.rejected.map(({ pointer }) => pointer)).toEqual(["/events/1/userAgent", "/events/2", "/events/3", "/events/4"]);
  });

  it("what is older than what is kept is ignored as such", () => {
    const records = trailRecords(3, { fromMs: nowMs - 3_000 });
    const { events, ignored } = normaliseBatch(records, "/Records", nowMs, nowMs - 2_000);
    expect([events.length, ignored.expired]).toEqual([2, 1]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accountPrefix,
  deliveredMs,
  firstReadingMs,
  isOfNow,
  keyAt,
  listedAgainMs,
  listedFrom,
  trailPlaces,
} from "../../../src/domain/cost/trail.ts";

const [place = { prefix: "", awsAccount: "", region: "" }] = trailPlaces("trails/", ["123456789012"], ["eu-central-1"]);
const minuteMs = 60_000;
const fileAt = (atMs: number) => `${keyAt(place, atMs)}Z_Ab1-_cdEFgh23456.json.gz`;

describe("the files of a trail", () => {
  it("lie by account and region, and of an organization behind its id", () => {
    expect(place.prefix).toBe("trails/AWSLogs/123456789012/CloudTrail/eu-central-1/");
    expect(accountPrefix("", "123456789012")).toBe("AWSLogs/123456789012/CloudTrail/");
    expect(accountPrefix("x/AWSLogs/o-exampleorgid/", "123456789012")).toBe("x/AWSLogs/o-exampleorgid/123456789012/CloudTrail/");
    expect(trailPlaces("", ["111111111111", "222222222222"], ["us-east-1", "eu-west-1"])).toHaveLength(4);
  });

  it("are told by their names when they were delivered, and sort by that", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date("2000-01-01"), max: new Date("2199-12-31"), noInvalidDate: true }), (date) => {
        const atMs = Math.floor(date.getTime() / minuteMs) * minuteMs;
        const key = fileAt(atMs);
        expect(key).toContain(new Date(atMs).toISOString().slice(0, 10).replaceAll("-", "/"));
        expect(deliveredMs(place, key)).toBe(atMs);
        expect(keyAt(place, atMs) < key && keyAt(place, atMs + minuteMs) > key).toBe(true);
      }),
    );
  });

  it.each([
    "trails/AWSLogs/123456789012/CloudTrail-Digest/eu-central-1/2026/11/28/123456789012_CloudTrail-Digest_eu-central-1_x_20261128T0135Z.json.gz",
    "trails/AWSLogs/123456789012/CloudTrail/eu-central-1/2026/11/28/123456789012_CloudTrail_eu-central-1_20261128T0135Z_abc.json",
    "trails/AWSLogs/123456789012/CloudTrail/eu-central-1/2026/11/28/999999999999_CloudTrail_eu-central-1_20261128T0135Z_abc.json.gz",
    "trails/AWSLogs/123456789012/CloudTrail/eu-central-1/2026/11/28/123456789012_CloudTrail_us-east-1_20261128T0135Z_abc.json.gz",
    "trails/AWSLogs/123456789012/CloudTrail/eu-central-1/2026/11/28/",
    "trails/AWSLogs/123456789012/CloudTrail/eu-central-1/notes.json.gz",
    "other/2026/11/28/123456789012_CloudTrail_eu-central-1_20261128T0135Z_abc.json.gz",
  ])("are not %s", (key) => {
    expect(deliveredMs(place, key)).toBeNull();
  });

  it("are listed from an hour before the last one, at first from two weeks ago", () => {
    const nowMs = Date.parse("2026-11-28T01:30:00Z");
    expect(listedFrom(place, null, nowMs)).toBe(keyAt(place, nowMs - firstReadingMs));
    expect(listedFrom(place, fileAt(nowMs), 0)).toBe(keyAt(place, nowMs - listedAgainMs));
    // Over midnight and the end of a year.
    expect(listedFrom(place, fileAt(Date.parse("2027-01-01T00:10:00Z")), 0)).toContain(
      "/2026/12/31/123456789012_CloudTrail_eu-central-1_20261231T2310",
    );
  });

  it("that claim to be of later wait, so that nothing is behind the cursor that they leave when it is written", () => {
    const nowMs = Date.parse("2026-11-28T01:30:00Z");
    for (const aheadMs of [0, minuteMs, 15 * minuteMs, 16 * minuteMs, 3_600_000, 23 * 3_600_000]) {
      const isRead = isOfNow(nowMs + aheadMs, nowMs);
      expect(isRead).toBe(aheadMs <= 15 * minuteMs);
      if (isRead) expect(listedFrom(place, fileAt(nowMs + aheadMs), 0) < fileAt(nowMs - 30 * minuteMs)).toBe(true);
    }
  });
});

import { expect, it } from "vitest";
import { reachOf } from "../../../src/domain/steering/backup-reach.ts";
import type { AnsweringRecord, Health } from "../../../src/domain/steering/dns-answers.ts";

const half = (setIdentifier: string, weight: number, more: Partial<AnsweringRecord> = {}): AnsweringRecord => ({
  type: "CNAME",
  setIdentifier,
  weight,
  values: [`${setIdentifier}.cdn.net.`],
  ...more,
});
const shifted = [half("primary", 0), half("backup", 100)];

it.each<[string, AnsweringRecord[], Health, string | null, RegExp]>([
  ["the pair alone", shifted, {}, null, /^$/],
  ["a healthy check", [half("primary", 0), half("backup", 100, { healthCheckId: "h1" })], { h1: "healthy" }, null, /^$/],
  [
    "a check that fails",
    [half("primary", 0), half("backup", 100, { healthCheckId: "h1" })],
    { h1: "unhealthy" },
    "health_check",
    /health check h1 is unhealthy.*backup with 0 %/,
  ],
  [
    "a check nobody can read",
    [half("primary", 0), half("backup", 100, { healthCheckId: "h1" })],
    {},
    "health_check",
    /h1 is unknown.*0 to 100 %/,
  ],
  [
    "an evaluated target",
    [
      half("primary", 0, { type: "A" }),
      half("backup", 100, { type: "A", values: [], alias: { dnsName: "lb.test", evaluateTargetHealth: true } }),
    ],
    {},
    "target_evaluation",
    /lb\.test is unknown/,
  ],
  ["a neighbour", [...shifted, half("canary", 100)], {}, "neighbour", /"canary" with weight 100.*50 %/],
  ["a neighbour of 1 %", [...shifted, half("canary", 1)], {}, null, /^$/],
  [
    "a type left behind",
    [half("primary", 0, { type: "A" }), half("backup", 100, { type: "A" }), half("primary", 100, { type: "AAAA" })],
    {},
    "type_left_behind",
    /^AAAA is not a whole weighted pair/,
  ],
  [
    "a simple AAAA",
    [half("primary", 0, { type: "A" }), half("backup", 100, { type: "A" }), { type: "AAAA", values: ["2001:db8::1"] }],
    {},
    "type_left_behind",
    /^AAAA/,
  ],
  ["weights as in calm", [half("primary", 100), half("backup", 0)], {}, "weights", /0 % of the answers/],
  ["nothing", [], {}, "weights", /no records/],
])("%s", (_, records, health, reason, detail) => {
  const { obstacle } = reachOf("backup", records, health);
  expect(obstacle?.reason ?? null).toBe(reason);
  expect(obstacle?.detail ?? "").toMatch(detail);
});

it("judges by the type that fares worst", () => {
  const records = [
    half("primary", 0, { type: "A" }),
    half("backup", 100, { type: "A" }),
    half("primary", 50, { type: "AAAA" }),
    half("backup", 50, { type: "AAAA" }),
  ];
  expect(reachOf("backup", records, {}).share).toEqual({ least: 0.5, most: 0.5 });
  expect(reachOf("primary", records, {}).share).toEqual({ least: 0, most: 0 });
});

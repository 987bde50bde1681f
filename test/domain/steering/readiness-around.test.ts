import { describe, expect, it } from "vitest";
import type { AroundFacts } from "../../../src/domain/steering/readiness-around.ts";
import { checkAround } from "../../../src/domain/steering/readiness-around.ts";
import type { BesideRecord } from "../../../src/domain/steering/readiness-beside.ts";
import { checkBeside } from "../../../src/domain/steering/readiness-beside.ts";
import type { CheckName } from "../../../src/domain/steering/readiness-finding.ts";

const half = (
  setIdentifier: string,
  weight: number,
  more: Partial<AroundFacts["records"][number]> = {},
): AroundFacts["records"][number] => ({
  type: "CNAME",
  setIdentifier,
  weight,
  values: [`${setIdentifier}.cdn.net.`],
  ...more,
});
const calm: AroundFacts = {
  name: "app.example.com",
  records: [half("primary", 100), half("backup", 0)],
  neighbours: [],
  health: {},
  dangling: [],
  leftBehind: [],
  otherZones: [],
  ownChecks: [],
};
const checked: AroundFacts["records"] = [half("primary", 100), half("backup", 0, { healthCheckId: "h1" })];
const evaluated: AroundFacts["records"] = [
  half("primary", 100, { type: "A" }),
  half("backup", 0, { type: "A", alias: { dnsName: "lb.test", evaluateTargetHealth: true } }),
];

describe("what is around a pair", () => {
  it.each<[string, Partial<AroundFacts>, CheckName, string, RegExp]>([
    ["nothing", {}, "health_checks", "pass", /nothing but the weights/],
    [
      "a foreign check that is well",
      { records: checked, health: { h1: "healthy" } },
      "health_checks",
      "warn",
      /h1, which is healthy.*decides beside/,
    ],
    [
      "its own that is well",
      { records: checked, health: { h1: "healthy" }, ownChecks: ["h1"] },
      "health_checks",
      "pass",
      /standing failover/,
    ],
    [
      "a check of the backup that fails",
      { records: checked, health: { h1: "unhealthy" }, ownChecks: ["h1"] },
      "health_checks",
      "fail",
      /answers the primary whatever/,
    ],
    [
      "a check of the primary that fails",
      { records: [half("primary", 100, { healthCheckId: "h2" }), half("backup", 0)], health: { h2: "unhealthy" } },
      "health_checks",
      "warn",
      /backup even now/,
    ],
    ["a check nobody can read", { records: checked }, "health_checks", "warn", /unknown: whether visitors follow a switch cannot be told/],
    ["fault 6: a check that is gone", { records: checked, dangling: ["h1"] }, "health_checks", "fail", /refuses every change/],
    ["fault 5: an evaluated target", { records: evaluated }, "health_checks", "warn", /lb\.test, which is unknown/],
    [
      "fault 5: an evaluated target that is down",
      { records: evaluated, health: { "alias lb.test": "unhealthy" } },
      "health_checks",
      "fail",
      /whatever/,
    ],
    ["fault 7: a third set", { neighbours: [half("canary", 5)] }, "neighbours", "fail", /"canary" with weight 5 answers beside/],
    ["a third set of weight 0", { neighbours: [half("canary", 0)] }, "neighbours", "pass", /keeps nobody/],
    [
      "a third set to the backup",
      { neighbours: [half("canary", 5, { values: ["backup.cdn.net"] })] },
      "neighbours",
      "pass",
      /keeps nobody/,
    ],
    ["fault 4: a type left behind", { leftBehind: ["AAAA is routed simple"] }, "types_left_behind", "fail", /AAAA is routed simple/],
    ["fault 4: other zones", { otherZones: ["zone x is not delegated"] }, "other_zones", "warn", /not delegated/],
  ])("%s", (_, over, name, result, detail) => {
    const finding = checkAround({ ...calm, ...over }).find(({ check }) => check === name);
    expect([finding?.check, finding?.result]).toEqual([name, result]);
    expect(finding?.detail).toMatch(detail);
    expect(finding?.mend === null).toBe(result === "pass");
  });

  it("names the record to fix", () => {
    const finding = checkAround({ ...calm, neighbours: [half("canary", 5)] }).find(({ check }) => check === "neighbours");
    expect(finding?.mend).toBe(
      'set the weight of app.example.com CNAME "canary" to 0, or delete it; or PATCH the domain with steer_group: true, and they are switched with the pair',
    );
  });

  it("fault 7: takes what is steered with the pair for right, and what cannot be for wrong", () => {
    const of = (steeredToo: { type: string; setIdentifier: string }[] | null) =>
      checkAround({ ...calm, neighbours: [half("canary", 5)], steeredToo }).find(({ check }) => check === "neighbours");
    expect(of([{ type: "CNAME", setIdentifier: "canary" }])).toMatchObject({
      result: "pass",
      detail: expect.stringContaining("steer_group"),
    });
    expect(of([])).toMatchObject({ result: "fail", mend: 'set the weight of app.example.com CNAME "canary" to 0, or delete it' });
  });
});

const name = "app.example.com";
const caaOf = (...values: string[]): BesideRecord => ({ name: "example.com", type: "CAA", values });
it.each<[string, BesideRecord[], string, CheckName, string]>([
  ["no record", [], "fastly", "https_records", "pass"],
  ["HTTPS for protocols alone", [{ name, type: "HTTPS", values: ["1 . alpn=h3,h2"] }], "fastly", "https_records", "pass"],
  ["HTTPS with hints", [{ name, type: "HTTPS", values: ["1 . alpn=h3 ipv6hint=2001:db8::1"] }], "fastly", "https_records", "warn"],
  ["HTTPS to another name", [{ name, type: "HTTPS", values: ["0 app.cdn.example."] }], "fastly", "https_records", "warn"],
  ["no CAA", [], "fastly", "caa", "pass"],
  ["CAA for incidents alone", [caaOf('0 iodef "mailto:x@example.com"')], "fastly", "caa", "pass"],
  [
    "CAA that permits it",
    [caaOf('0 issue "amazon.com"', '0 issue "LetsEncrypt.org; validationmethods=dns-01"')],
    "Fastly-eu",
    "caa",
    "pass",
  ],
  ["CAA that forbids it", [caaOf('0 issue "amazon.com"')], "fastly", "caa", "warn"],
  ["CAA that forbids everybody", [caaOf('0 issue ";"')], "cloudflare", "caa", "warn"],
  ["CAA and a CDN nobody knows", [caaOf('0 issue "amazon.com"')], "acme-cdn", "caa", "unproven"],
  [
    "a closer CAA counts alone",
    [caaOf('0 issue "amazon.com"'), { name: "app.example.com", type: "CAA", values: ['0 issue "certainly.com"'] }],
    "fastly",
    "caa",
    "pass",
  ],
])("%s: %#", (_, beside, cdn, check, result) => {
  expect(checkBeside(name, cdn, beside).find((one) => one.check === check)?.result).toBe(result);
});

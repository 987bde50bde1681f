import { describe, expect, it } from "vitest";
import type { StandingFailover, StandingSituation } from "../../../src/domain/steering/standing-failover.ts";
import { checkTargetOf, nextStandingStep, uncheckableStatus } from "../../../src/domain/steering/standing-failover.ts";

type Record_ = { type: string; setIdentifier: string; weight: number; healthCheckId?: string };
const record = (setIdentifier: string, healthCheckId?: string, type = "CNAME"): Record_ => ({
  type,
  setIdentifier,
  weight: 1,
  ...(healthCheckId !== undefined && { healthCheckId }),
});
const target = (host: string) => ({ type: "HTTPS", host, port: 443, path: "/healthz" }) as const;
const check = (id: string, host: string, over = {}) => ({
  id,
  version: 1,
  target: target(host),
  disabled: false,
  seenHealthy: true,
  ...over,
});

const made: StandingFailover = {
  state: "standing",
  nonce: "n",
  generation: 1,
  restore: null,
  obsolete: [],
  checks: { primary: check("P", "a.cdn.net"), backup: check("B", "b.cdn.net") },
};
const bare: StandingFailover = { ...made, checks: { primary: null, backup: null } };
const now: StandingSituation<Record_> = {
  frozen: false,
  shadow: false,
  verified: true,
  unprovisioned: false,
  uncheckable: null,
  targets: { primary: target("a.cdn.net"), backup: target("b.cdn.net") },
  records: [record("Primary", "P"), record("BACKUP", "B")],
};
const plain = [record("Primary"), record("BACKUP")];

describe("a standing failover", () => {
  it.each<[string, Partial<StandingFailover>, Partial<StandingSituation<Record_>>, object]>([
    ["rests where all is as it should be", {}, {}, { kind: "rest", attached: true, waitingFor: null }],
    [
      "makes its checks, one after the other",
      { checks: bare.checks },
      {},
      { kind: "create", side: "primary", reference: "tranche-n-primary-1", disabled: false },
    ],
    [
      "makes the one that is missing",
      { checks: { ...made.checks, backup: null }, generation: 3 },
      {},
      { kind: "create", side: "backup", reference: "tranche-n-backup-3" },
    ],
    ["makes them asleep in a freeze", { checks: bare.checks }, { frozen: true }, { kind: "create", disabled: true }],
    [
      "waits for a target",
      { checks: bare.checks },
      { targets: { primary: target("a.cdn.net"), backup: null } },
      { kind: "create", side: "primary" },
    ],
    [
      "waits for a target",
      {},
      { targets: { primary: null, backup: null } },
      { kind: "rest", attached: false, waitingFor: expect.stringContaining("target") },
    ],
    ["puts its checks to sleep in a freeze", {}, { frozen: true }, { kind: "update", side: "primary", disabled: true }],
    [
      "wakes them after it",
      { checks: { ...made.checks, backup: check("B", "b.cdn.net", { disabled: true }) } },
      {},
      { kind: "update", side: "backup", disabled: false },
    ],
    [
      "follows a new target",
      {},
      { targets: { primary: target("c.cdn.net"), backup: target("b.cdn.net") } },
      { kind: "update", side: "primary", target: target("c.cdn.net") },
    ],
    [
      "replaces a check that became something else",
      { checks: { ...made.checks, primary: check("P", "", { target: null }) } },
      {},
      { kind: "replace", side: "primary" },
    ],
    [
      "replaces a check of another scheme",
      {},
      { targets: { ...now.targets, backup: { ...target("b.cdn.net"), type: "HTTP" } } },
      { kind: "replace", side: "backup" },
    ],
    ["waits for the records", {}, { records: null }, { kind: "rest", attached: false }],
    [
      "does not touch the records in a freeze",
      { checks: { primary: check("P", "a.cdn.net", { disabled: true }), backup: check("B", "b.cdn.net", { disabled: true }) } },
      { frozen: true, records: plain },
      { kind: "rest", attached: false, waitingFor: "the service is frozen" },
    ],
    [
      "does not touch the records of a shadow",
      {},
      { shadow: true, records: plain },
      { kind: "rest", waitingFor: expect.stringContaining("shadowed") },
    ],
    [
      "does not touch the records of nobody",
      {},
      { verified: false, records: plain },
      { kind: "rest", waitingFor: expect.stringContaining("ownership") },
    ],
    [
      "fault 10: looks whether the checkers see a side healthy before it attaches",
      { checks: { ...made.checks, primary: check("P", "a.cdn.net", { seenHealthy: false }) } },
      { records: plain },
      { kind: "observe", side: "primary" },
    ],
    [
      "fault 10: and the other side",
      { checks: { ...made.checks, backup: check("B", "b.cdn.net", { seenHealthy: undefined }) } },
      { records: plain },
      { kind: "observe", side: "backup" },
    ],
    [
      "asks nothing of what is attached",
      { checks: { ...made.checks, primary: check("P", "a.cdn.net", { seenHealthy: false }) } },
      {},
      { kind: "rest", attached: true },
    ],
    [
      "does nothing with what cannot be checked",
      { checks: bare.checks },
      { uncheckable: "404", records: plain },
      { kind: "rest", attached: false, waitingFor: "404" },
    ],
    ["deletes what it replaced once no record names it", { obsolete: ["O"] }, {}, { kind: "delete", id: "O" }],
    ["does not delete it before", { obsolete: ["O"] }, { records: [record("Primary", "O"), record("BACKUP", "B")] }, { kind: "rewrite" }],
  ])("%s: %#", (_, standing, situation, step) => {
    expect(nextStandingStep({ ...made, ...standing }, { ...now, ...situation })).toMatchObject(step);
  });

  it("attaches each side's check to every type, and remembers what was there", () => {
    const records = [
      record("Primary", "theirs"),
      record("BACKUP", "B"),
      record("primary", undefined, "A"),
      record("backup", undefined, "A"),
      record("canary", "x"),
    ];
    expect(nextStandingStep(made, { ...now, records })).toEqual({
      kind: "rewrite",
      before: [records[0], records[2], records[3]],
      after: [record("Primary", "P"), record("primary", "P", "A"), record("backup", "B", "A")],
      restore: { "CNAME/primary": "theirs", "CNAME/backup": null, "A/primary": null, "A/backup": null, "CNAME/": "x" },
    });
  });

  it("does not take its own former check for one of somebody else", () => {
    const step = nextStandingStep({ ...made, obsolete: ["O"] }, { ...now, records: [record("Primary", "O"), record("BACKUP")] });
    expect(step).toMatchObject({ kind: "rewrite", restore: { "CNAME/primary": null, "CNAME/backup": null } });
  });

  it("keeps what it remembered when it heals", () => {
    const restore = { "CNAME/primary": "theirs", "CNAME/backup": null };
    expect(nextStandingStep({ ...made, restore }, { ...now, records: plain })).toMatchObject({ kind: "rewrite", restore });
  });
});

describe("its removal", () => {
  const going: StandingFailover = { ...made, state: "removing", restore: { "CNAME/primary": "theirs", "CNAME/backup": null } };
  const none = { primary: null, backup: null };

  it.each<[string, Partial<StandingFailover>, Partial<StandingSituation<Record_>>, object]>([
    ["restores the records first", {}, {}, { kind: "rewrite", after: [record("Primary", "theirs"), record("BACKUP")] }],
    [
      "leaves alone what is not its own",
      {},
      { records: [record("Primary", "other"), record("BACKUP", "B")] },
      { kind: "rewrite", before: [record("BACKUP", "B")] },
    ],
    ["then deletes the checks", {}, { records: plain }, { kind: "delete", id: "P" }],
    ["and those it had replaced", { checks: none, obsolete: ["O"] }, { records: plain }, { kind: "delete", id: "O" }],
    ["until nothing is left", { checks: none }, { records: plain }, { kind: "forget" }],
    ["also where the pair is gone", { checks: none }, { records: null, unprovisioned: true }, { kind: "forget" }],
    ["waits while it cannot be known", {}, { records: null }, { kind: "rest", attached: true }],
    ["puts the checks to sleep in a freeze", {}, { frozen: true }, { kind: "update", side: "primary", disabled: true }],
    [
      "and then waits for its end",
      { checks: { primary: check("P", "a", { disabled: true }), backup: null } },
      { frozen: true },
      { kind: "rest", waitingFor: "the service is frozen" },
    ],
  ])("%s: %#", (_, standing, situation, step) => {
    expect(nextStandingStep({ ...going, ...standing }, { ...now, ...situation })).toMatchObject(step);
  });
});

it.each([
  ["app.a.cdn.net", { type: "HTTPS", host: "app.a.cdn.net", port: 443, path: "/up" }],
  ["A.cdn.net.", { type: "HTTPS", host: "a.cdn.net", port: 443, path: "/up" }],
  ["http://127.0.0.1:9001", { type: "HTTP", host: "127.0.0.1", port: 9001, path: "/up" }],
  ["https://origin.example.com/", { type: "HTTPS", host: "origin.example.com", port: 443, path: "/up" }],
  ["http://[::1]:8080", { type: "HTTP", host: "::1", port: 8080, path: "/up" }],
  ["http://a/b", null],
  ["", null],
])("checks %j as %j", (text, wanted) => {
  expect(checkTargetOf(text, "/up")).toEqual(wanted);
});

it.each<[[number, number][], RegExp | null]>([
  [[[200, 399]], null],
  [
    [
      [200, 200],
      [301, 308],
    ],
    null,
  ],
  [
    [
      [200, 299],
      [404, 404],
    ],
    /holds 404, which/,
  ],
  [[[200, 599]], /holds 200-599/],
])("fault 10: %j can be checked by Route 53 or is refused", (ranges, said) => {
  if (said === null) expect(uncheckableStatus(ranges)).toBeNull();
  else expect(uncheckableStatus(ranges)).toMatch(said);
});

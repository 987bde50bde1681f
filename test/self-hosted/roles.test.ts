import { describe, expect, it } from "vitest";
import { answersRequests, jobsOf, readRoles, roleNames, roles } from "../../self-hosted/roles.ts";
import { readSettings } from "../../self-hosted/settings.ts";
import { schedule } from "../../src/cron/schedule.ts";

describe("roles", () => {
  it("have each job of the schedule in exactly one of them", () => {
    expect(Object.values(roles).flat().toSorted()).toEqual(Object.values(schedule).flat().toSorted());
  });

  it.each([
    [undefined, roleNames],
    ["", roleNames],
    [" , ", roleNames],
    ["api", ["api"]],
    [" scorer, rounds ,scorer", ["scorer", "rounds"]],
  ])("of ROLES=%s are read", (text, expected) => {
    expect(readRoles(text)).toEqual(expected);
  });

  it.each(["round", "API", "toString", "api;rounds"])("refuse %s by its name", (text) => {
    expect(readRoles(text)).toBe(`ROLES: there is no role "${text}"; it takes some of ${roleNames.join(", ")}`);
  });

  it("run their own jobs, and answer requests, or do not", () => {
    expect(jobsOf(["scorer", "ingestion"])).toEqual(new Set(["score-costs", "ingest-usage", "poll-costs"]));
    expect(jobsOf(["api", "dashboard"])).toEqual(new Set());
    expect([answersRequests(["api"]), answersRequests(["dashboard", "scorer"]), answersRequests(["rounds"])]).toEqual([true, true, false]);
  });
});

describe("settings", () => {
  it("have defaults, and an empty text is none", () => {
    const expected = { roles: roleNames, host: "0.0.0.0", port: 8080, trustsProxy: false, connections: 10 };
    expect(readSettings({})).toEqual(expected);
    expect(readSettings({ PORT: "", ROLES: "", HOST: "", TRUST_PROXY: "" })).toEqual(expected);
  });

  it("are refused all at once, each by its name and rule, never by its value", () => {
    expect(() => readSettings({ PORT: "70000", TRUST_PROXY: "yes", DATABASE_CONNECTIONS: "hunter2", ROLES: "x" })).toThrow(
      /^configuration refused: PORT: must be a whole number, 0 to 65535; TRUST_PROXY: must be true or false; DATABASE_CONNECTIONS: must be a whole number, 2 to 200; ROLES: there is no role "x"/,
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bannerOf } from "../../../src/domain/publish/banner.ts";
import type { BannerIncident, BannerService } from "../../../src/domain/publish/banner.ts";

const services = (states: string): BannerService[] =>
  Array.from(states).map((letter, at) => ({ id: at + 1, state: letter === "u" ? "up" : letter === "d" ? "down" : "unknown" }));
const incident = (
  impact: BannerIncident["impact"],
  phase: BannerIncident["phase"] = "active",
  serviceIds: number[] = [],
): BannerIncident => ({
  impact,
  phase,
  serviceIds,
});

describe("the banner", () => {
  it.each([
    ["uuu", [], "operational"],
    ["", [], "no_data"],
    ["uu?", [], "no_data"],
    ["???", [], "no_data"],
    ["uud", [], "affected"],
    ["u?d", [], "affected"],
    ["ud", [], "affected"],
    ["udd", [], "major"],
    ["d", [], "major"],
    ["uuu", [incident("minor")], "affected"],
    ["uuu", [incident("major")], "affected"],
    ["uuu", [incident("critical")], "major"],
    ["???", [incident("minor")], "affected"],
    ["", [incident("critical")], "major"],
    ["uuu", [incident("critical", "over"), incident("minor", "over")], "operational"],
    ["uuu", [incident("maintenance", "scheduled", [1])], "operational"],
    ["uuu", [incident("maintenance", "active", [1])], "maintenance"],
    ["uu?", [incident("maintenance", "active", [1])], "maintenance"],
    // Downtime of what is maintained is maintenance; that of others is trouble.
    ["duu", [incident("maintenance", "active", [1])], "maintenance"],
    ["ddu", [incident("maintenance", "active", [1])], "affected"],
    ["ddd", [incident("maintenance", "active", [1])], "major"],
    ["duu", [incident("maintenance", "over", [1])], "affected"],
    ["duu", [incident("maintenance", "active", [1]), incident("minor")], "affected"],
  ] as const)("over %s with %j is %s", (states, incidents, expected) => {
    expect(bannerOf(services(states), incidents)).toBe(expected);
  });

  const ranks = ["operational", "no_data", "maintenance", "affected", "major"];
  const anyServices = fc.array(fc.constantFrom("u", "d", "?"), { maxLength: 8 }).map((letters) => services(letters.join("")));
  const anyIncidents = fc.array(
    fc.record({
      impact: fc.constantFrom("minor", "major", "critical", "maintenance"),
      phase: fc.constantFrom("scheduled", "active", "over"),
      serviceIds: fc.subarray([1, 2, 3, 4]),
    }) as fc.Arbitrary<BannerIncident>,
    { maxLength: 4 },
  );

  it("is only well where every service is measured and up, and nothing is open", () => {
    fc.assert(
      fc.property(anyServices, anyIncidents, (some, incidents) => {
        const isWell = some.length > 0 && some.every(({ state }) => state === "up") && incidents.every(({ phase }) => phase !== "active");
        expect(bannerOf(some, incidents) === "operational").toBe(isWell);
      }),
    );
  });

  it("gets no better by an incident that is no maintenance, nor by a service that goes down", () => {
    fc.assert(
      fc.property(anyServices, anyIncidents, fc.constantFrom("minor", "major", "critical"), (some, incidents, impact) => {
        const rank = (all: readonly BannerService[], written: readonly BannerIncident[]) => ranks.indexOf(bannerOf(all, written));
        const before = rank(some, incidents);
        expect(rank(some, [...incidents, incident(impact as "minor")])).toBeGreaterThanOrEqual(before);
        for (const one of some) {
          const worse = some.map((other) => (other === one ? { ...other, state: "down" as const } : other));
          // A service that was not measured, and is down under maintenance, is known to be maintained.
          if (one.state === "up") expect(rank(worse, incidents)).toBeGreaterThanOrEqual(before);
        }
      }),
    );
  });
});

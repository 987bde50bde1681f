import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testimony } from "../../../src/domain/detection/vantage.ts";

const nowMs = Date.parse("2026-11-18T12:00:00Z");
const silentAfterMs = 60_000;
const hourMs = 3_600_000;
const heard = (agesMs: Record<string, number>) => Object.entries(agesMs).map(([name, age]) => ({ name, lastHeardAtMs: nowMs - age }));
const judge = (agesMs: Record<string, number>, cdns: readonly string[]) => {
  const { counted, mayEnd } = testimony(heard(agesMs), cdns, nowMs, silentAfterMs);
  return { counted: [...counted].sort(), mayEnd };
};

describe("testimony", () => {
  it.each([
    [
      "a service on other CDNs counts every vantage that speaks",
      { cloudflare: 0, vercel: 5_000 },
      ["fastly", "akamai"],
      ["cloudflare", "vercel"],
      true,
    ],
    [
      "a CDN does not testify for itself while another is heard",
      { cloudflare: 0, vercel: 5_000 },
      ["cloudflare", "fastly"],
      ["vercel"],
      true,
    ],
    ["nor about the rival that is its service's backup", { cloudflare: 0, vercel: 5_000 }, ["fastly", "cloudflare"], ["vercel"], true],
    [
      "the other one fell silent: the CDN's own may start, not end",
      { cloudflare: 0, vercel: 60_000 },
      ["cloudflare", "fastly"],
      ["cloudflare"],
      false,
    ],
    ["silent for almost a day: still so", { cloudflare: 0, vercel: 24 * hourMs - 1 }, ["cloudflare", "fastly"], ["cloudflare"], false],
    [
      "all of them are silent: what they saw last is all there is",
      { cloudflare: 60_000, vercel: 70_000 },
      ["cloudflare", "fastly"],
      ["cloudflare", "vercel"],
      false,
    ],
    [
      "silent for a day: forgotten, the CDN's own counts fully",
      { cloudflare: 0, vercel: 24 * hourMs },
      ["cloudflare", "fastly"],
      ["cloudflare", "vercel"],
      true,
    ],
    ["no other ever: the CDN's own counts fully", { cloudflare: 0 }, ["cloudflare", "fastly"], ["cloudflare"], true],
    [
      "one independent silent, another speaks",
      { cloudflare: 0, vercel: 2 * hourMs, local: 1_000 },
      ["cloudflare", "fastly"],
      ["local"],
      true,
    ],
    [
      "an independent that fell silent does not hold up one that speaks",
      { local: 0, vercel: 2 * hourMs },
      ["cloudflare", "fastly"],
      ["local"],
      true,
    ],
    [
      "both vantages are CDNs of the service: neither is worth more",
      { cloudflare: 0, vercel: 0 },
      ["cloudflare", "vercel"],
      ["cloudflare", "vercel"],
      true,
    ],
  ] as [string, Record<string, number>, string[], string[], boolean][])("%s", (_, ages, cdns, counted, mayEnd) => {
    expect(judge(ages, cdns)).toEqual({ counted, mayEnd });
  });

  it("counts some vantage wherever any was heard recently, and a CDN's own never besides an independent one", () => {
    const ages = fc.dictionary(fc.constantFrom("cloudflare", "vercel", "local"), fc.integer({ min: 0, max: 30 * hourMs }), { minKeys: 1 });
    fc.assert(
      fc.property(ages, (agesMs) => {
        const { counted, mayEnd } = judge(agesMs, ["cloudflare", "fastly"]);
        expect(counted.length).toBeGreaterThan(0);
        const independentSpeaks = Object.entries(agesMs).some(([name, age]) => name !== "cloudflare" && age < silentAfterMs);
        if (independentSpeaks) expect(counted).not.toContain("cloudflare");
        const independentRecent = Object.entries(agesMs).some(([name, age]) => name !== "cloudflare" && age < 24 * hourMs);
        expect(mayEnd).toBe(independentSpeaks || !independentRecent);
      }),
    );
  });
});

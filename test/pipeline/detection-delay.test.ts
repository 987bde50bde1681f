import { expect, it } from "vitest";
import { outageModes, simulateOutage } from "../support/outage.ts";

it("finds 200 random outages within an interval, and a time-out for hangs, of what the samples say", async () => {
  const outages = [];
  for (let seed = 1; seed <= 200; seed += 1) outages.push({ seed, ...(await simulateOutage(seed)) });
  expect(outages.filter(({ beyondMs, allowedMs }) => beyondMs > allowedMs)).toEqual([]);
  for (const mode of outageModes) expect(outages.filter((one) => one.mode === mode).length).toBeGreaterThan(20);
  const dead = outages.filter(({ mode }) => mode !== "half");
  expect(Math.max(...dead.map(({ delayMs }) => delayMs)), "a dead CDN is known within its first round").toBeLessThanOrEqual(10_000);
});

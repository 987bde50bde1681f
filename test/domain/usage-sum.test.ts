import { describe, expect, it } from "vitest";
import { sumByService } from "../../src/domain/usage-sum.ts";
import type { HostBytes, SideHost } from "../../src/domain/usage-sum.ts";

const host = (name: string, serviceId = 1): SideHost => ({ serviceId, side: "primary", host: name });
const row = (name: string, bytes: number, sampling?: HostBytes["sampling"], startMs = 0): HostBytes =>
  ({ host: name, startMs, endMs: startMs + 10, bytes, ...(sampling !== undefined && { sampling }) });
const sum = (hosts: readonly SideHost[], rows: readonly HostBytes[]) => sumByService(hosts, rows).map(({ startMs, bytes, sampling }) => [startMs, bytes, sampling]);

describe("sumByService", () => {
  it("adds up the hosts of a service, window by window, and keeps services apart", () => {
    const rows = [row("a", 1), row("b", 2), row("a", 4, undefined, 10), row("b", 8, undefined, 10), row("c", 16)];
    expect(sumByService([host("a"), host("b"), host("c", 2)], rows)).toEqual([
      { serviceId: 1, side: "primary", startMs: 0, endMs: 10, bytes: 3 }, { serviceId: 1, side: "primary", startMs: 10, endMs: 20, bytes: 12 },
      { serviceId: 2, side: "primary", startMs: 0, endMs: 10, bytes: 16 },
    ]);
  });

  it("leaves out a window of which a host is missing", () => {
    expect(sum([host("a"), host("b")], [row("a", 1), row("b", 2), row("a", 4, undefined, 10)])).toEqual([[0, 3, undefined]]);
  });

  it("adds up estimates: the coarsest interval, bounds of all, counted bytes as their own bounds", () => {
    const rows = [row("a", 100, { interval: 10, lowerBytes: 90, upperBytes: 120 }), row("b", 7)];
    expect(sum([host("a"), host("b")], rows)).toEqual([[0, 107, { interval: 10, lowerBytes: 97, upperBytes: 127 }]]);
    const unknown = [row("a", 100, { interval: 2, lowerBytes: null, upperBytes: null }), row("b", 7, { interval: 3, lowerBytes: 6, upperBytes: 8 })];
    expect(sum([host("a"), host("b")], unknown)).toEqual([[0, 107, { interval: 3, lowerBytes: null, upperBytes: null }]]);
  });
});

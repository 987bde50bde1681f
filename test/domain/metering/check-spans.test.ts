import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkChunks, checkLimits, halves } from "../../../src/domain/metering/check-spans.ts";
import type { CheckSpan, ServiceExtent } from "../../../src/domain/metering/check-spans.ts";

const windowMs = 10;
const forever = { windowMs, fromMs: null, toMs: Number.POSITIVE_INFINITY };
const limits = { windows: 20, slices: 60, pairs: 400, services: 5, lines: 1 };

const extentArb = fc.record({ firstMs: fc.nat(500), length: fc.nat(900), hosts: fc.nat(100), storms: fc.nat(300) });
const extents = (some: readonly { firstMs: number; length: number; hosts: number; storms: number }[]): ServiceExtent[] =>
  some.map(({ firstMs, length, hosts, storms }, index) => ({ serviceId: index + 1, firstMs, endMs: firstMs + length, hosts, storms }));
const windowsOf = (chunk: readonly CheckSpan[]) => chunk.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / windowMs, 0);

describe("what is checked in one statement", () => {
  it("is bounded, and together it is every window once, service by service", () => {
    fc.assert(
      fc.property(fc.array(extentArb, { maxLength: 20 }), (some) => {
        const services = extents(some);
        const chunks = [...checkChunks(services, forever, null, limits)];
        for (const chunk of chunks) {
          expect(windowsOf(chunk)).toBeLessThanOrEqual(limits.windows + chunk.length);
          expect(chunk.length).toBeLessThanOrEqual(limits.services);
          for (const { serviceId, fromMs, toMs } of chunk) {
            const { hosts = 0, storms = 0, firstMs = 0, endMs = 0 } = services[serviceId - 1] ?? {};
            const windows = (toMs - fromMs) / windowMs;
            if (windows <= 1) continue;
            expect(windows * hosts).toBeLessThanOrEqual(limits.slices);
            expect(windows * windows * (storms / Math.max(1, (endMs - firstMs) / windowMs))).toBeLessThanOrEqual(limits.pairs + 1e-6);
          }
        }
        const spans = chunks.flat();
        for (const { serviceId, firstMs, endMs } of services) {
          const own = spans.filter((span) => span.serviceId === serviceId);
          expect(own.map(({ isLast }) => isLast)).toEqual(own.map((_, place) => place === own.length - 1));
          expect(own[0]?.fromMs).toBe(Math.floor(firstMs / windowMs) * windowMs);
          expect(own.every((span, place) => place === 0 || span.fromMs === own[place - 1]?.toMs)).toBe(true);
          if (endMs > firstMs) expect(own.at(-1)?.toMs).toBe(Math.ceil(endMs / windowMs) * windowMs);
        }
        expect(spans.map(({ serviceId }) => serviceId)).toEqual(spans.map(({ serviceId }) => serviceId).toSorted((a, b) => a - b));
      }),
    );
  });

  it("is the same from wherever one goes on", () => {
    fc.assert(
      fc.property(fc.array(extentArb, { minLength: 1, maxLength: 8 }), fc.nat(30), (some, stop) => {
        const services = extents(some);
        const before = [...checkChunks(services, forever, null, limits)].slice(0, stop).flat();
        const last = before.at(-1);
        const rest =
          last === undefined
            ? services
            : services.filter(({ serviceId }) => serviceId > last.serviceId || (serviceId === last.serviceId && !last.isLast));
        const after = [...checkChunks(rest, forever, last === undefined || last.isLast ? null : last.toMs, limits)].flat();
        const all = [...checkChunks(services, forever, null, limits)].flat();
        expect(windowsOf([...before, ...after])).toBe(windowsOf(all));
        expect([...before, ...after].filter(({ isLast }) => isLast)).toHaveLength(services.length);
      }),
    );
  });

  it("lies within the frame; a service of which nothing does has an empty span", () => {
    const one = { hosts: 1, storms: 0 };
    const services = [
      { serviceId: 1, firstMs: 5, endMs: 95, ...one },
      { serviceId: 2, firstMs: 5, endMs: 20, ...one },
      { serviceId: 3, firstMs: 70, endMs: 95, ...one },
      { serviceId: 4, firstMs: 40, endMs: 40, ...one },
    ];
    expect([...checkChunks(services, { windowMs, fromMs: 30, toMs: 60 })]).toEqual([
      [
        { serviceId: 1, fromMs: 30, toMs: 60, isLast: true },
        { serviceId: 2, fromMs: 30, toMs: 30, isLast: true },
        { serviceId: 3, fromMs: 70, toMs: 70, isLast: true },
        { serviceId: 4, fromMs: 40, toMs: 40, isLast: true },
      ],
    ]);
    expect([...checkChunks([], forever)]).toEqual([]);
  });

  it("is as much as one statement takes for a service with a long history", () => {
    const decades = { serviceId: 1, firstMs: 0, endMs: 1_400_000 * windowMs, hosts: 1, storms: 0 };
    const chunks = [...checkChunks([decades], forever)];
    expect([chunks.length, Math.max(...chunks.map(windowsOf))]).toEqual([1_400_000 / checkLimits.windows, checkLimits.windows]);
  });
});

describe("halves", () => {
  it("are all of it, down to one window", () => {
    const long = [{ serviceId: 1, fromMs: 0, toMs: 50, isLast: true }];
    expect(halves(long, windowMs)).toEqual([
      [{ serviceId: 1, fromMs: 0, toMs: 30, isLast: false }],
      [{ serviceId: 1, fromMs: 30, toMs: 50, isLast: true }],
    ]);
    const some = [1, 2, 3].map((serviceId) => ({ serviceId, fromMs: 0, toMs: 10, isLast: true }));
    expect(halves(some, windowMs)?.map((half) => half.map(({ serviceId }) => serviceId))).toEqual([[1, 2], [3]]);
    expect(halves(some.slice(0, 1), windowMs)).toBeNull();
  });
});

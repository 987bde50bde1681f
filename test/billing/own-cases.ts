import type { BillingCase } from "./cases.ts";
import type { WorldStorm } from "./worlds.ts";

const at = (time: string): string => `2026-03-01T${time}:00.000Z`;

const storm = (from: string, to: string, factor: string): WorldStorm => ({
  service: 1,
  state: "ended",
  startedAt: at(from),
  recoveringSince: null,
  endedAt: at(to),
  factor,
});

const open = (from: string, factor: string): WorldStorm => ({
  ...storm(from, from, factor),
  state: "storm",
  endedAt: null,
});

/** One window from midnight to one o'clock. */
const windowCase = (
  name: string,
  facts: { rate?: string; discountRate?: string; backupBytes?: number; storms: readonly WorldStorm[] },
  expected: { amountCents: number; discountCents: number; coverage: number },
): BillingCase => ({
  name,
  terms: { rateCentsPerGb: facts.rate ?? "12", discountRate: facts.discountRate ?? "0.5" },
  world: {
    snapshots: [
      {
        service: 1,
        windowStart: at("00:00"),
        windowEnd: at("01:00"),
        primaryBytes: 0,
        backupBytes: facts.backupBytes ?? 100 * 2 ** 30,
      },
    ],
    storms: facts.storms,
  },
  expected: {
    lines: [{ service: 1, windowStart: at("00:00"), ...expected }],
    subtotalCents: expected.amountCents,
    discountCents: expected.discountCents,
    totalCents: expected.amountCents - expected.discountCents,
  },
});

/** Computed by hand: corners that the worked cases leave open. 100 GB cost 1200 cents unless said otherwise. */
export const ownCases: readonly BillingCase[] = [
  windowCase(
    "a recovering storm counts until it began to recover",
    { storms: [{ ...open("00:00", "1.5"), state: "recovering", recoveringSince: at("00:30") }] },
    { amountCents: 1200, discountCents: 450, coverage: 0.75 },
  ),
  windowCase(
    "a relapsed storm counts on, whenever it once began to recover",
    { storms: [{ ...open("00:30", "1"), recoveringSince: at("00:40") }] },
    { amountCents: 1200, discountCents: 300, coverage: 0.5 },
  ),
  windowCase(
    "the greatest factor of the storms that overlap applies to all of their union",
    { storms: [storm("00:00", "00:30", "1.2"), storm("00:15", "00:30", "2")] },
    { amountCents: 1200, discountCents: 600, coverage: 1 },
  ),
  windowCase(
    "a storm that was only watched counts like any other",
    { storms: [{ ...storm("00:00", "00:30", "1"), monitorOnly: true }] },
    { amountCents: 1200, discountCents: 300, coverage: 0.5 },
  ),
  windowCase(
    "a storm that was refused counts for nothing, nor does its factor",
    { storms: [storm("00:00", "00:30", "1"), { ...storm("00:15", "01:00", "3"), credit: "refused" }] },
    { amountCents: 1200, discountCents: 300, coverage: 0.5 },
  ),
  windowCase(
    "an open storm counts as long as its CDN was seen failing",
    { storms: [{ ...open("00:00", "1.5"), creditedUntil: at("00:20") }] },
    { amountCents: 1200, discountCents: 300, coverage: 0.5 },
  ),
  windowCase(
    "a storm whose CDN was last seen failing before the window counts nothing in it, its factor neither",
    {
      storms: [
        storm("00:00", "00:30", "1"),
        { ...open("00:30", "3"), startedAt: "2026-02-28T23:00:00.000Z", creditedUntil: "2026-02-28T23:30:00.000Z" },
      ],
    },
    { amountCents: 1200, discountCents: 300, coverage: 0.5 },
  ),
  windowCase(
    "a storm whose credit is pending does not count yet",
    { storms: [{ ...open("00:00", "1.5"), credit: "pending" }] },
    { amountCents: 1200, discountCents: 0, coverage: 0 },
  ),
  windowCase(
    "storms without time in the window lend it no factor",
    { storms: [storm("00:00", "00:30", "1"), storm("00:10", "00:10", "3"), storm("01:00", "02:00", "4")] },
    { amountCents: 1200, discountCents: 300, coverage: 0.5 },
  ),
  windowCase(
    "a storm that ends as the window begins is another window's",
    { storms: [{ ...storm("00:00", "00:00", "5"), startedAt: "2026-02-28T23:00:00.000Z" }] },
    { amountCents: 1200, discountCents: 0, coverage: 0 },
  ),
  windowCase(
    "no discount exceeds the amount",
    { discountRate: "1", storms: [storm("00:00", "01:00", "3")] },
    { amountCents: 1200, discountCents: 1200, coverage: 3 },
  ),
  // 1000000003961 x 909208.666498359 / 2^30 = 846766559.5 - 10^-18: any rounding on the way makes it a half.
  windowCase(
    "a charge a hair below the half is rounded down",
    { rate: "909208.666498359", backupBytes: 1_000_000_003_961, storms: [] },
    { amountCents: 846_766_559, discountCents: 0, coverage: 0 },
  ),
];

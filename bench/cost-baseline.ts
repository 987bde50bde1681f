import type { Figures } from "./cost-model.ts";

/** What this very bench measured on the commit that it is compared with, before anything was made smaller. */
export const baseline: { readonly commit: string; readonly figures: Figures } = {
  commit: "c88231f",
  figures: {
    acted: {
      domains: 200,
      requests: 2.03,
      statements: 9.03,
      bytesIn: 95_864,
      bytesOut: 449_175,
      databaseMs: 185.3,
      cpuMs: 81.6,
      probes: 600,
      walBytes: 201_250,
    },
    watched: {
      domains: 200,
      requests: 2,
      statements: 4,
      bytesIn: 84_795,
      bytesOut: 272_352,
      databaseMs: 83,
      cpuMs: 76.1,
      probes: 600,
      walBytes: 201_250,
    },
    stormBytes: 13_926,
    // Every round read all of its shard: there was nothing that only the first one did.
    freshBytes: 0,
    stored: [
      { table: "probe_samples", bytesPerDomainDay: 10_433_331, keptDays: 2 },
      { table: "probe_rollups_minute", bytesPerDomainDay: 2_460_877, keptDays: 35 },
      { table: "probe_rollups_hour", bytesPerDomainDay: 330_957, keptDays: 400 },
      { table: "usage_readings", bytesPerDomainDay: 9_318, keptDays: 365 },
      { table: "usage_snapshots", bytesPerDomainDay: 11_162, keptDays: 365 },
      { table: "invoice_line_items", bytesPerDomainDay: 7_578, keptDays: 365 },
    ],
  },
};

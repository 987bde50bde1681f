import type { SaveUsage } from "../../src/adapters/ports/metering/ingest.ts";

/** What the operator's source says of one domain in one whole window. */
export const wholeWindow = (of: {
  readonly serviceId: number;
  readonly domainId: number;
  readonly cdn: string;
  readonly startMs: number;
  readonly windowMs: number;
  readonly bytes: number;
}): SaveUsage => ({
  readings: [
    {
      serviceId: of.serviceId,
      domainId: of.domainId,
      cdn: of.cdn,
      windowStartMs: of.startMs,
      startMs: of.startMs,
      endMs: of.startMs + of.windowMs,
      bytes: of.bytes,
    },
  ],
  touched: [],
  windowMs: of.windowMs,
  accountId: null,
  measurers: { cdns: [of.cdn], accounts: [] },
  readAtMs: of.startMs + 2 * of.windowMs,
});

import { z } from "@hono/zod-openapi";
import type { LineFacts, LineStorm } from "../../adapters/ports/billing/line-facts.ts";
import { changedFacts, factsWhenIssued } from "../../domain/billing/line-facts.ts";
import type { ChangedPush, ChangedReading, FactPush, HostFact, SideFacts, SidesFacts } from "../../domain/billing/line-facts.ts";
import { id, like, orNull, timeText } from "../../http/contract.ts";
import { isoTime } from "../../iso-time.ts";
import { samplingSchema } from "../metering/usage.ts";

/** Schemas of the readings behind a line, and of changes between two lines for one window. */
const bytesOrNull = (description: string) => z.int().nullable().openapi({ example: 107_374_182_400, description });
const hostText = like(z.string(), "www.example.com");
const cdnText = like(z.string(), "fastly");

const hostSchema = z.object({
  host: hostText,
  domain_id: id,
  cdn: cdnText,
  from: timeText,
  to: timeText.openapi({ description: "the part of the window in which the service held the host and the CDN stood on this side" }),
  bytes: bytesOrNull("what the CDN said; null: there was no reading"),
  sampling: orNull(samplingSchema),
  read_at: timeText.nullable(),
  account: z
    .enum(["operator", "own"])
    .nullable()
    .openapi({ example: "operator", description: "with whose credentials at the CDN it was read" }),
});

const pushSchema = z.object({
  bytes: like(z.int(), 21_474_836_480),
  covers: z.enum(["rest", "whole"]).openapi({
    example: "rest",
    description: "rest: what no reading covers; whole: an admin's figure, in the place of all readings",
  }),
  actor: like(z.string(), "token:7"),
  pushed_at: timeText,
});

const sideSchema = z.object({
  bytes: bytesOrNull("what readings and push come to; null: there were none"),
  hosts: z.array(hostSchema),
  hosts_without_reading: z.array(hostText).openapi({ example: [], description: "of a CDN that is measured" }),
  push: pushSchema.nullable(),
});

export const readingsSchema = z
  .object({
    primary: sideSchema,
    backup: sideSchema,
    bytes_add_up: z.boolean().nullable().openapi({
      example: true,
      description:
        "the facts come to the bytes of the line and of the lines before it; null: there are none, as of windows from before readings were kept",
    }),
  })
  .openapi("LineReadings", {
    description: "what the bytes were made of, as it was known when the line was issued; null: too many hosts to be listed",
  });

const stormTermsSchema = z.object({ from: timeText, to: timeText, max_coverage_factor: like(z.string(), "1.5") }).nullable();

export const changedSchema = z
  .object({
    since_line_id: id,
    readings: z.array(
      z.object({
        side: z.enum(["primary", "backup"]),
        host: hostText,
        cdn: cdnText,
        from: timeText,
        to: timeText,
        bytes_before: bytesOrNull("null: there was no reading"),
        bytes_after: bytesOrNull("null: there was no reading"),
      }),
    ),
    pushes: z.array(z.object({ side: z.enum(["primary", "backup"]), before: pushSchema.nullable(), after: pushSchema.nullable() })),
    storms: z.array(z.object({ storm_id: id, before: stormTermsSchema, after: stormTermsSchema })),
  })
  .openapi("LineChanges", { description: "what is other than for the line before, of the same window; null: this is the first" });

const representHost = ({ host, domainId, cdn, fromMs, toMs, reading }: HostFact): z.infer<typeof hostSchema> => ({
  host,
  domain_id: domainId,
  cdn,
  from: isoTime(fromMs),
  to: isoTime(toMs),
  bytes: reading?.bytes ?? null,
  sampling:
    reading?.sampling == null
      ? null
      : { interval: reading.sampling.interval, lower_bytes: reading.sampling.lower, upper_bytes: reading.sampling.upper },
  read_at: reading === null ? null : isoTime(reading.readAtMs),
  account: reading?.account ?? null,
});

const representPush = (push: FactPush | null): z.infer<typeof pushSchema> | null =>
  push === null ? null : { bytes: push.bytes, covers: push.covers, actor: push.actor, pushed_at: isoTime(push.pushedAtMs) };

const representSide = ({ bytes, hosts, push }: SideFacts): z.infer<typeof sideSchema> => ({
  bytes,
  hosts: hosts.map(representHost),
  hosts_without_reading: [...new Set(hosts.flatMap(({ host, isMeasured, reading }) => (isMeasured && reading === null ? [host] : [])))],
  push: representPush(push),
});

const representReading = ({ slice: { side, host, cdn, fromMs, toMs }, bytesBefore, bytesAfter }: ChangedReading) => ({
  side,
  host,
  cdn,
  from: isoTime(fromMs),
  to: isoTime(toMs),
  bytes_before: bytesBefore,
  bytes_after: bytesAfter,
});
const representPushes = ({ side, before, after }: ChangedPush) => ({ side, before: representPush(before), after: representPush(after) });

const stormTerms = (storm: LineStorm | undefined): z.infer<typeof stormTermsSchema> =>
  storm === undefined ? null : { from: isoTime(storm.fromMs), to: isoTime(storm.toMs), max_coverage_factor: storm.maxCoverageFactor };

const changedStorms = (before: readonly LineStorm[], after: readonly LineStorm[]) =>
  [...new Set([...before, ...after].map(({ stormId }) => stormId))].flatMap((stormId) => {
    const [was, is] = [before, after].map((storms) => stormTerms(storms.find((storm) => storm.stormId === stormId)));
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ storm_id: stormId, before: was ?? null, after: is ?? null }];
  });

/** The facts of a line as the API shows them, and what an adjustment changed. */
export const representFacts = ({
  line,
  issuedBefore,
  issuedAtMs,
  previous,
  storms,
  window,
}: LineFacts): { readonly readings: z.infer<typeof readingsSchema> | null; readonly changed: z.infer<typeof changedSchema> | null } => {
  const billed = { primaryBytes: line.primaryBytes + issuedBefore.primaryBytes, backupBytes: line.backupBytes + issuedBefore.backupBytes };
  const known = window === null ? null : factsWhenIssued(window, billed, issuedAtMs);
  const before: SidesFacts | null =
    window === null || previous === null ? null : factsWhenIssued(window, issuedBefore, previous.issuedAtMs);
  const facts = known === null || before === null ? { readings: [], pushes: [] } : changedFacts(before, known);
  return {
    readings:
      known === null ? null : { primary: representSide(known.primary), backup: representSide(known.backup), bytes_add_up: known.addUp },
    changed:
      previous === null
        ? null
        : {
            since_line_id: previous.lineId,
            readings: facts.readings.map(representReading),
            pushes: facts.pushes.map(representPushes),
            storms: changedStorms(previous.storms, storms),
          },
  };
};

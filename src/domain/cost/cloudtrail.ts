import { actorOf } from "./actor.ts";
import { costBearing } from "./cost-bearing.ts";
import type { Normalised } from "./cost-event.ts";
import { ignored, rejected } from "./cost-event.ts";
import type { Json } from "./fields.ts";
import { asName, fieldOf, isObject, textAt, textOf } from "./fields.ts";
import { parseUtc } from "./utc-time.ts";

/**
 * The fields of a record of which something is asked here, of those that AWS documents (version 1.11); the others stay in `raw`:
 * eventVersion, awsRegion, sourceIPAddress, userAgent, errorMessage, additionalEventData, requestID, eventType, apiVersion,
 * managementEvent, serviceEventDetails, sharedEventID, vpcEndpointId, vpcEndpointAccountId, eventCategory, addendum,
 * sessionCredentialFromConsole, eventContext, edgeDeviceDetails, tlsDetails.
 */
const needed = ["eventID", "eventTime", "eventSource", "eventName"] as const;

/** Calls whose records say nothing of `readOnly` read, where their names begin like this. */
const reading = /^(?:BatchGet|Describe|Get|Head|List|Lookup|Query|Scan|Search|Select|Test|View)(?=[A-Z]|$)/;

/** An event may be ahead of this clock by so much; what lies further ahead would stand in the way of all that follows. */
const aheadMs = 24 * 3_600_000;

const isReading = (record: Json, name: string): boolean => {
  const said = fieldOf(record, "readOnly");
  // The documentation has a boolean, some services write a text.
  if (said === true || said === "true") return true;
  return said === undefined && reading.test(name);
};

/** The account whose bill it is: the one in whose trail the record is, else that of the caller. */
export const accountOf = (record: unknown): string | null =>
  textOf(fieldOf(record, "recipientAccountId")) ?? textAt(record, "userIdentity.accountId");

const resourceOf = (record: Json, paths: readonly string[]): string | null =>
  paths.map((path) => textAt(record, path)).find((id) => id !== null) ?? textAt(record, "resources.0.ARN");

/** What is wrong with a time; null: nothing. */
export const timeProblem = (atMs: number | null, nowMs: number): string | null => {
  if (atMs === null) return "is not an RFC 3339 time in UTC, such as 2026-11-28T01:30:00Z";
  return atMs > nowMs + aheadMs ? "is more than a day ahead" : null;
};

/** Whether something is the digest that CloudTrail puts beside its log files. */
export const isDigest = (value: unknown): boolean =>
  fieldOf(value, "digestS3Object") !== undefined && fieldOf(value, "logFiles") !== undefined;

/** Whether something has the form of a CloudTrail record, whatever it lacks. */
export const isCloudTrail = (value: unknown): boolean => ["eventVersion", ...needed].some((name) => fieldOf(value, name) !== undefined);

/** Reads one record of CloudTrail. @param pointer where it stands in what was sent */
export const fromCloudTrail = (record: unknown, pointer: string, nowMs: number): Normalised => {
  if (!isObject(record)) return rejected(pointer, "is not an object");
  const missing = needed.find((name) => textOf(fieldOf(record, name)) === null);
  if (missing !== undefined) return rejected(`${pointer}/${missing}`, "is not there, or no text");
  const [eventId = "", time = "", source = "", name = ""] = needed.map((field) => textOf(fieldOf(record, field)) ?? "");
  if (!/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(eventId)) return rejected(`${pointer}/eventID`, "is not a UUID");
  const occurredAtMs = parseUtc(time);
  const problem = timeProblem(occurredAtMs, nowMs);
  if (problem !== null || occurredAtMs === null) return rejected(`${pointer}/eventTime`, problem ?? "");
  const accountId = accountOf(record);
  if (accountId === null || !/^\d{12}$/.test(accountId)) return rejected(`${pointer}/recipientAccountId`, "is not an account of 12 digits");
  if (textOf(fieldOf(record, "errorCode")) !== null) return ignored("failed");
  if (isReading(record, name)) return ignored("read-only");
  const bearing = costBearing(source, name);
  if (bearing === null) return ignored("not-cost-bearing");
  return {
    kind: "event",
    event: {
      eventId: eventId.toLowerCase(),
      accountId,
      resourceType: bearing.type,
      resourceId: asName(resourceOf(record, bearing.idAt)),
      actor: asName(actorOf(fieldOf(record, "userIdentity"))),
      hourlyCostCents: null,
      occurredAtMs,
      raw: record,
    },
  };
};

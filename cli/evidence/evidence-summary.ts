import { formatMinor, currencyExponent } from "../../src/domain/billing/currency.ts";
import type { JsonValue } from "../../src/domain/evidence/canonical-json.ts";
import { spansListed } from "../../src/domain/evidence/evidence-summary.ts";
import type { Stretch } from "../../src/domain/slo/avoided.ts";
import { blamedListed, downtimeCents, lengthUs, microsecondText, microsecondsOf } from "../../src/domain/slo/avoided.ts";
import type { EvidenceRecord, Fields } from "./evidence-bundle.ts";
import { isFields } from "./evidence-signatures.ts";

/** A summary whose fields are what they should be. */
type Summary = {
  readonly asOfUs: number;
  readonly avoidedUs: number;
  readonly spans: readonly Stretch[];
  readonly rest: { readonly spans: number; readonly us: number } | null;
  readonly cents: number | null;
  readonly centsPerMinute: number | null;
  readonly currency: string | null;
  readonly downUs: number;
  readonly blamedUs: readonly number[];
  readonly unmeasuredUs: number;
};

const isCount = (value: JsonValue | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
const isCountOrNull = (value: JsonValue | undefined): value is number | null => value === null || isCount(value);
const has = (value: JsonValue | undefined, names: string): value is Fields =>
  isFields(value) && Object.keys(value).toSorted().join() === names;

const timeOf = (value: JsonValue | undefined): number | null => (typeof value === "string" ? microsecondsOf(value) : null);

const spanOf = (value: JsonValue): Stretch | null => {
  if (!has(value, "from,to")) return null;
  const [fromUs, toUs] = [timeOf(value["from"]), timeOf(value["to"])];
  return fromUs === null || toUs === null ? null : { fromUs, toUs };
};

const all = <Item>(items: readonly (Item | null)[]): readonly Item[] | null => {
  const found = items.filter((item) => item !== null);
  return found.length === items.length ? found : null;
};

const restOf = (value: JsonValue | undefined): Summary["rest"] | undefined => {
  if (value === null) return null;
  if (!has(value, "microseconds,spans")) return undefined;
  const { microseconds: us, spans } = value;
  return isCount(us) && isCount(spans) ? { us, spans } : undefined;
};

const blamedOf = (value: JsonValue): number | null => {
  if (!has(value, "microseconds,upstream_cdn")) return null;
  const { microseconds: us, upstream_cdn: cdn } = value;
  return isCount(us) && (cdn === null || typeof cdn === "string") ? us : null;
};

/** @returns null where these fields are no summary */
const read = (value: JsonValue): Summary | null => {
  if (!has(value, "as_of,downtime,downtime_avoided")) return null;
  const { downtime, downtime_avoided: avoided } = value;
  if (!has(downtime, "blamed,microseconds,unmeasured_microseconds")) return null;
  if (!has(avoided, "cents,cents_per_minute,currency,microseconds,rest,spans")) return null;
  const { microseconds: downUs, unmeasured_microseconds: unmeasuredUs, blamed } = downtime;
  const { microseconds: avoidedUs, cents, cents_per_minute: centsPerMinute, currency = null } = avoided;
  const [asOfUs, rest] = [timeOf(value["as_of"]), restOf(avoided["rest"])];
  if (!Array.isArray(blamed) || !Array.isArray(avoided["spans"]) || asOfUs === null || rest === undefined) return null;
  const [spans, blamedUs] = [all(avoided["spans"].map(spanOf)), all(blamed.map(blamedOf))];
  if (!isCount(downUs) || !isCount(unmeasuredUs) || !isCount(avoidedUs) || !isCountOrNull(cents) || !isCountOrNull(centsPerMinute))
    return null;
  if (spans === null || blamedUs === null || (currency !== null && typeof currency !== "string")) return null;
  return { asOfUs, avoidedUs, spans, rest, cents, centsPerMinute, currency, downUs, blamedUs, unmeasuredUs };
};

const fieldOf = (value: JsonValue | undefined, ...path: readonly string[]): JsonValue =>
  path.reduce<JsonValue | undefined>((at, name) => (isFields(at) ? at[name] : undefined), value) ?? null;

/** A time of a record in microseconds, which has milliseconds. */
const recorded = (record: EvidenceRecord | undefined, ...path: readonly string[]): number | null => {
  const text = fieldOf(record?.body, ...path);
  const ms = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms * 1_000;
};

const isToBackup = ({ kind, body }: EvidenceRecord): boolean =>
  kind === "switch" && Number(fieldOf(body, "to", "backup")) > Number(fieldOf(body, "to", "primary"));

/** The storm's time by its own records, and when the first switch to the backup in the bundle was accepted; null: none was. */
const storyOf = (records: readonly EvidenceRecord[], stormId: number, asOfUs: number) => {
  const own = (kind: string) => records.find((one) => one.kind === kind && one.stormId === stormId);
  const switched = records.filter(isToBackup).flatMap((record) => recorded(record, "accepted_at") ?? []);
  return {
    fromUs: recorded(own("begin"), "decision", "started_at") ?? Number.POSITIVE_INFINITY,
    toUs: own("end") === undefined ? asOfUs : (recorded(own("end"), "decision", "ended_at") ?? Number.NEGATIVE_INFINITY),
    switchedUs: switched.length === 0 ? null : Math.min(...switched),
  };
};

const spanFault = ({ spans, rest }: Summary, { fromUs, toUs, switchedUs }: ReturnType<typeof storyOf>): string | null => {
  for (const [at, span] of spans.entries()) {
    const named = `span ${at + 1}, from ${microsecondText(span.fromUs)} to ${microsecondText(span.toUs)},`;
    if (span.toUs <= span.fromUs) return `${named} is empty or inverted`;
    if (span.fromUs < (spans[at - 1]?.toUs ?? span.fromUs)) return `${named} begins before the end of the one before it`;
    if (span.fromUs < fromUs || span.toUs > toUs) return `${named} is not within the storm`;
    if (switchedUs === null) return `${named} comes without a switch to the backup`;
    if (span.fromUs < switchedUs)
      return `${named} begins before the first switch to the backup was accepted, ${microsecondText(switchedUs)}`;
  }
  if (spans.length > spansListed) return `more than ${spansListed} spans are listed`;
  if (rest === null) return null;
  if (spans.length < spansListed || rest.spans === 0) return "spans are added up that should be listed";
  const last = spans.at(-1)?.toUs ?? toUs;
  return rest.us < rest.spans || last + rest.us > toUs ? "the spans that are not listed do not fit into the rest of the storm" : null;
};

const sumFault = (summary: Summary, { fromUs, toUs }: ReturnType<typeof storyOf>): string | null => {
  const { avoidedUs, spans, rest, cents, centsPerMinute, currency, downUs, blamedUs, unmeasuredUs } = summary;
  const sumUs = lengthUs(spans) + (rest?.us ?? 0);
  if (sumUs !== avoidedUs) return `its spans come to ${sumUs} microseconds, not to ${avoidedUs}`;
  const price = downtimeCents(avoidedUs, centsPerMinute);
  if (cents !== price) return `so much time costs ${price ?? "an unknown number of"} cents, not ${cents ?? "an unknown number of them"}`;
  if ((currency === null) !== (cents === null)) return "a currency goes with cents, and with nothing else";
  const blamed = blamedUs.reduce((sum, us) => sum + us, 0);
  if (blamed > downUs || (blamed < downUs && blamedUs.length < blamedListed))
    return `${blamed} of ${downUs} microseconds of downtime have somebody to blame`;
  return avoidedUs + downUs + unmeasuredUs <= Math.max(0, toUs - fromUs) ? null : "it has more time than the storm";
};

/**
 * Whether the summary of a bundle fits its records: every span within the storm, none before a switch to the backup was accepted,
 * the sums and the money right. That the spans themselves are true is its signer's word.
 * @returns what does not fit; null: everything does
 */
export const summaryFault = (value: JsonValue, records: readonly EvidenceRecord[], stormId: number): string | null => {
  const summary = read(value);
  if (summary === null) return "has a summary that is none";
  const story = storyOf(records, stormId, summary.asOfUs);
  const fault = spanFault(summary, story) ?? sumFault(summary, story);
  return fault === null ? null : `has a summary that does not fit the records: ${fault}`;
};

const minutes = (us: number): string => `${(us / 60_000_000).toFixed(2)} min`;

/** What a summary without a fault says, in a line. */
export const summaryText = (value: JsonValue): string => {
  const summary = read(value);
  if (summary === null) return "";
  const { avoidedUs, spans, rest, cents, currency, downUs, unmeasuredUs } = summary;
  const money = cents === null || currency === null ? "" : ` (${currency} ${formatMinor(cents, currencyExponent(currency) ?? 2)})`;
  return `downtime avoided: ${minutes(avoidedUs)}${money} in ${spans.length + (rest?.spans ?? 0)} spans; down ${minutes(downUs)}, unmeasured ${minutes(unmeasuredUs)}, as of ${microsecondText(summary.asOfUs)}`;
};

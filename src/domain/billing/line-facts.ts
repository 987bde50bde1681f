export type Side = "primary" | "backup";

/** A host that the service held in a part of the window while a CDN was on a side; epoch milliseconds, half-open. */
export type FactSlice = {
  readonly domainId: number;
  readonly host: string;
  readonly cdn: string;
  readonly side: Side;
  readonly fromMs: number;
  readonly toMs: number;
  /** The CDN is measured: there should be a reading. */
  readonly isMeasured: boolean;
};

/** How far bytes are an estimate; a bound is null where it is not known. */
export type FactSampling = { readonly interval: number; readonly lower: number | null; readonly upper: number | null };

/** One version of a reading: it was valid from `readAtMs` until `replacedAtMs`; null: it still is. */
export type FactReading = {
  readonly domainId: number;
  readonly cdn: string;
  readonly fromMs: number;
  readonly bytes: number;
  readonly sampling: FactSampling | null;
  readonly account: "operator" | "own";
  readonly readAtMs: number;
  readonly replacedAtMs: number | null;
};

/** One version of a push, likewise. `rest`: for what has no readings; `whole`: in place of all readings. */
export type FactPush = {
  readonly side: Side;
  readonly bytes: number;
  readonly covers: "rest" | "whole";
  readonly actor: string;
  readonly pushedAtMs: number;
  readonly replacedAtMs: number | null;
};

/** All that is known of a window, in all versions that count for an invoice. `stands`: which CDNs were on which side. */
export type WindowFacts = {
  readonly slices: readonly FactSlice[];
  readonly stands: readonly { readonly side: Side; readonly cdn: string }[];
  readonly readings: readonly FactReading[];
  readonly pushes: readonly FactPush[];
};

export type HostFact = FactSlice & { readonly reading: FactReading | null };
/** `bytes` null: the side was not reported. */
export type SideFacts = { readonly bytes: number | null; readonly hosts: readonly HostFact[]; readonly push: FactPush | null };
export type SidesFacts = { readonly primary: SideFacts; readonly backup: SideFacts };

type Billed = { readonly primaryBytes: number; readonly backupBytes: number };

/** An invoice is dated by the start of its run, but includes what was stored before the run reached the window. */
const longestRunMs = 15 * 60_000;

const validAt = (sinceMs: number, untilMs: number | null, atMs: number): boolean => sinceMs <= atMs && (untilMs === null || atMs < untilMs);

/** A side's total by the facts known at a time, as the statement that stores usage derives it (semantics §8). */
const sideAt = (facts: WindowFacts, side: Side, atMs: number): SideFacts => {
  const hosts = facts.slices
    .filter((slice) => slice.side === side)
    .map((slice): HostFact => ({
      ...slice,
      reading:
        facts.readings.find(
          ({ domainId, cdn, fromMs, readAtMs, replacedAtMs }) =>
            domainId === slice.domainId && cdn === slice.cdn && fromMs === slice.fromMs && validAt(readAtMs, replacedAtMs, atMs),
        ) ?? null,
    }));
  const push = facts.pushes.find((one) => one.side === side && validAt(one.pushedAtMs, one.replacedAtMs, atMs)) ?? null;
  const read = hosts.flatMap(({ reading }) => (reading === null ? [] : [reading]));
  const sum = read.length === 0 ? null : read.reduce((total, { bytes }) => total + bytes, 0);
  const stood = facts.stands.filter((stand) => stand.side === side);
  const hasRest = stood.length === 0 || stood.some(({ cdn }) => !read.some((reading) => reading.cdn === cdn));
  if (push?.covers === "whole") return { bytes: push.bytes, hosts, push };
  return { bytes: push !== null && hasRest ? push.bytes + (sum ?? 0) : sum, hosts, push };
};

/** Null: a side with bytes has no facts, as in windows from before facts were kept, or after they are deleted. */
const addsUp = (sides: SidesFacts, billed: Billed): boolean | null => {
  const verdicts = (
    [
      [sides.primary, billed.primaryBytes],
      [sides.backup, billed.backupBytes],
    ] as const
  ).map(([{ bytes }, known]) => (bytes === null ? (known === 0 ? true : null) : bytes === known));
  return verdicts.includes(false) ? false : verdicts.includes(null) ? null : true;
};

/**
 * The facts by which a window was billed with so many bytes: those that were known when its invoice was issued, or, where
 * these total less, became known during that run.
 */
export const factsWhenIssued = (
  facts: WindowFacts,
  billed: Billed,
  issuedAtMs: number,
): SidesFacts & { readonly addUp: boolean | null } => {
  const known = [...facts.readings.map(({ readAtMs }) => readAtMs), ...facts.pushes.map(({ pushedAtMs }) => pushedAtMs)];
  const moments = [issuedAtMs, ...known.filter((ms) => ms > issuedAtMs && ms <= issuedAtMs + longestRunMs).toSorted((a, b) => a - b)];
  const versions = moments.map((atMs) => {
    const sides = { primary: sideAt(facts, "primary", atMs), backup: sideAt(facts, "backup", atMs) };
    return { ...sides, addUp: addsUp(sides, billed) };
  });
  const first = versions[0];
  if (first === undefined) throw new TypeError("there is a moment at least");
  return versions.find(({ addUp }) => addUp === true) ?? first;
};

export type ChangedReading = { readonly slice: FactSlice; readonly bytesBefore: number | null; readonly bytesAfter: number | null };
export type ChangedPush = { readonly side: Side; readonly before: FactPush | null; readonly after: FactPush | null };

/** The differences of `after` from `before`, both of the same window. */
export const changedFacts = (
  before: SidesFacts,
  after: SidesFacts,
): { readonly readings: readonly ChangedReading[]; readonly pushes: readonly ChangedPush[] } => {
  const sides: readonly Side[] = ["primary", "backup"];
  return {
    readings: sides.flatMap((side) =>
      after[side].hosts.flatMap((slice, place): ChangedReading[] => {
        const [bytesBefore, bytesAfter] = [before[side].hosts[place]?.reading?.bytes ?? null, slice.reading?.bytes ?? null];
        return bytesBefore === bytesAfter ? [] : [{ slice, bytesBefore, bytesAfter }];
      }),
    ),
    pushes: sides.flatMap((side): ChangedPush[] => {
      const [was, is] = [before[side].push, after[side].push];
      return was?.bytes === is?.bytes && was?.covers === is?.covers ? [] : [{ side, before: was, after: is }];
    }),
  };
};

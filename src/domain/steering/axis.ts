/** The weights of one domain's pair. Times are epoch milliseconds throughout. */
export type DomainWeights = { readonly domainId: number; readonly primary: number; readonly backup: number };

/** Weights that DNS was asked to set. */
export type AxisChange = {
  readonly domainId: number;
  readonly atMs: number;
  readonly fromPrimary: number;
  readonly fromBackup: number;
  readonly toPrimary: number;
  readonly toBackup: number;
  readonly result: string;
};

/** An order by hand; `mode` null: it was released. */
export type AxisOrder = {
  readonly atMs: number;
  readonly mode: "primary" | "backup" | "frozen" | null;
  readonly reason: string;
  readonly untilMs: number | null;
  readonly actor: string;
};

/** From `atMs` on this share of the service was on its backup, 0 to 1. */
export type WeightStep = { readonly atMs: number; readonly backupShare: number };

const tookEffect: ReadonlySet<string> = new Set(["accepted", "insync", "unconfirmed"]);

/** The mean over the domains that have a weight anywhere; null: none has. */
const share = (weights: Iterable<DomainWeights>): number | null => {
  const shares = [...weights].flatMap(({ primary, backup }) => (primary + backup === 0 ? [] : [backup / (primary + backup)]));
  return shares.length === 0 ? null : shares.reduce((sum, one) => sum + one, 0) / shares.length;
};

/**
 * How much of a service was on its backup, step by step: the first at the beginning of the span, then one a moment at which that changed.
 * What DNS refused, or was never asked (a service in the shadow), changed nothing.
 */
export const weightSteps = (fromMs: number, before: readonly DomainWeights[], changes: readonly AxisChange[]): readonly WeightStep[] => {
  const weights = new Map(before.map((one) => [one.domainId, one]));
  const steps: WeightStep[] = [];
  const note = (atMs: number): void => {
    const backupShare = share(weights.values());
    if (backupShare === null || steps.at(-1)?.backupShare === backupShare) return;
    if (steps.at(-1)?.atMs === atMs) steps.pop();
    steps.push({ atMs, backupShare });
  };
  note(fromMs);
  for (const { domainId, atMs, toPrimary, toBackup, result } of changes.toSorted((a, b) => a.atMs - b.atMs)) {
    if (!tookEffect.has(result)) continue;
    weights.set(domainId, { domainId, primary: toPrimary, backup: toBackup });
    note(atMs);
  }
  return steps;
};

/** An order from when it was given until it ended; `toMs` null: it still holds. */
export type OrderSpan = AxisOrder & { readonly mode: "primary" | "backup" | "frozen"; readonly toMs: number | null };

/** Each order lasts until the next one, its release or its own end, whichever comes first. @param orders oldest first */
export const orderSpans = (orders: readonly AxisOrder[], nowMs: number): readonly OrderSpan[] =>
  orders.flatMap((order, index) => {
    const { mode, untilMs } = order;
    if (mode === null) return [];
    const ends = [untilMs, orders[index + 1]?.atMs ?? null].filter((ms) => ms !== null && ms <= nowMs) as number[];
    return [{ ...order, mode, toMs: ends.length === 0 ? null : Math.min(...ends) }];
  });

/** A decision as people see it: the switches that it made of one service's domains. */
export type Decision<Change> = { readonly atMs: number; readonly changes: readonly [Change, ...Change[]] };

/** A round's switches, and those of the next rounds for what it could not finish. */
const oneDecisionMs = 60_000;

/**
 * The switches of one decision together: of the same reason and storm, to the same weights, within a minute of the first.
 * @param changes oldest first
 */
export const decisions = <Change extends AxisChange & { readonly reason: string; readonly stormId: number | null }>(
  changes: readonly Change[],
): readonly Decision<Change>[] => {
  const found: { atMs: number; key: string; changes: [Change, ...Change[]] }[] = [];
  for (const change of changes) {
    const key = [change.reason, change.stormId, change.toPrimary, change.toBackup].join(" ");
    const open = found.findLast((one) => one.key === key && change.atMs - one.atMs <= oneDecisionMs);
    if (open === undefined) found.push({ atMs: change.atMs, key, changes: [change] });
    else open.changes.push(change);
  }
  return found.map(({ atMs, changes: made }) => ({ atMs, changes: made }));
};

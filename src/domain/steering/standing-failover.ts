/** The target of a health check at the DNS provider. */
export type CheckTarget = { readonly type: "HTTP" | "HTTPS"; readonly host: string; readonly port: number; readonly path: string };

/** A health check as last read. `target` null: it was changed into another kind. */
export type KeptCheck = {
  readonly id: string;
  readonly version: number;
  readonly target: CheckTarget | null;
  readonly disabled: boolean;
  /** The provider's checkers have seen it healthy, from all their regions, since its last change; absent: not yet. */
  readonly seenHealthy?: boolean;
};

export type CheckSide = "primary" | "backup";
export const checkSides: readonly CheckSide[] = ["primary", "backup"];

/** Previous health checks of the records, by `type/side`; null: none. */
export type Restore = Readonly<Record<string, string | null>>;

/** The stored state of a domain's standing failover. */
export type StandingFailover = {
  readonly state: "standing" | "removing";
  /** Makes its references unique in the account. */
  readonly nonce: string;
  /** Increments whenever a reference is used up: it can never be reused. */
  readonly generation: number;
  readonly checks: Readonly<Record<CheckSide, KeptCheck | null>>;
  /** Null until the checks are attached for the first time. */
  readonly restore: Restore | null;
  /** Checks to be deleted once no record names them any more. */
  readonly obsolete: readonly string[];
};

type PairRecord = { readonly type: string; readonly setIdentifier: string; readonly healthCheckId?: string };

/** The domain it is for, as last read. */
export type StandingSituation<R extends PairRecord> = {
  readonly frozen: boolean;
  readonly shadow: boolean;
  readonly verified: boolean;
  readonly targets: Readonly<Record<CheckSide, CheckTarget | null>>;
  /** Why the provider's checkers cannot apply the configured `expect_status`; null: they can. */
  readonly uncheckable: string | null;
  /** Null: there is no whole pair, or it has not been read. */
  readonly records: readonly R[] | null;
  /** The name was read, and there is no pair. */
  readonly unprovisioned: boolean;
};

/** The next step. One at a time: the following one depends on its result. */
export type StandingStep<R extends PairRecord> =
  | {
      readonly kind: "create";
      readonly side: CheckSide;
      readonly reference: string;
      readonly target: CheckTarget;
      readonly disabled: boolean;
    }
  | {
      readonly kind: "update";
      readonly side: CheckSide;
      readonly check: KeptCheck;
      readonly target: CheckTarget;
      readonly disabled: boolean;
    }
  /** Before it is attached, the provider's checkers have to see the target healthy: it may refuse them alone. */
  | { readonly kind: "observe"; readonly side: CheckSide; readonly check: KeptCheck }
  /** The check cannot be updated to what is needed: it is replaced. */
  | { readonly kind: "replace"; readonly side: CheckSide; readonly check: KeptCheck }
  | { readonly kind: "rewrite"; readonly before: readonly R[]; readonly after: readonly R[]; readonly restore: Restore }
  | { readonly kind: "delete"; readonly id: string }
  /** Nothing is left of it. */
  | { readonly kind: "forget" }
  | { readonly kind: "rest"; readonly attached: boolean; readonly waitingFor: string | null };

/**
 * The health check for a target: a hostname over HTTPS, or an origin.
 * @returns null where the target is no origin that can be checked
 */
export const checkTargetOf = (target: string, path: string): CheckTarget | null => {
  const origin = /^(?:(https?):\/\/)?([^/:[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/?$/i.exec(target);
  const host = origin?.[2]
    ?.toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
  if (host === undefined || host === "") return null;
  const type = origin?.[1]?.toLowerCase() === "http" ? "HTTP" : "HTTPS";
  return { type, host, port: origin?.[3] === undefined ? (type === "HTTP" ? 80 : 443) : Number(origin[3]), path };
};

/** Route 53 counts these as healthy and nothing else (Developer Guide, "How Amazon Route 53 determines whether a health check is healthy"). */
const checkedAsHealthy = { from: 200, to: 399 } as const;

/**
 * Why an `expect_status` cannot be checked by Route 53, null where it can: a code that is healthy here and not there would move
 * all visitors off a healthy side.
 * @param ranges of codes, both ends included
 */
export const uncheckableStatus = (ranges: readonly (readonly [number, number])[]): string | null => {
  const outside = ranges.filter(([from, to]) => from < checkedAsHealthy.from || to > checkedAsHealthy.to);
  if (outside.length === 0) return null;
  const said = outside.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(", ");
  return `expect_status holds ${said}, which Route 53's health checks take for dead: they count 2xx and 3xx alone; give the domain a probe_path that answers so`;
};

const sideOf = ({ setIdentifier }: PairRecord): CheckSide | null => checkSides.find((side) => side === setIdentifier.toLowerCase()) ?? null;

const keyOf = (record: PairRecord): string => `${record.type}/${sideOf(record) ?? ""}`;

const withCheck = <R extends PairRecord>(record: R, id: string | null): R => {
  const { healthCheckId, ...others } = record;
  return (id === null ? others : healthCheckId === id ? record : { ...others, healthCheckId: id }) as R;
};

/** The records without their health check, with the desired ones. */
const differing = <R extends PairRecord>(
  records: readonly R[],
  wanted: (record: R) => string | null,
): { before: readonly R[]; after: readonly R[] } => {
  const before = records.filter((record) => sideOf(record) !== null && (record.healthCheckId ?? null) !== wanted(record));
  return { before, after: before.map((record) => withCheck(record, wanted(record))) };
};

const sameTarget = (left: CheckTarget, right: CheckTarget): boolean =>
  left.type === right.type && left.host === right.host && left.port === right.port && left.path === right.path;

const ownIds = ({ checks, obsolete }: StandingFailover): ReadonlySet<string> =>
  new Set([...checkSides.flatMap((side) => checks[side]?.id ?? []), ...obsolete]);

const keep = <R extends PairRecord>(standing: StandingFailover, now: StandingSituation<R>): StandingStep<R> => {
  const { checks, restore, obsolete } = standing;
  const rest = (waitingFor: string | null, attached = false): StandingStep<R> => ({ kind: "rest", attached, waitingFor });
  if (now.uncheckable !== null) {
    const ours = ownIds(standing);
    return rest(
      now.uncheckable,
      (now.records ?? []).some(({ healthCheckId }) => healthCheckId !== undefined && ours.has(healthCheckId)),
    );
  }
  for (const side of checkSides) {
    const [target, check] = [now.targets[side], checks[side]];
    if (target === null) return rest(`no ${side} target is known`);
    if (check === null) {
      return { kind: "create", side, reference: `tranche-${standing.nonce}-${side}-${standing.generation}`, target, disabled: now.frozen };
    }
    if (check.target === null || check.target.type !== target.type) return { kind: "replace", side, check };
    // A disabled check counts as healthy: so a freeze stops failovers.
    if (!sameTarget(check.target, target) || check.disabled !== now.frozen)
      return { kind: "update", side, check, target, disabled: now.frozen };
  }
  if (now.records === null) return rest("the pair of records is not there");
  const { before, after } = differing(now.records, (record) => checks[sideOf(record) ?? "primary"]?.id ?? null);
  if (before.length === 0) {
    const [old] = obsolete;
    return old === undefined ? rest(null, true) : { kind: "delete", id: old };
  }
  if (now.frozen) return rest("the service is frozen");
  if (now.shadow) return rest("the service is only shadowed");
  if (!now.verified) return rest("the ownership of the domain is not proven");
  for (const side of checkSides) {
    const check = checks[side];
    if (check !== null && check.seenHealthy !== true && before.some((record) => sideOf(record) === side))
      return { kind: "observe", side, check };
  }
  const ours = ownIds(standing);
  const found = now.records.map((record) => [
    keyOf(record),
    record.healthCheckId !== undefined && !ours.has(record.healthCheckId) ? record.healthCheckId : null,
  ]);
  return { kind: "rewrite", before, after, restore: restore ?? (Object.fromEntries(found) as Restore) };
};

const remove = <R extends PairRecord>(standing: StandingFailover, now: StandingSituation<R>): StandingStep<R> => {
  const ours = ownIds(standing);
  const restore = standing.restore ?? {};
  if (now.records === null && !now.unprovisioned) return { kind: "rest", attached: true, waitingFor: "the records have not been read" };
  const carrying = (now.records ?? []).filter(({ healthCheckId }) => healthCheckId !== undefined && ours.has(healthCheckId));
  if (carrying.length > 0) {
    const awake = checkSides.find((side) => standing.checks[side]?.disabled === false);
    const [check, target] = awake === undefined ? [null, null] : [standing.checks[awake], standing.checks[awake]?.target ?? null];
    if (now.frozen && awake !== undefined && check !== null && target !== null)
      return { kind: "update", side: awake, check, target, disabled: true };
    if (now.frozen) return { kind: "rest", attached: true, waitingFor: "the service is frozen" };
    return {
      kind: "rewrite",
      before: carrying,
      after: carrying.map((record) => withCheck(record, restore[keyOf(record)] ?? null)),
      restore,
    };
  }
  const [next] = ours;
  return next === undefined ? { kind: "forget" } : { kind: "delete", id: next };
};

/** The next step of a standing failover towards its desired state: created, kept, following a freeze, or removed completely. */
export const nextStandingStep = <R extends PairRecord>(standing: StandingFailover, now: StandingSituation<R>): StandingStep<R> =>
  standing.state === "standing" ? keep(standing, now) : remove(standing, now);

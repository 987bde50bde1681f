import type { Call } from "./schedule.ts";
import type { DatabaseRecord, Landed, LeaseVersion, Takeover } from "./record.ts";

/** Everything that is known of one schedule: what the holders were told, and what the database recorded. */
export type ScheduleRecord = Omit<DatabaseRecord, "takeovers"> & {
  readonly calls: readonly Call[];
  readonly ttlMs: number;
  /** Of this lease. */
  readonly takeovers: readonly Takeover[];
};

type Change = "taken" | "renewed" | "released" | "handed" | "aged";

const changeOf = (before: LeaseVersion | undefined, after: LeaseVersion): Change => {
  if (before === undefined || before.epoch !== after.epoch || before.holder !== after.holder) return "taken";
  if (before.provider !== after.provider) return "handed";
  if (after.releasedAt !== null && after.releasedAt > (before.releasedAt ?? 0)) return "released";
  if (after.expiresAt > before.expiresAt) return before.releasedAt === null ? "renewed" : "taken";
  return "aged";
};

const countBy = <Item>(items: readonly Item[], key: (item: Item) => string): ReadonlyMap<string, number> =>
  new Map([...Map.groupBy(items, key)].map(([name, all]) => [name, all.length]));

/** Whether `holder` might take the lease from how it was left. */
const isFree = (before: LeaseVersion, after: LeaseVersion, ttlMs: number): boolean => {
  if (before.holder === after.holder && before.provider === after.provider) return true;
  if (before.expiresAt > after.at) return false;
  return before.provider === after.provider || before.releasedAt === null || before.releasedAt + ttlMs * 1_000 <= after.at;
};

/** Epochs: one after the other, each given to one holder who was told so, and only when the lease was free. */
const brokenTakings = ({ versions, calls, ttlMs }: ScheduleRecord): string[] => {
  const broken: string[] = [];
  const taken: string[] = [];
  let epoch = 0;
  for (const [index, after] of versions.entries()) {
    const before = versions[index - 1];
    if (changeOf(before, after) !== "taken") continue;
    epoch += 1;
    taken.push(`${after.epoch} ${after.holder} from ${before?.provider ?? null}`);
    if (after.epoch !== epoch) broken.push(`epoch ${after.epoch} was handed out where ${epoch} was next`);
    if (before === undefined) continue;
    if (!isFree(before, after, ttlMs)) broken.push(`epoch ${after.epoch} was taken from a lease that was not free`);
    const isOwn = before.holder === after.holder && before.provider === after.provider;
    if (!isOwn && after.acquiredAt < before.expiresAt) broken.push(`epoch ${after.epoch} begins before the one before it ends`);
  }
  const told = calls.flatMap((call) =>
    call.kind === "take" && call.epoch !== null ? [`${call.epoch} ${call.holder} from ${call.from}`] : [],
  );
  if (told.toSorted().join() !== taken.toSorted().join())
    broken.push(`told [${told.toSorted().join(", ")}], recorded [${taken.toSorted().join(", ")}]`);
  return broken;
};

/** A statement looks at the clock once to see whether a lease has ended, and once more to say when it was changed. */
const slackUs = 100_000;

/** Renewals and returns: only of a lease that lasts, and of the epoch in whose name they were asked for. */
const brokenChanges = ({ versions, calls, ttlMs }: ScheduleRecord): string[] => {
  const made = countBy(
    versions.map((after, index) => ({ change: changeOf(versions[index - 1], after), after })),
    ({ change, after }) => `${change} ${after.epoch}`,
  );
  const asked = countBy(
    calls.filter(({ ok }) => ok),
    ({ kind, epoch }) => `${kind} ${epoch}`,
  );
  const broken: string[] = [];
  for (const [index, after] of versions.entries()) {
    const before = versions[index - 1];
    const change = changeOf(before, after);
    const askedAt = change === "renewed" ? after.expiresAt - ttlMs * 1_000 : after.releasedAt;
    if (before !== undefined && change !== "taken" && change !== "aged" && (askedAt ?? 0) > before.expiresAt + slackUs) {
      broken.push(`epoch ${after.epoch} was ${change} after it had ended`);
    }
    const { epoch } = after;
    const of = (map: ReadonlyMap<string, number>, name: string) => map.get(`${name} ${epoch}`) ?? 0;
    if (of(made, "renewed") !== of(asked, "renew"))
      broken.push(`epoch ${epoch} was renewed ${of(made, "renewed")} times, by its holder ${of(asked, "renew")} times`);
    if (of(made, "handed") !== of(asked, "handBack"))
      broken.push(`epoch ${epoch} was handed back ${of(made, "handed")} times, by its holder ${of(asked, "handBack")} times`);
    if (of(made, "released") > of(asked, "release")) broken.push(`epoch ${epoch} was released by somebody else`);
  }
  return [...new Set(broken)];
};

/** Writes: of the lease's very epoch and holder when they were committed, begun while it lasted, and told as accepted. */
const brokenWrites = ({ versions, landed, calls }: ScheduleRecord): string[] => {
  const broken: string[] = [];
  const holders = new Map<number, string>();
  for (const write of landed) {
    const lease = versions.findLast(({ seq }) => seq < write.seq);
    const name = `a write of ${write.holder} under epoch ${write.epoch}`;
    if (write.leaseEpoch !== write.epoch || write.leaseHolder !== write.holder)
      broken.push(`${name} was committed under epoch ${write.leaseEpoch} of ${write.leaseHolder}`);
    if (lease === undefined || lease.epoch !== write.epoch) broken.push(`${name} came after epoch ${lease?.epoch} had been taken`);
    else if (lease.expiresAt <= write.startedAt) broken.push(`${name} began after the lease had ended`);
    if ((holders.get(write.epoch) ?? write.holder) !== write.holder) broken.push(`epoch ${write.epoch} has two writers`);
    holders.set(write.epoch, write.holder);
  }
  const told = calls.reduce((sum, call) => sum + (call.kind === "write" ? call.accepted : 0), 0);
  if (told !== landed.length) broken.push(`${told} writes were told as accepted, ${landed.length} were`);
  return broken;
};

/** The record of takeovers: each passing of a shard to the other provider, in order, and nothing else. */
const brokenTakeovers = ({ versions, takeovers }: ScheduleRecord): string[] => {
  const expected = versions.flatMap((after, index) => {
    const before = versions[index - 1];
    if (before === undefined || before.provider === after.provider || !after.lease.startsWith("shard:")) return [];
    const isTaken = before.epoch !== after.epoch;
    const unheldMs = isTaken ? Math.max(0, Math.floor((after.acquiredAt - before.expiresAt) / 1_000)) : 0;
    return [
      `${isTaken ? "takeover" : "hand_back"} ${before.provider}>${after.provider} ${after.epoch} ${isTaken && before.releasedAt === null} ${unheldMs}`,
    ];
  });
  const found = takeovers.map(({ kind, from, to, epoch, lapsed, unheldMs }) => `${kind} ${from}>${to} ${epoch} ${lapsed} ${unheldMs}`);
  return expected.join() === found.join() ? [] : [`takeovers [${found.join(", ")}] where there were [${expected.join(", ")}]`];
};

/** What one schedule did that must never happen. */
export const violationsOf = (record: ScheduleRecord): string[] => [
  ...brokenTakings(record),
  ...brokenChanges(record),
  ...brokenWrites(record),
  ...brokenTakeovers(record),
  ...record.calls.flatMap((call) => (call.kind === "starved" ? ["in the end nobody got the lease, or could write"] : [])),
];

/** Where the chain of takeovers is broken; of a part of it, the first row is what the others follow. */
export const brokenChain = (takeovers: readonly Takeover[]): string[] =>
  takeovers.flatMap((row, index) => {
    const before = takeovers[index - 1];
    const follows =
      before === undefined ? row.seq !== 1 || row.previousHash === null : row.seq === before.seq + 1 && row.previousHash === before.hash;
    return follows ? [] : [`takeover ${row.seq} does not follow the one before it`];
  });

/** How often what a model must come across has happened: a model in which nothing happens proves nothing. */
export const happenedIn = ({ versions, landed, calls }: ScheduleRecord) => {
  const expiryOf = (write: Landed) => versions.findLast(({ seq }) => seq < write.seq)?.expiresAt ?? 0;
  const changes = versions.map((after, index) => changeOf(versions[index - 1], after));
  const count = (change: Change) => changes.filter((one) => one === change).length;
  return {
    taken: count("taken"),
    renewed: count("renewed"),
    released: count("released"),
    handedBack: count("handed"),
    takenOver: versions.filter(
      (after, index) => index > 0 && changes[index] === "taken" && versions[index - 1]?.provider !== after.provider,
    ).length,
    accepted: landed.length,
    refused: calls.filter((call) => call.kind === "write" && call.accepted === 0).length,
    /** Committed after the lease had ended: whoever wanted it had to wait. */
    outlasting: landed.filter((write) => write.at > expiryOf(write)).length,
  };
};

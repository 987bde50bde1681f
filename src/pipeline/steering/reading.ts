import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { ChangeStatus, PairReading } from "../../adapters/ports/steering/dns.ts";
import type { DnsAccount, DnsAccounts } from "./accounts.ts";
import { patiently } from "../with-timeout.ts";
import { accountOfChange } from "./dns-by-customer.ts";
import type { Connections } from "../connection-slots.ts";

/** A reading of one name, and its time. */
export type NameReading = { readonly reading: PairReading; readonly atMs: number };

/** The answers since the last call. */
export type DnsNews = {
  readonly readings: ReadonlyMap<string, NameReading>;
  readonly statuses: ReadonlyMap<string, ChangeStatus>;
  /** Polled changes, answered or not. */
  readonly asked: readonly string[];
  /** An unexpected exception of one account, which affects only that account. */
  readonly thrown: readonly unknown[];
};

/** Background DNS reads across the rounds of one lease: each account at its own speed. */
export type DnsReading = {
  /** Queues names to read and changes to poll, the most urgent first. An account with calls in flight continues with these. */
  readonly begin: (accounts: DnsAccounts, due: readonly string[], polls: readonly string[], zoneIds: ReadonlyMap<string, string>) => void;
  /** Resolves once every account expected to answer has done so, at the latest then. */
  readonly wait: (untilMs: number) => Promise<void>;
  readonly take: () => DnsNews;
  /** These names are being changed: readings begun before are discarded. */
  readonly touch: (names: readonly string[]) => void;
  /** Aborts everything. */
  readonly stop: () => void;
  readonly stopped: AbortSignal;
};

/** Names in the first chunk of a reading, and the growth factor of later ones. */
const firstHelping = 25;
const helpingGrowth = 4;
/** The deadline of one chunk, independent of rounds. The rest is left for the next. */
const helpingMs = 10_000;
/** How long a call is awaited beyond its deadline before it is abandoned. */
const graceMs = 500;

/** The state of an account: queued, and names and changes in flight. */
type Asking = {
  account: DnsAccount;
  names: readonly string[];
  polls: readonly string[];
  inHand: { readonly names: ReadonlySet<string>; readonly polls: ReadonlySet<string> };
  work: Promise<void> | null;
  isExpected: boolean;
};

const nothing: ReadonlySet<string> = new Set();

export const createDnsReading = (clock: Clock, connections: Connections): DnsReading => {
  const end = new AbortController();
  const askings = new Map<number, Asking>();
  // A sequence number of queries and changes: a clock does not order simultaneous ones.
  let order = 0;
  const touched = new Map<string, number>();
  let readings = new Map<string, NameReading & { readonly order: number }>();
  let statuses = new Map<string, ChangeStatus>();
  let asked = new Set<string>();
  let thrown: unknown[] = [];
  let known: ReadonlyMap<string, string> = new Map();

  /** @returns null where the call did not end in time; it is no longer awaited */
  const inTime = async <T>({ account }: Asking, call: (untilMs: number) => Promise<T>): Promise<T | null> => {
    const given = await patiently(clock, call(clock.nowMs() + helpingMs), helpingMs + graceMs, null);
    if (given === null) {
      connections.abandon("dns");
      account.fellSilent();
    }
    return given;
  };

  const mayGoOn = ({ account }: Asking): boolean => !end.signal.aborted && account.isAsked();

  const zoneIdsOf = (names: readonly string[]): ReadonlyMap<string, string> =>
    new Map(names.flatMap((name): [string, string][] => (known.has(name) ? [[name, known.get(name) ?? ""]] : [])));

  const readAll = async (asking: Asking): Promise<void> => {
    for (let size = firstHelping; asking.names.length > 0 && mayGoOn(asking);) {
      const names = asking.names.slice(0, size);
      [asking.names, asking.inHand] = [asking.names.slice(size), { ...asking.inHand, names: new Set(names) }];
      order += 1;
      const own = order;
      const found = await inTime(asking, (untilMs) =>
        asking.account.dns.read(names, asking.account.budget(untilMs, "look"), zoneIdsOf(names)),
      );
      const atMs = clock.nowMs();
      for (const [name, reading] of found ?? []) readings.set(name, { reading, atMs, order: own });
      // No progress: whatever the reason, the next round retries.
      if (found === null || found.size === 0) return;
      const left = names.filter((name) => !found.has(name));
      [asking.names, asking.inHand] = [[...left, ...asking.names], { ...asking.inHand, names: nothing }];
      size = left.length === 0 ? size * helpingGrowth : firstHelping;
    }
  };

  const pollAll = async (asking: Asking): Promise<void> => {
    while (asking.polls.length > 0 && mayGoOn(asking)) {
      const ids = asking.polls;
      [asking.polls, asking.inHand] = [[], { ...asking.inHand, polls: new Set(ids) }];
      const found = await inTime(asking, (untilMs) => asking.account.dns.status(ids, asking.account.budget(untilMs, "look")));
      for (const id of ids) asked.add(id);
      for (const [id, status] of found ?? []) statuses.set(id, status);
      asking.inHand = { ...asking.inHand, polls: nothing };
    }
  };

  const ask = async (asking: Asking): Promise<void> => {
    const note = (error: unknown) => void thrown.push(error);
    await Promise.all([readAll(asking).catch(note), pollAll(asking).catch(note)]);
    [asking.work, asking.inHand] = [null, { names: nothing, polls: nothing }];
  };

  return {
    stopped: end.signal,
    begin: (accounts, due, polls, zoneIds) => {
      known = zoneIds;
      const names = Map.groupBy(due, (name) => accounts.ofName(name));
      const changes = Map.groupBy(polls, (id) => accounts.byKey(accountOfChange(id)));
      for (const asking of askings.values()) [asking.names, asking.polls, asking.isExpected] = [[], [], false];
      for (const account of new Set([...names.keys(), ...changes.keys()])) {
        const asking = askings.get(account.id) ?? {
          account,
          names: [],
          polls: [],
          inHand: { names: nothing, polls: nothing },
          work: null,
          isExpected: true,
        };
        askings.set(account.id, asking);
        // Skips what is in flight, or answered but not taken yet.
        asking.names = (names.get(account) ?? []).filter((name) => !asking.inHand.names.has(name) && !readings.has(name));
        asking.polls = (changes.get(account) ?? []).filter((id) => !asking.inHand.polls.has(id) && !asked.has(id));
        if (asking.work !== null) continue;
        [asking.account, asking.isExpected] = [account, account.isWell()];
        asking.work = ask(asking);
      }
    },
    wait: async (untilMs) => {
      const expected = [...askings.values()].flatMap(({ work, isExpected }) => (isExpected && work !== null ? [work] : []));
      await patiently(clock, Promise.all(expected), untilMs - clock.nowMs(), []);
    },
    take: () => {
      const fresh = [...readings].filter(([name, one]) => one.order > (touched.get(name) ?? 0));
      const news = { readings: new Map(fresh), statuses, asked: [...asked], thrown };
      [readings, statuses, asked, thrown] = [new Map(), new Map(), new Set(), []];
      return news;
    },
    touch: (names) => {
      order += 1;
      for (const name of names) touched.set(name, order);
    },
    stop: () => end.abort(),
  };
};

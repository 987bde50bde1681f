import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { ChangeStatus, PairReading } from "../../adapters/ports/steering/dns.ts";
import type { DnsAccount, DnsAccounts } from "./accounts.ts";
import { patiently } from "../with-timeout.ts";
import { accountOfChange } from "./dns-by-customer.ts";
import type { Connections } from "../connection-slots.ts";

/** A reading of one name, and when it came. */
export type NameReading = { readonly reading: PairReading; readonly atMs: number };

/** What DNS has said since it was last asked what it had said. */
export type DnsNews = {
  readonly readings: ReadonlyMap<string, NameReading>;
  readonly statuses: ReadonlyMap<string, ChangeStatus>;
  /** Changes that were asked after, answered or not. */
  readonly asked: readonly string[];
  /** What an account threw: it never should, and it is that account's alone. */
  readonly thrown: readonly unknown[];
};

/** What DNS is asked beside the rounds of one lease: each account in its own time, and what it says when it says it. */
export type DnsReading = {
  /** Has names read and changes asked after, the most pressing first. An account that is still being asked goes on with these. */
  readonly begin: (accounts: DnsAccounts, due: readonly string[], polls: readonly string[], zoneIds: ReadonlyMap<string, string>) => void;
  /** Until every account has answered that is expected to, but no longer than that. */
  readonly wait: (untilMs: number) => Promise<void>;
  readonly take: () => DnsNews;
  /** These names are being changed: what was asked for before says nothing about them any more. */
  readonly touch: (names: readonly string[]) => void;
  /** Ends everything: nobody waits for it any more. */
  readonly stop: () => void;
  readonly stopped: AbortSignal;
};

/** Names in the first helping of a reading, and how each grows over the one before. */
const firstHelping = 25;
const helpingGrowth = 4;
/** How long one helping may take, rounds or no rounds. What it has not brought by then is left for the next. */
const helpingMs = 10_000;
/** How long a call is waited for beyond its deadline before it is given up. */
const graceMs = 500;

/** What an account is asked: what waits, and names and changes that are in hand. */
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
  // Questions and changes in the order in which they were begun: a clock does not tell those of one moment apart.
  let order = 0;
  const touched = new Map<string, number>();
  let readings = new Map<string, NameReading & { readonly order: number }>();
  let statuses = new Map<string, ChangeStatus>();
  let asked = new Set<string>();
  let thrown: unknown[] = [];
  let known: ReadonlyMap<string, string> = new Map();

  /** @returns null where the call did not end in its time; it may end whenever it likes, nothing waits for it */
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
    for (let size = firstHelping; asking.names.length > 0 && mayGoOn(asking); ) {
      const names = asking.names.slice(0, size);
      [asking.names, asking.inHand] = [asking.names.slice(size), { ...asking.inHand, names: new Set(names) }];
      order += 1;
      const own = order;
      const found = await inTime(asking, (untilMs) => asking.account.dns.read(names, asking.account.budget(untilMs, "look"), zoneIdsOf(names)));
      const atMs = clock.nowMs();
      for (const [name, reading] of found ?? []) readings.set(name, { reading, atMs, order: own });
      // It brought nothing: whatever the reason is, the next round is soon enough.
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
        const asking = askings.get(account.id) ?? { account, names: [], polls: [], inHand: { names: nothing, polls: nothing }, work: null, isExpected: true };
        askings.set(account.id, asking);
        // What is in hand is on its way, and what has come will be taken.
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

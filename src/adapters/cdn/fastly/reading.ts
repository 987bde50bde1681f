import type { UsageQuery } from "../../ports/metering/usage.ts";
import type { FastlyClient } from "./client.ts";
import { FastlyError } from "./error.ts";
import { domainsPerQuery, readInspector, readStats } from "./figures.ts";
import type { Buckets } from "./figures.ts";
import type { DomainHistory } from "./history.ts";
import type { HostOwner } from "./owner.ts";
import type { Range } from "./spans.ts";
import { chunk } from "../in-parts.ts";
import type { ReadingBook } from "../reading-book.ts";

/** A host as it was asked for, and who answers its visitors. */
export type Member = { readonly host: string; readonly owner: HostOwner };

/** One reading of an account. */
export type FastlyReading = {
  readonly ask: FastlyClient;
  readonly history: DomainHistory;
  readonly windows: UsageQuery["windows"];
  readonly ranges: readonly Range[];
  readonly book: ReadingBook;
  readonly signal: AbortSignal;
  /** Set once Fastly has rate-limited the account: nothing more is sent then. */
  outOfQuota: FastlyError | null;
};

type Part = { readonly members: readonly Member[]; readonly range: Range };

const isWild = ({ owner }: Member): boolean => owner.listedAs.startsWith("*");

/** Hosts under a wildcard separately, so that a name that Fastly does not accept does not affect the others. */
const partsOf = (members: readonly Member[], ranges: readonly Range[]): Part[] =>
  ranges.flatMap((range) =>
    [members.filter((member) => !isWild(member)), members.filter(isWild)]
      .flatMap((kind) => chunk(kind, domainsPerQuery(range)))
      .map((part) => ({ members: part, range })),
  );

/** All members of a service that has a single domain are that one. */
const isAlone = (members: readonly Member[]): boolean => members.every(({ owner }) => owner.isAlone);

const bytesByName = async (
  { ask, signal }: FastlyReading,
  serviceId: string,
  { members, range }: Part,
): Promise<ReadonlyMap<string, Buckets>> => {
  const [first] = members;
  if (first !== undefined && isAlone(members)) return new Map([[first.owner.listedAs, await readStats(ask, serviceId, range, signal)]]);
  const names = new Set(members.flatMap(({ host, owner }) => [host.toLowerCase(), owner.listedAs]));
  return await readInspector(ask, serviceId, [...names], range, signal);
};

const noteFigures = ({ book, windows }: FastlyReading, found: ReadonlyMap<string, Buckets>, { members, range }: Part): void => {
  for (const member of members) {
    const { host, owner } = member;
    const buckets = found.get(host.toLowerCase());
    // Should Fastly count by the wildcard's name, a host without figures of its own may have had traffic.
    if (buckets === undefined && isWild(member) && found.has(owner.listedAs)) {
      book.unreadable([host], `Domain Inspector of Fastly service ${owner.serviceId} counts the host under ${owner.listedAs} only`);
      continue;
    }
    for (const index of range.spans) {
      const span = windows[index];
      let bytes = 0;
      for (let atMs = span?.startMs ?? 0; atMs < (span?.endMs ?? 0); atMs += range.unit.ms) bytes += buckets?.get(atMs) ?? 0;
      book.row(host, index, bytes);
    }
  }
};

const noteFailure = ({ book }: FastlyReading, serviceId: string, members: readonly Member[], error: FastlyError): void => {
  const hosts = members.map(({ host }) => host);
  const [first] = members;
  if (error.isForLater) return book.deferred(hosts, error);
  if (error.code === "not_available" && !isAlone(members)) {
    const why = first?.owner.doubt ?? "its domains share one figure otherwise";
    return book.unreadable(hosts, `${error.of(`Domain Inspector of Fastly service ${serviceId}`)}; ${why}`);
  }
  book.failed(hosts, error.of(`the figures of Fastly service ${serviceId}`, "were"), error);
};

/** Without the spans in which a service that has a single domain today had others too. */
const certainRanges = async (reading: FastlyReading, members: readonly Member[]): Promise<readonly Range[]> => {
  const { history, book, windows, ranges, signal } = reading;
  const [first] = members;
  if (first?.owner.service === undefined || !isAlone(members) || reading.outOfQuota !== null) return ranges;
  const past = await history(first.owner.service, first.owner.listedAs, Math.min(...ranges.map(({ fromMs }) => fromMs)), signal);
  const isCertain = (index: number): boolean => past === null || (windows[index]?.startMs ?? 0) >= past.untilMs;
  const certain = ranges.map((range) => ({ ...range, spans: range.spans.filter(isCertain) }));
  const hosts = members.map(({ host }) => host);
  if (past !== null && ranges.some(({ spans }) => !spans.every(isCertain))) {
    if (past.error?.code === "rate_limited") reading.outOfQuota = past.error;
    if (past.error?.isForLater === true) book.deferred(hosts, past.error);
    else book.unreadable(hosts, past.reason);
  }
  return certain.filter(({ spans }) => spans.length > 0);
};

/**
 * Reads the hosts of one service and notes the results. A part that Fastly refuses or that is malformed does not affect the
 * others; where it is slow, down or refuses the token, the rest of the service is given up.
 * @returns whether the service delayed the reading
 * Never throws for a failure of Fastly's
 */
export const readService = async (reading: FastlyReading, serviceId: string, members: readonly Member[]): Promise<boolean> => {
  const parts = partsOf(members, await certainRanges(reading, members));
  for (const [place, part] of parts.entries()) {
    try {
      if (reading.outOfQuota !== null) throw reading.outOfQuota;
      noteFigures(reading, await bytesByName(reading, serviceId, part), part);
    } catch (error) {
      if (!(error instanceof FastlyError)) throw error;
      if (error.code === "rate_limited") reading.outOfQuota = error;
      const isOfPart = error.code === "refused" || error.code === "malformed";
      for (const lost of isOfPart ? [part] : parts.slice(place)) noteFailure(reading, serviceId, lost.members, error);
      if (!isOfPart) return error.code === "timeout";
    }
  }
  return false;
};

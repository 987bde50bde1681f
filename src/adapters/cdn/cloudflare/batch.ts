import type { UsageSpan } from "../../ports/metering/usage.ts";
import type { CloudflareClient, Patience } from "./client.ts";
import { CloudflareError } from "./error.ts";
import type { CloudflareErrorCode } from "./error.ts";
import { piecesOf } from "./limits.ts";
import type { Piece, ZoneLimits } from "./limits.ts";
import { FIELDS_WITH_CONFIDENCE, addBytes, buildUsageQuery, spansPerQuery, usageAnswerSchema } from "./query.ts";
import type { HostBytes, SpanBytes } from "./query.ts";
import type { Splitter } from "./split.ts";
import { chunk, rotate } from "../in-parts.ts";
import type { ReadingBook } from "../reading-book.ts";

/** Hosts of one zone that are asked for together. */
export type HostGroup = { readonly zoneId: string; readonly hosts: readonly string[] };

/** Groups of zones with the same limits that share their queries. */
export type Batch = { readonly groups: readonly HostGroup[]; readonly limits: ZoneLimits; readonly isTroubled: boolean };

/** Ten zones is Cloudflare's bound (its "Limits" page); the other one keeps queries and answers small. */
const ZONES_PER_QUERY = 10;
const HOSTS_PER_GROUP = 100;

/** Hosts of one zone, and what may be asked of it. */
export type OpenGroup = HostGroup & { readonly limits: ZoneLimits };

/** How one account is queried. `confidence.isOffered` turns false once Cloudflare has refused the field. */
export type BatchReader = {
  readonly client: CloudflareClient;
  readonly graphqlEndpoint: string;
  readonly confidence: { isOffered: boolean };
};

/** One reading's share of it. `zoneName` is for people; `troubled`: zones whose queries have failed at Cloudflare. */
export type BatchReading = {
  readonly windows: readonly UsageSpan[];
  readonly nowMs: number;
  readonly split: Splitter;
  readonly book: ReadingBook;
  readonly zoneName: (zoneId: string) => string;
  readonly troubled: (zoneId: string) => void;
};

/**
 * Zones of equal limits together, but each of `apart` on its own and last; otherwise the first batch rotates with
 * each run. No query has more hosts than an answer has rows.
 */
export const batchesOf = (groups: readonly OpenGroup[], apart: ReadonlySet<string>, turns: number): Batch[] => {
  const batches: (Batch & { groups: HostGroup[] })[] = [];
  const alike = Map.groupBy(groups, ({ zoneId, limits }) => `${apart.has(zoneId) ? zoneId : ""} ${JSON.stringify(limits)}`);
  for (const same of alike.values()) {
    let open: HostGroup[] | null = null;
    for (const { zoneId, hosts, limits } of same) {
      for (const part of chunk(hosts, Math.min(HOSTS_PER_GROUP, limits.maxPageSize))) {
        const hostCount = (open ?? []).reduce((sum, group) => sum + group.hosts.length, part.length);
        if (open === null || open.length === ZONES_PER_QUERY || hostCount > limits.maxPageSize) {
          open = [];
          batches.push({ groups: open, limits, isTroubled: apart.has(zoneId) });
        }
        open.push({ zoneId, hosts: part });
      }
    }
  }
  return rotate(batches, turns).toSorted((a, b) => Number(a.isTroubled) - Number(b.isTroubled));
};

/** What fails like this for one piece of a group fails for all. */
const ofWholeZone: ReadonlySet<CloudflareErrorCode> = new Set(["auth", "zone_access", "timeout", "unavailable"]);

/** Which pieces of a group's windows have been answered, and what they said. */
type Tally = {
  readonly add: (group: HostGroup, piece: Piece, bytes: SpanBytes) => void;
  readonly isWhole: (group: HostGroup) => boolean;
  /** Notes the windows of which every piece is there. */
  readonly close: () => void;
};

const createTally = ({ groups }: Batch, pieces: readonly Piece[], book: ReadingBook): Tally => {
  const wanted = Map.groupBy(pieces, ({ index }) => index);
  const found = new Map(groups.map((group) => [group, new Map<number, SpanBytes[]>()]));
  const isThere = (group: HostGroup, index: number): boolean => found.get(group)?.get(index)?.length === wanted.get(index)?.length;
  return {
    add: (group, { index }, bytes) => {
      const own = found.get(group);
      if (own?.get(index)?.push(bytes) === undefined) own?.set(index, [bytes]);
    },
    isWhole: (group) => [...wanted.keys()].every((index) => isThere(group, index)),
    close: () => {
      for (const [group, own] of found) {
        for (const [index, parts] of own) {
          if (!isThere(group, index)) continue;
          for (const host of group.hosts) {
            const known = parts.map((bytes) => bytes.get(host.toLowerCase()) ?? { bytes: 0, sampling: null });
            const { bytes, sampling } = known.reduce<HostBytes>(addBytes, { bytes: 0, sampling: null });
            book.row(host, index, bytes, sampling);
          }
        }
      }
    },
  };
};

/** Groups that were not queried, or not in full, because further queries are pointless. */
export const noteUnasked = (book: ReadingBook, groups: readonly HostGroup[], error: CloudflareError): void => {
  const hosts = groups.flatMap((group) => group.hosts);
  if (error.isForLater) book.deferred(hosts, error);
  else book.failed(hosts, error.of("Cloudflare's analytics", "were"), error);
};

/**
 * Reads a batch and notes what comes of each host. A window of which one piece could not be read has no row.
 * @throws CloudflareError where further queries are pointless; partial results of the batch are noted
 */
export const readBatch = async (reader: BatchReader, reading: BatchReading, batch: Batch): Promise<void> => {
  const { limits } = batch;
  const { split, book, zoneName } = reading;
  const pieces = piecesOf(reading.windows, limits, reading.nowMs);
  const tally = createTally(batch, pieces, book);
  const lost = new Set<HostGroup>();

  const fail = (group: HostGroup, error: CloudflareError): void => {
    if (error.retryable) reading.troubled(group.zoneId);
    if (ofWholeZone.has(error.code)) lost.add(group);
    book.failed(group.hosts, error.of(`zone ${zoneName(group.zoneId)}: its analytics`, "were"), error);
  };

  const note = (
    group: HostGroup,
    piece: Piece,
    part: SpanBytes | { readonly fault: string } | undefined,
    asked: ReadonlySet<string>,
  ): void => {
    if (part === undefined) return fail(group, new CloudflareError("zone_access", "the zone is left out of the answer"));
    if ("fault" in part) return fail(group, new CloudflareError("malformed", part.fault));
    // Rows that were not requested may have displaced others at the limit.
    const isCut = part.size >= asked.size && ![...part.keys()].every((host) => asked.has(host));
    if (isCut) return fail(group, new CloudflareError("malformed", "the answer is full of hosts that were not asked for"));
    tally.add(group, piece, part);
  };

  const askOnce = async (groups: readonly HostGroup[], some: readonly Piece[], patience: Patience): Promise<void> => {
    const zoneTags = [...new Set(groups.map(({ zoneId }) => zoneId))];
    const hosts = [...new Set(groups.flatMap((group) => group.hosts.map((host) => host.toLowerCase())))];
    const withConfidence = reader.confidence.isOffered && limits.maxNumberOfFields >= FIELDS_WITH_CONFIDENCE;
    const body = buildUsageQuery(zoneTags, hosts, some, { limit: hosts.length, withConfidence });
    const answer = await reader.client.request(reader.graphqlEndpoint, usageAnswerSchema(some.length), patience, body);
    const asked = new Set(hosts);
    for (const group of groups) for (const [place, piece] of some.entries()) note(group, piece, answer.get(group.zoneId)?.[place], asked);
  };

  /** Where confidence intervals are not offered, the bytes are still taken. */
  const ask = async (groups: readonly HostGroup[], some: readonly Piece[], patience: Patience): Promise<void> => {
    try {
      await askOnce(groups, some, patience);
    } catch (error) {
      const isOfConfidence = error instanceof CloudflareError && !error.retryable && /confidence/i.test(error.message);
      if (!isOfConfidence || !reader.confidence.isOffered) throw error;
      reader.confidence.isOffered = false;
      await askOnce(groups, some, patience);
    }
  };

  /** A refusal may be of one piece only. */
  const askForPieces = async (group: HostGroup, some: readonly Piece[], whole: CloudflareError): Promise<void> => {
    if (some.length === 1 || ofWholeZone.has(whole.code)) return fail(group, whole);
    for (const half of chunk(some, Math.ceil(some.length / 2))) {
      await split(
        half,
        (few, patience) => ask([group], few, patience),
        async (_, error) => fail(group, error),
        true,
      );
    }
  };

  try {
    for (const some of chunk(pieces, spansPerQuery(limits.maxNumberOfFields, reader.confidence.isOffered))) {
      const groups = batch.groups.filter((group) => !lost.has(group));
      await split(
        groups,
        (part, patience) => ask(part, some, patience),
        (group, error) => askForPieces(group, some, error),
        batch.isTroubled,
      );
    }
  } catch (error) {
    if (error instanceof CloudflareError)
      noteUnasked(
        book,
        batch.groups.filter((group) => !tally.isWhole(group)),
        error,
      );
    throw error;
  } finally {
    tally.close();
  }
};

import type { UsageSource } from "../../ports/metering/usage.ts";
import { withDeadline } from "../deadline.ts";
import { createFastlyClient } from "./client.ts";
import { createFastlyDirectory } from "./directory.ts";
import { createDomainHistory } from "./history.ts";
import { createOwnerLookup } from "./owner.ts";
import { readService } from "./reading.ts";
import type { FastlyReading, Member } from "./reading.ts";
import { rangesOf } from "./spans.ts";
import { eachOf, rotate } from "../in-parts.ts";
import { createReadingBook } from "../reading-book.ts";
import type { UsageOptions } from "../usage-options.ts";

export type FastlyUsageOptions = UsageOptions & {
  /** Needs the scope global:read. */
  readonly apiToken: string;
  readonly endpoint: string;
};

const SERVICES_AT_ONCE = 3;
/** The first service rotates with each run. */
const TURN_MS = 300_000;

/**
 * Bytes that Fastly delivered to visitors, by host and span. A service with a single domain, versioned ones and those
 * without versions counted together, is read from the historical stats, which every account has. Several domains share one
 * figure there: Domain Inspector separates them, and where it is not booked their hosts are unreadable. Spans that
 * ended less than 15 minutes ago, or that Fastly no longer keeps, are left out.
 *
 * Deadlines: a job waits for `read`, 120 s at most; `read` for the listing of the account, which others may share,
 * and for three services at once; those for their requests, each of three attempts of 20 s at most. When the time is up the
 * requests in flight are aborted, what was read is returned, and the rest is deferred.
 * `read` throws UsageSourceError when Fastly cannot be read at all.
 */
export const createFastlyUsage = (options: FastlyUsageOptions): UsageSource => {
  const { now = Date.now, timeoutMs = 20_000, readTimeoutMs = 120_000 } = options;
  const ask = createFastlyClient({ ...options, timeoutMs });
  const directoryOfAccount = createFastlyDirectory(ask, now);
  const history = createDomainHistory(ask);
  /** Services that have delayed a reading are read last. */
  const slow = new Set<string>();

  const readServices = async (reading: FastlyReading, services: ReadonlyMap<string, readonly Member[]>): Promise<void> => {
    const turned = rotate([...services], Math.floor(now() / TURN_MS));
    const order = turned.toSorted(([a], [b]) => Number(slow.has(a)) - Number(slow.has(b)));
    await eachOf(order, SERVICES_AT_ONCE, async ([serviceId, members]) => {
      const isSlow = await readService(reading, serviceId, members);
      if (isSlow) slow.add(serviceId);
      else slow.delete(serviceId);
    });
  };

  return {
    cdn: "fastly",
    read: async (query) =>
      await withDeadline(readTimeoutMs, async (signal) => {
        const book = createReadingBook(query);
        const ranges = rangesOf(query.windows, now());
        if (query.hosts.length === 0 || ranges.length === 0) return book.close();
        const directory = await directoryOfAccount(signal);
        for (const { item, reason } of directory.gaps) book.skipped(item, reason);
        const ownerOf = createOwnerLookup(directory);
        const members: Member[] = [];
        for (const host of new Set(query.hosts)) {
          const owner = ownerOf(host);
          if (owner.kind === "later") book.deferred([host], owner.error);
          else if (owner.kind === "absent") book.absent([host], owner.reason);
          else if (owner.kind === "unreadable") book.unreadable([host], owner.reason);
          else members.push({ host, owner });
        }
        const services = Map.groupBy(members, ({ owner }) => owner.serviceId);
        await readServices({ ask, history, windows: query.windows, ranges, book, signal, outOfQuota: null }, services);
        return book.close();
      }),
  };
};

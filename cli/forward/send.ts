import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Result } from "../../src/client/client.ts";
import { ApiError } from "../../src/client/client.ts";
import { CommandError } from "../exit.ts";
import type { Spool } from "./spool.ts";

const [firstMs, mostMs] = [1_000, 300_000];

/** What a sender says, and to whom. */
export type Sending = {
  readonly client: Client;
  readonly spool: Spool;
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
  readonly counts: { sent: number; accepted: number; rejected: number };
};

type Answer = Result<"POST /v1/cost/events">;

/** How long to wait after so many failures in a row: twice as long each time, up to a limit, and never all senders at once. */
export const waitMs = (failures: number, retryAfterSeconds: number | null, chance: number): number => {
  const bound = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20));
  const wanted = bound / 2 + (chance * bound) / 2;
  return retryAfterSeconds === null ? wanted : Math.max(wanted, retryAfterSeconds * 1_000 * (1 + chance / 10));
};

/** Whether sending the very same again can not help: the batch as it is is refused. */
const isOfBatch = (error: unknown): boolean => error instanceof ApiError && (error.status === 400 || error.status === 413);

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

const send = async ({ client, stop }: Sending, records: readonly unknown[]): Promise<Answer> =>
  await client.request("POST /v1/cost/events", { body: { Records: [...records] }, signal: stop });

/** A batch that is refused is sent in halves, so that what is wrong with one record is that record's alone. */
const takeApart = async ({ spool, log }: Sending, name: string, records: readonly unknown[], error: unknown): Promise<void> => {
  if (records.length <= 1) {
    await spool.refuse(name);
    log(`a record is refused, and put aside in refused/: ${told(error)}`);
    return;
  }
  const middle = Math.ceil(records.length / 2);
  await spool.replace(name, [records.slice(0, middle), records.slice(middle)]);
};

/**
 * Sends all that waits, in its order. What is not received is sent again, for ever: whoever stops says so by `stop`.
 * @returns once nothing waits, or it is to stop
 */
export const sendWaiting = async (sending: Sending): Promise<void> => {
  const { spool, log, stop, counts } = sending;
  let failures = 0;
  for (let [next] = spool.waiting(); next !== undefined && !stop.aborted; [next] = spool.waiting()) {
    const { name } = next;
    const records = await spool.records(name);
    try {
      const { accepted, rejected, rejections } = await send(sending, records);
      await spool.drop(name);
      counts.sent += records.length;
      counts.accepted += accepted;
      counts.rejected += rejected;
      if (rejected > 0) log(`${rejected} records are none: ${rejections[0]?.pointer} ${rejections[0]?.detail}`);
      if (failures > 0) log(`received again, after ${failures} failures`);
      failures = 0;
    } catch (error) {
      if (stop.aborted) return;
      if (isOfBatch(error)) {
        await takeApart(sending, name, records, error);
        continue;
      }
      if (!(error instanceof ApiError || error instanceof CommandError)) throw error;
      failures += 1;
      const ms = waitMs(failures, error instanceof ApiError ? error.retryAfterSeconds : null, Math.random());
      log(`not received: ${told(error)}; again in ${Math.ceil(ms / 1_000)} s, ${spool.waiting().length} batches wait`);
      await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
    }
  }
};

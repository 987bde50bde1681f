import { mkdir } from "node:fs/promises";
import type { Client } from "../../src/client/client.ts";
import { isDenied, isKeyFailure, S3Error } from "../../src/adapters/s3/error.ts";
import { CommandError, exit } from "../exit.ts";
import type { Environment } from "../settings.ts";
import { bucketSource } from "./bucket-source.ts";
import { folderSource } from "./folder-source.ts";
import { forward } from "./forward.ts";
import { lockSpool } from "./lock.ts";
import { openSpool } from "./spool.ts";

export type ForwardOptions = {
  readonly client: Client;
  readonly stop: AbortSignal;
  readonly env: Environment;
  readonly log: (line: string) => void;
  readonly from: string;
  readonly spool: string;
  readonly everyMs: number;
  readonly mostBytes: number;
  readonly once: boolean;
};

/** Forwards until it is to stop, as the one process of its spool. @throws CommandError where that is another's, or something is wrong with `from` */
export const runForward = async ({ from, env, spool: directory, ...options }: ForwardOptions): Promise<void> => {
  const source = from.startsWith("s3:") ? bucketSource(from, env) : folderSource(from);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = await lockSpool(directory);
  try {
    const spool = await openSpool(directory);
    await forward({ ...options, source, spool, counts: { sent: 0, accepted: 0, rejected: 0 } });
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    const isRefused = isDenied(error.failure) || isKeyFailure(error.failure);
    throw new CommandError(isRefused ? exit.refused : exit.unreachable, `${from} can not be read: ${error.message}`, { cause: error });
  } finally {
    await unlock();
  }
};

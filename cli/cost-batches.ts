import { gunzipSync } from "node:zlib";
import { usageError } from "./exit.ts";

/** What one request may hold; a little less, for what stands around the events. */
const most = { events: 1_000, bytes: 1_048_576 - 1_024 } as const;
/** More than CloudTrail puts into a file, and little enough to be held. */
const mostUnpacked = 512 * 1_048_576;

const textOf = (bytes: Buffer, path: string): string => {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString("utf8");
  try {
    return gunzipSync(bytes, { maxOutputLength: mostUnpacked }).toString("utf8");
  } catch {
    throw usageError(`${path}: is not a whole gzip file, or one with more than ${mostUnpacked / 1_048_576} MiB`);
  }
};

const listOf = (text: string, path: string): readonly unknown[] => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw usageError(`${path}: is not valid JSON`);
  }
  const { Records, events } = (parsed ?? {}) as { Records?: unknown; events?: unknown };
  const list = [parsed, Records, events].find(Array.isArray);
  if (list === undefined) throw usageError(`${path}: has neither Records nor events, and is no list`);
  return list;
};

/** Events that are sent together, and the place of the first of them in its file. */
export type FileBatch = { readonly events: unknown[]; readonly first: number };

/** The events of a file, in parts that a request may hold. @throws CommandError where it is no such file, or one event is too large by itself */
export const batchesOf = (bytes: Buffer, path: string): readonly FileBatch[] => {
  const batches: FileBatch[] = [];
  let size = 0;
  for (const [index, event] of listOf(textOf(bytes, path), path).entries()) {
    const own = Buffer.byteLength(JSON.stringify(event)) + 1;
    if (own > most.bytes) throw usageError(`${path}: the event at ${index} has more than 1 MiB`);
    const open = batches.at(-1);
    if (open === undefined || open.events.length === most.events || size + own > most.bytes) {
      batches.push({ events: [event], first: index });
      size = own;
    } else {
      open.events.push(event);
      size += own;
    }
  }
  return batches;
};

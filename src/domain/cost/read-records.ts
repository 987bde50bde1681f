import type { SplitEnd } from "./record-splitter.ts";
import { createRecordSplitter } from "./record-splitter.ts";

/** Records of a file that are stored together. */
export type RecordBatch = {
  /** The JSON of each, and what it says. */
  readonly texts: readonly string[];
  readonly values: readonly unknown[];
};

/** What of a file was no record: too large to be kept, or no JSON. */
export type Unread = { readonly tooLarge: number; readonly unreadable: number };

/** CloudTrail's records have 256 KB at most. */
const mostRecordChars = 1_048_576;
/** Of a batch: it is closed once it has that many, or that much. */
export type BatchLimits = { readonly records: number; readonly chars: number };

const parsed = (text: string): { readonly value: unknown } | null => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
};

/**
 * Reads a CloudTrail file while it comes in, in batches: of a file of any size no more than two of them are held.
 * @param take gets each batch in its turn; the last one, which may be empty, as such, and only of a file that is whole: the last of a file
 *   that is cut is a batch like any other
 * @throws what reading or `take` throws
 */
export const readRecords = async (
  content: AsyncIterable<Uint8Array>,
  limits: BatchLimits,
  take: (batch: RecordBatch, isLast: boolean) => Promise<void>,
): Promise<Unread & { readonly end: SplitEnd }> => {
  const splitter = createRecordSplitter("Records", mostRecordChars);
  const decoder = new TextDecoder();
  let texts: string[] = [];
  let values: unknown[] = [];
  let chars = 0;
  let [tooLarge, unreadable] = [0, 0];

  const flush = async (isLast: boolean): Promise<void> => {
    const batch = { texts, values };
    [texts, values, chars] = [[], [], 0];
    await take(batch, isLast);
  };
  const add = async (text: string): Promise<void> => {
    for (const piece of splitter.push(text)) {
      const record = piece.kind === "record" ? parsed(piece.text) : null;
      if (piece.kind === "too-large") tooLarge += 1;
      else if (record === null) unreadable += 1;
      else {
        // The one before is known not to be the last now.
        if (texts.length === limits.records || chars >= limits.chars) await flush(false);
        texts.push(piece.text);
        values.push(record.value);
        chars += piece.text.length;
      }
    }
  };

  try {
    for await (const part of content) await add(decoder.decode(part, { stream: true }));
  } catch (thrown) {
    // What is whole of a file is of use, whatever becomes of the rest.
    if (texts.length > 0) await flush(false);
    throw thrown;
  }
  await add(decoder.decode());
  const end = splitter.end();
  const isWhole = end === "whole" || end === "no-list";
  if (isWhole || texts.length > 0) await flush(isWhole);
  return { tooLarge, unreadable, end };
};

/** A file of a trail. */
export type SourceFile = {
  /** For people. */
  readonly name: string;
  /** What it is remembered by; without a line break. */
  readonly id: string;
  /** Whether somebody may still be writing it. */
  readonly isFresh: boolean;
  /** Files of one place are read in their order, and none behind one that is tried again: what is read last says where to go on. Null: in any. */
  readonly place: string | null;
  /** Its content, unpacked. */
  readonly open: () => AsyncIterable<Uint8Array>;
};

/** Where files come from. */
export type Source = {
  /** Files that may be new, the oldest first. @param done ids of those that were read */
  readonly files: (done: ReadonlySet<string>) => AsyncIterable<SourceFile>;
  /** Of what was read, what need not be remembered any more, after `files` has gone through all. */
  readonly isGone: (id: string) => boolean;
};

/** Unpacked, a small file can hold a great many bytes. */
export const mostFileBytes = 512 * 1_048_576;

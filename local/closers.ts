type Closable = { readonly close: () => Promise<void> };

/** What was opened, closed in the opposite order, whatever happens in between. */
export const createClosers = () => {
  const closers: (() => Promise<void>)[] = [];
  let closing: Promise<void> | null = null;
  const closeAll = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer().catch(() => undefined);
  };
  return {
    opened: <T extends Closable>(thing: T): T => {
      closers.push(() => thing.close());
      return thing;
    },
    /** Once; whoever asks again waits for the same. */
    close: (): Promise<void> => (closing ??= closeAll()),
  };
};

/** Told of each thing as soon as it stands. */
export type Opened = ReturnType<typeof createClosers>["opened"];

export const sinkChannels = ["webhook", "slack", "pagerduty", "email"] as const;
export type SinkChannel = (typeof sinkChannels)[number];

/** What a receiver reads in a message; null: its form does not tell. */
export type Seen = {
  /** The same for each attempt at one message; of forms without an id a digest of what came. */
  readonly id: string;
  readonly action: string | null;
  readonly severity: string | null;
  readonly title: string;
  readonly thread: string | null;
  readonly text: string;
};

export type Answer = { readonly status: number; readonly type: string; readonly body: string };

/** What a real receiver would say to a message. `seen` null: nothing could be read in it. */
export type Judged = {
  readonly answer: Answer;
  readonly seen: Seen | null;
  /** What is wrong with it, in words; empty: nothing. */
  readonly wrong: readonly string[];
  /** Whether its signature is that of a known secret; null: there is none to compare with, or its form has no signature. */
  readonly verified: boolean | null;
};

/** A message as it came in. */
export type Received = Seen & {
  readonly channel: SinkChannel;
  /** When its first byte had come; epoch milliseconds. */
  readonly atMs: number;
  /** Whether it was answered as taken; under a fault, or where something is wrong with it, it was not. */
  readonly taken: boolean;
  /** The status, or what was done in its place, such as `hang`. */
  readonly answered: string;
  /** One of this id was taken before. */
  readonly repeated: boolean;
  readonly wrong: readonly string[];
  readonly verified: boolean | null;
};

export type Journal = {
  readonly all: readonly Received[];
  readonly add: (one: Omit<Received, "repeated">) => void;
  readonly clear: () => void;
};

/** What has come in, in the order of its coming. @param onMessage is told of each, attempts that were not taken included */
export const createJournal = (onMessage: (message: Received) => void): Journal => {
  const all: Received[] = [];
  const taken = new Set<string>();
  return {
    all,
    add: (one) => {
      const key = `${one.channel}/${one.id}`;
      const message = { ...one, repeated: taken.has(key) };
      if (one.taken) taken.add(key);
      all.push(message);
      onMessage(message);
    },
    clear: () => {
      all.length = 0;
      taken.clear();
    },
  };
};

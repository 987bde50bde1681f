/** How long a repeated message of workerd is only counted after it was printed. */
const quietMs = 10 * 60_000;

/** More kinds than this are not distinguished: their texts are not tranche's. */
const kindsAtMost = 50;

/** The Worker's output is passed through; workerd's own messages are printed once, then counted. */
export type WorkerdLog = {
  readonly take: (message: string) => void;
  /** Prints what was only counted so far. */
  readonly close: () => void;
};

/**
 * workerd logs a stack of its own (addresses of machine code) for each request that it could not send: three for every probe of
 * a name that does not resolve. The Worker's own lines say which domain that was.
 * @returns the complaint without its stack; null: a line of the Worker
 */
export const complaintOf = (message: string): string | null => {
  if (!/(^|\n)stack: |sentryErrorContext = |wdErrId = /.test(message)) return null;
  const [first = ""] = message.split("\n");
  return first
    .replace(/^e = /, "")
    .replace(/^\S+\.(rs|c\+\+|h):\d+: /, "")
    .replace(/^failed: /, "")
    .replace(/; (sentryErrorContext|wdErrId) = .*$/, "")
    .trim();
};

/** @param nowMs epoch milliseconds */
export const createWorkerdLog = (print: (line: string) => void, nowMs: () => number): WorkerdLog => {
  const told = new Map<string, { atMs: number; untold: number }>();
  const again = (complaint: string, times: number) => print(`workerd: ${complaint} (${times} more)`);
  return {
    take: (message) => {
      const text = complaintOf(message);
      if (text === null) return print(message);
      const complaint = told.has(text) || told.size < kindsAtMost ? text : "other complaints";
      const known = told.get(complaint);
      if (known === undefined) {
        told.set(complaint, { atMs: nowMs(), untold: 0 });
        return print(`workerd: ${complaint} (the same again is counted, and told every ${quietMs / 60_000} minutes)`);
      }
      known.untold += 1;
      if (nowMs() - known.atMs < quietMs) return;
      again(complaint, known.untold);
      told.set(complaint, { atMs: nowMs(), untold: 0 });
    },
    close: () => {
      for (const [complaint, { untold }] of told) if (untold > 0) again(complaint, untold);
      told.clear();
    },
  };
};

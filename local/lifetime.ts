/** Under npm: whether the parent process is still the same. Started otherwise, it may outlive its parent. */
const looksForParentMs = 500;

/** A Ctrl-C comes twice: from the terminal, and from npm, which forwards the signals that it gets. */
const sameMs = 1_000;

/**
 * Calls `stop` once, when this process is to end: at the first SIGINT, SIGTERM or SIGHUP, or when npm is gone, which under
 * kill -9 sends no signal. A second signal ends the process on the spot; what it has started ends by itself then (scratch.ts,
 * postgres.ts). `npm start` runs `exec node`, so that npm is the parent and no shell stands between.
 */
export const onEnd = (stop: (reason: string) => void): void => {
  let stoppingSinceMs: number | null = null;
  const end = (reason: string): void => {
    if (stoppingSinceMs !== null) return;
    stoppingSinceMs = performance.now();
    stop(reason);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stoppingSinceMs !== null && performance.now() - stoppingSinceMs > sameMs) process.exit(130);
      end(signal);
    });
  }
  // The reader is gone: another write would only fail again.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && end("npm has ended"), looksForParentMs).unref();
};

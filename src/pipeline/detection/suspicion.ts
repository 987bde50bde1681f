import type { ProbeAnswer } from "../../adapters/ports/detection/probe.ts";
import type { ProbePath } from "../../domain/detection/probe.ts";

type Suspect = { readonly domainId: number; readonly path: ProbePath; readonly cdn: string | null };

/** A CDN is suspect once so many of its paths time out in a round without any answer of it. */
const enough = 3;

/**
 * Predicts what will hang: a path whose last probe timed out, and all paths of a CDN of which some did and
 * none answered. One answer clears a CDN.
 * @param slow the suspects, kept from round to round: paths as `domainId/path`, CDNs as `cdn:name/path`
 */
export const createSuspicion = (slow: Set<string>) => {
  const timedOut = new Map<string, Set<string>>();
  const answering = new Set<string>();
  const keyOf = ({ domainId, path }: Suspect): string => `${domainId}/${path}`;
  const cdnOf = ({ cdn, path }: Suspect): string | null => (cdn === null ? null : `cdn:${cdn}/${path}`);

  const noteCdn = (cdn: string, path: string, answered: boolean): void => {
    if (answered) {
      answering.add(cdn);
      slow.delete(cdn);
    } else if (!answering.has(cdn)) {
      const paths = timedOut.get(cdn) ?? new Set();
      timedOut.set(cdn, paths.add(path));
      if (paths.size >= enough) slow.add(cdn);
    }
  };

  return {
    note: (target: Suspect, kind: ProbeAnswer["kind"]): void => {
      // A refusal is neutral: it holds no connection, and is no answer.
      if (kind === "network") return;
      const [path, cdn] = [keyOf(target), cdnOf(target)];
      if (kind === "timeout") slow.add(path);
      else slow.delete(path);
      if (cdn !== null) noteCdn(cdn, path, kind === "answer");
    },
    suspects: (target: Suspect): boolean => {
      const cdn = cdnOf(target);
      return slow.has(keyOf(target)) || (cdn !== null && slow.has(cdn));
    },
  };
};

/** A semaphore: urgent work first, else first come, first served. @param width may grow */
export const createLane = (width: () => number) => {
  let running = 0;
  const urgent: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const next = (): void => {
    while (running < width()) {
      const start = urgent.shift() ?? waiting.shift();
      if (start === undefined) return;
      running += 1;
      start();
    }
  };
  return {
    run: async <T>(isUrgent: boolean, work: () => Promise<T>): Promise<T> => {
      await new Promise<void>((resolve) => {
        (isUrgent ? urgent : waiting).push(resolve);
        next();
      });
      try {
        return await work();
      } finally {
        running -= 1;
        next();
      }
    },
    /** To be called after the width has grown. */
    widen: next,
  };
};

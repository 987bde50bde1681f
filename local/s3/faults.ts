export type S3Operation = "ListObjectsV2" | "GetObject" | "PutObject";

/**
 * The faults of the server:
 * - `slow`: the answer begins after `afterMs`
 * - `hang`: no answer comes, nothing is stored
 * - `reset`: the connection is reset, nothing is stored
 * - `slow-down`, `server-error`: S3's 503 and 500, nothing is stored
 * - `access-denied`: S3's 403
 * - `html`: a 502 with a page of somebody between
 * - `cut`: half of the body, then the connection is reset
 * - `short`: half of an XML body, its length said accordingly
 * - `stall`: half of the body, then nothing
 * - `reset-after-apply`: what was put is stored, no answer comes
 */
export type S3FaultKind =
  | "access-denied"
  | "cut"
  | "hang"
  | "html"
  | "reset"
  | "reset-after-apply"
  | "server-error"
  | "short"
  | "slow"
  | "slow-down"
  | "stall";

export interface S3Fault {
  kind: S3FaultKind;
  /** Only these operations; all when absent. */
  operations?: readonly S3Operation[];
  /** Only keys, or listings, that begin so. */
  prefix?: string;
  /** Ends by itself after so many requests; stays when absent. */
  times?: number;
  /** Of `slow`; default 1000. */
  afterMs?: number;
}

export interface S3FaultSwitch {
  /** Of several faults the first one that fits hits a request. */
  set(faults: S3Fault | readonly S3Fault[] | null): void;
  /** The fault that hits this request, if any; counts it. */
  take(operation: S3Operation, key: string): S3Fault | undefined;
}

export function createS3Faults(): S3FaultSwitch {
  let current: { fault: S3Fault; left: number }[] = [];
  return {
    set(faults) {
      const list = faults === null ? [] : "kind" in faults ? [faults] : faults;
      current = list.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
    },
    take(operation, key) {
      const hit = current.find(
        ({ fault: { operations, prefix = "" }, left }) => left >= 1 && key.startsWith(prefix) && (operations?.includes(operation) ?? true),
      );
      if (hit) hit.left -= 1;
      return hit?.fault;
    },
  };
}

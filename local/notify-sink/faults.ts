import type { SinkChannel } from "./received.ts";

/**
 * What the sink can be told to do with messages of a channel instead of taking them:
 * - `slow`: an answer that is late; `hang`: none; `reset`: the connection is reset when the message has come
 * - `500`, `429` (with Retry-After), `410`, `301`: that status; in SMTP a code of that meaning
 * - `flood`: taken, with an answer of 2 MB
 * - `greylist`: in SMTP, "come again later" to a recipient
 */
export const faultKinds = ["slow", "hang", "reset", "500", "429", "410", "301", "flood", "greylist"] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Fault = {
  readonly kind: FaultKind;
  /** Ends by itself after so many messages; stays when absent. */
  readonly times?: number;
  /** Of `slow`: milliseconds; 2,000 when absent. */
  readonly ms?: number;
  /** Of `429`; 2 when absent. */
  readonly retryAfterSeconds?: number;
};

export type FaultSwitch = {
  /** @throws RangeError where the channel has no such fault */
  readonly set: (channel: SinkChannel, fault: Fault | null) => void;
  /** The fault that hits this message, if any; counts it. */
  readonly take: (channel: SinkChannel) => Fault | null;
  readonly current: () => Partial<Record<SinkChannel, Fault>>;
};

export const createFaultSwitch = (): FaultSwitch => {
  const switched = new Map<SinkChannel, { readonly fault: Fault; left: number }>();
  return {
    set: (channel, fault) => {
      if (fault?.kind === "greylist" && channel !== "email") throw new RangeError("greylist is of mail alone");
      if (fault === null) switched.delete(channel);
      else switched.set(channel, { fault, left: fault.times ?? Number.POSITIVE_INFINITY });
    },
    take: (channel) => {
      const hit = switched.get(channel);
      if (hit === undefined) return null;
      hit.left -= 1;
      if (hit.left <= 0) switched.delete(channel);
      return hit.fault;
    },
    current: () =>
      Object.fromEntries(
        [...switched].map(([channel, { fault, left }]) => [channel, Number.isFinite(left) ? { ...fault, times: left } : fault]),
      ),
  };
};

export const slowMs = ({ ms }: Fault): number => ms ?? 2_000;
export const retryAfterSeconds = ({ retryAfterSeconds: seconds }: Fault): number => seconds ?? 2;

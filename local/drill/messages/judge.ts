import type { Received, SinkChannel } from "../../notify-sink/received.ts";

/** A message as the database says that it was sent. */
export type Sent = {
  readonly channel: SinkChannel;
  /** Of the delivery: webhooks have it in their `webhook-id`. */
  readonly id: number;
  readonly thread: string;
  /** Its place in the thread, on its channel. */
  readonly seq: number;
  readonly title: string;
};

const isOf = (sent: Sent, received: Received): boolean => {
  if (sent.channel !== received.channel || sent.title !== received.title) return false;
  if (sent.channel === "webhook") return received.id === `msg_${sent.id}` && received.thread === sent.thread;
  return sent.channel !== "pagerduty" || received.thread === sent.thread;
};

/** Compares what was sent with what came: what is missing, came twice, out of its order, or is not as it should be; empty: all is well. */
export const judgeMessages = (sent: readonly Sent[], received: readonly Received[]): readonly string[] => {
  const faults: string[] = [];
  const left = new Set(received.keys());
  const arrivals = new Map<string, number>();
  const say = ({ channel, title }: Pick<Sent, "channel" | "title">, what: string): void =>
    void faults.push(`${channel} "${title}" ${what}`);
  for (const one of sent.toSorted((a, b) => a.seq - b.seq || a.id - b.id)) {
    const at = [...left].find((index) => {
      const message = received[index];
      return message !== undefined && isOf(one, message);
    });
    if (at === undefined) {
      say(one, "is missing");
      continue;
    }
    left.delete(at);
    const key = `${one.channel}/${one.thread}`;
    if (at < (arrivals.get(key) ?? -1)) say(one, "came out of order");
    arrivals.set(key, at);
  }
  for (const [index, message] of received.entries()) {
    if (left.has(index))
      say(
        message,
        received.some((other, at) => at !== index && other.channel === message.channel && other.id === message.id)
          ? "came twice"
          : "was not sent",
      );
    for (const wrong of message.wrong) say(message, wrong);
    if (message.channel === "webhook" && message.verified !== true) say(message, "has a signature that does not verify");
  }
  return faults;
};

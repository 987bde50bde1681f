import pg from "pg";
import type { Received, SinkChannel } from "../../notify-sink/received.ts";
import { sinkChannels } from "../../notify-sink/received.ts";
import type { Sent } from "./judge.ts";

/** A message as the database has it, read past tranche: the drill does not take its word. */
export type Told = Sent & {
  readonly action: "event" | "trigger" | "update" | "resolve";
  readonly severity: string;
  readonly state: string;
  /** The first change that it tells of, and when that happened; epoch milliseconds. */
  readonly kind: string;
  readonly happenedAtMs: number;
  /** Whether it is to be sent now. */
  readonly due: boolean;
};

/** Every message that is made, those that nothing became of left out. */
export const readTold = async (databaseUrl: string): Promise<readonly Told[]> => {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<Told & { id: string }>(
      `select c.kind as channel, d.id, d.thread, d.seq, coalesce(d.message->>'title', '') as title, d.action, d.severity, d.state, n.kind,
         (extract(epoch from n.occurred_at) * 1000)::float8 as "happenedAtMs", d.state = 'pending' and d.next_at <= now() as due
       from deliveries d join channels c on c.id = d.channel_id join notifications n on n.id = d.first_notification_id
       where d.state <> 'folded' order by d.id`,
    );
    return rows.map((row) => ({ ...row, id: Number(row.id) }));
  } finally {
    await client.end();
  }
};

/** Whether something happened of which nobody has decided yet whom it is told. */
export const hasNews = async (databaseUrl: string): Promise<boolean> => {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ news: boolean }>("select exists (select from notifications where expanded_at is null) as news");
    return rows[0]?.news === true;
  } finally {
    await client.end();
  }
};

/** The message on a channel that tells of what came; null: none does. */
export const toldBy = (told: readonly Told[], { channel, id, title }: Received): Told | null =>
  told.find((one) => one.channel === channel && one.title === title && (channel !== "webhook" || id === `msg_${one.id}`)) ?? null;

/**
 * How long after it happened each channel had the message of that action about the storm.
 * @returns null: one has not
 */
export const delaysOf = (
  told: readonly Told[],
  received: readonly Received[],
  action: Told["action"],
): ReadonlyMap<SinkChannel, number> | null => {
  const delays = new Map<SinkChannel, number>();
  for (const message of received) {
    const one = message.taken ? toldBy(told, message) : null;
    if (one?.action === action && one.thread.startsWith("incident:") && !delays.has(message.channel))
      delays.set(message.channel, message.atMs - one.happenedAtMs);
  }
  return sinkChannels.every((channel) => delays.has(channel)) ? delays : null;
};

import type { SinkChannel } from "../../notify-sink/received.ts";
import { sinkChannels } from "../../notify-sink/received.ts";
import type { NotifySink } from "../../notify-sink/sink.ts";
import { routingKey } from "../../notify-sink/sink.ts";
import type { Api } from "../api.ts";

type Channel = { readonly id: number; readonly secret?: string };

const mailbox = "ops@example.test";

/** What the mail with the code says it is. */
const codeForm = /\b\d{8}\b/;

export type Until = <T>(what: string, withinMs: number, look: () => Promise<T | null> | T | null) => Promise<T>;

const bodies: Readonly<Record<SinkChannel, (sink: NotifySink) => Readonly<Record<string, unknown>>>> = {
  webhook: ({ webhookUrl }) => ({ url: webhookUrl }),
  slack: ({ slackUrl }) => ({ url: slackUrl }),
  pagerduty: () => ({ routing_key: routingKey }),
  email: () => ({ to: [mailbox] }),
};

/**
 * Channels to the sink, as a customer makes them; the one for mail is confirmed by the code that its mail brings.
 * @returns how many messages had come when they stood: what comes afterwards is told
 */
export const openChannels = async (
  api: Api,
  sink: NotifySink,
  until: Until,
  kinds: readonly SinkChannel[] = sinkChannels,
): Promise<number> => {
  for (const kind of kinds) {
    const seen = sink.messages.length;
    const { id, secret } = await api.send<Channel>("POST", "/v1/channels", { name: `sink ${kind}`, kind, ...bodies[kind](sink) });
    if (secret !== undefined) sink.know(secret);
    if (kind !== "email") continue;
    const code = await until("the mail with the code", 10_000, () => {
      const found = sink.messages.slice(seen).find(({ channel, taken }) => channel === "email" && taken);
      return found === undefined ? null : (codeForm.exec(found.title)?.[0] ?? "");
    });
    await api.send("POST", `/v1/channels/${id}/confirm`, { code });
  }
  return sink.messages.length;
};

/** Those of the customer, all of them. */
export const closeChannels = async (api: Api): Promise<void> => {
  for (const { id } of await api.get<readonly Channel[]>("/v1/channels")) await api.send("DELETE", `/v1/channels/${id}`, undefined);
};

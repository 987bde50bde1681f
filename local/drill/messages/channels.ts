import type { NotifySink } from "../../notify-sink/sink.ts";
import { routingKey } from "../../notify-sink/sink.ts";
import type { Api } from "../api.ts";

type Channel = { readonly id: number; readonly secret?: string };

const mailbox = "ops@example.test";

/** What the mail with the code says it is. */
const codeForm = /\b\d{8}\b/;

export type Until = <T>(what: string, withinMs: number, look: () => Promise<T | null> | T | null) => Promise<T>;

/**
 * A channel of each kind, to the sink, as a customer makes them; the one for mail is confirmed by the code that its mail brings.
 * @returns how many messages had come when they stood: what comes afterwards is told
 */
export const openChannels = async (api: Api, sink: NotifySink, until: Until): Promise<number> => {
  const open = (body: Readonly<Record<string, unknown>>): Promise<Channel> => api.send<Channel>("POST", "/v1/channels", body);
  const { secret = "" } = await open({ name: "ops webhook", kind: "webhook", url: sink.webhookUrl });
  sink.know(secret);
  await open({ name: "ops slack", kind: "slack", url: sink.slackUrl });
  await open({ name: "ops pagerduty", kind: "pagerduty", routing_key: routingKey });
  const mail = await open({ name: "ops mail", kind: "email", to: [mailbox] });
  const code = await until("the mail with the code", 10_000, () => {
    const found = sink.messages.find(({ channel, taken }) => channel === "email" && taken);
    return found === undefined ? null : (codeForm.exec(`${found.title}\n${found.text}`)?.[0] ?? "");
  });
  await api.send("POST", `/v1/channels/${mail.id}/confirm`, { code });
  return sink.messages.length;
};

import type { Deps } from "../../adapters/ports/deps.ts";
import type { ChannelSecret } from "../../adapters/ports/notify/channel.ts";
import type { Confirmation, NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Message } from "../../domain/notify/message.ts";
import { sha256Hex } from "../../http/digest.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { sendNow } from "./sending.ts";

/** For how long a code confirms. */
const codeMs = 24 * 3_600_000;

/** Eight digits, each as likely as the others. */
const newCode = (random: Deps["random"]): string => {
  for (;;) {
    const number = new DataView(random.bytes(4).buffer).getUint32(0);
    // The largest multiple of 10^8 below 2^32: what is above would make some codes more likely.
    if (number < 4_200_000_000) return String(number % 100_000_000).padStart(8, "0");
  }
};

/** What is kept of codes; their order does not matter. */
export const hashOfCodes = (codes: readonly string[]): Promise<string> => sha256Hex(codes.toSorted().join());

/** A code for each recipient: what one of them says is not the others' consent. */
export const newConfirmation = async (
  { random, clock }: Pick<Deps, "random" | "clock">,
  { length: mails }: { readonly length: number },
): Promise<{ readonly codes: readonly string[]; readonly confirmation: Confirmation }> => {
  const codes = new Set<string>();
  while (codes.size < mails) codes.add(newCode(random));
  return { codes: [...codes], confirmation: { codeHash: await hashOfCodes([...codes]), untilMs: clock.nowMs() + codeMs, mails } };
};

const bare = { action: "event", severity: "info", services: [], servicesTotal: 0, startedAtMs: null, customer: null, path: null } as const;

/** What a recipient is asked. Nothing in it is a customer's own words: whoever reads it has not agreed to read any. */
const confirmMessage = (code: string, nowMs: number, channelId: number): Message => ({
  ...bare,
  kind: "channel.confirm",
  thread: `channel:${channelId}:confirm`,
  title: `Confirm messages of tranche: ${code}`,
  summary: `Somebody wants the messages of a channel (${channelId}) sent to you. If that is right, give them the code; if not, do nothing: no more will come.`,
  facts: [
    { label: "Code", value: code },
    { label: "Valid for", value: "24 hours" },
  ],
  occurredAtMs: nowMs,
  ids: { channel_id: channelId },
});

/** What shows that a channel works. */
export const testMessage = (name: string, actor: string, nowMs: number, channelId: number): Message => ({
  ...bare,
  kind: "test",
  thread: `channel:${channelId}:test`,
  title: `A test of the channel ${name}`,
  summary: "Messages of tranche arrive here. Nothing has happened.",
  facts: [
    { label: "Channel", value: name },
    { label: "By", value: actor },
  ],
  occurredAtMs: nowMs,
  ids: { channel_id: channelId },
});

/**
 * Sends each recipient a mail with a code. Where one does not leave, `last_error` of the channel says why, and others are sent when
 * its recipients are set again.
 */
export const askRecipients = async (
  deps: Pick<Deps, "channels" | "channelStore" | "clock">,
  customerId: number | null,
  channel: NotificationChannel,
  secret: ChannelSecret,
  codes: readonly string[],
  change: Change,
): Promise<NotificationChannel> => {
  const nowMs = deps.clock.nowMs();
  const connections = createConnections(deps.clock);
  const recipients = secret.kind === "email" ? secret.to : [];
  const outcomes = await Promise.all(
    recipients.map((address, nth) =>
      sendNow(
        deps,
        { kind: "email", to: [address] },
        confirmMessage(codes[nth] ?? "", nowMs, channel.id),
        `confirm_${channel.id}_${nowMs}_${nth}`,
        customerId,
        connections,
      ),
    ),
  );
  const outcome = outcomes.find(({ status }) => status !== "sent") ?? outcomes[0];
  if (outcome === undefined) return channel;
  return (await deps.channelStore.noteSent(customerId, channel.id, "ask", outcome, change)) ?? channel;
};

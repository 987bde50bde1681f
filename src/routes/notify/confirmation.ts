import type { Deps } from "../../adapters/ports/deps.ts";
import type { ChannelSecret, SendOutcome } from "../../adapters/ports/notify/channel.ts";
import type { Confirmation } from "../../adapters/ports/notify/channels.ts";
import type { Message } from "../../domain/notify/message.ts";
import { sha256Hex } from "../../http/digest.ts";
import { connectionOf, createConnections, nobody } from "../../pipeline/connection-slots.ts";

/** For how long a code confirms. */
const codeMs = 24 * 3_600_000;
/** What one message that a request sends may take. */
const sendMs = 10_000;

type SendDeps = Pick<Deps, "channels" | "clock">;

/** Sends one message now, for a request that waits for it. */
export const sendNow = async ({ channels, clock }: SendDeps, secret: ChannelSecret, message: Message, id: string): Promise<SendOutcome & { readonly durationMs: number }> => {
  const startedAtMs = clock.nowMs();
  const connection = connectionOf(createConnections(clock), { lane: "message", key: nobody });
  const outcome = await channels.send(secret, message, id, startedAtMs, { untilMs: startedAtMs + sendMs, connection });
  return { ...outcome, durationMs: clock.nowMs() - startedAtMs };
};

/** Eight digits, each as likely as the others. */
const newCode = (random: Deps["random"]): string => {
  for (;;) {
    const number = new DataView(random.bytes(4).buffer).getUint32(0);
    // The largest multiple of 10^8 below 2^32: what is above would make some codes more likely.
    if (number < 4_200_000_000) return String(number % 100_000_000).padStart(8, "0");
  }
};

/** A code with what is kept of it. */
export const newConfirmation = async ({ random, clock }: Pick<Deps, "random" | "clock">): Promise<{ readonly code: string; readonly confirmation: Confirmation }> => {
  const code = newCode(random);
  return { code, confirmation: { codeHash: await sha256Hex(code), untilMs: clock.nowMs() + codeMs } };
};

const bare = { action: "event", severity: "info", services: [], servicesTotal: 0, startedAtMs: null, customer: null, path: null } as const;

/** What recipients are asked. */
export const confirmMessage = (name: string, code: string, nowMs: number, channelId: number): Message => ({
  ...bare, kind: "channel.confirm", thread: `channel:${channelId}:confirm`, title: `Confirm messages of tranche: ${code}`,
  summary: `Somebody wants the messages of "${name}" sent to you. If that is right, give them the code; if not, do nothing: no more will come.`,
  facts: [{ label: "Code", value: code }, { label: "Valid for", value: "24 hours" }], occurredAtMs: nowMs, ids: { channel_id: channelId },
});

/** What shows that a channel works. */
export const testMessage = (name: string, actor: string, nowMs: number, channelId: number): Message => ({
  ...bare, kind: "test", thread: `channel:${channelId}:test`, title: `A test of the channel ${name}`, summary: "Messages of tranche arrive here. Nothing has happened.",
  facts: [{ label: "Channel", value: name }, { label: "By", value: actor }], occurredAtMs: nowMs, ids: { channel_id: channelId },
});

import type { Deps } from "../../adapters/ports/deps.ts";
import type { ChannelSecret, SendOutcome } from "../../adapters/ports/notify/channel.ts";
import { mailDetail } from "../../domain/notify/mail-detail.ts";
import type { Message } from "../../domain/notify/message.ts";
import { connectionOf, createConnections, nobody } from "../../pipeline/connection-slots.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { locate } from "../../pipeline/tenants/whereabouts.ts";

/** Of what signs a webhook. */
export const secretBytes = 32;

/** The connection of one message, within what a request may take. What the operator's mail server says is shown to customers by its codes. @param connections what messages of one request share */
export const sendNow = async (
  { channels, clock }: Pick<Deps, "channels" | "clock">,
  secret: ChannelSecret,
  message: Message,
  id: string,
  owner: number | null,
  connections = createConnections(clock),
): Promise<SendOutcome & { readonly durationMs: number }> => {
  const startedAtMs = clock.nowMs();
  const { untilMs } = requestBudget(clock, connections);
  const outcome = await channels.send(secret, message, id, startedAtMs, {
    untilMs,
    connection: connectionOf(connections, { lane: "message", key: nobody }),
  });
  const detail = secret.kind === "email" && owner !== null ? mailDetail(outcome.detail) : outcome.detail;
  return { ...outcome, detail, durationMs: clock.nowMs() - startedAtMs };
};

/**
 * A private address that a webhook leads to; null: none is known, or private ones are allowed. A customer could otherwise have
 * requests sent inside the network that this runs in.
 */
export const privateAddressOf = async (
  { clock, lookup, config }: Pick<Deps, "clock" | "lookup" | "config">,
  secret: ChannelSecret,
): Promise<string | null> => {
  if (config.allowPrivateTargets || secret.kind !== "webhook") return null;
  return (await locate(lookup, new URL(secret.url).hostname, requestBudget(clock, createConnections(clock)))).private;
};

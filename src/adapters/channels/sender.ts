import type { Message } from "../../domain/notify/message.ts";
import type { ChannelSecret, SendOutcome } from "../ports/notify/channel.ts";
import type { Budget } from "../ports/platform/budget.ts";

/**
 * One attempt at one kind of channel; the message is bounded (`boundedMessage`).
 * @throws TypeError where no attempt is possible: what was to be sent, or by which secret, is not of the form it has to have
 */
export type Sender<S extends ChannelSecret> = (
  secret: S,
  message: Message,
  id: string,
  sentAtMs: number,
  budget: Budget,
) => Promise<SendOutcome>;

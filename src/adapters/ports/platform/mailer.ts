import type { RenderedMail } from "../../../domain/notify/render-mail.ts";
import type { SendOutcome } from "../notify/channel.ts";
import type { Budget } from "./budget.ts";

/** Sends mail of the installation itself to one person, such as an invitation, by the operator's mail server. */
export interface Mailer {
  /**
   * One attempt; takes no longer than its budget.
   * @param id of this mail alone: a receiver knows by it that it has it already
   * @param sentAtMs epoch milliseconds
   */
  send(to: string, mail: RenderedMail, id: string, sentAtMs: number, budget: Budget): Promise<SendOutcome>;
}

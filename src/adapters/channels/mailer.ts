import type { Mailer } from "../ports/platform/mailer.ts";
import type { ChannelsOptions } from "./channels.ts";
import { mailSender } from "./channels.ts";

/** Null: without MAIL_FROM, and a way to send that this runtime has, no mail is sent. */
export const createMailer = (options: Pick<ChannelsOptions, "fetch" | "connect" | "mail">): Mailer | null => {
  const sendMail = mailSender(options);
  const { mail } = options;
  if (sendMail === null || mail === null) return null;
  return {
    send: async (to, rendered, id, sentAtMs, budget) =>
      await sendMail({ ...rendered, from: mail.from, to: [to], id, thread: id, dateMs: sentAtMs }, budget, sentAtMs),
  };
};

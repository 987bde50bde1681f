import { boundedMessage } from "../../domain/notify/bounded-message.ts";
import type { Message } from "../../domain/notify/message.ts";
import { renderMail } from "../../domain/notify/render-mail.ts";
import type { SmtpServer } from "../../domain/notify/smtp-url.ts";
import type { Channels, ChannelSecret, SendOutcome } from "../ports/notify/channel.ts";
import { channelKinds } from "../ports/notify/channel.ts";
import type { Budget } from "../ports/platform/budget.ts";
import type { Connect } from "../ports/platform/connect.ts";
import { failed } from "./attempt.ts";
import { createMailApi } from "./mail-api.ts";
import type { Mail } from "./mime.ts";
import { createPagerduty } from "./pagerduty.ts";
import { createSlack } from "./slack.ts";
import { createSmtp } from "./smtp.ts";
import { createWebhook } from "./webhook.ts";

export type ChannelsOptions = {
  readonly fetch: typeof fetch;
  /** Opens TCP connections; null: this runtime has none, and no SMTP. */
  readonly connect: Connect | null;
  /** Where links begin, as an origin; null: messages have none. */
  readonly selfUrl: string | null;
  /** An origin in the place of PagerDuty's. */
  readonly pagerdutyEndpoint: string | null;
  /** SMTP where this runtime can, else the HTTP API; null: no mail. */
  readonly mail: {
    readonly from: string;
    readonly smtp: SmtpServer | null;
    readonly api: { readonly url: string; readonly token: string } | null;
  } | null;
};

type SendMail = (mail: Mail, budget: Budget, sentAtMs: number) => Promise<SendOutcome>;

/** Null: no mail can be sent from here. */
export const mailSender = ({ fetch: send, connect, mail }: Pick<ChannelsOptions, "fetch" | "connect" | "mail">): SendMail | null => {
  if (mail === null) return null;
  if (mail.smtp !== null && connect !== null) return createSmtp(connect, mail.smtp);
  return mail.api === null ? null : createMailApi(send, mail.api);
};

/** Recipients who have no mail yet, where there are such: who is no recipient any more is not written to. */
const leftOf = ({ left }: Message, to: readonly string[]): Pick<Mail, "left"> => {
  const own = left?.filter((address) => to.includes(address)) ?? [];
  return own.length === 0 ? {} : { left: own };
};

/** Every kind of channel that this runtime can send by. */
export const createChannels = (options: ChannelsOptions): Channels => {
  const { fetch: send, selfUrl, pagerdutyEndpoint, mail } = options;
  const sendMail = mailSender(options);
  const webhook = createWebhook(send, selfUrl);
  const slack = createSlack(send, selfUrl);
  const pagerduty = createPagerduty(send, selfUrl, pagerdutyEndpoint);

  const dispatch = async (secret: ChannelSecret, message: Message, id: string, sentAtMs: number, budget: Budget): Promise<SendOutcome> => {
    switch (secret.kind) {
      case "webhook":
        return await webhook(secret, message, id, sentAtMs, budget);
      case "slack":
        return await slack(secret, message, id, sentAtMs, budget);
      case "pagerduty":
        return await pagerduty(secret, message, id, sentAtMs, budget);
      case "email":
        // It may be that another provider can: that one is to send it.
        if (sendMail === null || mail === null) return failed("no mail can be sent from here");
        return await sendMail(
          {
            ...renderMail(message, selfUrl),
            from: mail.from,
            to: secret.to,
            ...leftOf(message, secret.to),
            id,
            thread: message.thread,
            dateMs: sentAtMs,
          },
          budget,
          sentAtMs,
        );
    }
  };

  return {
    kinds: channelKinds.filter((kind) => kind !== "email" || sendMail !== null),
    send: async (secret, message, id, sentAtMs, budget) => {
      try {
        return await dispatch(secret, boundedMessage(message), id, sentAtMs, budget);
      } catch (thrown) {
        // Before anything was sent, and of what we say ourselves: another attempt would end as this one.
        return { status: "refused", detail: thrown instanceof TypeError ? thrown.message.slice(0, 200) : "the message can not be written" };
      }
    },
  };
};

import type { ToyCdn } from "../cdn/toy-cdn.ts";
import { startToyCdn } from "../cdn/toy-cdn.ts";
import { createClosers } from "../closers.ts";
import { sinkChannels } from "../notify-sink/received.ts";
import type { Received, SinkChannel } from "../notify-sink/received.ts";
import type { NotifySink } from "../notify-sink/sink.ts";
import { startNotifySink } from "../notify-sink/sink.ts";
import type { Site } from "../route53/site-dns.ts";
import { startSiteDns } from "../route53/site-dns.ts";

/** The receiver of its messages, and which kinds of channels the Worker can reach it by. */
export type Receiver = { readonly sink: NotifySink; readonly kinds: readonly SinkChannel[] };

/** The stage of a demo storm: two CDNs, a receiver of messages, and a Route 53 with a pair of records, unless the shell has its own. */
export type Stage = {
  readonly cdns: { readonly primary: ToyCdn; readonly backup: ToyCdn };
  readonly receiver: Receiver;
  /** What connects the Worker to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
};

/** The visitors' name. `test` is reserved (RFC 6761). */
export const stormHost = "storm-demo.example.test";
const site: Site = { zone: "example.test", host: stormHost, primary: "storm-demo.primary-cdn.test", backup: "storm-demo.backup-cdn.test" };

export const startCdns = async (): Promise<Stage["cdns"]> => ({
  primary: await startToyCdn({ name: "cloudflare" }),
  backup: await startToyCdn({ name: "fastly" }),
});

/** @param connected whether the Worker sends mail and pages to it: webhooks and Slack's name their address */
export const startReceiver = async (onMessage: (message: Received) => void, connected: boolean): Promise<Receiver> => ({
  sink: await startNotifySink({ onMessage }),
  kinds: connected ? sinkChannels : ["webhook", "slack"],
});

/** Rounds that come often enough to be watched. */
const pace = { PROBE_INTERVAL: "2s", PROBE_TIMEOUT: "1s" };

const ownReceivers = ["SMTP_URL", "MAIL_API_URL", "MAIL_FROM", "PAGERDUTY_ENDPOINT"] as const;

/**
 * @param given what the shell sets; where it has AWS credentials, or a Route 53, that one is used, and its mail server
 * @param onMessage is told what is sent to people
 */
export const startStage = async (given: Readonly<Record<string, string>>, onMessage: (message: Received) => void): Promise<Stage> => {
  const hasDns = given["AWS_ACCESS_KEY_ID"] !== undefined || given["ROUTE53_ENDPOINT"] !== undefined;
  const connected = ownReceivers.every((name) => given[name] === undefined);
  const { opened, close } = createClosers();
  const dns = hasDns ? null : await startSiteDns(opened, site, { accessKeyId: "AKIATRANCHESTORM0000" });
  const cdns = await startCdns();
  const receiver = await startReceiver(onMessage, connected);
  const { sink } = receiver;
  return {
    cdns,
    receiver,
    env: {
      ...pace,
      ...dns?.env,
      ...(connected && {
        SMTP_URL: `smtp+insecure://${sink.smtpAddress}`,
        MAIL_FROM: "tranche@example.test",
        PAGERDUTY_ENDPOINT: sink.url,
      }),
    },
    close: async () => {
      await Promise.all([cdns.primary.close(), cdns.backup.close(), sink.close()]);
      await close();
    },
  };
};

import type { AddressInfo } from "node:net";
import { createControl } from "./control.ts";
import type { Fault } from "./faults.ts";
import { createFaultSwitch } from "./faults.ts";
import { createHttpSink } from "./http.ts";
import type { Received, SinkChannel } from "./received.ts";
import { createJournal } from "./received.ts";
import type { SinkTls } from "./smtp.ts";
import { startSmtp } from "./smtp.ts";

export type NotifySinkOptions = {
  /** 0 (the default): any free port; also below. */
  readonly port?: number;
  readonly smtpPort?: number;
  /** By it STARTTLS is offered, and logging in; without one neither. */
  readonly tls?: SinkTls;
  /** Of webhooks: without any, signatures are taken as they are. */
  readonly secrets?: readonly string[];
  readonly onMessage?: (message: Received) => void;
  readonly now?: () => number;
};

export type NotifySink = {
  /** `http://127.0.0.1:PORT`: what PagerDuty's events go to, and where it is controlled. */
  readonly url: string;
  readonly webhookUrl: string;
  readonly slackUrl: string;
  readonly mailApiUrl: string;
  /** `127.0.0.1:PORT`. */
  readonly smtpAddress: string;
  /** Everything that came, in the order of its coming. */
  readonly messages: readonly Received[];
  readonly setFault: (channel: SinkChannel, fault: Fault | null) => void;
  /** A secret that webhooks may be signed with from now on. */
  readonly know: (secret: string) => void;
  readonly close: () => Promise<void>;
};

/** A key of PagerDuty as it could be. */
export const routingKey = "R0NOTIFYSINK00000000000000000000";

/** A strict receiver of all kinds of channels on 127.0.0.1. @throws where a port is taken */
export const startNotifySink = async (options: NotifySinkOptions = {}): Promise<NotifySink> => {
  const { now = Date.now, tls = null, onMessage } = options;
  const journal = createJournal((message) => onMessage?.(message));
  const faults = createFaultSwitch();
  const secrets = new Set(options.secrets);
  const know = (secret: string): void => void secrets.add(secret);
  const http = createHttpSink({ journal, faults, secrets, control: createControl({ journal, faults, know }), now });
  await new Promise<void>((done, failed) => http.once("error", failed).listen(options.port ?? 0, "127.0.0.1", done));
  const closeHttp = (): Promise<void> =>
    new Promise((done) => {
      http.close(() => done());
      http.closeAllConnections();
    });
  const smtp = await startSmtp({ journal, faults, tls, port: options.smtpPort ?? 0, now }).catch(async (error: unknown) => {
    await closeHttp();
    throw error;
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    url,
    webhookUrl: `${url}/webhook`,
    slackUrl: `${url}/services/T000SINK/B000SINK/000000000000000000000000`,
    mailApiUrl: `${url}/emails`,
    smtpAddress: `127.0.0.1:${smtp.port}`,
    messages: journal.all,
    setFault: faults.set,
    know,
    close: async () => {
      await Promise.all([closeHttp(), smtp.close()]);
    },
  };
};

import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SMTPServerOptions } from "smtp-server";
import { SMTPServer } from "smtp-server";
import type { Fault, FaultSwitch } from "./faults.ts";
import { slowMs } from "./faults.ts";
import { judgeMail } from "./mail.ts";
import type { Journal } from "./received.ts";

export type SinkTls = { readonly key: string; readonly cert: string };

export type SmtpSink = { readonly port: number; readonly close: () => Promise<void> };

/** 1 MiB, as the HTTP side. */
const maxBytes = 1_048_576;

class Reply extends Error {
  readonly responseCode: number;
  constructor(responseCode: number, text: string) {
    super(text);
    this.responseCode = responseCode;
  }
}

/** What a mail server says that means the same as a status of HTTP. */
const replies: Partial<Record<Fault["kind"], Reply>> = {
  "500": new Reply(451, "4.3.0 Local error in processing"),
  "429": new Reply(452, "4.7.0 Too many messages, try again later"),
  "410": new Reply(550, "5.1.1 No such user here"),
  "301": new Reply(551, "5.1.6 User has moved; please try <elsewhere@example.test>"),
};

/** A server of mail. With a certificate it offers STARTTLS; a user and password are asked for only then, and any are taken. */
export const startSmtp = async ({
  journal,
  faults,
  tls,
  port,
  now,
}: {
  readonly journal: Journal;
  readonly faults: FaultSwitch;
  readonly tls: SinkTls | null;
  readonly port: number;
  readonly now: () => number;
}): Promise<SmtpSink> => {
  const sockets = new Set<Socket>();
  const byRemotePort = (remotePort: number): Socket | undefined => [...sockets].find((socket) => socket.remotePort === remotePort);
  const closing = new AbortController();

  const take = async (bytes: Buffer, atMs: number, session: Parameters<NonNullable<SMTPServerOptions["onData"]>>[1]): Promise<string> => {
    const { mailFrom, rcptTo } = session.envelope;
    const args = mailFrom === false ? {} : (mailFrom.args as Readonly<Record<string, unknown>>);
    const envelope = {
      from: mailFrom === false ? "" : mailFrom.address,
      to: rcptTo.map(({ address }) => address),
      is8Bit: args["BODY"] === "8BITMIME",
    };
    const { seen, wrong } = await judgeMail(bytes, envelope);
    const fault = faults.take("email");
    const note = (answered: string, taken: boolean): void =>
      journal.add({ ...seen, channel: "email", atMs, taken, answered, wrong, verified: null });
    if (fault?.kind === "hang" || fault?.kind === "reset") {
      note(fault.kind, false);
      if (fault.kind === "reset") byRemotePort(session.remotePort)?.resetAndDestroy();
      return await new Promise<never>(() => undefined);
    }
    const reply = fault === null ? undefined : replies[fault.kind];
    const refused = reply ?? (wrong.length > 0 ? new Reply(550, `5.6.0 ${wrong.join("; ")}`) : null);
    if (fault?.kind === "slow") await sleep(slowMs(fault), undefined, { signal: closing.signal });
    note(String(refused?.responseCode ?? 250), refused === null);
    if (refused !== null) throw refused;
    return "2.0.0 Taken";
  };

  const answer = async (work: Promise<string>, done: (error: Error | null, text?: string) => void): Promise<void> => {
    const [settled] = await Promise.allSettled([work]);
    if (settled.status === "fulfilled") done(null, settled.value);
    else done(settled.reason instanceof Error ? settled.reason : new Reply(451, "4.3.0 Local error in processing"));
  };

  const server = new SMTPServer({
    name: "sink.test",
    banner: "notify sink",
    size: maxBytes,
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    closeTimeout: 100,
    hideSMTPUTF8: true,
    authOptional: true,
    ...(tls === null ? { disabledCommands: ["STARTTLS", "AUTH"] } : tls),
    onAuth: ({ username }, _session, done) => done(null, { user: username }),
    onRcptTo: ({ address }, _session, done) => {
      const isGrey = faults.current().email?.kind === "greylist";
      if (!isGrey) return done();
      faults.take("email");
      journal.add({
        channel: "email",
        atMs: now(),
        id: `greylisted ${address}`,
        action: null,
        severity: null,
        title: `to ${address}`,
        thread: null,
        text: "",
        taken: false,
        answered: "450",
        wrong: [],
        verified: null,
      });
      done(new Reply(450, "4.2.0 Greylisted, try again later"));
    },
    onData: (stream, session, done) => {
      const atMs = now();
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("end", () => {
        if (stream.sizeExceeded) return done(new Reply(552, "5.3.4 The message is too large"));
        void answer(take(Buffer.concat(chunks), atMs, session), done);
      });
    },
  });
  // A client that breaks a connection off is none of its errors.
  server.on("error", () => undefined);
  server.server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const listening = server.listen(port, "127.0.0.1");
  // What cannot listen says so on the server of sockets, before `listening`.
  await once(listening, "listening");
  return {
    port: (listening.address() as AddressInfo).port,
    close: async () => {
      closing.abort();
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};

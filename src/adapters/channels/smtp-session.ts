import type { SmtpServer } from "../../domain/notify/smtp-url.ts";
import type { Connect, Socket } from "../ports/platform/connect.ts";
import type { Reply } from "./smtp-replies.ts";
import { readReplies, SmtpFault } from "./smtp-replies.ts";

/** A reply that ends the conversation. */
export class Rejected extends Error {
  override readonly name = "Rejected";
  readonly reply: Reply;
  constructor(step: string, reply: Reply) {
    super(`${step}: ${reply.code}`);
    this.reply = reply;
  }
}

/** What the client is about to do; told where it is broken off. */
export type Step = "connect" | "EHLO" | "STARTTLS" | "AUTH" | "MAIL FROM" | "RCPT TO" | "DATA" | "end of DATA";

export type Session = {
  /** @param line without its end @throws Rejected where the reply is none of those that are wanted */
  readonly ask: (step: Step, line: string, ...wanted: readonly number[]) => Promise<Reply>;
  /** As `ask`, whatever the reply. */
  readonly tell: (step: Step, line: string) => Promise<Reply>;
  readonly step: () => Step;
  readonly close: () => void;
};

const encoder = new TextEncoder();
const toBase64 = (text: string): string => btoa(Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join(""));

type Talk = Session & { readonly greeted: () => Promise<void>; readonly secured: () => Talk };

/** The conversation on one socket. */
const talkOn = (socket: Socket): Talk => {
  const replies = readReplies(socket.readable);
  const writer = socket.writable.getWriter();
  let at: Step = "connect";
  const expect = (reply: Reply, wanted: readonly number[]): Reply => {
    if (!wanted.includes(reply.code)) throw new Rejected(at, reply);
    return reply;
  };
  const tell: Session["tell"] = async (step, line) => {
    at = step;
    await writer.write(encoder.encode(`${line}\r\n`));
    return await replies.next();
  };
  return {
    tell,
    ask: async (step, line, ...wanted) => expect(await tell(step, line), wanted),
    greeted: async () => void expect(await replies.next(), [220]),
    secured: () => {
      // Said before TLS, to be taken for what is said after it (CVE-2011-0411).
      if (replies.hasMore()) throw new SmtpFault("the server says more than was asked before TLS");
      replies.release();
      writer.releaseLock();
      return talkOn(socket.startTls());
    },
    step: () => at,
    // Not waited for: a server that does not let go would hold the connection.
    close: () => void socket.close().catch(() => undefined),
  };
};

/** What the server can, by keyword in upper case (RFC 5321 §4.1.1.1). */
type Abilities = ReadonlyMap<string, string>;

const greet = async (talk: Talk, name: string): Promise<Abilities> => {
  const { lines } = await talk.ask("EHLO", `EHLO ${name}`, 250);
  return new Map(
    lines.slice(1).map((line) => {
      const [keyword = "", ...rest] = line.toUpperCase().split(/[ =]/);
      return [keyword, rest.join(" ")];
    }),
  );
};

/** RFC 4954; LOGIN is what some servers know alone. */
const logIn = async (talk: Talk, abilities: Abilities, { user, password }: NonNullable<SmtpServer["login"]>): Promise<void> => {
  const mechanisms = (abilities.get("AUTH") ?? "").split(" ");
  if (mechanisms.includes("PLAIN")) {
    await talk.ask("AUTH", `AUTH PLAIN ${toBase64(`\0${user}\0${password}`)}`, 235);
  } else if (mechanisms.includes("LOGIN")) {
    await talk.ask("AUTH", "AUTH LOGIN", 334);
    await talk.ask("AUTH", toBase64(user), 334);
    await talk.ask("AUTH", toBase64(password), 235);
  } else {
    throw new SmtpFault("the server takes neither AUTH PLAIN nor AUTH LOGIN");
  }
};

/**
 * A session in which mail can be sent: over TLS whatever the server offers, unless it is on this machine and configured without.
 * @param name of the client, a host name
 * @param onTalk is handed the conversation as soon as there is one, and again when it goes on over TLS
 * @throws Rejected; SmtpFault where there is no TLS or no way to log in; what the socket throws
 */
export const openSession = async (
  connect: Connect,
  { hostname, port, security, login }: SmtpServer,
  name: string,
  onTalk: (session: Session) => void,
): Promise<Session> => {
  const hear = (opened: Talk): Talk => (onTalk(opened), opened);
  let talk = hear(talkOn(connect({ hostname, port }, { secureTransport: security })));
  await talk.greeted();
  let abilities = await greet(talk, name);
  if (security === "starttls") {
    if (!abilities.has("STARTTLS")) throw new SmtpFault("the server offers no STARTTLS");
    await talk.ask("STARTTLS", "STARTTLS", 220);
    talk = hear(talk.secured());
    abilities = await greet(talk, name);
  }
  if (login !== null) await logIn(talk, abilities, login);
  return talk;
};

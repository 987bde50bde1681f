import { domainOfAddress } from "../../domain/notify/mail-address.ts";
import type { SmtpServer } from "../../domain/notify/smtp-url.ts";
import type { SendOutcome } from "../ports/notify/channel.ts";
import type { Budget } from "../ports/platform/budget.ts";
import type { Connect } from "../ports/platform/connect.ts";
import { attempt, detailOf, failed } from "./attempt.ts";
import type { Mail } from "./mime.ts";
import { writeMail } from "./mime.ts";
import type { Session } from "./smtp-session.ts";
import { openSession, Rejected } from "./smtp-session.ts";
import type { Reply } from "./smtp-replies.ts";
import { SmtpFault } from "./smtp-replies.ts";

const isPermanent = ({ code }: Reply): boolean => code >= 500;
/** 421: the server is about to close. 530, 534, 535, 538: not without logging in, which is the operator's to mend. */
const isOfTheServer = ({ code }: Reply): boolean => [421, 530, 534, 535, 538].includes(code);

/** RFC 5321 §4.5.2: no line of the mail is the dot that ends it. */
export const stuffed = (data: string): string => data.replaceAll(/^\./gm, "..");

const textOf = ({ code, lines }: Reply): string => `${code} ${lines.join(" ")}`.trim();

type Unreached = { readonly address: string; readonly reply: Reply };

/** @returns whom the server does not take the mail for, and why @throws Rejected where the reply is about the server itself */
const nameRecipients = async (session: Session, to: readonly string[]): Promise<readonly Unreached[]> => {
  const unreached: Unreached[] = [];
  for (const address of to) {
    const reply = await session.tell("RCPT TO", `RCPT TO:<${address}>`);
    if (isOfTheServer(reply)) throw new Rejected("RCPT TO", reply);
    if (reply.code !== 250 && reply.code !== 251) unreached.push({ address, reply });
  }
  return unreached;
};

const deliver = async (
  session: Session,
  { from, to: everybody, left: to = everybody }: Mail,
  data: string,
  known: readonly string[],
): Promise<SendOutcome> => {
  await session.ask("MAIL FROM", `MAIL FROM:<${from}>`, 250);
  const unreached = await nameRecipients(session, to);
  const tellUnreached = unreached.map(({ address, reply }) => `${address} (${textOf(reply)})`).join(", ");
  if (unreached.length === to.length) {
    // One that may be taken later keeps the mail worth another attempt.
    const detail = detailOf(`no recipient taken: ${tellUnreached}`, known);
    return unreached.every(({ reply }) => isPermanent(reply)) ? { status: "refused", detail } : failed(detail);
  }
  await session.ask("DATA", "DATA", 354);
  const taken = await session.ask("end of DATA", `${stuffed(data)}.`, 250);
  if (unreached.length === 0) return { status: "sent", detail: detailOf(textOf(taken), known) };
  const detail = detailOf(`${taken.code}, but not to ${tellUnreached}`, known);
  const left = unreached.filter(({ reply }) => !isPermanent(reply)).map(({ address }) => address);
  return left.length === 0 ? { status: "sent", detail } : { status: "failed", detail, retryAfterMs: null, left };
};

/** What an answer in the middle of it means: a mail that is refused for good stays refused, all else may be mended. */
const outcomeOf = (session: Session | null, thrown: unknown, known: readonly string[]): SendOutcome => {
  const step = session?.step() ?? "connect";
  if (thrown instanceof SmtpFault) return failed(`${step}: ${thrown.message}`);
  if (!(thrown instanceof Rejected)) throw thrown;
  // What a server says to a login may quote it.
  const detail = detailOf(step === "AUTH" ? `AUTH: ${thrown.reply.code}` : `${step}: ${textOf(thrown.reply)}`, known);
  const isAboutMail = step === "MAIL FROM" || step === "DATA" || step === "end of DATA";
  return isAboutMail && isPermanent(thrown.reply) && !isOfTheServer(thrown.reply) ? { status: "refused", detail } : failed(detail);
};

/**
 * Sends one mail over SMTP (RFC 5321), one connection each. A recipient that is not taken while others are does not keep the mail
 * from those: it is named in `detail`, and in `left` where it may be taken later (greylisting). Where the connection ends before the answer to the mail it may have been taken: it is sent
 * again, under the same Message-ID.
 */
export const createSmtp =
  (connect: Connect, server: SmtpServer) =>
  async (mail: Mail, budget: Budget, sentAtMs: number): Promise<SendOutcome> => {
    const data = writeMail(mail);
    const known = server.login === null ? [] : [server.login.password];
    let session: Session | null = null;
    const send = async (): Promise<SendOutcome> => {
      try {
        const opened = await openSession(connect, server, domainOfAddress(mail.from), (talk) => (session = talk));
        const outcome = await deliver(opened, mail, data, known);
        // The mail is judged; how the server takes its leave changes nothing.
        opened.tell("end of DATA", "QUIT").catch(() => undefined);
        return outcome;
      } catch (thrown) {
        return outcomeOf(session, thrown, known);
      }
    };
    return await attempt(
      budget,
      sentAtMs,
      async (signal) => {
        const { promise: aborted, reject } = Promise.withResolvers<never>();
        const abort = (): void => reject(new Error("aborted"));
        signal.addEventListener("abort", abort);
        try {
          return await Promise.race([send(), aborted]);
        } finally {
          signal.removeEventListener("abort", abort);
          session?.close();
        }
      },
      () => session?.step() ?? "connect",
    );
  };

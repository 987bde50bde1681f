import type { ParsedMail } from "mailparser";
import { simpleParser } from "mailparser";
import type { Seen } from "./received.ts";
import { digestOf } from "./request.ts";
import { readTitle } from "./slack.ts";

export type Envelope = { readonly from: string; readonly to: readonly string[]; readonly is8Bit: boolean };

/** RFC 5321 §4.5.3.1.6, without the end of the line. */
const maxLine = 998;
/** RFC 5322 §3.6, and what large receivers ask for beside. */
const once = ["date", "from", "to", "subject", "message-id"] as const;

/** What servers refuse in the bytes of a mail; by latin1, so that a character is a byte. */
const judgeBytes = (raw: string, { is8Bit }: Envelope): readonly string[] => [
  ...(/(?:^|[^\r])\n|\r(?!\n)/.test(raw) ? ["a line ends by CR or LF alone"] : []),
  ...(raw.split("\r\n").some((line) => line.length > maxLine) ? ["a line has more than 998 bytes"] : []),
  ...(raw.includes("\0") ? ["there is a NUL in it"] : []),
  ...(!is8Bit && /[\x80-\xff]/.test(raw) ? ["it is not of ASCII, and was not announced as 8BITMIME"] : []),
];

const addressesIn = (value: ParsedMail["to"]): readonly string[] =>
  [value ?? []]
    .flat()
    .flatMap(({ value: all }) => all)
    .map(({ address }) => (address ?? "").toLowerCase());

const judgeHeaders = (mail: ParsedMail, { from, to }: Envelope): readonly string[] => {
  const count = (name: string): number => mail.headerLines.filter(({ key }) => key === name).length;
  const named = [...addressesIn(mail.to), ...addressesIn(mail.cc)];
  return [
    ...once.filter((name) => count(name) !== 1).map((name) => `there are ${count(name)} of the header ${name}`),
    ...(count("bcc") > 0 ? ["there is a Bcc"] : []),
    ...(mail.headerLines.some(({ line }) => /[^\t\r\n -~]/.test(line)) ? ["a header is not of ASCII"] : []),
    ...(addressesIn(mail.from).join() === from.toLowerCase() ? [] : ["From is not the sender of the envelope"]),
    ...to.filter((address) => !named.includes(address.toLowerCase())).map((address) => `${address} is a recipient and not in To`),
    ...(/^<[^\s<>@]+@[^\s<>@]+>$/.test(mail.messageId ?? "") ? [] : ["Message-ID is not one"]),
    ...(mail.date === undefined || Number.isNaN(mail.date.getTime()) ? ["Date is not one"] : []),
  ];
};

/** Reads a mail as its receiver does. @param bytes with the dots of SMTP taken out */
export const judgeMail = async (
  bytes: Buffer,
  envelope: Envelope,
): Promise<{ readonly seen: Seen; readonly mail: ParsedMail; readonly wrong: readonly string[] }> => {
  const mail = await simpleParser(bytes);
  const text = mail.text ?? "";
  return {
    mail,
    seen: {
      id: mail.messageId ?? digestOf(bytes.toString("latin1")),
      ...readTitle(text.split("\n")[0] ?? ""),
      title: mail.subject ?? "",
      thread: [mail.references ?? []].flat()[0] ?? null,
      text,
    },
    wrong: [
      ...judgeBytes(bytes.toString("latin1"), envelope),
      ...judgeHeaders(mail, envelope),
      ...(text.trim() === "" && mail.html === false ? ["it says nothing"] : []),
    ],
  };
};

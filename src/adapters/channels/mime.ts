import { domainOfAddress, isMailAddress } from "../../domain/notify/mail-address.ts";
import type { RenderedMail } from "../../domain/notify/render-mail.ts";

/** A mail before it is written down. */
export type Mail = RenderedMail & {
  readonly from: string;
  readonly to: readonly string[];
  /** Those of `to` that it goes to now: the others have it. Absent: all. */
  readonly left?: readonly string[];
  /** The same for each attempt: a receiver knows by the Message-ID that it has it already. */
  readonly id: string;
  /** What mails of one matter have in common: clients show them together. */
  readonly thread: string;
  /** Of this attempt: a mail that comes late is not to be sorted in among old ones. Epoch milliseconds. */
  readonly dateMs: number;
};

const encoder = new TextEncoder();

/** Anything as an atom of RFC 5322, and no two alike: 'incident:42' is 'incident_3a42'. */
const atomOf = (text: string): string =>
  Array.from(encoder.encode(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, "0")}`;
  }).join("");

/** Longer ones would not fit into a line. */
const maxAtom = 180;

/** @throws TypeError where the id is too long */
export const messageIdOf = ({ id, from }: Pick<Mail, "id" | "from">): string => {
  const atom = atomOf(id);
  if (atom === "" || atom.length > maxAtom) throw new TypeError("the id makes no Message-ID");
  return `<${atom}@${domainOfAddress(from)}>`;
};

/** What stands for a matter's first mail, which need not exist; null: there is no such name. */
export const referencesOf = ({ thread, from }: Pick<Mail, "thread" | "from">): string | null => {
  const atom = atomOf(thread);
  return atom === "" || atom.length > maxAtom ? null : `<${atom}.thread@${domainOfAddress(from)}>`;
};

const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** A line with an encoded word has at most 76 characters (RFC 2047 §2), `Subject: ` included, and a word holds whole characters. */
const maxEncodedBytes = 39;

const encodedWords = (text: string): readonly string[] => {
  const words: string[] = [];
  for (const point of text) {
    const last = words.at(-1);
    if (last === undefined || encoder.encode(last + point).length > maxEncodedBytes) words.push(point);
    else words[words.length - 1] = last + point;
  }
  return words.map((word) => `=?UTF-8?B?${toBase64(encoder.encode(word))}?=`);
};

/** Unstructured text of a header: as it is where a reader takes it for that and it fits into a line, else encoded. */
const unstructured = (text: string): string =>
  /^[!-~]+(?: [!-~]+)*$/.test(text) && !text.includes("=?") && text.length <= 60 ? text : encodedWords(text).join("\r\n ");

/** @throws TypeError where a value would end its line, or is too long for one */
const header = (name: string, value: string): string => {
  if (!value.split("\r\n ").every((line) => /^[ -~]+$/.test(line) && line.length <= 900))
    throw new TypeError(`the header ${name} is not of one line of ASCII`);
  return `${name}: ${value}`;
};

/** RFC 5322 §3.3. */
const dateText = (atMs: number): string => new Date(atMs).toUTCString().replace(/GMT$/, "+0000");

/** RFC 2045 §6.7: lines of at most 76 characters; a dot that begins one is written in hexadecimal, whatever becomes of it on its way. */
const quotedPrintable = (text: string): string =>
  text
    .replaceAll(/\r\n?/g, "\n")
    .split("\n")
    .map((line) => {
      const tokens = Array.from(encoder.encode(line), (byte, index) => {
        const character = String.fromCharCode(byte);
        return /[!-<>-~ ]/.test(character) && !(character === "." && index === 0)
          ? character
          : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
      });
      // A blank that ends a line gets lost.
      if (tokens.at(-1) === " ") tokens[tokens.length - 1] = "=20";
      const lines = [""];
      for (const token of tokens) {
        const last = lines.at(-1) ?? "";
        if (last.length + token.length > 75) lines.push(token === "." ? "=2E" : token);
        else lines[lines.length - 1] = last + token;
      }
      return lines.join("=\r\n");
    })
    .join("\r\n");

const part = (type: string, boundary: string, text: string): string =>
  [`--${boundary}`, `Content-Type: ${type}; charset=utf-8`, "Content-Transfer-Encoding: quoted-printable", "", quotedPrintable(text)].join(
    "\r\n",
  );

/**
 * A mail in ASCII, lines ended by CRLF: headers, and the body as plain text and as HTML. In quoted-printable no line can be
 * the boundary, which has a `=_` in it.
 * @throws TypeError where an address or the id is none
 */
export const writeMail = (mail: Mail): string => {
  const { from, to, subject, text, html } = mail;
  if (![from, ...to].every(isMailAddress) || to.length === 0) throw new TypeError("an address is not one");
  const references = referencesOf(mail);
  const boundary = "=_tranche_alternative";
  const headers = [
    header("Date", dateText(mail.dateMs)),
    header("From", `tranche <${from}>`),
    header("To", to.join(",\r\n ")),
    header("Subject", unstructured(subject === "" ? "tranche" : subject)),
    header("Message-ID", messageIdOf(mail)),
    ...(references === null ? [] : [header("References", references)]),
    // RFC 3834: no out-of-office answers.
    header("Auto-Submitted", "auto-generated"),
    header("MIME-Version", "1.0"),
    header("Content-Type", `multipart/alternative; boundary="${boundary}"`),
  ];
  return [...headers, "", part("text/plain", boundary, text), part("text/html", boundary, html), `--${boundary}--`, ""].join("\r\n");
};

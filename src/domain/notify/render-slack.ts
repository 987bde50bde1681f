import type { Message } from "./message.ts";
import type { Row } from "./parts.ts";
import { linkOf, referenceOf, rowsOf, servicesHeading, standingOf } from "./parts.ts";

/** Limits of Block Kit, in UTF-16 units of the escaped text: the narrowest reading of "characters". */
const maxHeader = 150;
const maxText = 3_000;
const maxField = 2_000;
const maxFields = 10;
const maxBlocks = 50;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Slack's three control characters as entities, so that no text makes a mention or a link. Cut between whole characters. */
const escaped = (text: string, max: number): string => {
  let kept = "";
  let whole = "";
  for (const point of text) {
    whole += entities[point] ?? point;
    if (whole.length > max) return `${kept}…`;
    if (whole.length < max) kept = whole;
  }
  return whole;
};

type TextObject =
  | { readonly type: "plain_text"; readonly text: string; readonly emoji: false }
  | { readonly type: "mrkdwn"; readonly text: string; readonly verbatim: true };
export type SlackBlock =
  | { readonly type: "header"; readonly text: TextObject }
  | { readonly type: "section"; readonly text: TextObject }
  | { readonly type: "section"; readonly fields: readonly TextObject[] }
  | { readonly type: "context"; readonly elements: readonly TextObject[] };
export type SlackPayload = {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
};

/** In which Slack reads no markup. */
const plain = (text: string, max: number): TextObject => ({ type: "plain_text", text: escaped(text, max), emoji: false });
const bold = (text: string): TextObject => ({
  type: "mrkdwn",
  text: `*${escaped(text.replaceAll("*", ""), maxField - 2)}*`,
  verbatim: true,
});

/** Beside the word, never instead of it. */
const marks = { Critical: "🔴", Warning: "🟠", Info: "🔵", Resolved: "🟢" } as const;

const chunks = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/** Fields are laid out in two columns: what it is, and its value. An empty text object would be refused. */
const fieldsOf = (rows: readonly Row[]): readonly SlackBlock[] =>
  chunks(rows, maxFields / 2).map((part) => ({
    type: "section",
    fields: part.flatMap(({ label, value }) => [bold(label === "" ? "–" : label), plain(value === "" ? "–" : value, maxField)]),
  }));

/** Lines in as few sections as they fit in. */
const sectionsOf = (lines: readonly string[]): readonly SlackBlock[] => {
  const texts: string[] = [];
  for (const line of lines.map((text) => escaped(text, maxText))) {
    const last = texts.at(-1);
    if (last === undefined || last.length + 1 + line.length > maxText) texts.push(line);
    else texts[texts.length - 1] = `${last}\n${line}`;
  }
  return texts.map((text) => ({ type: "section", text: { type: "plain_text", text, emoji: false } }));
};

/** What an incoming webhook of Slack takes: `text` for notifications and screen readers, `blocks` for the channel. */
export const renderSlack = (message: Message, baseUrl: string | null): SlackPayload => {
  const standing = standingOf(message);
  const link = linkOf(message, baseUrl);
  const services = message.services.map(({ name, state }) => `• ${name}: ${state}`);
  const blocks: readonly SlackBlock[] = [
    { type: "header", text: plain(`${marks[standing]} ${message.title}`, maxHeader) },
    ...(message.summary === "" ? [] : sectionsOf([message.summary])),
    ...fieldsOf(rowsOf(message)),
    ...(services.length === 0 ? [] : sectionsOf([servicesHeading(message), ...services])),
    {
      type: "context",
      elements: [
        plain(`${standing} · ${referenceOf(message)}`, maxField),
        ...(link === null ? [] : [{ type: "mrkdwn", text: `<${link.replaceAll("&", "&amp;")}|Details>`, verbatim: true } as const]),
      ],
    },
  ];
  return {
    text: escaped(`${standing}: ${message.title}`, maxText),
    blocks: blocks.slice(0, maxBlocks),
    unfurl_links: false,
    unfurl_media: false,
  };
};

import type { Message } from "./message.ts";
import { linkOf, referenceOf, rowsOf, servicesHeading, standingOf } from "./parts.ts";

const lengthOf = (text: string): number => Array.from(text).length;

/** Columns, by code points: good enough for where it is read. */
const table = (rows: readonly (readonly [string, string])[]): readonly string[] => {
  const width = Math.min(32, Math.max(0, ...rows.map(([label]) => lengthOf(label))));
  return rows.map(([label, value]) => `${label}${" ".repeat(Math.max(0, width - lengthOf(label)) + 2)}${value}`.trimEnd());
};

/** Plain text, lines ended by LF: mail for those who read no HTML, and logs. */
export const renderText = (message: Message, baseUrl: string | null): string => {
  const link = linkOf(message, baseUrl);
  const paragraphs = [
    [`${standingOf(message)}: ${message.title}`],
    [message.summary],
    table(rowsOf(message).map(({ label, value }) => [label, value])),
    message.services.length === 0
      ? []
      : [servicesHeading(message), ...table(message.services.map(({ name, state }) => [name, state])).map((line) => `  ${line}`)],
    link === null ? [] : [link],
    [referenceOf(message)],
  ];
  return `${paragraphs
    .filter((lines) => lines.join("") !== "")
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
};

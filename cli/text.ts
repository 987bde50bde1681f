/** What nobody's terminal should obey: control characters (C0, C1) and those that turn text around. */
const obeyed = /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** Text of others, such as the name of a service, as it may be printed. */
export const plain = (text: string): string => text.replaceAll(obeyed, "�");

export type Tone = "good" | "bad" | "uneasy" | "quiet";

const codes: Readonly<Record<Tone, string>> = { good: "32", bad: "31", uneasy: "33", quiet: "2" };

/** Colours for a terminal; elsewhere, and where NO_COLOR is set (no-color.org), none. */
export type Paint = (tone: Tone | null, text: string) => string;

export const painter =
  (colours: boolean): Paint =>
  (tone, text) =>
    colours && tone !== null ? `\u001B[${codes[tone]}m${text}\u001B[0m` : text;

/** A cell: its text, of a tone or none. */
export type Cell = string | { readonly text: string; readonly tone: Tone | null };

const textOf = (cell: Cell): string => plain(typeof cell === "string" ? cell : cell.text);
/** Characters as they are seen: one of several code points takes one place. */
const seen = new Intl.Segmenter("en", { granularity: "grapheme" });
const lengthOf = (text: string): number => [...seen.segment(text)].length;

/** Rows with their columns aligned, the head above them. */
export const table = (paint: Paint, head: readonly string[], rows: readonly (readonly Cell[])[]): string[] => {
  const widths = head.map((title, column) => Math.max(lengthOf(title), ...rows.map((row) => lengthOf(textOf(row[column] ?? "")))));
  const line = (cells: readonly Cell[], tone: Tone | null): string => {
    const last = cells.length - 1;
    return cells
      .map((cell, column) => {
        const text = textOf(cell);
        const gap = column === last ? "" : " ".repeat(Math.max(0, (widths[column] ?? 0) - lengthOf(text)));
        return `${paint(typeof cell === "string" ? tone : cell.tone, text)}${gap}`;
      })
      .join("  ")
      .trimEnd();
  };
  return [line(head, "quiet"), ...rows.map((row) => line(row, null))];
};

/** Names and what is true of them, aligned. */
export const facts = (paint: Paint, rows: readonly (readonly [string, Cell])[]): string[] => {
  const wide = Math.max(...rows.map(([name]) => lengthOf(name)));
  return rows.map(([name, cell]) => {
    const gap = " ".repeat(wide - lengthOf(name) + 2);
    return `${paint("quiet", name)}${gap}${paint(typeof cell === "string" ? null : cell.tone, textOf(cell))}`;
  });
};

/** A length of time, by its two largest units. */
export const lengthText = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
};

/** How long ago a time of the API was; `-`: never. @param nowMs on the clock of the API, as far as that is known */
export const agoText = (time: string | null, nowMs: number): string =>
  time === null ? "-" : `${lengthText((nowMs - Date.parse(time)) / 1_000)} ago`;

/** A time as it is printed: to the second, in UTC. */
export const timeText = (time: string | null): string => (time === null ? "-" : time.replace("T", " ").replace(/\.\d+Z$/, "Z"));

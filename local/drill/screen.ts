/** One step of the story as it is told: when it was done (since the start), and what was seen. */
export type Step = { readonly name: string; readonly ok: boolean; readonly atMs: number; readonly detail: string };

export type Figure = { readonly name: string; readonly value: string; readonly limit: string; readonly ok: boolean };

export interface Screen {
  chapter(title: string): void;
  /** What is going on right now; overwritten by the next line. Silent where the output is no terminal. */
  progress(text: string): void;
  step(step: Step): void;
  line(text: string): void;
  table(figures: readonly Figure[]): void;
}

const clock = (ms: number): string => `${(ms / 1_000).toFixed(1).padStart(5)}s`;

/** Prints the drill for people. Colour and the live line only on a terminal; a log gets plain lines. */
export const createScreen = (out: NodeJS.WriteStream, elapsedMs: () => number): Screen => {
  const live = out.isTTY === true && process.env["NO_COLOR"] === undefined;
  const paint = (code: number, text: string) => (live ? `\u001b[${code}m${text}\u001b[0m` : text);
  const print = (text: string) => out.write(`${live ? "\r\u001b[K" : ""}${text}\n`);
  return {
    chapter: (title) => print(`\n${paint(1, title)}`),
    progress: (text) => void (live && out.write(`\r\u001b[K${paint(2, `${clock(elapsedMs())}  … ${text}`)}`)),
    step: ({ ok, atMs, name, detail }) => print(`${clock(atMs)}  ${ok ? paint(32, "✓") : paint(31, "✗")} ${name.padEnd(34)} ${detail}`),
    line: (text) => print(text),
    table: (figures) => {
      const width = (pick: (figure: Figure) => string, head: string) =>
        Math.max(head.length, ...figures.map((figure) => pick(figure).length));
      const [a, b] = [width(({ name }) => name, "measured"), width(({ value }) => value, "value")];
      print(`${"measured".padEnd(a)}  ${"value".padStart(b)}  limit`);
      print(`${"─".repeat(a)}  ${"─".repeat(b)}  ${"─".repeat(24)}`);
      for (const { name, value, limit, ok } of figures) {
        print(`${name.padEnd(a)}  ${value.padStart(b)}  ${limit}${ok ? "" : paint(31, "  ✗ missed")}`);
      }
    },
  };
};

/** A screen that can be muted. */
export const stoppable = (screen: Screen): { readonly screen: Screen; readonly stop: () => void } => {
  let shown = screen;
  return {
    screen: {
      chapter: (title) => shown.chapter(title),
      progress: (text) => shown.progress(text),
      step: (step) => shown.step(step),
      line: (text) => shown.line(text),
      table: (figures) => shown.table(figures),
    },
    stop: () => void (shown = silentScreen),
  };
};

/** For `--json`: the story is kept quiet, the result is printed once at the end. */
export const silentScreen: Screen = { chapter: () => {}, progress: () => {}, step: () => {}, line: () => {}, table: () => {} };

import type { Remembered } from "../../adapters/ports/cost/board.ts";
import { html, isolated } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { cell, table, when } from "../parts.ts";

/** What happened by itself: found, over. */
export type Event = { readonly atMs: number; readonly what: string };

/** What happened, and who said what of it; the newest first. @param wordOf what a change of people was */
export const historyTable = (
  events: readonly Event[],
  changes: readonly Remembered[],
  wordOf: (change: Remembered) => string,
  nowMs: number,
): Html => {
  const rows = [
    ...events.map(({ atMs, what }) => ({ atMs, what, by: html`tranche`, note: null as string | null })),
    ...changes.map((change) => ({ atMs: change.atMs, what: wordOf(change), by: isolated(change.actor), note: change.note })),
  ].toSorted((a, b) => b.atMs - a.atMs);
  return table(
    "What happened, the newest first",
    ["When", "What", "By", "Why"],
    rows.map(
      ({ atMs, what, by, note }) =>
        html`<tr><th scope="row">${when(atMs, nowMs)}</th>${cell("What", what)}${cell("By", by)}${cell("Why", note === null ? "–" : isolated(note))}</tr>`,
    ),
    true,
  );
};

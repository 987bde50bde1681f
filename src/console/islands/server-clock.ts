import { utcText } from "../../domain/platform/calendar.ts";
import { lasting, relative } from "../relative.ts";
import { setText } from "./morph.ts";

/** The server's clock, counted on by this browser's count of time, which nobody sets: a clock of the wrong time or zone changes nothing. */
let reference = { asOfMs: 0, atMs: 0 };

/** What is shown now was made then. */
export const setClock = (asOfMs: number, receivedMs = performance.now()): void => {
  reference = { asOfMs, atMs: receivedMs };
};

export const shownAsOfMs = (): number => reference.asOfMs;

export const serverNowMs = (): number => reference.asOfMs + performance.now() - reference.atMs;

/** `15:04:05`, in UTC. */
export const timeOfDay = (ms: number): string => utcText(ms).slice(11, 19);

const textOf = (time: HTMLTimeElement, nowMs: number): string => {
  const atMs = Date.parse(time.dateTime);
  return time.dataset["t"] === "for" ? lasting(atMs, nowMs) : relative(atMs, nowMs);
};

/** Counts every relative time of the page on, and says when it was made. */
export const tick = (): void => {
  const nowMs = serverNowMs();
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-t]")) {
    const { firstChild } = time;
    if (firstChild === null) continue;
    const isAsOf = time.dataset["t"] === "as-of";
    setText(firstChild, isAsOf ? utcText(reference.asOfMs).slice(0, 19) : textOf(time, nowMs));
  }
};

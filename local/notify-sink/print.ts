import { visible } from "../../src/domain/notify/visible.ts";
import type { Received } from "./received.ts";

/** `15:04:05.123` of UTC, as messages say their times. */
const clock = (atMs: number): string => new Date(atMs).toISOString().slice(11, 23);

/** A line for a message: time, channel, action, severity, title, and what became of it where it was not simply taken. */
export const lineOf = ({ atMs, channel, action, severity, title, taken, answered, repeated, wrong, verified }: Received): string => {
  const notes = [
    ...(taken ? [] : [`answered: ${answered}`]),
    ...(repeated ? ["again"] : []),
    ...(channel === "webhook" && verified === null ? ["signature not verified: no secret known"] : []),
    ...wrong,
  ];
  const line = `${clock(atMs)}  ${channel.padEnd(9)}  ${(action ?? "-").padEnd(7)}  ${(severity ?? "-").padEnd(8)}  ${visible(title, 150)}`;
  return notes.length === 0 ? line : `${line}  (${visible(notes.join("; "), 500)})`;
};

export const heading = `${"time (UTC)".padEnd(12)}  ${"channel".padEnd(9)}  ${"action".padEnd(7)}  ${"severity".padEnd(8)}  title`;

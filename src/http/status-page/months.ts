import { startOfMonth } from "../../domain/platform/calendar.ts";
import { isoTime } from "../../iso-time.ts";

/** A UTC month, half-open. Epoch milliseconds. */
export type Month = { readonly text: string; readonly fromMs: number; readonly toMs: number };

/** Maintenance may be announced for so many months ahead. */
const farthest = 13;

const textOf = (ms: number): string => isoTime(ms).slice(0, 7);

/** The month of a moment, or one so many ahead of it. */
export const monthOf = (atMs: number, ahead = 0): Month => {
  const fromMs = startOfMonth(atMs, ahead);
  return { text: textOf(fromMs), fromMs, toMs: startOfMonth(fromMs, 1) };
};

type Page = { readonly atMs: number; readonly firstMonth: string | null };

/** The months of a page: from its first incident until maintenance can be announced for. */
const isOf = ({ atMs, firstMonth }: Page, { text }: Month): boolean => {
  const now = monthOf(atMs).text;
  const first = firstMonth !== null && firstMonth < now ? firstMonth : now;
  return text >= first && text <= monthOf(atMs, farthest).text;
};

/** The month of that name, where the page has it; null: it has none. */
export const monthNamed = (text: string, page: Page): Month | null => {
  const ms = /^\d{4}-(0[1-9]|1[0-2])$/.test(text) ? Date.parse(`${text}-01T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms)) return null;
  const month = monthOf(ms);
  return isOf(page, month) ? month : null;
};

/** Those before and after it; of the future only what follows the present one. */
export const neighbours = (month: Month, page: Page): { readonly before: Month | null; readonly after: Month | null } => {
  const [before, after] = [monthOf(month.fromMs, -1), monthOf(month.fromMs, 1)];
  return { before: isOf(page, before) ? before : null, after: isOf(page, after) ? after : null };
};

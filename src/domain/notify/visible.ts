import { withoutHidden } from "../platform/visible-text.ts";

/** Line ends, tabs and other controls, and every run of blanks. */
const gaps = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu;

/** @param max code points that it has at most, the ellipsis of a cut included */
const cut = (text: string, max: number): string => {
  if (text.length <= max) return text;
  const points = Array.from(text);
  return points.length <= max
    ? text
    : `${points
        .slice(0, max - 1)
        .join("")
        .trimEnd()}…`;
};

/**
 * One line of text as its reader sees it: line ends and controls become a blank, characters that are drawn as nothing or turn
 * the direction of writing are left out.
 * @param max code points, at least 1
 */
export const visible = (text: string, max: number): string =>
  cut(withoutHidden(text.replaceAll(gaps, " ")).replaceAll(/ {2,}/g, " ").trim(), max);

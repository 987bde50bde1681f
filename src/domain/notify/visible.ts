/** Control and format characters, line and paragraph separators, lone surrogates: what would break a line, or turn one around. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/**
 * Text from outside as one line that shows what it says.
 * @param most code points; what is cut off is shown as `…`
 */
export const visible = (text: string, most: number): string => {
  const line = text.replaceAll(invisible, " ").replaceAll(/\s+/g, " ").trim();
  const points = [...line];
  return points.length <= most ? line : `${points.slice(0, most - 1).join("")}…`;
};

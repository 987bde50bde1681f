const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as it may stand in HTML, in an attribute too. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? "");

/** What somebody has written, in whatever direction its letters run: it does not turn its neighbours round. */
export const isolated = (text: string): string => `<bdi>${escapeHtml(text)}</bdi>`;

/** A text of several lines, each for itself. */
export const isolatedLines = (text: string): string =>
  text.split(/\r?\n/).map((line) => isolated(line.trim())).filter((line) => line !== "<bdi></bdi>").join("<br>");

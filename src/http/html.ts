const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escapes text for HTML, attributes included. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? "");

/** User text, isolated so that its direction does not affect its surroundings (bidi). */
export const isolated = (text: string): string => `<bdi>${escapeHtml(text)}</bdi>`;

/** A text of several lines, each isolated. */
export const isolatedLines = (text: string): string =>
  text.split(/\r?\n/).map((line) => isolated(line.trim())).filter((line) => line !== "<bdi></bdi>").join("<br>");

/** More than an update of 2,000 letters takes, each of which may be nine bytes in a form, and than the names of fifty services. */
export const mostFormBytes = 64 * 1024;

/** `2026-12-01 22:00`, in UTC, as the API takes it; what is written in another way is left to its words. Nothing: not given. */
export const timeTyped = (text: string | null): string | undefined => {
  const trimmed = (text ?? "").trim();
  if (trimmed === "") return undefined;
  const [, day, minute] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?: ?UTC|Z)?$/.exec(trimmed) ?? [];
  return day === undefined ? trimmed : `${day}T${minute}:00Z`;
};

/** What a form says of the state that it was made of, which its sender can not see; null: nothing. */
export const countOf = (fields: URLSearchParams, name: string): number | null => {
  const value = Number(fields.get(name) || Number.NaN);
  return Number.isSafeInteger(value) ? value : null;
};

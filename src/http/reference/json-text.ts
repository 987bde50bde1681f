/** Lists and objects that fit stay on one line, as people write them. */
const lineWidth = 60;

const oneLine = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${oneLine(field)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
};

/** JSON to be read: every line is as long as it may be, within its indentation. */
export const jsonText = (value: unknown, indent = ""): string => {
  const short = oneLine(value);
  if (short.length <= lineWidth || typeof value !== "object" || value === null) return short;
  const within = `${indent}  `;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const parts = Array.isArray(value)
    ? value.map((item) => jsonText(item, within))
    : Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${jsonText(field, within)}`);
  return `${open}\n${parts.map((part) => within + part).join(",\n")}\n${indent}${close}`;
};

/** What is written as YAML: objects, lists, and what JSON has of scalars. */
export type Yaml = null | boolean | number | string | readonly Yaml[] | { readonly [key: string]: Yaml };

/** Keys that no reader of YAML takes for anything but a text. */
const plainKey = /^[a-z][A-Za-z]{2,}$/;
/** Which readers of YAML 1.1 take for something else. */
const reserved = new Set(["true", "false", "null", "yes", "off"]);

/** What JSON leaves as it is, and readers of YAML 1.1 refuse, or take for the end of a line. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

const scalar = (value: null | boolean | number | string): string =>
  JSON.stringify(value).replaceAll(unprintable, (hidden) => `\\u${hidden.charCodeAt(0).toString(16).padStart(4, "0")}`);

const key = (name: string): string => (plainKey.test(name) && !reserved.has(name) ? name : scalar(name));

const isScalar = (value: Yaml): value is null | boolean | number | string => value === null || typeof value !== "object";

const linesOf = (value: Yaml): string[] => {
  if (isScalar(value)) return [scalar(value)];
  if (Array.isArray(value)) {
    if (value.length === 0) return ["[]"];
    return (value as readonly Yaml[]).flatMap((item) => linesOf(item).map((line, nth) => `${nth === 0 ? "- " : "  "}${line}`));
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return ["{}"];
  return entries.flatMap(([name, item]) => {
    const lines = linesOf(item);
    const inline = isScalar(item) || lines[0] === "[]" || lines[0] === "{}";
    return inline ? [`${key(name)}: ${lines[0] ?? ""}`] : [`${key(name)}:`, ...lines.map((line) => `  ${line}`)];
  });
};

/** A document of YAML 1.2, which readers of 1.1 read alike: every text is quoted, so that none is taken for something else. */
export const yaml = (value: Yaml): string => `${linesOf(value).join("\n")}\n`;

export const yamlType = "application/yaml";

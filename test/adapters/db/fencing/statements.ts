import { glob, readFile } from "node:fs/promises";
import { resolve } from "node:path";

const adapters = resolve(import.meta.dirname, "../../../../src/adapters");

/** Skips from an opening quote to what follows the closing one. */
const afterQuoted = (text: string, from: number): number => {
  const quote = text[from];
  let at = from + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === "\\" ? 2 : 1;
  return at + 1;
};

/** The outermost template literals of a source, each with everything that is interpolated into it; comments and strings left out. */
const templatesOf = (source: string): string[] => {
  const found: string[] = [];
  // What is open: templates, and the code within them, which ends at the brace that is one too many.
  const open: ("template" | "code" | "brace")[] = [];
  let startedAt = 0;
  for (let at = 0; at < source.length;) {
    const char = source[at];
    const inTemplate = open.at(-1) === "template";
    if (inTemplate && char === "\\") at += 2;
    else if (inTemplate && char === "$" && source[at + 1] === "{") {
      open.push("code");
      at += 2;
    } else if (char === "`") {
      if (!inTemplate && open.length === 0) startedAt = at;
      if (inTemplate) open.pop();
      else open.push("template");
      at += 1;
      if (inTemplate && open.length === 0) found.push(source.slice(startedAt, at));
    } else if (inTemplate) at += 1;
    else if (source.startsWith("//", at)) at = source.indexOf("\n", at);
    else if (source.startsWith("/*", at)) at = source.indexOf("*/", at) + 2;
    else if (char === '"' || char === "'") at = afterQuoted(source, at);
    else {
      if (open.length > 0 && char === "{") open.push("brace");
      if (open.length > 0 && char === "}") open.pop();
      at += 1;
    }
  }
  return found;
};

const isWrite = (template: string): boolean =>
  /\b(insert\s+into|delete\s+from|truncate|merge\s+into|update\s+(\w+|\$\{[^}]*\})(\s+(as\s+)?\w+)?\s+set)\b/i.test(template);

/** How many statements, or parts of statements, of a source write without a fence of their own. */
export const unfencedIn = (source: string): number =>
  templatesOf(source).filter((template) => isWrite(template) && !template.includes("${fenceCte(")).length;

/** The same of each file below `src/adapters`, where there are such. */
export const unfencedWrites = async (): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for await (const path of glob("**/*.ts", { cwd: adapters })) {
    const unfenced = unfencedIn(await readFile(resolve(adapters, path), "utf8"));
    if (unfenced > 0) counts[path] = unfenced;
  }
  return counts;
};

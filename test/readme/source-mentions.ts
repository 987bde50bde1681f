import { glob } from "node:fs/promises";
import { dirname } from "node:path";
import { documents, read, root } from "./documents.ts";

/** Every source file of this repository, by its path. */
const sourceFiles = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const file of glob("{*,{bench,cli,drizzle,local,rollback-vercel,self-hosted,src,test}/**/*}.{ts,sql}", { cwd: root }))
    found.push(file);
  return found.toSorted();
};

/** A mention as the end of a path: `*` is anything within a folder, `{a,b}` one of several. */
const asPattern = (mention: string): RegExp => {
  const pattern = mention.replaceAll(".", "\\.").replaceAll("*", "[^/]*").replaceAll("{", "(?:").replaceAll("}", ")").replaceAll(",", "|");
  return new RegExp(`(?:^|/)${pattern}$`);
};

/** `-explain.ts` behind `invoice-preview.ts`: `invoice-explain.ts`, or `invoice-preview-explain.ts`. */
const withSuffix = (before: string, suffix: string): readonly string[] => {
  const words = before.replace(/\.\w+$/, "").split("-");
  return words.map((_, index) => `${words.slice(0, index + 1).join("-")}${suffix}`);
};

/**
 * The files that a mention may mean: by a path, or the end of one; a bare name beside the files mentioned before it in its row, in
 * the root or in `src/`, or by a name that only one file has; `-suffix.ts` by the mention before it. Empty: none.
 */
const filesMeant = (mention: string, before: readonly string[], files: readonly string[]): readonly string[] => {
  if (mention.startsWith("-"))
    return before
      .slice(-1)
      .flatMap((file) => withSuffix(file, mention))
      .filter((file) => files.includes(file));
  const named = files.filter((file) => asPattern(mention).test(file));
  if (mention.includes("/")) return named;
  const near = named.filter((file) => [".", "src", ...before.map((one) => dirname(one))].includes(dirname(file)));
  return near.length > 0 || named.length > 1 ? near : named;
};

/** A path as documents print it; one with a placeholder (`NAME`, `ROOM`, `<resource>`) names no file. */
const mentions = /`([\w./*{},-]*[\w*}]\.(?:ts|sql))`/g;
const fence = /^ *```.*?^ *```$/gms;
const inFence = /(?<![\w/])(?:bench|cli|drizzle|local|src|test)\/[\w./*{},-]*\.(?:ts|sql)\b/g;
const placeholder = /(?:^|\/)[A-Z]+(?=[./-])/;

/** Mentions of source files that are not there, as `document: mention`. */
export const lostMentions = (document: string, text: string, files: readonly string[]): readonly string[] => {
  const lost = [...text.matchAll(fence)].flatMap(([block]) =>
    [...block.matchAll(inFence)]
      .map(([path]) => path)
      .filter((path) => filesMeant(path, [], files).length === 0)
      .map((path) => `${document}: ${path}`),
  );
  for (const row of text.replaceAll(fence, "").split(/\n(?=\||\n|- |\d+\. )/)) {
    let before: readonly string[] = [];
    for (const [, mention = ""] of row.matchAll(mentions)) {
      if (placeholder.test(mention)) continue;
      const meant = filesMeant(mention, before, files);
      if (meant.length === 0) lost.push(`${document}: ${mention}`);
      before = meant.length === 0 ? before : [...before, ...meant];
    }
  }
  return lost;
};

/** Mentions of source files that are not there, in every document. */
export const allLostMentions = async (): Promise<readonly string[]> => {
  const files = await sourceFiles();
  const lost: string[] = [];
  for (const document of await documents()) lost.push(...lostMentions(document, await read(document), files));
  return lost;
};

/** The functions that a text links to, each with the file that should have it. */
export const linkedFunctions = (text: string): readonly { readonly name: string; readonly file: string }[] =>
  [...text.matchAll(/\[`(\w+)`\]\(([^)\s]+\.ts)\)/g)].map(([, name = "", file = ""]) => ({ name, file }));

/** Whether a source defines a name. */
export const defines = (source: string, name: string): boolean =>
  new RegExp(`^\\s*(?:export )?(?:const|function|class|async function) ${name}\\b`, "m").test(source);

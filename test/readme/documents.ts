import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The text of a file of this repository. */
export const read = (file: string): Promise<string> => readFile(`${root}${file}`, "utf8");

/** Every document of this repository, by its path. */
export const documents = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const file of glob("**/*.md", { cwd: root, exclude: (path) => /(?:^|\/)(?:node_modules|dist|\.\w+)$/.test(path) }))
    found.push(file);
  return found.toSorted();
};

/** `row`: the line of a table, or the paragraph, in which it stands. */
export type Printed = { readonly file: string; readonly text: string; readonly row: string };

const fence = /^ *```(\w*)\n(.*?)^ *```$/gms;
const program = /^(?:[A-Z_]+=\S+ )*(?:npm|npx|node|git|curl|cd|vercel|wrangler|drizzle-kit|vitest|psql|docker|bash|sh|\.ci\/run)(?: |$)/;
const statement =
  /^(?:select .*(?: from |\(\))|update \w+ set |insert into |delete from |(?:create|alter|drop) (?:role|table|user|database) |grant |revoke )/i;

/** What a code span says: in a table `|` has a backslash before it, and a line may end within. */
const spansOf = (text: string): Omit<Printed, "file">[] =>
  text
    .split(/\n(?=\||\n|- |\d+\. )/)
    .flatMap((row) =>
      [...row.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => ({ text: span.replaceAll("\\|", "|").replace(/\s+/g, " "), row })),
    );

/** Lines of a shell, continued ones joined, comments and blank ones left out. */
export const shellLines = (block: string): readonly string[] =>
  block
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.replace(/(?:^|\s+)#.*$/, "").trim())
    .filter((line) => line !== "");

/** What a text prints, in blocks of a language and in code spans of a form. */
const printedIn = (
  file: string,
  text: string,
  language: RegExp,
  inline: RegExp,
  split: (block: string) => readonly string[],
): readonly Printed[] => [
  ...[...text.matchAll(fence)].flatMap(([, name = "", block = ""]) =>
    language.test(name) ? split(block).map((line) => ({ file, text: line, row: line })) : [],
  ),
  ...spansOf(text.replaceAll(fence, ""))
    .filter((span) => inline.test(span.text))
    .map((span) => ({ file, ...span })),
];

const inAll = async (find: (file: string, text: string) => readonly Printed[]): Promise<readonly Printed[]> => {
  const all: Printed[] = [];
  for (const file of await documents()) all.push(...find(file, await read(file)));
  return all;
};

const isCommand = ({ text }: Printed): boolean => text.includes(" ") || text === ".ci/run";

/** Every command that a document prints for a shell, in a block or in a sentence. A program's bare name is none. */
export const printedCommands = async (): Promise<readonly Printed[]> =>
  (await inAll((file, text) => printedIn(file, text, /^(?:sh|bash|console)$/, program, shellLines))).filter(isCommand);

const statementLines = (block: string): readonly string[] =>
  block
    .split(/;.*\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** The SQL statements that a text prints. */
export const statementsIn = (file: string, text: string): readonly Printed[] => printedIn(file, text, /^sql$/, statement, statementLines);

/** Every SQL statement that a document prints. */
export const printedStatements = (): Promise<readonly Printed[]> => inAll(statementsIn);

import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { variableNames } from "../../src/config-environment.ts";
import { parseConfig } from "../../src/config.ts";

/** Variables of one deployment by name, as `wrangler deploy --secrets-file` and `wrangler secret bulk` take them. */
export type Variables = Readonly<Record<string, string>>;

/** What is wrong with a file or with what is to be written to it: one sentence, never with a value. */
export class SecretsFileError extends Error {
  override readonly name = "SecretsFileError";
}

/** @param where how the text is named in a refusal @throws SecretsFileError */
export const parseVariables = (text: string, where: string): Variables => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new SecretsFileError(`${where} is not JSON: it has to be an object such as {"ADMIN_TOKEN": "..."}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new SecretsFileError(`${where} is not an object of JSON`);
  for (const [name, value] of Object.entries(parsed)) {
    if (!(variableNames as readonly string[]).includes(name)) throw new SecretsFileError(`${where}: there is no variable ${name}`);
    if (typeof value !== "string" || value === "") throw new SecretsFileError(`${where}: ${name} must be a text, and not empty`);
  }
  return parsed as Variables;
};

/** @returns null: there is no such file @throws SecretsFileError */
export const readSecretsFile = async (file: string): Promise<Variables | null> => {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new SecretsFileError(`${file} can not be read (${error.code ?? error.message})`);
  });
  return text === null ? null : parseVariables(text, file);
};

/** Whole or not at all, and for nobody else to read. @throws SecretsFileError */
export const writeSecretsFile = async (file: string, variables: Variables): Promise<void> => {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, `${JSON.stringify(variables, null, 2)}\n`, { mode: 0o600 });
    // One that an interrupted run has left keeps the mode that it had.
    await chmod(`${file}.new`, 0o600);
    await rename(`${file}.new`, file);
  } catch (error) {
    throw new SecretsFileError(`${file} can not be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
};

/** What a deployment with these variables would refuse to start for, in its own words; null: it would start. */
export const refusalOf = (variables: Variables): string | null => {
  try {
    parseConfig({ PROVIDER: "cloudflare", ...variables });
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^configuration refused: /, "");
  }
};

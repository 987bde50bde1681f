import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Its own types bring those of a browser, for the whole project.
const require = createRequire(import.meta.url);
const { parse } = require("@cdktn/hcl2json") as { readonly parse: (filename: string, contents: string) => Promise<unknown> };

/** Terraform asks nobody whether there is a newer one, and reads nobody's settings. */
const env = { ...process.env, CHECKPOINT_DISABLE: "1", TF_CLI_CONFIG_FILE: "/dev/null", TF_IN_AUTOMATION: "1" };

type Ran = { readonly code: number | null; readonly out: string };

const run = (args: readonly string[], cwd: string, input = ""): Ran => {
  const { status, stdout, stderr } = spawnSync("terraform", args, { cwd, env, input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return { code: status, out: `${stdout}${stderr}` };
};

/** Whether there is a Terraform to ask. Its providers can not be had here: what needs them is not asked. */
export const hasTerraform = spawnSync("terraform", ["version"], { env }).status === 0;

type Files = Readonly<Record<string, string>>;

/** Runs Terraform over files in a folder that is gone afterwards. @param copied a folder to begin with */
export const inFolder = (
  files: Files,
  use: (terraform: (args: readonly string[], input?: string) => Ran) => void,
  copied?: string,
): void => {
  const folder = mkdtempSync(join(tmpdir(), "tranche-terraform-"));
  try {
    if (copied !== undefined) cpSync(copied, folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    use((args, input) => run(args, folder, input));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Terraform's value of an expression, over files that need no provider. */
export const evaluated = (files: Files, expression: string, copied?: string): unknown => {
  let found: unknown;
  inFolder(
    files,
    (terraform) => {
      const { out } = terraform(["console", "-no-color"], `base64encode(jsonencode(${expression}))\n`);
      const encoded = /^"([A-Za-z0-9+/=]*)"$/m.exec(out)?.[1];
      if (encoded === undefined) throw new Error(out);
      found = JSON.parse(Buffer.from(encoded, "base64").toString());
    },
    copied,
  );
  return found;
};

export type Parsed = { readonly [key: string]: unknown };

/** HashiCorp's own parser: blocks by their labels, each a list; texts as the JSON syntax has them. */
export const parsed = async (text: string): Promise<Parsed> => (await parse("main.tf", text)) as Parsed;

/** A text of the JSON syntax as Terraform evaluates it. @throws Error where a part of it would be evaluated */
export const templateText = (text: string): string => {
  if (/(?<!\$)\$\{|(?<!%)%\{/.test(text)) throw new Error(`an interpolation: ${text}`);
  return text.replace(/([$%])\1\{/g, "$1{");
};

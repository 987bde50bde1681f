import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { answerHelp } from "./help.ts";
import { parseVariables, readSecretsFile, refusalOf, SecretsFileError, writeSecretsFile } from "./secrets/secrets-file.ts";
import type { Variables } from "./secrets/secrets-file.ts";

const usage = `
Usage: npm run secrets:generate -- [--set] FILE...

Writes the secrets that a deployment makes for itself to FILE, one file for each deployment, all with the same secrets: both providers
accept the same clients, open what the other one has sealed, and sign with the same key. Nothing secret is shown. A file that is there is
completed: what it has stays, and what it lacks is taken from the other files first.

  --set    reads an object of JSON from standard input, and sets what it has in every FILE: {"AWS_ACCESS_KEY_ID": "...", ...}

For the Worker: npx wrangler deploy --secrets-file FILE.
`;

const random = (encoding: "base64" | "base64url") => (): string => randomBytes(32).toString(encoding);

/** What nobody else gives out (docs/credentials.md). The key that seals must be base64, and so must the one that signs. */
export const generated: Readonly<Record<string, () => string>> = {
  ADMIN_TOKEN: random("base64url"),
  CRON_SECRET: random("base64url"),
  METRICS_TOKEN: random("base64url"),
  SECRETS_KEY: random("base64"),
  EVIDENCE_SIGNING_KEY: random("base64"),
};

const main = async (): Promise<void> => {
  const { values, positionals: files } = parseArgs({ allowPositionals: true, options: { set: { type: "boolean", default: false } } });
  if (files.length === 0) throw new SecretsFileError("it takes a FILE, such as .secrets/cloudflare.json (--help)");
  if (new Set(files).size < files.length) throw new SecretsFileError("a FILE is named twice");
  const given = values.set ? parseVariables(await text(process.stdin), "standard input") : {};
  // All are read before any is written.
  const found = await Promise.all(files.map((file) => readSecretsFile(file)));
  const shared: Variables = Object.fromEntries(
    Object.entries(generated).map(([name, make]) => [name, found.find((one) => one?.[name] !== undefined)?.[name] ?? make()]),
  );
  for (const [at, file] of files.entries()) {
    const before = found[at] ?? null;
    const after = { ...shared, ...before, ...given };
    await writeSecretsFile(file, after);
    const added = Object.keys(after).filter((name) => before?.[name] !== after[name]);
    console.log(
      `${file}: ${added.length === 0 ? "has all of it already" : `${before === null ? "made" : "now"} with ${added.join(", ")}`}`,
    );
    const refusal = refusalOf(after);
    if (refusal !== null) console.log(`${file}: would not start yet: ${refusal}`);
  }
};

if (import.meta.main) {
  answerHelp(usage);
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}

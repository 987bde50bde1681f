import { migrate } from "../self-hosted/migrations.ts";
import type { LoginOrder } from "../self-hosted/app-login.ts";
import { openLogin, refuseLogin } from "../self-hosted/app-login.ts";
import { answerHelp } from "./help.ts";
import { readSecretsFile, writeSecretsFile } from "./secrets/secrets-file.ts";

export { migrate };

/** Words of a login order on the command line. */
const loginOrders: Readonly<Record<string, LoginOrder>> = { "--new-password": "renew", "--lock": "lock", "--unlock": "unlock" };

/** `file`: where its DATABASE_URL goes; null: to standard output. */
type RoleChoice = { readonly name: string; readonly order: LoginOrder; readonly file: string | null };

/** @returns null: no role is asked for. A text says what is wrong */
const readRole = (args: readonly string[]): RoleChoice | string | null => {
  if (args.length === 0) return null;
  const [flag, name = "", ...words] = args;
  const usage = "it takes --role NAME, and behind it one of --new-password, --lock, --unlock, and --to FILE";
  if (flag !== "--role") return usage;
  const refusal = refuseLogin(name);
  if (refusal !== null) return `--role ${refusal}`;
  const to = words.indexOf("--to");
  const [, file = null] = to < 0 ? [] : words.splice(to, 2);
  if (to >= 0 && (file === null || file.startsWith("-"))) return usage;
  const [word, ...more] = words;
  const order = word === undefined ? "ensure" : loginOrders[word];
  return order === undefined || more.length > 0 ? usage : { name, order, file };
};

const done: Readonly<Record<LoginOrder, string>> = {
  ensure: "is there already, and keeps its password (--new-password gives it another one)",
  renew: "has a new password: DATABASE_URL of its deployment is",
  lock: "may not log in any more; what is connected already stays so",
  unlock: "may log in again",
};

/** The secret has a line of its own, so that it can be piped to where it belongs, or goes to the file only. */
const giveRole = async (databaseUrl: string, { name, order, file }: RoleChoice): Promise<void> => {
  // Read before anything is made: a password that could not be written down would be lost.
  const variables = file === null ? null : ((await readSecretsFile(file)) ?? {});
  const { made, url } = await openLogin(databaseUrl, name, order);
  console.log(`${name} ${made ? "is made, in the role tranche_app: DATABASE_URL of its deployment is" : done[order]}`);
  if (url === null) return;
  if (file === null) return console.log(url);
  await writeSecretsFile(file, { ...variables, DATABASE_URL: url });
  console.log(`in ${file}`);
};

const main = async (): Promise<number> => {
  const role = readRole(process.argv.slice(2));
  if (typeof role === "string") {
    console.error(role);
    return 1;
  }
  const databaseUrl = process.env["DATABASE_URL"];
  if (databaseUrl === undefined || databaseUrl === "") {
    console.error("DATABASE_URL is not set: give it as postgresql://user:password@host/database");
    return 1;
  }
  if (!isPostgresUrl(databaseUrl)) {
    console.error("DATABASE_URL is not of the form postgresql://user:password@host/database");
    return 1;
  }
  const { host, pathname } = new URL(databaseUrl);
  try {
    const applied = await migrate(databaseUrl, (text) => console.error(`warning: ${text}`));
    for (const tag of applied) console.log(`applied ${tag}`);
    console.log(applied.length === 0 ? `${host}${pathname} is up to date` : `${host}${pathname} is now up to date`);
    if (role !== null) await giveRole(databaseUrl, role);
    return 0;
  } catch (error) {
    console.error(`DATABASE_URL (${host}${pathname}): ${reason(error)}`);
    return 1;
  }
};

const isPostgresUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, hostname, pathname } = new URL(text);
  return /^postgres(ql)?:$/.test(protocol) && username !== "" && hostname !== "" && pathname.length > 1;
};

/** Drizzle wraps what went wrong, Node bundles it when a host has several addresses. */
const reason = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error) return reason(error.cause);
  return error instanceof Error ? error.message : String(error);
};

if (import.meta.main) {
  answerHelp(
    "Usage: DATABASE_URL=postgresql://user:password@host/database npm run db:migrate -- [--role NAME [--new-password | --lock | --unlock] [--to FILE]]\n\nBrings that database to the newest schema. Safe to run again, and by several at once.\n\n  --role NAME     also makes a login for a deployment, in the role tranche_app, and prints its DATABASE_URL; one that is there keeps its password\n  --new-password  gives it another one\n  --lock          keeps it from logging in\n  --unlock        lets it in again\n  --to FILE       writes that DATABASE_URL to a file of secrets (npm run secrets:generate), and shows it nowhere",
  );
  process.exitCode = await main();
}

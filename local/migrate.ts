import { migrate } from "../self-hosted/migrations.ts";
import type { LoginOrder } from "../self-hosted/app-login.ts";
import { openLogin, refuseLogin } from "../self-hosted/app-login.ts";
import { answerHelp } from "./help.ts";

export { migrate };

/** Words of a login order on the command line. */
const loginOrders: Readonly<Record<string, LoginOrder>> = { "--new-password": "renew", "--lock": "lock", "--unlock": "unlock" };

type RoleChoice = { readonly name: string; readonly order: LoginOrder };

/** @returns null: no role is asked for. A text says what is wrong */
const readRole = (args: readonly string[]): RoleChoice | string | null => {
  if (args.length === 0) return null;
  const [flag, name = "", word, ...more] = args;
  const usage = "it takes --role NAME, and behind it one of --new-password, --lock, --unlock";
  if (flag !== "--role" || more.length > 0) return usage;
  const refusal = refuseLogin(name);
  if (refusal !== null) return `--role ${refusal}`;
  const order = word === undefined ? "ensure" : loginOrders[word];
  return order === undefined ? usage : { name, order };
};

const done: Readonly<Record<LoginOrder, string>> = {
  ensure: "is there already, and keeps its password (--new-password gives it another one)",
  renew: "has a new password: DATABASE_URL of its deployment is",
  lock: "may not log in any more; what is connected already stays so",
  unlock: "may log in again",
};

/** The secret has a line of its own, so that it can be piped to where it belongs. */
const giveRole = async (databaseUrl: string, { name, order }: RoleChoice): Promise<void> => {
  const { made, url } = await openLogin(databaseUrl, name, order);
  console.log(`${name} ${made ? "is made, in the role tranche_app: DATABASE_URL of its deployment is" : done[order]}`);
  if (url !== null) console.log(url);
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
    "Usage: DATABASE_URL=postgresql://user:password@host/database npm run db:migrate -- [--role NAME [--new-password | --lock | --unlock]]\n\nBrings that database to the newest schema. Safe to run again, and by several at once.\n\n  --role NAME     also makes a login for a deployment, in the role tranche_app, and prints its DATABASE_URL; one that is there keeps its password\n  --new-password  gives it another one\n  --lock          keeps it from logging in\n  --unlock        lets it in again",
  );
  process.exitCode = await main();
}

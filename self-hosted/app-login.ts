import { randomBytes } from "node:crypto";
import pg from "pg";

/** What is to be done with a login: make it where it is missing, give it another password, keep it out, or let it in again. */
export type LoginOrder = "ensure" | "renew" | "lock" | "unlock";

/** `url` null: its password is not known, since it is as it was. */
export type Login = { readonly made: boolean; readonly url: string | null };

const shape = /^[a-z][a-z0-9_]{0,62}$/;

/** @returns why a role of that name is none for a deployment; null: it may be */
export const refuseLogin = (name: string): string | null => {
  if (!shape.test(name)) return "must be 1 to 63 of a-z, 0-9 and _, and begin with a letter";
  if (name === "tranche_app") return "must not be tranche_app: that is the role which every login is in";
  if (name === "public" || name === "none") return `must not be ${name}, which stands for everybody, or nobody`;
  return name.startsWith("pg_") ? "must not begin with pg_, which belongs to PostgreSQL" : null;
};

const exists = async (client: pg.Client, name: string): Promise<boolean> =>
  (await client.query("select from pg_roles where rolname = $1", [name])).rows.length > 0;

/** Roles are the cluster's, so another database may have made it already. */
const ensureGroup = async (client: pg.Client): Promise<void> => {
  if (!(await exists(client, "tranche_app"))) await client.query("create role tranche_app nologin");
  await client.query("select grant_to_application()");
};

/** Whoever owns tables, or may do anything, must not be taken for a deployment. */
const refuseMighty = async (client: pg.Client, name: string): Promise<void> => {
  const { rows } = await client.query<{ mighty: boolean }>(
    "select rolsuper or rolcreaterole or rolname = current_user or pg_has_role(oid, current_user::regrole, 'member') as mighty from pg_roles where rolname = $1",
    [name],
  );
  if (rows[0]?.mighty === true) throw new Error(`${name} is there already, and may do more than a deployment: choose another name`);
};

const withPassword = (ownerUrl: string, name: string, password: string): string =>
  Object.assign(new URL(ownerUrl), { username: name, password }).href;

/**
 * A deployment's own login, in the role `tranche_app`, which owns nothing (drizzle/0046). Idempotent: one that is there keeps
 * its password unless another one is asked for.
 * @param ownerUrl of a migrated database, as a user who may create roles
 * @param given the password that it gets where it gets one; without it a random one
 * @throws Error where the name is none for it, the role is more than that, or there is none to be kept out
 */
export const openLogin = async (ownerUrl: string, name: string, order: LoginOrder = "ensure", given?: string): Promise<Login> => {
  const refusal = refuseLogin(name);
  if (refusal !== null) throw new Error(`the role ${refusal}`);
  // A word of SQL, such as user, is a name like any other.
  const role = pg.escapeIdentifier(name);
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 15_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const found = await exists(client, name);
    if (found) await refuseMighty(client, name);
    if (order === "lock" || order === "unlock") {
      if (!found) throw new Error(`there is no role ${name}`);
      await client.query(`alter role ${role} ${order === "lock" ? "nologin" : "login"}`);
      return { made: false, url: null };
    }
    await ensureGroup(client);
    const password = found && order === "ensure" ? null : (given ?? randomBytes(24).toString("base64url"));
    if (!found) await client.query(`create role ${role} login password ${pg.escapeLiteral(password ?? "")} in role tranche_app`);
    else {
      await client.query(`grant tranche_app to ${role}`);
      if (password !== null) await client.query(`alter role ${role} password ${pg.escapeLiteral(password)}`);
    }
    return { made: !found, url: password === null ? null : withPassword(ownerUrl, name, password) };
  } finally {
    await client.end();
  }
};

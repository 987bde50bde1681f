import { randomBytes } from "node:crypto";
import pg from "pg";

/** The login of a local Worker: a member of `tranche_app`, which migrations create (drizzle/0046), and owner of nothing. */
const appLogin = "tranche_worker";

/**
 * Makes that login, or gives it a new password. Roles are the cluster's: one login serves all of its databases.
 * @param ownerUrl of a migrated database, as a user who may create roles
 * @returns the same database's URL for the application
 */
export const openAppRole = async (ownerUrl: string): Promise<(databaseUrl: string) => string> => {
  const password = randomBytes(24).toString("base64url");
  const client = new pg.Client({ connectionString: ownerUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query("select from pg_roles where rolname = $1", [appLogin]);
    if (rows.length === 0) await client.query(`create role ${appLogin} login in role tranche_app`);
    await client.query(`alter role ${appLogin} password ${pg.escapeLiteral(password)}`);
  } finally {
    await client.end();
  }
  return (databaseUrl) => {
    const url = new URL(databaseUrl);
    url.username = appLogin;
    url.password = password;
    return url.href;
  };
};

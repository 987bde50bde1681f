import { openLogin } from "../self-hosted/app-login.ts";

/** The login of a local Worker: a member of `tranche_app`, which migrations create (drizzle/0046), and owner of nothing. */
const appLogin = "tranche_worker";

/**
 * Makes that login, or gives it a new password. Roles are the cluster's: one login serves all of its databases.
 * @param ownerUrl of a migrated database, as a user who may create roles
 * @returns the same database's URL for the application
 */
export const openAppRole = async (ownerUrl: string): Promise<(databaseUrl: string) => string> => {
  const { password } = new URL((await openLogin(ownerUrl, appLogin, "renew")).url ?? "");
  return (databaseUrl) => Object.assign(new URL(databaseUrl), { username: appLogin, password }).href;
};

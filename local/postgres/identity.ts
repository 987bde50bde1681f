import { execFileSync } from "node:child_process";
import { chown, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** The user that runs Postgres, which refuses root; null for the caller itself. */
export type Identity = {
  readonly uid: number;
  readonly gid: number;
  /** Some directory on the way is closed to that user (a checkout in /root): setpriv lets it pass. */
  readonly viaSetpriv: boolean;
} | null;

/**
 * Root uses the user `postgres`, else `nobody`: both exist without adding users to the system.
 * @param paths what that user must be able to reach
 */
export const unprivileged = async (paths: readonly string[]): Promise<Identity> => {
  if (process.getuid?.() !== 0) return null;
  const ids = idsOf("postgres") ?? idsOf("nobody");
  if (ids === null) throw new Error("PostgreSQL refuses to run as root, and there is no user postgres or nobody");
  const open = await Promise.all(paths.map((path) => passable(dirname(path))));
  return { ...ids, viaSetpriv: open.includes(false) };
};

/** The command line, with the right to pass closed directories where that is needed. */
export const wrapped = (command: readonly [string, ...string[]], identity: Identity): [string, ...string[]] => {
  if (identity === null || !identity.viaSetpriv) return [...command];
  const as = [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, "--clear-groups", "--securebits=+no_setuid_fixup"];
  return ["setpriv", ...as, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--", ...command];
};

/** Makes that user the owner. */
export const give = async (paths: readonly string[], identity: Identity): Promise<void> => {
  if (identity !== null) await Promise.all(paths.map((path) => chown(path, identity.uid, identity.gid)));
};

const idsOf = (name: string): { uid: number; gid: number } | null => {
  const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return null;
  }
};

/** Whether everybody may enter this directory and all above it. */
const passable = async (path: string): Promise<boolean> => {
  const { mode } = await stat(path);
  if ((mode & 0o001) === 0) return false;
  const parent = dirname(path);
  return parent === path || passable(parent);
};

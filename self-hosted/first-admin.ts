import { randomBytes } from "node:crypto";
import type { Deps } from "../src/adapters/ports/deps.ts";
import { isMailAddress } from "../src/domain/notify/mail-address.ts";
import { accountAddress } from "../src/domain/tenants/accounts.ts";

/** 120 bits, in letters that are told apart when they are copied by hand. */
const passwordBytes = 15;

/**
 * Makes the operator's first account, with a password of ours, which is kept nowhere else.
 * @returns what to show once; null where there is an admin's account already, and nothing was changed
 * @throws Error where that is no mail address, or this deployment has no local accounts
 */
export const firstAdmin = async (
  { accounts, passwords }: Pick<Deps, "accounts" | "passwords">,
  typed: string,
): Promise<{ readonly address: string; readonly password: string } | null> => {
  if (accounts === null || passwords === null) throw new Error("LOCAL_ACCOUNTS is not on: set it, and start again");
  const address = accountAddress(typed);
  if (!isMailAddress(address)) throw new Error("give the mail address of the first admin, such as ada@example.com");
  const password = randomBytes(passwordBytes)
    .toString("hex")
    .replaceAll(/(.{6})(?=.)/g, "$1-");
  return (await accounts.createFirst(address, await passwords.hash(password))) === null ? null : { address, password };
};

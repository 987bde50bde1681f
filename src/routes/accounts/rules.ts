import { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Account, AccountCredential, AccountStore, Invitation, OpenLink } from "../../adapters/ports/tenants/accounts.ts";
import type { Mailer } from "../../adapters/ports/platform/mailer.ts";
import type { Passwords } from "../../adapters/ports/platform/passwords.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { isMailAddress } from "../../domain/notify/mail-address.ts";
import type { RenderedMail } from "../../domain/notify/render-mail.ts";
import { invitationMail, resetMail } from "../../domain/tenants/account-mail.ts";
import {
  accountAddress,
  accountRoles,
  attemptLimits,
  invitationMs,
  refuseAccount,
  refuseRuling,
  resetMs,
} from "../../domain/tenants/accounts.ts";
import type { AttemptLimit } from "../../domain/tenants/accounts.ts";
import { normalPassword, passwordFault } from "../../domain/tenants/password.ts";
import { AppError } from "../../errors.ts";
import { sha256Hex, toBase64Url } from "../../http/digest.ts";
import type { Principal } from "../../http/principal.ts";
import { within } from "../../http/rate-limit.ts";
import { connectionOf, createConnections, nobody } from "../../pipeline/connection-slots.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { refuseFor } from "../tenants/token-contract.ts";

type AccountDeps = Pick<Deps, "accounts" | "passwords" | "mailer" | "clock" | "random" | "config" | "background" | "log" | "clientAddress">;

/** What local accounts are made of. */
type Local = { readonly accounts: AccountStore; readonly passwords: Passwords; readonly selfUrl: string };

/** @throws AppError `conflict` where this deployment has no local accounts */
export const localAccounts = ({ accounts, passwords, config }: Pick<Deps, "accounts" | "passwords" | "config">): Local => {
  const { selfUrl } = config;
  if (accounts !== null && passwords !== null && selfUrl !== null) return { accounts, passwords, selfUrl };
  throw new AppError("conflict", "this deployment has no accounts with passwords (LOCAL_ACCOUNTS is not on): people sign in by tokens");
};

/** The mail address of somebody who is invited, or signs in. */
const address = z
  .string()
  .transform(accountAddress)
  .refine(isMailAddress, "must be a mail address such as ada@example.com")
  .openapi({ type: "string", maxLength: 254, example: "ada@example.com" });

export const accountRole = z
  .enum(accountRoles)
  .openapi({ description: "as of tokens for a customer's people; `admin` for the operator's, who may do everything", example: "viewer" });

export const invitationInput = z.strictObject({ address, role: accountRole }).openapi("AccountInvitationInput");

const field = (pointer: string, detail: string): AppError =>
  new AppError("bad_request", "the form is not valid", { fields: [{ pointer: `/${pointer}`, detail }] });

/** @throws AppError `bad_request` naming the rule */
const refusePassword = (password: string, of: string, pointer = "password"): void => {
  const fault = passwordFault(password, of);
  if (fault !== null) throw field(pointer, fault);
};

const linkBytes = 32;

/** What a link has in it, and what the database has of that. */
const newLink = async ({ random }: Pick<Deps, "random">): Promise<{ readonly secret: string; readonly hash: string }> => {
  const secret = toBase64Url(random.bytes(linkBytes));
  return { secret, hash: await sha256Hex(secret) };
};

/** The hash of a link as it was sent; null: it cannot be one. */
const linkHash = async (secret: string): Promise<string | null> => (/^[\w-]{43}$/.test(secret) ? await sha256Hex(secret) : null);

type Count = readonly [kind: string, what: string, limit: AttemptLimit];

const keyOf = ([kind, what]: Count): Promise<string> => sha256Hex(`${kind}\n${what}`);

/** @throws AppError `rate_limited` at the first one that is beyond its limit; what follows is not counted then */
const countAll = async (accounts: AccountStore, counts: readonly Count[]): Promise<readonly string[]> => {
  const keys: string[] = [];
  for (const count of counts) {
    const key = await keyOf(count);
    within(await accounts.attempt(key, count[2]));
    keys.push(key);
  }
  return keys;
};

/** Where the platform gives no address of the client everybody would be counted together: one could then lock everybody out. */
const byClient = (client: string, ...counts: readonly Count[]): readonly Count[] => (client === "unknown" ? [] : counts);

/**
 * Verifies a mail address and password. An address that nobody has gets the same answer, after the same work.
 * @param client by which those who guess are told apart
 * @throws AppError `unauthenticated`, `rate_limited`, `unavailable`
 */
export const verifyAccount = async (
  deps: AccountDeps,
  typed: { readonly address: string; readonly password: string },
  client: string,
): Promise<AccountCredential> => {
  const { accounts, passwords } = localAccounts(deps);
  const wanted = accountAddress(typed.address);
  const password = normalPassword(typed.password);
  const counted = await countAll(accounts, [
    ...byClient(
      client,
      ["sign-in client", client, attemptLimits.client],
      ["sign-in pair", `${wanted}\n${client}`, attemptLimits.addressAndClient],
    ),
    ["sign-in address", wanted, attemptLimits.address],
  ]);
  const credential = isMailAddress(wanted) ? await accounts.credential({ address: wanted }) : null;
  if (!(await passwords.verify(password, credential?.passwordHash ?? null)) || credential === null) {
    throw new AppError("unauthenticated", "the mail address or the password is wrong");
  }
  await accounts.forgive(counted);
  if (!passwords.needsRehash(credential.passwordHash)) return credential;
  const passwordHash = await passwords.hash(password);
  await accounts.rehash(credential, passwordHash);
  // Where it was changed meanwhile this one is not valid any more, and neither is the session that would begin.
  return { ...credential, passwordHash };
};

/** One attempt, within what a request may take. */
const sendMail = async (deps: AccountDeps, mailer: Mailer, to: string, mail: RenderedMail, id: string) => {
  const { clock } = deps;
  const connections = createConnections(clock);
  const { untilMs } = requestBudget(clock, connections);
  return await mailer.send(to, mail, id, clock.nowMs(), {
    untilMs,
    connection: connectionOf(connections, { lane: "message", key: nobody }),
  });
};

/**
 * Invites somebody by mail. The API and the console do it by the same rules.
 * @param customerId null: to the operator's own
 * @throws AppError `forbidden` for rights above those of who invites, `conflict`, `rate_limited`, and `unavailable` where the mail server did not take the mail: then nobody is invited
 */
export const invite = async (
  deps: AccountDeps,
  customerId: number | null,
  minter: Principal,
  input: z.infer<typeof invitationInput>,
  change: Change,
): Promise<Invitation> => {
  const { accounts, selfUrl } = localAccounts(deps);
  if ((input.role === "admin") !== (customerId === null)) {
    throw field(
      "role",
      customerId === null ? "must be admin: no customer is named" : "must be viewer, editor or owner: admins are the operator's",
    );
  }
  refuseFor(refuseAccount(minter, input.role));
  const { mailer } = deps;
  if (mailer === null)
    throw new AppError("conflict", "this deployment sends no mail (MAIL_FROM and SMTP_URL are not set): nobody can be invited");
  await countAll(accounts, [["invite", String(customerId), attemptLimits.invitations]]);
  const { secret, hash } = await newLink(deps);
  const invitation = await accounts.invite({ customerId, ...input, hash, validMs: invitationMs }, change);
  if (invitation === null) throw noSuchResource();
  const mail = invitationMail(`${selfUrl}/console/invitation?link=${secret}`, input.role, minter.actor);
  const sent = await sendMail(deps, mailer, input.address, mail, `invitation-${invitation.id}`);
  if (sent.status === "sent") return invitation;
  await accounts.withdraw(customerId, invitation.id, change);
  // What the operator's mail server says is the operator's.
  deps.log.error("invitation_not_sent", new Error(sent.detail), { invitation: invitation.id });
  throw new AppError("unavailable", "the mail server did not take the invitation, and nobody is invited: try again later", {
    headers: { "retry-after": "60" },
  });
};

/** @throws AppError `not_found` */
export const accountOf = async (deps: AccountDeps, customerId: number | null, id: number, minter: Principal): Promise<Account> => {
  const account = await localAccounts(deps).accounts.get(customerId, id);
  if (account === null) throw noSuchResource();
  refuseFor(refuseRuling(minter, account.role));
  return account;
};

/** For good; every session of it ends at once. @throws AppError `not_found`, `forbidden`, `conflict` for the operator's last one */
export const deactivate = async (
  deps: AccountDeps,
  customerId: number | null,
  id: number,
  minter: Principal,
  change: Change,
): Promise<void> => {
  await accountOf(deps, customerId, id, minter);
  if ((await localAccounts(deps).accounts.deactivate(customerId, id, change)) === null) throw noSuchResource();
};

const stale = (): AppError => new AppError("gone", "this link was used, was replaced, or is too old: ask for another one");

/** @throws AppError `gone`, `rate_limited` */
export const openLink = async (
  deps: AccountDeps,
  secret: string,
  kind: OpenLink["kind"],
  client: string,
): Promise<OpenLink & { readonly hash: string }> => {
  const { accounts } = localAccounts(deps);
  const hash = await linkHash(secret);
  const link = hash === null ? null : await accounts.link(hash);
  if (hash !== null && link !== null && link.kind === kind) return { ...link, hash };
  await countAll(accounts, byClient(client, ["link", client, attemptLimits.link]));
  throw stale();
};

/** Accepts an invitation, or sets a new password by a reset. @throws AppError `bad_request`, `gone`, `conflict`, `unavailable` */
export const useLink = async (
  deps: AccountDeps,
  secret: string,
  kind: OpenLink["kind"],
  typed: string,
  by: { readonly client: string; readonly requestId: string },
): Promise<AccountCredential> => {
  const { accounts, passwords } = localAccounts(deps);
  const link = await openLink(deps, secret, kind, by.client);
  refusePassword(typed, link.address);
  const passwordHash = await passwords.hash(normalPassword(typed));
  const credential =
    kind === "invitation"
      ? await accounts.accept(link.hash, passwordHash, by.requestId)
      : await accounts.reset(link.hash, passwordHash, by.requestId);
  if (credential === null) throw stale();
  return credential;
};

/**
 * Sends a link for a new password to an address that has an account. Whether it has is not told, by the time of the answer neither: what
 * depends on it is done behind the answer.
 * @throws AppError `rate_limited`
 */
export const askReset = async (
  deps: AccountDeps,
  typed: string,
  by: { readonly client: string; readonly requestId: string },
): Promise<void> => {
  const { accounts, selfUrl } = localAccounts(deps);
  const { mailer } = deps;
  const wanted = accountAddress(typed);
  if (!isMailAddress(wanted)) throw field("address", "must be a mail address such as ada@example.com");
  await countAll(accounts, [
    ...byClient(by.client, ["reset client", by.client, attemptLimits.resetByClient]),
    ["reset address", wanted, attemptLimits.resetOfAddress],
  ]);
  const send = async (): Promise<void> => {
    if (mailer === null) return;
    const { secret, hash } = await newLink(deps);
    if (!(await accounts.askReset(wanted, hash, resetMs, by.requestId))) return;
    const sent = await sendMail(deps, mailer, wanted, resetMail(`${selfUrl}/console/reset?link=${secret}`), `reset-${hash.slice(0, 32)}`);
    if (sent.status !== "sent") deps.log.error("reset_not_sent", new Error(sent.detail));
  };
  deps.background(send());
};

/**
 * A new password of who is signed in; every other session ends.
 * @throws AppError `bad_request` where the present one is wrong, or the new one breaks a rule; `rate_limited`
 */
export const changePassword = async (
  deps: AccountDeps,
  { account, actor }: Principal,
  typed: { readonly present: string; readonly password: string },
  client: string,
  change: Change,
): Promise<void> => {
  const { accounts, passwords } = localAccounts(deps);
  if (account === undefined) throw new AppError("bad_request", "this session began with a token, which has no password");
  const counted = await countAll(accounts, [
    ["change", String(account.id), attemptLimits.addressAndClient],
    ...byClient(client, ["sign-in client", client, attemptLimits.client]),
  ]);
  const credential = await accounts.credential({ id: account.id });
  if (!(await passwords.verify(normalPassword(typed.present), credential?.passwordHash ?? null)) || credential === null) {
    throw field("present", "is not your present password");
  }
  await accounts.forgive(counted);
  refusePassword(typed.password, actor);
  if (normalPassword(typed.password) === normalPassword(typed.present)) throw field("password", "is the one that you have");
  if (!(await accounts.changePassword(credential, await passwords.hash(normalPassword(typed.password)), account.sessionId, change))) {
    throw new AppError("conflict", "your password was changed meanwhile, elsewhere");
  }
};

import type { Deps } from "../../adapters/ports/deps.ts";
import type { Account, Invitation } from "../../adapters/ports/tenants/accounts.ts";
import { noSuchResource, owners } from "../../auth/guards.ts";
import { includesRole, roles } from "../../domain/tenants/access.ts";
import { AppError } from "../../errors.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { refuseNeed } from "../../http/principal.ts";
import { accountOf, deactivate, invitationInput, invite, localAccounts } from "../../routes/accounts/rules.ts";
import { afterOf, idOf } from "../asked.ts";
import { asking, formNote, selectField, textField } from "../fields.ts";
import { newForm, readInput, refusalOf, sentForm } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { page } from "../page.ts";
import { cell, empty, note, pages, section, stateOf, table, when } from "../parts.ts";
import { refuseFormOfOther } from "../session.ts";
import { tokenWord } from "../words.ts";

const path = "/console/people";
const shown = 100;

const rights = {
  viewer: "viewer: reads",
  editor: "editor: reads and writes",
  owner: "owner: also invites people and mints tokens",
} as const;

const done: Readonly<Record<string, string>> = {
  invited: "The invitation is sent. The link in it is valid for 72 hours, and works once.",
  withdrawn: "The invitation is withdrawn: its link leads nowhere.",
  deactivated: "The account is deactivated, and its sessions are over.",
  "signed-out": "It is signed out in every browser.",
};

/** Whose people a page is about: those of the customer that is looked at, else the operator's. An admin sees the latter by `of=operator` as well. */
type Whose = { readonly customerId: number | null; readonly query: string };

/** @throws AppError `forbidden` */
const whose = (c: AppContext): Whose => {
  const reason = refuseNeed(c.var.principal, owners);
  if (reason !== null) throw new AppError("forbidden", reason);
  refuseFormOfOther(c);
  const isOperators = c.var.principal.kind === "admin" && (c.var.customerId === 0 || c.req.query("of") === "operator");
  if (isOperators) return { customerId: null, query: "?of=operator" };
  return { customerId: c.var.customerId, query: "" };
};

const accountRow = (account: Account, { query }: Whose, nowMs: number, isSelf: boolean): Html => {
  const isLive = account.deactivatedAtMs === null;
  const acts = html`<form method="post" action="${path}/${account.id}/sign-out${query}"><button aria-label="Sign out ${account.address} everywhere">Sign out</button></form> <a href="${path}/${account.id}/deactivate${query}" aria-label="Deactivate ${account.address}">Deactivate…</a>`;
  return html`<tr><th scope="row">${isolated(account.address)}${isSelf ? html`<small>you</small>` : ""}</th>
<td class="lead">${isLive ? stateOf(tokenWord.live) : stateOf({ ...tokenWord.revoked, word: "deactivated" })}</td>
${cell("Role", account.role)}${cell("Last sign-in", account.lastSignInAtMs === null ? "never" : when(account.lastSignInAtMs, nowMs))}${cell("Invited by", isolated(account.createdBy))}${cell("Since", when(account.createdAtMs, nowMs))}<td class="act">${isLive ? acts : ""}</td></tr>`;
};

const invitationRow = (invitation: Invitation, { query }: Whose, nowMs: number): Html =>
  html`<tr><th scope="row">${isolated(invitation.address)}</th>${cell("Role", invitation.role)}${cell("Invited by", isolated(invitation.createdBy))}${cell("Ends", when(invitation.expiresAtMs, nowMs))}<td class="act"><form method="post" action="${path}/invitations/${invitation.id}/withdraw${query}"><button aria-label="Withdraw the invitation of ${invitation.address}">Withdraw</button></form></td></tr>`;

const registerList = (app: App, deps: Deps): void => {
  app.get(path, async (c) => {
    const of = whose(c);
    const nowMs = deps.clock.nowMs();
    const { accounts } = localAccounts(deps);
    const afterId = afterOf(c);
    const [list, invitations] = await Promise.all([
      accounts.list(of.customerId, { limit: shown + 1, afterId }),
      accounts.invitations(of.customerId, { limit: shown, afterId: null }),
    ]);
    const own = c.var.principal.account?.id;
    const rows = list.slice(0, shown).map((account) => accountRow(account, of, nowMs, account.id === own));
    const next = list.length > shown ? `${path}?after=${list[shown - 1]?.id ?? 0}${of.query.replace("?", "&")}` : null;
    const people =
      rows.length === 0
        ? empty("No accounts.", "Invite people by mail: they choose their passwords themselves.")
        : table("People", ["Mail address", "State", "Role", "Last sign-in", "Invited by", "Since", "Acts"], rows);
    const open =
      invitations.length === 0
        ? nothing
        : section(
            "invitations",
            "Invitations that are open",
            table(
              "Invitations",
              ["Mail address", "Role", "Invited by", "Ends", "Withdraw"],
              invitations.map((invitation) => invitationRow(invitation, of, nowMs)),
            ),
          );
    const other =
      c.var.principal.kind === "admin" && of.customerId !== null
        ? html` <a class="button" href="${path}?of=operator">The operator's…</a>`
        : nothing;
    const said = done[c.req.query("done") ?? ""];
    const body = html`${said === undefined ? nothing : note("", html`<p>${said}</p>`)}<div class="head"><div><h1>People</h1><p>${of.customerId === null ? "Who runs this installation" : "Who signs in with a mail address and a password"}</p></div><p class="acts"><a class="button main" href="${path}/invite${of.query}">Invite…</a>${other}</p></div>
${people}${pages(path, afterId === null, next)}${open}`;
    return c.html(await page(c, nowMs, { title: "People", tab: "tokens", body }));
  });
};

const registerInvitations = (app: App, deps: Deps): void => {
  const show = async (c: AppContext, of: Whose, form: Form, status: FormStatus = 200): Promise<Response> => {
    const { principal } = c.var;
    const choices =
      of.customerId === null
        ? ([["admin", "admin: everything, for every customer"]] as const)
        : roles
            .filter((role) => principal.kind === "admin" || includesRole(principal.role, role))
            .map((role) => [role, rights[role]] as const);
    const body = html`<p class="crumb"><a href="${path}${of.query}">People</a></p><h1>Invite</h1>
${formNote(form, ["address", "role"])}<form class="card" method="post" action="${path}/invite${of.query}">
${textField(form, { name: "address", label: "Mail address", isRequired: true, isFirst: true, hint: "A link is sent to it, which is valid for 72 hours and works once." })}
${selectField(form, { name: "role", label: "Role", initial: choices[0]?.[0] ?? "", choices })}
<div class="acts"><button class="main">Invite</button><a class="button" href="${path}${of.query}">Cancel</a></div></form>`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "Invite", tab: "tokens", body }), status);
  };

  app.get(`${path}/invite`, (c) => show(c, whose(c), newForm(deps, new URL(c.req.url).searchParams)));

  app.post(`${path}/invite`, async (c) => {
    const of = whose(c);
    const fields = await readForm(c);
    try {
      const input = readInput(invitationInput, { address: fields.get("address"), role: fields.get("role") });
      await invite(deps, of.customerId, c.var.principal, input, changeBy(c));
    } catch (error) {
      const refused = refusalOf(error, true);
      return await show(c, of, sentForm(deps, fields, refused), refused.status);
    }
    return c.redirect(`${path}?done=invited${of.query.replace("?", "&")}`, 303);
  });

  app.post(`${path}/invitations/:id/withdraw`, async (c) => {
    const of = whose(c);
    await readForm(c);
    if (!(await localAccounts(deps).accounts.withdraw(of.customerId, idOf(c), changeBy(c)))) throw noSuchResource();
    return c.redirect(`${path}?done=withdrawn${of.query.replace("?", "&")}`, 303);
  });
};

const registerRuling = (app: App, deps: Deps): void => {
  app.post(`${path}/:id/sign-out`, async (c) => {
    const of = whose(c);
    await readForm(c);
    const { id } = await accountOf(deps, of.customerId, idOf(c), c.var.principal);
    await localAccounts(deps).accounts.endSessions(id, changeBy(c));
    return c.redirect(`${path}?done=signed-out${of.query.replace("?", "&")}`, 303);
  });

  app.get(`${path}/:id/deactivate`, async (c) => {
    const of = whose(c);
    const { id, address } = await accountOf(deps, of.customerId, idOf(c), c.var.principal);
    const isOwn = c.var.principal.account?.id === id;
    const body = asking({
      back: `${path}${of.query}`,
      crumb: "People",
      title: html`Deactivate ${isolated(address)}?`,
      says: `Its sessions end at once, and it never signs in again; the address can be invited anew. Tokens that it minted stay: revoke them by themselves.${isOwn ? " It is your own." : ""}`,
      path: `${path}/${id}/deactivate${of.query}`,
      word: "Deactivate",
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Deactivate", tab: "tokens", body }));
  });

  app.post(`${path}/:id/deactivate`, async (c) => {
    const of = whose(c);
    await readForm(c);
    await deactivate(deps, of.customerId, idOf(c), c.var.principal, changeBy(c));
    return c.redirect(`${path}?done=deactivated${of.query.replace("?", "&")}`, 303);
  });
};

/** `/console/people`: who has an account, and who is invited. */
export const registerPeople = (app: App, deps: Deps): void => {
  registerList(app, deps);
  registerInvitations(app, deps);
  registerRuling(app, deps);
};

import type { Deps } from "../../adapters/ports/deps.ts";
import type { AccountSession } from "../../adapters/ports/tenants/accounts.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Sessions } from "../../auth/sessions.ts";
import { AppError } from "../../errors.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import type { SignedInAccount } from "../../http/principal.ts";
import { changePassword, localAccounts } from "../../routes/accounts/rules.ts";
import { idOf } from "../asked.ts";
import { formNote } from "../fields.ts";
import { refusalOf } from "../form.ts";
import type { Faults, FormStatus } from "../form.ts";
import { page } from "../page.ts";
import { cell, note, section, table, when } from "../parts.ts";
import { dropSession } from "../session.ts";
import { peopleLink } from "./people-link.ts";
import { passwordField } from "./password-field.ts";

const path = "/console/account";

const done: Readonly<Record<string, string>> = {
  password: "Your password is changed, and every other session is over.",
  "signed-out": "That browser is signed out.",
};

/** @throws AppError `not_found` for who signed in with a token */
const ownOf = (c: AppContext): SignedInAccount => {
  const { account } = c.var.principal;
  if (account === undefined) throw new AppError("not_found", "you are signed in with a token, which has no account");
  return account;
};

const row = (session: AccountSession, isThis: boolean, nowMs: number): Html => {
  const name = session.client === "" ? "a browser that gives no name" : session.client;
  const end = html`<form method="post" action="${path}/sessions/${session.id}/end"><button aria-label="Sign out: ${name}">Sign out</button></form>`;
  return html`<tr><th scope="row">${isolated(name)}${isThis ? html`<small>this browser</small>` : ""}</th>
${cell("Last seen", when(session.lastSeenAtMs, nowMs))}${cell("Began", when(session.createdAtMs, nowMs))}${cell("Ends", when(session.expiresAtMs, nowMs))}<td class="act">${isThis ? "" : end}</td></tr>`;
};

/** `/console/account`: one's own password, and the browsers in which one is signed in. */
export const registerOwnAccount = (app: App, deps: Deps, sessions: Sessions): void => {
  const show = async (c: AppContext, faults: Faults, status: FormStatus = 200): Promise<Response> => {
    const { id, sessionId } = ownOf(c);
    const nowMs = deps.clock.nowMs();
    const list = await localAccounts(deps).accounts.sessions(id);
    const form = { fields: new URLSearchParams(), faults, once: "" };
    const said = done[c.req.query("done") ?? ""];
    const rows = list.map((session) => row(session, session.id === sessionId, nowMs));
    const people = peopleLink(c, deps);
    const body = html`${said === undefined ? nothing : note("", html`<p>${said}</p>`)}<div class="head"><div><h1>Your account</h1><p>${isolated(c.var.principal.actor)}: so the audit log calls you.</p></div>${people === nothing ? nothing : html`<p class="acts">${people}</p>`}</div>
${section("sessions", "Where you are signed in", html`${table("Sessions", ["Browser", "Last seen", "Began", "Ends", "Sign out"], rows)}<form method="post" action="${path}/sessions/end"><p class="acts"><button>Sign out everywhere</button></p></form>`)}
${section(
  "change",
  "Change your password",
  html`${formNote(form, ["password", "present"])}<form class="card" method="post" action="${path}/password">
<input type="text" name="username" value="${c.var.principal.actor}" autocomplete="username" readonly hidden>
${passwordField(faults, { name: "present", label: "Present password" })}
${passwordField(faults, { name: "password", label: "New password" })}
<button class="main">Change</button>
</form>`,
)}`;
    return c.html(await page(c, nowMs, { title: "Your account", body }), status);
  };

  app.get(path, (c) => show(c, {}));

  app.post(`${path}/password`, async (c) => {
    ownOf(c);
    const fields = await readForm(c);
    const typed = { present: fields.get("present") ?? "", password: fields.get("password") ?? "" };
    try {
      await changePassword(deps, c.var.principal, typed, deps.clientAddress(c.req.raw.headers), changeBy(c));
    } catch (error) {
      const { faults, status } = refusalOf(error);
      return await show(c, faults, status);
    }
    return c.redirect(`${path}?done=password`, 303);
  });

  app.post(`${path}/sessions/end`, async (c) => {
    ownOf(c);
    await readForm(c);
    await sessions.endAll(c.var.principal, changeBy(c));
    dropSession(c);
    return c.redirect("/console/sign-in", 303);
  });

  app.post(`${path}/sessions/:id/end`, async (c) => {
    const { id } = ownOf(c);
    await readForm(c);
    if (!(await localAccounts(deps).accounts.endSession(id, idOf(c), changeBy(c)))) throw noSuchResource();
    return c.redirect(`${path}?done=signed-out`, 303);
  });
};

import type { Deps } from "../../adapters/ports/deps.ts";
import type { OpenLink } from "../../adapters/ports/tenants/accounts.ts";
import type { Sessions } from "../../auth/sessions.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { openLink, useLink } from "../../routes/accounts/rules.ts";
import { refusalOf } from "../form.ts";
import type { Faults, FormStatus } from "../form.ts";
import { formNote } from "../fields.ts";
import { page } from "../page.ts";
import { keepSession } from "../session.ts";
import { passwordField } from "./password-field.ts";

const doors = {
  invitation: { path: "/console/invitation", title: "Welcome to tranche", word: "Accept" },
  reset: { path: "/console/reset", title: "A new password", word: "Set the password" },
} as const satisfies Readonly<Record<OpenLink["kind"], object>>;

const says = ({ kind, address, role }: OpenLink): Html =>
  kind === "invitation"
    ? html`You are invited as ${isolated(address)}, with the role ${role}. Choose a password.`
    : html`For ${isolated(address)}. Every session that you have ends with it.`;

/**
 * `/console/invitation` and `/console/reset`: where mailed links lead to. Looking at one uses nothing up (mail programs look first): what
 * the form sends does.
 */
export const registerLinks = (app: App, deps: Deps, sessions: Sessions): void => {
  const clientOf = (c: AppContext): string => deps.clientAddress(c.req.raw.headers);

  for (const kind of ["invitation", "reset"] as const) {
    const { path, title, word } = doors[kind];

    const show = async (c: AppContext, secret: string, faults: Faults, status: FormStatus = 200): Promise<Response> => {
      const link = await openLink(deps, secret, kind, clientOf(c));
      const form = { fields: new URLSearchParams(), faults, once: "" };
      const body = html`<h1>${title}</h1>
<p class="hint">${says(link)}</p>
${formNote(form, ["password"])}<form class="card" method="post" action="${path}">
<input type="hidden" name="link" value="${secret}">
<input type="text" name="username" value="${link.address}" autocomplete="username" readonly hidden>
${passwordField(faults, { name: "password", label: "Password", isFirst: true })}
<button class="main">${word}</button>
</form>`;
      return c.html(await page(c, deps.clock.nowMs(), { title, body }), status);
    };

    app.get(path, (c) => show(c, c.req.query("link") ?? "", {}));

    app.post(path, async (c) => {
      const fields = await readForm(c);
      const secret = fields.get("link") ?? "";
      const by = { client: clientOf(c), requestId: c.var.requestId };
      try {
        const credential = await useLink(deps, secret, kind, fields.get("password") ?? "", by);
        const claim = await sessions.beginOf(credential, c.req.header("user-agent") ?? "", c.var.requestId);
        if (deps.sessionTokens !== null) await keepSession(c, deps.sessionTokens, claim, deps.clock.nowMs());
      } catch (error) {
        const { faults, status } = refusalOf(error);
        return await show(c, secret, faults, status);
      }
      return c.redirect("/console", 303);
    });
  }
};

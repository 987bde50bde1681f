import type { Deps } from "../../adapters/ports/deps.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html } from "../../http/html.ts";
import { askReset } from "../../routes/accounts/rules.ts";
import { refusalOf } from "../form.ts";
import type { Faults, FormStatus } from "../form.ts";
import { page } from "../page.ts";
import { fault, note, wrong } from "../parts.ts";

const path = "/console/forgot";

const noMail = html`<h1>A new password</h1>
${note("warn", html`<p>This deployment sends no mail. Ask an admin: whoever runs it can invite you anew.</p>`)}
<p><a href="/console/sign-in">Sign in</a></p>`;

/** The same words whether the address has an account or not. */
const asked = html`<h1>Look into your mail</h1>
${note("", html`<p>If this address has an account here, a link is on its way to it. It is valid for an hour, and works once.</p>`)}
<p><a href="/console/sign-in">Sign in</a></p>`;

/** `/console/forgot`: asks for a link by which a new password is chosen. */
export const registerForgotten = (app: App, deps: Deps): void => {
  const show = async (c: AppContext, typed: string, faults: Faults, status: FormStatus = 200): Promise<Response> => {
    const body = html`<p class="crumb"><a href="/console/sign-in">Sign in</a></p><h1>A new password</h1>
<form class="card" method="post" action="${path}">
<div class="field"><label class="field" for="address">Mail address</label>
<input id="address" name="address" type="text" inputmode="email" value="${typed}" autocomplete="username" spellcheck="false" autocapitalize="off" required autofocus${fault("address", faults["address"])}>
${wrong("address", faults["address"])}<p class="hint">Of your account. A link is sent to it.</p></div>
<button class="main">Send the link</button>
</form>`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "A new password", body: deps.mailer === null ? noMail : body }), status);
  };

  app.get(path, (c) => show(c, "", {}));

  app.post(path, async (c) => {
    const typed = (await readForm(c)).get("address") ?? "";
    if (deps.mailer === null) return await show(c, typed, {});
    try {
      await askReset(deps, typed, { client: deps.clientAddress(c.req.raw.headers), requestId: c.var.requestId });
    } catch (error) {
      const { faults, status } = refusalOf(error);
      return await show(c, typed, faults, status);
    }
    return c.html(await page(c, deps.clock.nowMs(), { title: "Look into your mail", body: asked }));
  });
};

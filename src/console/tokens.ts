import type { Deps } from "../adapters/ports/deps.ts";
import type { CustomerToken } from "../adapters/ports/tenants/tokens.ts";
import { noSuchResource } from "../auth/guards.ts";
import type { TokenCaches } from "../auth/token-cache.ts";
import { includesRole, roles } from "../domain/tenants/access.ts";
import { hasLapsed } from "../domain/platform/lapse.ts";
import { readForm } from "../http/body.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { changeBy } from "../http/idempotency.ts";
import { isoTime } from "../iso-time.ts";
import { mintToken, revokeToken, tokenInput } from "../routes/tenants/minting.ts";
import { afterOf, idOf } from "./asked.ts";
import { asking, formNote, onceField, selectField, shownOnce, textField } from "./fields.ts";
import { formOnce, newForm, readInput, refusalOf, sentForm } from "./form.ts";
import type { Form, FormStatus } from "./form.ts";
import { mayOwn, page } from "./page.ts";
import { cell, empty, note, pages, stateOf, table, when } from "./parts.ts";
import { owning, viewing } from "./session.ts";
import { tokenWord } from "./words.ts";

const path = "/console/tokens";
const shown = 100;

/** How long a token lasts, in days; `never`: until it is revoked. */
const terms = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["never", "until it is revoked"],
] as const;

const rights = { viewer: "viewer: reads", editor: "editor: reads and writes", owner: "owner: also mints and revokes tokens" } as const;

const row = (token: CustomerToken, nowMs: number, isOwn: boolean): Html => {
  const state = token.revokedAtMs !== null ? "revoked" : hasLapsed(token.expiresAtMs, nowMs) ? "expired" : "live";
  return html`<tr><th scope="row">${isolated(token.name)}<small>token:${token.id}</small></th>
<td class="lead">${stateOf(tokenWord[state])}</td>
${cell("Role", token.role)}${cell("Last used", token.lastUsedAtMs === null ? "never" : when(token.lastUsedAtMs, nowMs))}${cell("Ends", token.revokedAtMs !== null ? html`revoked ${when(token.revokedAtMs, nowMs)}` : token.expiresAtMs === null ? "when it is revoked" : when(token.expiresAtMs, nowMs))}${cell("Created", when(token.createdAtMs, nowMs))}
${isOwn ? html`<td class="act">${state === "live" ? html`<a href="${path}/${token.id}/revoke" aria-label="Revoke ${token.name}">Revoke…</a>` : ""}</td>` : ""}</tr>`;
};

const known = ["name", "role", "for", "expires_at"];

const creation = (form: Form, c: AppContext): Html => {
  const { principal } = c.var;
  const choices = roles
    .filter((role) => principal.kind === "admin" || includesRole(principal.role, role))
    .map((role) => [role, rights[role]] as const);
  // The API calls the field by the time at which it ends.
  const shownForm = {
    ...form,
    faults: { ...form.faults, ...(form.faults["expires_at"] !== undefined && { for: form.faults["expires_at"] }) },
  };
  return html`<p class="crumb"><a href="${path}">Tokens</a></p><h1>New token</h1>
${formNote(form, known)}<form class="card" method="post" action="${path}/new">${onceField(form)}
${textField(shownForm, { name: "name", label: "Name", isRequired: true, isFirst: true, hint: "Who or what uses it; the audit log calls it by its number." })}
${selectField(shownForm, { name: "role", label: "Role", initial: "viewer", choices })}
${selectField(shownForm, { name: "for", label: "Ends", initial: "90", choices: terms })}
<div class="acts"><button class="main">Create</button><a class="button" href="${path}">Cancel</a></div></form>`;
};

const done = (c: AppContext): Html =>
  c.req.query("done") === "revoked"
    ? note("", html`<p>Revoked: it stops working within 30 seconds, and the sessions that began with it end.</p>`)
    : nothing;

const registerList = (app: App, deps: Deps): void => {
  app.get(path, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const tokens = await deps.tokens.list(c.var.customerId, { limit: shown + 1, afterId });
    if (tokens === null) throw noSuchResource();
    const isOwn = mayOwn(c);
    const rows = tokens.slice(0, shown).map((token) => row(token, nowMs, isOwn));
    const next = tokens.length > shown ? `${path}?after=${tokens[shown - 1]?.id ?? 0}` : null;
    const list =
      rows.length === 0
        ? empty("No tokens.", "Each person and each program gets a token of its own: whoever leaves is locked out alone.")
        : table("Tokens", ["Token", "State", "Role", "Last used", "Ends", "Created", ...(isOwn ? ["Revoke"] : [])], rows);
    const body = html`${done(c)}<div class="head"><div><h1>Tokens</h1><p>Credentials of the API, the command line and this console; their secrets are not kept</p></div>${isOwn ? html`<p class="acts"><a class="button main" href="${path}/new">New token…</a>${deps.accounts === null ? "" : html` <a class="button" href="/console/people">People…</a>`}</p>` : ""}</div>\n${list}${pages(path, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "Tokens", tab: "tokens", body }));
  });
};

const registerCreation = (app: App, deps: Deps): void => {
  const show = async (c: AppContext, form: Form, status: FormStatus = 200): Promise<Response> =>
    c.html(await page(c, deps.clock.nowMs(), { title: "New token", tab: "tokens", body: creation(form, c) }), status);

  app.get(`${path}/new`, owning, (c) => show(c, newForm(deps, new URL(c.req.url).searchParams)));

  const endOf = (term: string): string | null => {
    const days = terms.find(([value]) => value === term)?.[0] ?? "";
    if (days === "never") return null;
    return days === "" ? "" : isoTime(deps.clock.nowMs() + Number(days) * 86_400_000);
  };

  app.post(`${path}/new`, owning, async (c) => {
    const fields = await readForm(c);
    try {
      const input = readInput(tokenInput, {
        name: fields.get("name"),
        role: fields.get("role"),
        expires_at: endOf(fields.get("for") ?? ""),
      });
      const { token, secret } = await mintToken(deps, c.var.customerId, c.var.principal, input, (store) =>
        formOnce(c, deps, fields, store),
      );
      const body = html`<p class="crumb"><a href="${path}">Tokens</a></p><h1>${isolated(token.name)}</h1>\n${note("", html`<p>Created, with the role ${token.role}.</p>`)}\n${shownOnce("Token", secret)}\n<p class="acts"><a class="button" href="${path}">Done</a></p>`;
      return c.html(await page(c, deps.clock.nowMs(), { title: "New token", tab: "tokens", body }));
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), refused.status);
    }
  });
};

const registerRevocation = (app: App, deps: Deps, caches: TokenCaches): void => {
  app.get(`${path}/:id/revoke`, owning, async (c) => {
    const id = idOf(c);
    const [token] = (await deps.tokens.list(c.var.customerId, { limit: 1, afterId: id - 1 })) ?? [];
    if (token?.id !== id) throw noSuchResource();
    const isThis = c.var.principal.actor === `token:${id}`;
    const body = asking({
      back: path,
      crumb: "Tokens",
      title: html`Revoke ${isolated(token.name)}?`,
      says: `Whatever uses it is refused within 30 seconds, for good.${isThis ? " It is the one that you are signed in with." : ""}`,
      path: `${path}/${id}/revoke`,
      word: "Revoke",
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Revoke", tab: "tokens", body }));
  });

  app.post(`${path}/:id/revoke`, owning, async (c) => {
    await readForm(c);
    await revokeToken(deps, caches, c.var.customerId, idOf(c), changeBy(c));
    return c.redirect(`${path}?done=revoked`, 303);
  });
};

/** `/console/tokens`: who may use the API, and until when. @param caches the verified tokens of the API, which forget a revoked one */
export const registerTokenPages = (app: App, deps: Deps, caches: TokenCaches): void => {
  registerList(app, deps);
  registerCreation(app, deps);
  registerRevocation(app, deps, caches);
};

import type { Deps } from "../adapters/ports/deps.ts";
import { viewers } from "../auth/guards.ts";
import { readCustomerId } from "../auth/authenticate.ts";
import { AppError } from "../errors.ts";
import { readForm } from "../http/body.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated } from "../http/html.ts";
import { refuseNeed } from "../http/principal.ts";
import { afterOf } from "./asked.ts";
import { page } from "./page.ts";
import { cell, empty, pages, table } from "./parts.ts";
import { keepSession } from "./session.ts";
import { onward } from "./typed.ts";

const shown = 100;

const refuseCustomers = (c: AppContext): void => {
  if (c.var.principal.kind !== "admin") throw new AppError("not_found", "there is nothing at this path");
  const reason = refuseNeed(c.var.principal, viewers);
  if (reason !== null) throw new AppError("forbidden", reason);
};

/** `/console/customers`: an admin chooses for whom the views are. */
export const registerCustomers = (app: App, deps: Deps): void => {
  const path = "/console/customers";

  app.get(path, async (c) => {
    refuseCustomers(c);
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const next = onward(c.req.query("next"));
    const customers = await deps.customers.list({ limit: shown + 1, afterId });
    const rows = customers.slice(0, shown).map(
      ({ id, name }) => html`<tr><th scope="row">${isolated(name)}</th>${cell("Customer", String(id))}
<td class="lead"><form method="post" action="${path}"><input type="hidden" name="next" value="${next}"><button name="customer" value="${id}" aria-label="Open ${name}">Open</button></form></td></tr>`,
    );
    const onwards = customers.length > shown ? `${path}?after=${customers[shown - 1]?.id ?? 0}&next=${encodeURIComponent(next)}` : null;
    const list =
      rows.length === 0
        ? empty("No customers yet.", html`Create one: <code>POST /v1/customers</code>.`)
        : table("Customers", ["Name", "Id", "Choice"], rows);
    const body = html`<div class="head"><div><h1>For which customer?</h1><p>You see and order what its own people would.</p></div></div>\n${list}${pages(path, afterId === null, onwards)}`;
    return c.html(await page(c, nowMs, { title: "Customers", body }));
  });

  app.post(path, async (c) => {
    refuseCustomers(c);
    const { session } = c.var;
    const fields = await readForm(c);
    const customerId = readCustomerId(fields.get("customer") ?? "");
    if (customerId === null || (await deps.customers.get(customerId)) === null)
      throw new AppError("not_found", "there is no such customer");
    if (session === undefined || deps.sessionTokens === null) throw new AppError("unauthenticated", "sign in first");
    await keepSession(c, deps.sessionTokens, { ...session, customerId }, deps.clock.nowMs());
    return c.redirect(onward(fields.get("next")), 303);
  });
};

import type { AppContext } from "../http/env.ts";
import { html, isolated, nothing, raw } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { refuseNeed } from "../http/principal.ts";
import { editors } from "../auth/guards.ts";
import { clock, when } from "./parts.ts";
import { styleAsset } from "./assets.ts";

const tabs = [
  ["fleet", "/console", "Fleet"],
  ["storms", "/console/storms", "Storms"],
  ["objectives", "/console/objectives", "Objectives"],
  ["invoices", "/console/invoices", "Invoices"],
  ["status-page", "/console/status-page", "Status page"],
] as const;

export type Tab = (typeof tabs)[number][0];

export type Page = {
  readonly title: string;
  readonly tab?: Tab;
  /** The service that the page is about: what is frozen from it. */
  readonly serviceId?: number;
  readonly body: Html;
};

/** Whether whoever is signed in may act: an editor, or an admin who may write. Who may not is shown no buttons. */
export const mayAct = (c: AppContext): boolean => refuseNeed(c.var.principal, editors) === null;

const freezeLink = (serviceId: number | undefined): Html =>
  html`<p class="acts"><a class="button" href="/console/order?mode=frozen${serviceId === undefined ? "" : html`&amp;service=${serviceId}`}">Freeze…</a></p>`;

const bar = (c: AppContext, { tab, serviceId }: Page): Html => html`<header class="bar"><div>
<a class="name" href="/console">tranche</a>
<nav aria-label="Views"><ul>${tabs.map(
  ([name, path, title]) => html`<li><a href="${path}"${name === tab ? raw(' aria-current="page"') : ""}>${title}</a></li>`,
)}</ul></nav>
${c.var.customerId > 0 && mayAct(c) ? freezeLink(serviceId) : ""}</div></header>`;

const roleOf = ({ var: { principal } }: AppContext): string =>
  principal.kind === "admin" ? `admin: ${principal.scopes.join(", ")}` : principal.role;

const foot = (c: AppContext, nowMs: number): Html => {
  const { principal, session, customerId } = c.var;
  const customer =
    principal.kind === "admin"
      ? html` <a href="/console/customers">${customerId > 0 ? `customer ${customerId}, change` : "choose a customer"}</a>`
      : nothing;
  return html`<footer><span>${isolated(principal.actor)} (${roleOf(c)})${customer}; as of ${clock(nowMs)} UTC; the session ends ${when(session?.expiresAtMs ?? nowMs, nowMs)}</span>
<form method="post" action="/console/sign-out"><button class="plain">Sign out</button></form></footer>`;
};

/**
 * A page of the console. Without a session it has neither views nor buttons.
 * @param nowMs when it is made; times are relative to that
 */
export const page = async (c: AppContext, nowMs: number, content: Page): Promise<string> => {
  const isIn = c.var.session !== undefined && c.var.principal !== undefined;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${content.title} – tranche</title>
<link rel="stylesheet" href="${(await styleAsset()).path}">
</head>
<body>
<a class="skip" href="#main">To the content</a>
${isIn ? bar(c, content) : html`<header class="bar"><div><a class="name" href="/console">tranche</a></div></header>`}
<main id="main">
${content.body}
</main>
${isIn ? foot(c, nowMs) : ""}
</body>
</html>
`.toString();
};

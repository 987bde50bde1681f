import type { AppContext } from "../http/env.ts";
import { html, isolated, nothing, raw } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { refuseNeed } from "../http/principal.ts";
import { editors, owners } from "../auth/guards.ts";
import { asksFragment } from "./fragment.ts";
import { asOf, when } from "./parts.ts";
import { islandsAsset, styleAsset } from "./assets.ts";
import { standingNotes } from "./standing.ts";

const tabs = [
  ["fleet", "/console", "Fleet"],
  ["storms", "/console/storms", "Storms"],
  ["objectives", "/console/objectives", "Objectives"],
  ["cost", "/console/cost", "Cost"],
  ["invoices", "/console/invoices", "Invoices"],
  ["channels", "/console/channels", "Channels"],
  ["setup", "/console/setup", "Set-up"],
  ["status-page", "/console/status-page", "Status page"],
  ["tokens", "/console/tokens", "Tokens"],
  ["audit", "/console/audit", "Audit"],
  ["status", "/console/status", "Status"],
] as const;

export type Tab = (typeof tabs)[number][0];

export type Page = {
  readonly title: string;
  readonly tab?: Tab;
  /** The service that the page is about: what is frozen from it. */
  readonly serviceId?: number;
  readonly body: Html;
  /** Whether it is kept up to date while it is looked at: asked again every few seconds for its content alone. */
  readonly live?: boolean;
};

/** Whether whoever is signed in may act: an editor, or an admin who may write. Who may not is shown no buttons. */
export const mayAct = (c: AppContext): boolean => c.var.away !== true && refuseNeed(c.var.principal, editors) === null;

/** The tab of a path. */
export const tabOf = (path: string): { readonly tab?: Tab } => {
  const found = tabs.find(
    ([name, at]) => path === at || (name === "fleet" ? path.startsWith("/console/services/") : path.startsWith(`${at}/`)),
  );
  return found === undefined ? {} : { tab: found[0] };
};

/** Whether whoever is signed in may mint and revoke tokens: an owner, or an admin with that scope. */
export const mayOwn = (c: AppContext): boolean => refuseNeed(c.var.principal, owners) === null;

const freezeLink = (serviceId: number | undefined): Html =>
  html`<p class="acts"><a class="button" href="/console/order?mode=frozen${serviceId === undefined ? "" : html`&amp;service=${serviceId}`}">Freeze…</a></p>`;

/** For whom an admin looks and orders: on top, as a tab may be older than the choice. */
const customerLink = ({ var: { principal, customerId } }: AppContext): Html =>
  principal.kind === "admin"
    ? html`<a class="of" href="/console/customers">${customerId > 0 ? `customer ${customerId}` : "choose a customer"}</a>`
    : nothing;

const bar = (c: AppContext, { tab, serviceId }: Page): Html => html`<header class="bar"><div>
<a class="name" href="/console">tranche</a>${customerLink(c)}
<nav aria-label="Views"><ul>${tabs.map(
  ([name, path, title]) => html`<li><a href="${path}"${name === tab ? raw(' aria-current="page"') : ""}>${title}</a></li>`,
)}</ul></nav>
${c.var.customerId > 0 && mayAct(c) ? freezeLink(serviceId) : ""}</div></header>`;

const roleOf = ({ var: { principal } }: AppContext): string =>
  principal.kind === "admin" ? `admin: ${principal.scopes.join(", ")}` : principal.role;

/** Where a page that would be live is made anew without a script. */
const again = (c: AppContext): Html => {
  const { pathname, search } = new URL(c.req.url);
  return html` (<a href="${pathname}${search}">look again</a>)`;
};

const foot = (c: AppContext, nowMs: number, isLive: boolean): Html => {
  const { principal, session } = c.var;
  const who =
    principal.account === undefined ? isolated(principal.actor) : html`<a href="/console/account">${isolated(principal.actor)}</a>`;
  const signedInBy = principal.account === undefined ? "with this token" : "as you";
  return html`<footer><span>${who} (${roleOf(c)}); as of ${asOf(nowMs)} UTC${isLive ? again(c) : ""}; the session ends ${when(session?.expiresAtMs ?? nowMs, nowMs)}</span>
<form method="post" action="/console/sign-out"><button class="plain">Sign out</button> <button class="plain" name="where" value="everywhere" aria-label="Sign out everywhere: in every browser that is signed in ${signedInBy}">everywhere</button></form></footer>`;
};

/**
 * Each form says for whom it was made: a browser has one session, in which another tab may have opened another customer until it is sent.
 * Names are escaped, so only we write forms.
 */
const madeFor = (c: AppContext, markup: string): string =>
  markup.replaceAll(/(<form [^>]*method="post" action="\/console\/[^"?]*)"/g, `$1?customer=${c.var.customerId}"`);

/** Where a live page says that it is none at the moment: there from the start, so that it is read out when it is filled. */
const liveNote = html`<div class="live" id="live" role="status"></div>\n`;

/**
 * A page of the console; its content alone for a live page that asks for it. Without a session it has neither views nor buttons.
 * @param nowMs when it is made; times are relative to that
 */
export const page = async (c: AppContext, nowMs: number, content: Page): Promise<string> => {
  const isIn = c.var.session !== undefined && c.var.principal !== undefined;
  const isLive = isIn && content.live === true;
  const standing = isIn ? ((await c.var.standing) ?? null) : null;
  const main = html`<main id="main">
${standing === null ? "" : standingNotes(c, standing, nowMs)}${isIn ? raw(madeFor(c, content.body.toString())) : content.body}
</main>`;
  if (isLive && asksFragment(c)) {
    c.header("console-as-of", String(nowMs));
    return html`${main}\n${foot(c, nowMs, true)}\n`.toString();
  }
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${content.title} – tranche</title>
<link rel="stylesheet" href="${(await styleAsset()).path}">${isLive ? html`\n<script type="module" src="${(await islandsAsset()).path}"></script>` : ""}
</head>
<body${isLive ? html` data-as-of="${nowMs}" data-customer="${c.var.customerId}"` : ""}>
<a class="skip" href="#main">To the content</a>
${isIn ? bar(c, content) : html`<header class="bar"><div><a class="name" href="/console">tranche</a></div></header>`}
${isLive ? liveNote : ""}${main}
${isIn ? foot(c, nowMs, isLive) : ""}
</body>
</html>
`.toString();
};

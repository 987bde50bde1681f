import type { Deps } from "../adapters/ports/deps.ts";
import { AppError, problemTitles } from "../errors.ts";
import type { AppContext, AppMiddleware } from "../http/env.ts";
import { html, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { asksFragment, conditional } from "./fragment.ts";
import { clock, note } from "./parts.ts";
import { page } from "./page.ts";
import { keepable } from "./secrets.ts";
import { keptOf, toBeCopied, typedOf } from "./typed.ts";

/** Our own style, scripts and forms to ourselves: nothing else is loaded, run, embedded or sent to, and nothing inline. */
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const unsafe = (method: string): boolean => method !== "GET" && method !== "HEAD" && method !== "OPTIONS";

/**
 * Whether a form was sent from a page of ours. Every browser says with a POST where it comes from. Behind a proxy that
 * ends TLS the scheme of our own address is not known: the name and port decide.
 */
const isOurs = (c: AppContext, selfUrl: string | null): boolean => {
  const origin = c.req.header("origin");
  if (origin === undefined || !URL.canParse(origin)) return false;
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin") return false;
  const own = new URL(c.req.url);
  const { host, protocol } = new URL(origin);
  if (host === own.host) return protocol === "https:" || protocol === own.protocol;
  return selfUrl !== null && new URL(selfUrl).origin === origin;
};

/** @throws AppError `forbidden` for a form of somebody else's page: whoever is signed in did not send it */
export const ownForms =
  (deps: Pick<Deps, "config">): AppMiddleware =>
  async (c, next) => {
    if (unsafe(c.req.method) && !isOurs(c, deps.config.selfUrl)) {
      throw new AppError("forbidden", "this form was not sent from the console: open the page again, and send it from there");
    }
    await next();
  };

/** A problem's words as a sentence. */
const sentence = (detail: string): string => `${detail.slice(0, 1).toUpperCase()}${detail.slice(1)}.`;

/** The way back to a form that was not carried out. One of somebody else's page has none. */
const wayBack = async (c: AppContext, status: number): Promise<Html> => {
  const fields = status === 403 || c.req.path.startsWith("/console/sign-") ? null : await typedOf(c);
  const kept = fields === null || keepable(fields).size === 0 ? null : keptOf(c.req.path, fields);
  if (kept === null) return nothing;
  if (kept.tooLong.length > 0) return html`${toBeCopied(kept)}<p><a href="${kept.path}">Back to the form</a></p>`;
  return html`<p><a href="${kept.path}">Back to the form, with what you typed</a></p>`;
};

const explanation = (c: AppContext, status: number, detail: string): Html => {
  if (status !== 503) return html`<p>${sentence(detail)}</p>`;
  return html`<p>${sentence(detail)} What this page would show is not known now; rounds, and the switches that they make, do not depend on it. Nothing that you sent was stored, unless it was answered: a freeze neither.</p>
${c.req.method === "GET" ? html`<p><a href="${c.req.path}">Try again</a></p>` : nothing}`;
};

type Refusal = { readonly title: string; readonly detail: string; readonly errors: readonly { pointer: string; detail: string }[] };

const refusalOf = async (c: AppContext): Promise<Refusal> => {
  const { title, detail, errors } = (await c.res.clone().json()) as { title?: string; detail?: string; errors?: Refusal["errors"] };
  const { status } = c.res;
  return { title: title ?? problemTitles[status] ?? "Something went wrong", detail: detail ?? "", errors: errors ?? [] };
};

const titles: Readonly<Record<number, string>> = { 404: "There is nothing here", 503: "The database is away" };

/** A problem as a page: its own words, what can be done, and the id by which it is in the log. */
const problemPage = async (c: AppContext, nowMs: number): Promise<Response> => {
  const { status, headers } = c.res;
  const { title, detail, errors } = await refusalOf(c);
  const heading = status === 503 && !/database/.test(detail) ? title : (titles[status] ?? title);
  const body = html`<h1>${heading}</h1>
${note(status < 500 ? "warn" : "bad", explanation(c, status, detail), "alert")}
${errors.length === 0 ? nothing : html`<ul>${errors.map(({ pointer, detail: rule }) => html`<li><code>${pointer}</code> ${rule}</li>`)}</ul>`}
${await wayBack(c, status)}<p class="hint">${clock(nowMs)} UTC, request <code>${c.var.requestId}</code>. <a href="/console">To the fleet</a></p>`;
  const answer = c.html(await page(c, nowMs, { title: heading, body }), status as 500);
  for (const name of ["retry-after", "allow"]) {
    const value = headers.get(name);
    if (value !== null) answer.headers.set(name, value);
  }
  return answer;
};

/**
 * The headers of every answer of the console, and pages in the place of problems.
 * Mounted before everything that refuses, so that people read words instead of JSON.
 */
export const consoleFrame =
  (deps: Pick<Deps, "clock">): AppMiddleware =>
  async (c, next) => {
    await next();
    const isProblem = c.res.headers.get("content-type")?.startsWith("application/problem+json") === true;
    // A live page says a problem's words itself, beside what it goes on showing.
    if (asksFragment(c)) {
      if (c.res.status === 200 && c.res.headers.has("console-as-of")) {
        const answer = await conditional(c);
        c.res = undefined;
        c.res = answer;
      }
    } else if (isProblem) {
      const answer = await problemPage(c, deps.clock.nowMs());
      c.res = undefined;
      c.res = answer;
    }
    const { headers } = c.res;
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", policy);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    headers.set("cross-origin-opener-policy", "same-origin");
  };

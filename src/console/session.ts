import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Deps } from "../adapters/ports/deps.ts";
import type { SessionClaim, SessionTokens } from "../adapters/ports/tenants/sessions.ts";
import { limitKey, viewers, editors, owners } from "../auth/guards.ts";
import type { Sessions } from "../auth/sessions.ts";
import { AppError } from "../errors.ts";
import { readForm } from "../http/body.ts";
import type { AppContext, AppMiddleware } from "../http/env.ts";
import { html } from "../http/html.ts";
import { refuseNeed } from "../http/principal.ts";
import type { Principal } from "../http/principal.ts";
import { within } from "../http/rate-limit.ts";
import { patiently } from "../pipeline/with-timeout.ts";
import { asksFragment, refuseOtherCustomer } from "./fragment.ts";
import { page } from "./page.ts";
import { isAway, patienceMs } from "./last-known.ts";
import type { LastKnown } from "./last-known.ts";
import type { Standing } from "./standing.ts";
import { signInForm } from "./sign-in-form.ts";
import { keptOf, mostTypedBytes, onward } from "./typed.ts";

/** Browsers keep `__Host-` only with Secure, which not all of them accept over plain HTTP, not even of this very machine. */
const localName = "tranche-session";

const localHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

const isLocal = (c: AppContext): boolean => {
  const { protocol, hostname } = new URL(c.req.url);
  return protocol === "http:" && localHosts.has(hostname);
};

const cookie = { path: "/", httpOnly: true, sameSite: "Strict" } as const;

export const readSession = async (c: AppContext, tokens: SessionTokens | null, nowMs: number): Promise<SessionClaim | null> => {
  const kept = isLocal(c) ? getCookie(c, localName) : getCookie(c, "session", "host");
  return kept === undefined || tokens === null ? null : await tokens.read(kept, nowMs);
};

export const keepSession = async (c: AppContext, tokens: SessionTokens, claim: SessionClaim, nowMs: number): Promise<void> => {
  const value = await tokens.sign(claim);
  const maxAge = Math.floor((claim.expiresAtMs - nowMs) / 1_000);
  if (isLocal(c)) setCookie(c, localName, value, { ...cookie, maxAge });
  else setCookie(c, "session", value, { ...cookie, maxAge, secure: true, prefix: "host" });
};

export const dropSession = (c: AppContext): void => {
  if (isLocal(c)) deleteCookie(c, localName, cookie);
  else deleteCookie(c, "session", { ...cookie, secure: true, prefix: "host" });
};

const signInPath = (next: string): string =>
  next === "/console" ? "/console/sign-in" : `/console/sign-in?next=${encodeURIComponent(next)}`;

const here = (c: AppContext): string => {
  const { pathname, search } = new URL(c.req.url);
  return onward(`${pathname}${search}`);
};

/** To sign in, and back. Of a form that nobody sent: back to it, with what was typed, except secrets. */
const toSignIn = async (c: AppContext, { accounts }: Pick<Deps, "accounts">, nowMs: number): Promise<Response> => {
  if (asksFragment(c)) return c.body(null, 401);
  if (c.req.method !== "POST") return c.redirect(signInPath(here(c)), 303);
  const kept = keptOf(c.req.path, await readForm(c, mostTypedBytes));
  if (kept.tooLong.length === 0) return c.redirect(`/console/sign-in?over=1&next=${encodeURIComponent(kept.path)}`, 303);
  return c.html(
    await page(c, nowMs, {
      title: "Sign in",
      body: signInForm({ next: kept.path, kept, ...(accounts !== null && { account: { address: "" } }) }),
    }),
    401,
  );
};

/**
 * A link from elsewhere brings no SameSite=Strict cookie along, although there may be one. Asked again by a page of our own, the
 * browser sends it.
 */
const askAgain = async (c: AppContext, nowMs: number): Promise<Response> => {
  const path = here(c);
  const body = html`<h1>One moment</h1><p><a href="${path}">Go on to the console</a></p>`;
  return c.html(await page(c, nowMs, { title: "One moment", body }), 200, { refresh: `0; url=${path}` });
};

/**
 * What a request is counted with. Live pages have a purse of their own, of the same size: 12 requests a minute and visible page must not
 * leave a token's programs without theirs, nor be refused because these are busy. An address's limit counts both.
 */
const purseOf = (c: AppContext, principal: Principal): string => (asksFragment(c) ? `live:${limitKey(principal)}` : limitKey(principal));

export type SessionDeps = Pick<Deps, "clock" | "sessionTokens" | "rateLimits" | "accounts">;

/** @throws whatever else it was */
const unlessAway = (error: unknown): null => {
  if (isAway(error)) return null;
  throw error;
};

/** Whoever is signed in. Nobody is sent to sign in, and from there back. */
export const signedIn = (deps: SessionDeps, sessions: Sessions, standing: Standing, lastKnown: LastKnown): AppMiddleware => {
  /** Where the database is away, or hangs: who it was not long ago, to look only. @throws AppError */
  const whoIs = async (c: AppContext, claim: SessionClaim): Promise<Principal> => {
    const known = c.req.method === "GET" ? lastKnown.principalOf(claim) : null;
    const asked = sessions.principalOf(claim);
    const principal = known === null ? await asked : await patiently(deps.clock, asked.catch(unlessAway), patienceMs, null);
    if (principal !== null) {
      lastKnown.note(claim, principal);
      return principal;
    }
    lastKnown.noteAway();
    c.set("away", true);
    return known ?? (await asked);
  };
  return async (c, next) => {
    const nowMs = deps.clock.nowMs();
    const claim = await readSession(c, deps.sessionTokens, nowMs);
    if (claim === null) {
      if (c.req.header("sec-fetch-site") === "cross-site" && c.req.method === "GET") return await askAgain(c, nowMs);
      return await toSignIn(c, deps, nowMs);
    }
    try {
      const principal = await whoIs(c, claim);
      within(await deps.rateLimits.perCredential.take(purseOf(c, principal)));
      c.set("principal", principal);
      c.set("session", claim);
      c.set("customerId", principal.kind === "customer" ? principal.customerId : claim.customerId);
      if (c.req.method === "GET" && c.var.away !== true) c.set("standing", standing.of(c.var.customerId));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "unauthenticated") throw error;
      // The token was revoked, or has expired.
      lastKnown.forget(claim);
      dropSession(c);
      return await toSignIn(c, deps, nowMs);
    }
    return await next();
  };
};

const permit = (c: AppContext, need: typeof viewers): void => {
  const reason = refuseNeed(c.var.principal, need);
  if (reason !== null) throw new AppError("forbidden", reason);
};

/** Views of one customer: of an admin's those of the one that is chosen. */
export const viewing: AppMiddleware = async (c, next) => {
  permit(c, viewers);
  refuseOtherCustomer(c);
  if (c.var.customerId === 0) return c.redirect(`/console/customers?next=${encodeURIComponent(here(c))}`, 303);
  return await next();
};

/**
 * A browser has one session: signed in as somebody else, or for another customer, in one tab, it is so in all of them.
 * @throws AppError `conflict` for a form that was made for another customer than the one that it would be carried out for
 */
export const refuseFormOfOther = (c: AppContext): void => {
  const madeFor = c.req.method === "POST" ? c.req.query("customer") : undefined;
  if (madeFor === undefined || madeFor === String(c.var.customerId)) return;
  throw new AppError(
    "conflict",
    "this form was made for another customer than the one that another tab has opened since, and nothing was done: open that customer again, go back, and send it",
  );
};

/** Acts for one customer. */
export const acting: AppMiddleware = async (c, next) => {
  permit(c, editors);
  refuseFormOfOther(c);
  if (c.var.customerId === 0) throw new AppError("bad_request", "choose a customer to act for");
  return await next();
};

/** Owners' acts for one customer, such as minting its tokens. */
export const owning: AppMiddleware = async (c, next) => {
  permit(c, owners);
  refuseFormOfOther(c);
  if (c.var.customerId === 0) throw new AppError("bad_request", "choose a customer to act for");
  return await next();
};

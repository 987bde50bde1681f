import type { Deps } from "../adapters/ports/deps.ts";
import type { SessionTokens } from "../adapters/ports/tenants/sessions.ts";
import type { Sessions } from "../auth/sessions.ts";
import { AppError } from "../errors.ts";
import { readForm } from "../http/body.ts";
import type { App, AppContext } from "../http/env.ts";
import { html } from "../http/html.ts";
import { within } from "../http/rate-limit.ts";
import { verifyAccount } from "../routes/accounts/rules.ts";
import { page } from "./page.ts";
import { note } from "./parts.ts";
import { dropSession, keepSession, readSession } from "./session.ts";
import { signInForm } from "./sign-in-form.ts";
import type { SignIn } from "./sign-in-form.ts";
import { onward } from "./typed.ts";

const off = html`<h1>The console is off</h1>
${note("warn", html`<p>This deployment signs no sessions: <code>SECRETS_KEY</code> is not set. Set it to 32 random bytes in base64, on both providers alike, and nobody who uses the API notices.</p>`)}
<p><a href="/docs">The API</a></p>`;

/** Whose session is over needs no end of it. @throws whatever else it was */
const unlessOver = (error: unknown): null => {
  if (error instanceof AppError && error.code === "unauthenticated") return null;
  throw error;
};

/** Signing in and out. */
export const registerSignIn = (app: App, deps: Deps, sessions: Sessions): void => {
  const path = "/console/sign-in";

  const show = async (c: AppContext, status: 200 | 401, about: SignIn): Promise<Response> => {
    const nowMs = deps.clock.nowMs();
    if (deps.sessionTokens === null) return c.html(await page(c, nowMs, { title: "The console is off", body: off }), 503);
    return c.html(await page(c, nowMs, { title: "Sign in", body: signInForm(about) }), status);
  };

  /** Both ways, where people have accounts here. */
  const ways: Pick<SignIn, "account"> = deps.accounts === null ? {} : { account: { address: "" } };

  app.get(path, (c) => show(c, 200, { next: onward(c.req.query("next")), isOver: c.req.query("over") === "1", ...ways }));

  const byPassword = async (c: AppContext, tokens: SessionTokens, fields: URLSearchParams, next: string): Promise<Response> => {
    const client = deps.clientAddress(c.req.raw.headers);
    const typed = { address: fields.get("address") ?? "", password: fields.get("password") ?? "" };
    try {
      const credential = await verifyAccount(deps, typed, client);
      const claim = await sessions.beginOf(credential, c.req.header("user-agent") ?? "", c.var.requestId);
      await keepSession(c, tokens, claim, deps.clock.nowMs());
      return c.redirect(next, 303);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "unauthenticated") throw error;
      within(await deps.rateLimits.refusals.take(client));
      return await show(c, 401, { next, account: { address: typed.address, refusal: error.message } });
    }
  };

  app.post(path, async (c) => {
    const { sessionTokens } = deps;
    const fields = await readForm(c);
    const next = onward(fields.get("next"));
    if (sessionTokens === null) return await show(c, 401, { next });
    if (deps.accounts !== null && fields.has("address")) return await byPassword(c, sessionTokens, fields, next);
    const address = deps.clientAddress(c.req.raw.headers);
    try {
      const { claim } = await sessions.begin((fields.get("token") ?? "").trim());
      await keepSession(c, sessionTokens, claim, deps.clock.nowMs());
      return c.redirect(next, 303);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "unauthenticated") throw error;
      within(await deps.rateLimits.refusals.take(address));
      return await show(c, 401, { ...ways, next, refusal: "this is no valid token: it may have expired or been revoked" });
    }
  });

  /** Here, or in every browser: what is signed out everywhere, and what is of an account, has to be looked up first. */
  app.post("/console/sign-out", async (c) => {
    const isEverywhere = (await readForm(c)).get("where") === "everywhere";
    const claim = await readSession(c, deps.sessionTokens, deps.clock.nowMs());
    if (claim !== null && (isEverywhere || claim.kind === "account")) {
      const principal = await sessions.principalOf(claim).catch(unlessOver);
      const change = { actor: principal?.actor ?? "", requestId: c.var.requestId, idempotency: null };
      if (principal !== null) await (isEverywhere ? sessions.endAll : sessions.end)(principal, change);
    }
    dropSession(c);
    return c.redirect(path, 303);
  });
};

import { html, nothing, raw } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { fault, note, wrong } from "./parts.ts";
import { toBeCopied } from "./typed.ts";
import type { Kept } from "./typed.ts";

export type SignIn = {
  readonly next: string;
  readonly refusal?: string;
  /** Where people have accounts here: what was typed, and why it was refused. Absent: they have none. */
  readonly account?: { readonly address: string; readonly refusal?: string };
  /** Whether a session was over while something was typed. */
  readonly isOver?: boolean;
  /** What was typed then, where it can not be part of `next`. */
  readonly kept?: Kept;
};

const over = ({ isOver, kept }: SignIn): Html => {
  if (kept !== undefined) return note("warn", "Your session is over. What you typed is below this form: copy it first.");
  return isOver === true ? note("warn", "Your session is over. What you typed is kept: sign in, and it is there again.") : nothing;
};

const byToken = ({ next, refusal, account }: SignIn): Html => {
  const isFirst = account === undefined || refusal !== undefined;
  return html`<form class="card" method="post" action="/console/sign-in">
<input type="hidden" name="next" value="${next}">
<input type="text" name="username" value="tranche" autocomplete="username" readonly hidden>
<div class="field"><label class="field" for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" spellcheck="false" autocapitalize="off" required${isFirst ? raw(" autofocus") : ""}${fault("token", refusal)}>
${wrong("token", refusal)}<p class="hint">Of a customer (<code>trn_…</code>) or an admin. A session lasts 12 hours, in this browser alone; whoever revokes the token ends it.</p></div>
<button class="main">Sign in</button>
</form>`;
};

const byPassword = ({ next, refusal, account }: SignIn): Html => {
  if (account === undefined) return nothing;
  return html`<form class="card" method="post" action="/console/sign-in">
<input type="hidden" name="next" value="${next}">
<div class="field"><label class="field" for="address">Mail address</label>
<input id="address" name="address" type="text" inputmode="email" value="${account.address}" autocomplete="username" spellcheck="false" autocapitalize="off" required${refusal === undefined ? raw(" autofocus") : ""}></div>
<div class="field"><label class="field" for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${fault("password", account.refusal)}>
${wrong("password", account.refusal)}<p class="hint"><a href="/console/forgot">Forgot your password?</a></p></div>
<button class="main">Sign in</button>
</form>
<h2>Or with a token</h2>
`;
};

/** The forms by which a session begins. */
export const signInForm = (about: SignIn): Html => html`<h1>Sign in</h1>
${over(about)}
${byPassword(about)}${byToken(about)}${about.kept === undefined ? nothing : toBeCopied(about.kept)}`;

import { html, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { fault, note, wrong } from "./parts.ts";
import { toBeCopied } from "./typed.ts";
import type { Kept } from "./typed.ts";

export type SignIn = {
  readonly next: string;
  readonly refusal?: string;
  /** Whether a session was over while something was typed. */
  readonly isOver?: boolean;
  /** What was typed then, where it can not be part of `next`. */
  readonly kept?: Kept;
};

const over = ({ isOver, kept }: SignIn): Html => {
  if (kept !== undefined) return note("warn", "Your session is over. What you typed is below this form: copy it first.");
  return isOver === true ? note("warn", "Your session is over. What you typed is kept: sign in, and it is there again.") : nothing;
};

/** The form by which a session begins. */
export const signInForm = (about: SignIn): Html => html`<h1>Sign in</h1>
${over(about)}
<form class="card" method="post" action="/console/sign-in">
<input type="hidden" name="next" value="${about.next}">
<input type="text" name="username" value="tranche" autocomplete="username" readonly hidden>
<div class="field"><label class="field" for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" spellcheck="false" autocapitalize="off" required autofocus${fault("token", about.refusal)}>
${wrong("token", about.refusal)}<p class="hint">Of a customer (<code>trn_…</code>) or an admin. A session lasts 12 hours, in this browser alone; whoever revokes the token ends it.</p></div>
<button class="main">Sign in</button>
</form>${about.kept === undefined ? nothing : toBeCopied(about.kept)}`;

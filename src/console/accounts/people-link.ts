import type { Deps } from "../../adapters/ports/deps.ts";
import type { AppContext } from "../../http/env.ts";
import { html, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { mayOwn } from "../page.ts";

/** To the people beside whom somebody is: an admin's are the operator's, whichever customer is chosen. Nothing for who rules over nobody. */
export const peopleLink = (c: AppContext, { accounts }: Pick<Deps, "accounts">): Html =>
  accounts === null || !mayOwn(c)
    ? nothing
    : html`<a class="button" href="/console/people${c.var.principal.kind === "admin" ? "?of=operator" : ""}">People…</a>`;

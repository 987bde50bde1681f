import type { DeadLetter } from "../../adapters/ports/cost/dead-letters.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { readCustomerId } from "../../auth/authenticate.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { readForm } from "../../http/body.ts";
import type { App } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { dropDeadLetter, retryDeadLetter } from "../../routes/cost/dead-letter-changes.ts";
import { afterOf, idOf } from "../asked.ts";
import { asking } from "../fields.ts";
import { mayAct, page } from "../page.ts";
import { cell, empty, note, pages, table, when } from "../parts.ts";
import { acting, viewing } from "../session.ts";

const path = `${costPath}/dead-letters`;
const shown = 50;

const sources = { push: "pushed", s3: "a bucket", agent: "an agent", cloudflare: "Cloudflare's audit log" } as const;

/** What of what came in could not be scored, in a line. */
export const deadNote = (events: number): Html =>
  events === 0
    ? nothing
    : note(
        "warn",
        html`<p>${events} ${events === 1 ? "event" : "events"} could not be scored, however often that was tried. <a href="${path}">Look at them</a></p>`,
      );

const row = ({ id, source, events, tries, lastError, createdAtMs }: DeadLetter, nowMs: number, isActing: boolean): Html =>
  html`<tr><th scope="row">${id}<small>${events} ${events === 1 ? "event" : "events"}, ${sources[source]}</small></th>
${cell("Came", when(createdAtMs, nowMs))}${cell("Tries", String(tries), true)}${cell("Why not", lastError === null ? "not known" : isolated(lastError))}
${isActing ? html`<td class="act"><form method="post" action="${path}"><button class="plain" name="retry" value="${id}" aria-label="Try again: ${id}">Try again</button></form> <a href="${path}/${id}/drop" aria-label="Give up: ${id}">Give up…</a></td>` : ""}</tr>`;

const doneWords: Readonly<Record<string, string>> = {
  retried: "It is scored once more, with the next run.",
  dropped: "Given up: its events stay, without a score.",
};

/** `/console/cost/dead-letters`: events that could not be scored; once more, or never. */
export const registerDeadLetters = (app: App, deps: Deps): void => {
  app.get(path, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const letters = await deps.costDeadLetters.list(c.var.customerId, { limit: shown + 1, afterId });
    const isActing = mayAct(c);
    const rows = letters.slice(0, shown).map((letter) => row(letter, nowMs, isActing));
    const next = letters.length > shown ? `${path}?after=${letters[shown - 1]?.id ?? 0}` : null;
    const done = doneWords[c.req.query("done") ?? ""];
    const columns = ["Which", "Came", { number: "Tries" }, "Why not", ...(isActing ? ["Do"] : [])];
    const list =
      rows.length === 0
        ? empty("Nothing.", "Every event that came in was scored, or waits for it.")
        : table("Events that could not be scored, the oldest first", columns, rows);
    const body = html`<div class="head"><div><p class="crumb"><a href="${costPath}">Cost</a></p><h1>Could not be scored</h1><p>Events that came together and failed five times; they themselves are kept</p></div></div>
${done === undefined ? nothing : note("", html`<p>${done}</p>`)}${list}${pages(path, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "Could not be scored", tab: "cost", body }));
  });

  // At the path of the list, to which whoever has to sign in again comes back.
  app.post(path, acting, async (c) => {
    const id = readCustomerId((await readForm(c)).get("retry") ?? "");
    if (id === null) throw noSuchResource();
    await retryDeadLetter(deps, c.var.customerId, id, changeBy(c));
    return c.redirect(`${path}?done=retried`, 303);
  });

  app.get(`${path}/:id/drop`, acting, async (c) => {
    const id = idOf(c);
    const [letter] = await deps.costDeadLetters.list(c.var.customerId, { limit: 1, afterId: id - 1 });
    if (letter?.id !== id) throw noSuchResource();
    const body = asking({
      back: path,
      crumb: "Could not be scored",
      title: `Give up ${letter.events} ${letter.events === 1 ? "event" : "events"}?`,
      says: "They stay in the list of events, and are never scored: nobody is told of what they cost.",
      path: `${path}/${id}/drop`,
      word: "Give up",
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Give up", tab: "cost", body }));
  });

  app.post(`${path}/:id/drop`, acting, async (c) => {
    await readForm(c);
    await dropDeadLetter(deps, c.var.customerId, idOf(c), changeBy(c));
    return c.redirect(`${path}?done=dropped`, 303);
  });
};

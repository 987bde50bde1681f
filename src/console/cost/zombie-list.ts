import type { CostBoard } from "../../adapters/ports/cost/board.ts";
import type { FoundZombie } from "../../adapters/ports/cost/zombies.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { html, isolated, joined, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { copyable } from "../fields.ts";
import { cell, note, ordering, since, stateOf, table, when } from "../parts.ts";
import { wasteText } from "./figures.ts";
import { ruleWords, zombieWord } from "./words.ts";

export const zombiesPath = `${costPath}/zombies`;
export const zombiePath = (id: number): string => `${zombiesPath}/${id}`;

const act = ({ id, state, resource }: FoundZombie): Html => {
  if (state === "remediated") return html`<td class="act"></td>`;
  const [to, word] = state === "open" ? ["dismissed", "Dismiss"] : ["open", "Open again"];
  return html`<td class="act"><a href="${zombiePath(id)}/say?state=${to}" aria-label="${word}: ${resource}">${word}…</a></td>`;
};

const row = (zombie: FoundZombie, nowMs: number, isActing: boolean): Html => {
  const { id, rule, reason, remedy, state, severity, lastActivityMs, remediatedAtMs, estimatedMonthlyWaste, resource } = zombie;
  const idled = remediatedAtMs === null ? since(lastActivityMs, nowMs) : html`ended ${when(remediatedAtMs, nowMs)}`;
  return html`<tr data-key="zombie-${id}"><th scope="row"><a href="${zombiePath(id)}" aria-label="${ruleWords[rule]}: ${resource}">${ruleWords[rule]}</a><small>${isolated(reason)}</small></th>
<td class="lead">${stateOf(zombieWord(state, severity))}</td>
${cell("Idle for", idled)}${cell("Waste a month", wasteText(estimatedMonthlyWaste), true)}${cell("Remedy", copyable(remedy))}
${isActing ? ordering(act(zombie)) : ""}</tr>`;
};

/** What idles as a table. @param caption which of it */
export const zombieTable = (caption: string, zombies: readonly FoundZombie[], nowMs: number, isActing: boolean): Html =>
  table(
    caption,
    ["What", "State", "Idle for", { number: "Waste a month" }, "Remedy, to copy", ...(isActing ? [{ order: "Say" }] : [])],
    zombies.map((one) => row(one, nowMs, isActing)),
  );

/** Of what could not be read so many are named. */
const unreadShown = 10;

/** When it was last looked for, and what could not be read then: what is not known is not idle. */
export const huntNote = (hunt: CostBoard["hunt"], nowMs: number): Html => {
  if (hunt === null) return nothing;
  const { huntedAtMs, unread } = hunt;
  if (unread.length === 0) return html`<p class="hint">Last looked for ${when(huntedAtMs, nowMs)}; everything could be read.</p>`;
  const shown = unread.slice(0, unreadShown).map(({ source, problem }) => html`<li>${isolated(source)}: ${isolated(problem)}</li>`);
  return html`${note("warn", html`<p>Last looked for ${when(huntedAtMs, nowMs)}. This could not be read, and is not called idle:</p><ul>${joined(shown, "\n")}</ul>${unread.length > unreadShown ? html`<p>and ${unread.length - unreadShown} more</p>` : ""}`)}`;
};

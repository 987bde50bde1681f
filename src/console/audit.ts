import { z } from "zod";
import type { AuditEntry } from "../adapters/ports/tenants/audit-log.ts";
import type { Deps } from "../adapters/ports/deps.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated, joined } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { isCut } from "../http/paging.ts";
import { auditFilter } from "../routes/tenants/audit-log.ts";
import { afterOf } from "./asked.ts";
import { formNote, textField } from "./fields.ts";
import { newForm, readInput, refusalOf } from "./form.ts";
import type { Form } from "./form.ts";
import { page } from "./page.ts";
import { cell, empty, pages, table, when } from "./parts.ts";
import { viewing } from "./session.ts";

const path = "/console/audit";
const shown = 50;
/** Of one value, in characters, and of one entry, in fields: the API has all of it. */
const mostText = 300;
const mostFields = 60;

const filter = z.strictObject(auditFilter);

type Stored = Readonly<Record<string, unknown>>;

const storedOf = (value: unknown): Stored =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Stored) : value === null ? {} : { value };

const text = (value: unknown): string => {
  const whole = typeof value === "string" ? value : JSON.stringify(value);
  return whole.length > mostText ? `${whole.slice(0, mostText)}…` : whole;
};

/** What differs, field by field: what it was, and what it is. */
const differences = ({ before, after }: AuditEntry): readonly Html[] => {
  const [was, is] = [storedOf(before), storedOf(after)];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .slice(0, mostFields)
    .map((name) => {
      const old = was[name] === undefined || was[name] === null ? html`–` : isolated(text(was[name]));
      const now = is[name] === undefined || is[name] === null ? html`–` : isolated(text(is[name]));
      return html`<div><dt>${name}</dt><dd>${before === null ? now : html`${old} → ${now}`}</dd></div>`;
    });
};

const folded = (entry: AuditEntry): Html => {
  const rows = differences(entry);
  const request = entry.requestId === null ? html`` : html`<p class="hint">Request <code>${entry.requestId}</code></p>`;
  if (rows.length === 0) return html`–${request}`;
  return html`<details><summary>${rows.length} ${rows.length === 1 ? "field" : "fields"}</summary><dl class="changed">${joined(rows, "")}</dl>${request}</details>`;
};

const row = (entry: AuditEntry, nowMs: number): Html =>
  html`<tr><th scope="row">${when(entry.atMs, nowMs)}</th>
${cell("Who", isolated(entry.actor))}${cell("Did", entry.action)}${cell("To", html`${entry.objectType}${entry.objectId === null ? "" : ` ${entry.objectId}`}`)}${cell("Before, after", folded(entry))}</tr>`;

const search = (form: Form): Html => html`${formNote(form, ["action", "object_type"])}<form class="filter" method="get" action="${path}">
${textField(form, { name: "object_type", label: "Of what", hint: "such as service, channel, token" })}
${textField(form, { name: "action", label: "Action", hint: "such as create, update, delete" })}
<div class="acts"><button>Filter</button><a class="button" href="${path}">All</a></div></form>`;

/** `/console/audit`: who changed what, and when; the newest first. */
export const registerAuditPage = (app: App, deps: Deps): void => {
  /** The filter as typed; an empty field filters nothing. */
  const wanted = (c: AppContext) => {
    const asked = (name: string): string | undefined => c.req.query(name)?.trim() || undefined;
    return { action: asked("action"), object_type: asked("object_type") };
  };

  const list = async (c: AppContext, form: Form, query: z.infer<typeof filter>): Promise<Html> => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const entries = await deps.auditLog.list(
      c.var.customerId,
      { action: query.action, objectType: query.object_type },
      { limit: shown + 1, afterId },
    );
    const here = entries.slice(0, shown);
    const kept = new URLSearchParams(Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined));
    const onwards = new URLSearchParams([...kept, ["after", String(here.at(-1)?.id ?? 0)]]);
    const first = kept.size === 0 ? path : `${path}?${kept.toString()}`;
    const next = entries.length > shown || isCut(entries) ? `${path}?${onwards.toString()}` : null;
    const rows = here.map((entry) => row(entry, nowMs));
    return html`${search(form)}\n${
      rows.length === 0
        ? empty("Nothing.", kept.size === 0 ? "Every change is listed here, with who made it." : "No change is like that: filter by less.")
        : table("Changes, the newest first", ["When", "Who", "Did", "To", "Before, after"], rows)
    }${pages(first, afterId === null, next)}`;
  };

  app.get(path, viewing, async (c) => {
    const form = newForm(deps, new URL(c.req.url).searchParams);
    const show = async (content: Html, status: 200 | 400): Promise<Response> => {
      const body = html`<div class="head"><div><h1>Audit</h1><p>Every change of what is yours, by whom; secrets are not in it</p></div></div>\n${content}`;
      return c.html(await page(c, deps.clock.nowMs(), { title: "Audit", tab: "audit", body }), status);
    };
    let query: z.infer<typeof filter>;
    try {
      query = readInput(filter, wanted(c));
    } catch (error) {
      return await show(search({ ...form, faults: refusalOf(error).faults }), 400);
    }
    return await show(await list(c, form, query), 200);
  });
};

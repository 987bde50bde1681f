import { html, joined, nothing } from "../html.ts";
import type { Html } from "../html.ts";
import { bodySchema, examples } from "./example-view.ts";
import { resolved } from "./model.ts";
import type { Answer, Parameter, Schemas, Told } from "./model.ts";
import { prose } from "./prose.ts";
import { fields, parameterTable, typeOf } from "./schema-view.ts";

/** Parameters that most operations take, each told once, in a guide. */
const everywhere: Readonly<Record<string, string>> = {
  customer_id: "authentication",
  "X-Customer-ID": "authentication",
  "Idempotency-Key": "idempotency",
  cursor: "pagination",
};

const isProblem = ({ content = {} }: Answer): boolean => Object.keys(content).join() === "application/problem+json";

const link = (id: string, name: string): Html => html`<a href="#${id}"><code>${name}</code></a>`;

const commonParameters = (parameters: readonly Parameter[]): Html => {
  const common = parameters.filter(({ name }) => everywhere[name] !== undefined);
  if (common.length === 0) return nothing;
  return html`<p class="also">Also takes ${joined(
    common.map(({ name }) => link(everywhere[name] ?? "", name)),
    ", ",
  )}</p>`;
};

const answerLine = ([status, { description = "", content = {} }]: readonly [string, Answer]): Html => {
  const bodies = Object.entries(content).map(([type, { schema }]) =>
    schema === undefined || !type.endsWith("json") ? html`<code>${type}</code>` : typeOf(schema),
  );
  return html`<li><code>${status}</code> ${prose(description)}${bodies.length === 0 ? "" : html`: ${joined(bodies, ", ")}`}</li>`;
};

/** The problems that an operation may answer, in one line: what each means is the same everywhere. */
const problemLine = (statuses: readonly string[]): Html =>
  statuses.length === 0
    ? nothing
    : html`<p class="also">May also answer ${joined(
        statuses.map((status) => html`<code>${status}</code>`),
        ", ",
      )}: <a href="#errors">errors</a></p>`;

const answers = ({ answers: all }: Told): Html => {
  const entries = Object.entries(all);
  const own = entries.filter(([, answer]) => !isProblem(answer));
  const problems = entries.filter(([, answer]) => isProblem(answer)).map(([status]) => status);
  return html`<h4>Answer</h4><ul class="answers">${own.map(answerLine)}</ul>${problemLine(problems)}`;
};

const body = (operation: Told, schemas: Schemas): Html => {
  const schema = bodySchema(operation);
  if (schema === null) return nothing;
  return html`<h4>Body: ${typeOf(schema)}</h4>${fields(resolved(schema, schemas), "Body")}`;
};

const credentialLine = ({ credential }: Told): Html => {
  if (credential === null) return html`<p class="also">Takes no credential.</p>`;
  return credential === "TRANCHE_TOKEN" ? nothing : html`<p class="also">Its credential is <code>${credential}</code>.</p>`;
};

/** An operation as a section: what it takes and answers, and beside it how that looks. */
export const operationSection = (operation: Told, schemas: Schemas): Html => {
  const { id, method, path, summary, description, parameters } = operation;
  const own = parameters.filter(({ name }) => everywhere[name] === undefined);
  const told = [
    html`<p class="lead">${prose(summary)}</p>`,
    description === undefined ? nothing : html`<p>${prose(description)}</p>`,
    own.length === 0 ? nothing : html`<h4>Parameters</h4>${parameterTable(own)}`,
    commonParameters(parameters),
    credentialLine(operation),
    body(operation, schemas),
    answers(operation),
  ];
  return html`<section id="${id}" class="operation" data-kind="operation"><h3><a href="#${id}"><b class="method">${method}</b> ${path}</a></h3><div class="told">${told}</div>${examples(operation, schemas)}</section>`;
};

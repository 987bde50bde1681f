import type { AppContext } from "../../http/env.ts";
import { html, isolated, nothing, raw } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { mayAct, page } from "../page.ts";
import { doneSteps, stepNames, steps } from "./steps.ts";
import type { Standing, Step } from "./steps.ts";

export const setupPath = "/console/setup";

export const stepPath = (serviceId: number, step: Step): string => `${setupPath}/${serviceId}/${step}`;

/** Where a service is on its way; every step can be opened at any time. */
const progress = (standing: Standing | null, here: Step): Html => {
  const done = standing === null ? new Set<Step>() : doneSteps(standing);
  const items = steps.map((step, nth) => {
    const name = html`${nth + 1}. ${stepNames[step]}`;
    const current = step === here ? raw(' aria-current="step"') : "";
    const label = done.has(step) ? html`${name} <span class="tick">done</span>` : name;
    const id = standing?.detail.service.id;
    return html`<li${current}>${id === undefined ? html`<span>${label}</span>` : html`<a href="${stepPath(id, step)}">${label}</a>`}</li>`;
  });
  return html`<nav aria-label="Steps"><ol class="steps">${items}</ol></nav>`;
};

export type StepPage = {
  readonly step: Step;
  readonly says: Html | string;
  readonly body: Html;
  /** Whether the step after it is offered. */
  readonly hasNext?: boolean;
};

const onward = (standing: Standing | null, { step, hasNext }: StepPage): Html => {
  const next = steps[steps.indexOf(step) + 1];
  if (standing === null || next === undefined || hasNext !== true) return nothing;
  return html`<p class="acts onward"><a class="button main" href="${stepPath(standing.detail.service.id, next)}">Next: ${stepNames[next].toLowerCase()}</a></p>`;
};

/** A step of the wizard. @param standing null: of a service that is still to be made */
export const stepPageOf = async (c: AppContext, nowMs: number, standing: Standing | null, content: StepPage): Promise<string> => {
  const { step, says, body } = content;
  const service = standing?.detail.service;
  const heading = service === undefined ? html`A new service` : html`${isolated(service.name)}: ${stepNames[step].toLowerCase()}`;
  const whole = html`<p class="crumb"><a href="${setupPath}">Set-up</a>${service === undefined ? "" : html`, <a href="/console/services/${service.id}">the service</a>`}</p>
<h1>${heading}</h1>
${progress(standing, step)}
<p class="hint">${says}</p>
${body}${mayAct(c) ? onward(standing, content) : ""}`;
  const title = `Set-up: ${stepNames[step].toLowerCase()}`;
  return await page(c, nowMs, { title, tab: "setup", ...(service !== undefined && { serviceId: service.id }), body: whole });
};

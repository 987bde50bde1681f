import type { AnomalyState, CostAnomaly } from "../../adapters/ports/cost/anomalies.ts";
import { anomalyStates } from "../../adapters/ports/cost/anomalies.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { changeAnomaly } from "../../routes/cost/anomaly-changes.ts";
import { anomalyPatch } from "../../routes/cost/anomaly-contract.ts";
import { idOf } from "../asked.ts";
import { newForm, numberOf, readInput, refusalOf, sentForm, textOrNull } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { page } from "../page.ts";
import { acting } from "../session.ts";
import { anomaliesPath, anomalyPath } from "./anomaly-list.ts";
import { seriesText, seriesTitle } from "./figures.ts";
import { sayForm } from "./say.ts";

/** What each word about an anomaly means. */
const sayings: Readonly<Record<AnomalyState, { readonly word: string; readonly says: string }>> = {
  open: { word: "Open again", says: "As if nobody had answered it." },
  acknowledged: { word: "Acknowledge", says: "Somebody is at it: whoever looks next sees that." },
  snoozed: { word: "Snooze", says: "Not now: it is open again by itself when that ends." },
  expected: { word: "Mark as expected", says: "It is meant to be so. What comes is learnt as usual, and this counts as a false alarm." },
  resolved: { word: "Resolve", says: "It is over, for good: what is odd of the series next will be another anomaly." },
};

const stateOf = (text: string | null): AnomalyState => anomalyStates.find((state) => state === text) ?? "acknowledged";

/** `/console/cost/anomalies/{id}/say`: how an anomaly stands, by the rules of the API. */
export const registerAnomalyForms = (app: App, deps: Deps): void => {
  const path = `${anomaliesPath}/:id/say`;

  const anomalyOf = async (c: AppContext): Promise<CostAnomaly> => {
    const anomaly = await deps.costAnomalies.find(c.var.customerId, idOf(c));
    if (anomaly === null) throw noSuchResource();
    return anomaly;
  };

  const show = async (c: AppContext, form: Form, status: FormStatus = 200): Promise<Response> => {
    const { id, series } = await anomalyOf(c);
    const state = stateOf(form.fields.get("state"));
    const { word, says } = sayings[state];
    const back = anomalyPath(id);
    const title = html`${word}: ${seriesTitle(series)}`;
    const body = sayForm(form, { path: `${back}/say`, back, crumb: seriesTitle(series), title, says, word, state });
    return c.html(await page(c, deps.clock.nowMs(), { title: `${word}: ${seriesText(series)}`, tab: "cost", body }), status);
  };

  app.get(path, acting, (c) => show(c, newForm(deps, new URL(c.req.url).searchParams)));

  app.post(path, acting, async (c) => {
    const fields = await readForm(c);
    const id = idOf(c);
    try {
      const hours = numberOf(fields.get("hours"));
      const input = readInput(anomalyPatch, {
        state: fields.get("state"),
        ...(hours !== undefined && { hours }),
        note: textOrNull(fields.get("note")),
      });
      await changeAnomaly(deps, c.var.customerId, id, input, changeBy(c));
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), refused.status);
    }
    const done = stateOf(fields.get("state"));
    return c.redirect(fields.get("from") === "cost" ? `${costPath}?done=${done}` : `${anomalyPath(id)}?done=${done}`, 303);
  });
};

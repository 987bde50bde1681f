import type { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { NewIncidentUpdate, StatusIncident, StatusPage } from "../../adapters/ports/publish/status-pages.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { isStateOf, timeFault } from "../../domain/publish/incident.ts";
import { AppError, invalidBody } from "../../errors.ts";
import { statusPageFields } from "./contract.ts";
import type { incidentInput, statusPageInput, updateInput } from "./contract.ts";

/** What a customer publishes, by the rules that the API and the console share. What is kept of a page is read anew after each change. */
type Publishing = Pick<Deps, "statusPages" | "statusIncidents" | "publishedPages" | "clock">;

const noPage = () => new AppError("not_found", "there is no status page yet: PUT /v1/status-page makes one");

/** What was written stands: where the page's name can not be read any more, it is read anew half a minute later. */
const forgetPage = async (deps: Publishing, customerId: number): Promise<void> => {
  const page = await deps.statusPages.get(customerId).catch(() => null);
  if (page !== null) deps.publishedPages.forget(page.slug);
};

/**
 * @param asOfMs when the page was last changed that this is a change of, 0: there was none; it replaces no later one. Null: it replaces any
 * @throws AppError `conflict` for an address that is taken and a page that was changed, `bad_request` for services of somebody else, `not_found`
 */
export const savePage = async (
  deps: Publishing,
  customerId: number,
  input: z.infer<typeof statusPageInput>,
  change: Change,
  asOfMs: number | null = null,
): Promise<StatusPage> => {
  const before = await deps.statusPages.get(customerId);
  if (asOfMs !== null && (before?.updatedAtMs ?? 0) !== asOfMs)
    throw new AppError(
      "conflict",
      "somebody else has changed the page meanwhile: what is above is what there is now, below is what was typed",
    );
  const page = await deps.statusPages.put(customerId, statusPageFields(input), change);
  if (page === null) throw noSuchResource();
  // Afterwards: until then somebody may have looked again at what there was.
  if (before !== null) deps.publishedPages.forget(before.slug);
  deps.publishedPages.forget(page.slug);
  return page;
};

/** @throws AppError `not_found` */
export const removePage = async (deps: Publishing, customerId: number, change: Change): Promise<void> => {
  const slug = await deps.statusPages.remove(customerId, change);
  if (slug === null) throw noPage();
  deps.publishedPages.forget(slug);
};

type Judged = Pick<StatusIncident, "impact" | "state" | "startsAtMs" | "endsAtMs">;

/** @param seen the incident as it was before; null: it is new */
const refuse = ({ impact, state, startsAtMs, endsAtMs }: Judged, nowMs: number, seen: StatusIncident | null): void => {
  const fault = timeFault({ impact, startsAtMs, endsAtMs }, nowMs, seen?.startsAtMs ?? null);
  if (fault !== null) throw invalidBody({ pointer: `/${fault.field}`, detail: fault.detail });
  if (!isStateOf(impact, state))
    throw invalidBody({
      pointer: "/state",
      detail: `must be one of ${impact === "maintenance" ? "scheduled, resolved: it is maintenance" : "investigating, identified, monitoring, resolved"}`,
    });
};

/** @throws AppError `bad_request`, `conflict` beyond what a page holds, `not_found` without a page */
export const writeIncident = async (
  deps: Publishing,
  customerId: number,
  { title, impact, state, service_ids: serviceIds, starts_at: startsAt, ends_at: endsAt, text }: z.infer<typeof incidentInput>,
  change: Change,
): Promise<StatusIncident> => {
  const nowMs = deps.clock.nowMs();
  const incident = {
    title,
    impact,
    state: state ?? (impact === "maintenance" ? ("scheduled" as const) : ("investigating" as const)),
    serviceIds,
    startsAtMs: startsAt ?? nowMs,
    endsAtMs: endsAt ?? null,
  };
  refuse(incident, nowMs, null);
  const written = await deps.statusIncidents.create(customerId, { ...incident, text }, change);
  if (written === null) throw noPage();
  await forgetPage(deps, customerId);
  return written;
};

/** The fields that an update names, by the names of the port. */
const updateFields = (body: z.infer<typeof updateInput>): NewIncidentUpdate => ({
  text: body.text,
  state: body.state,
  title: body.title,
  impact: body.impact,
  serviceIds: body.service_ids,
  startsAtMs: body.starts_at,
  endsAtMs: body.ends_at,
});

/**
 * Appends an update, and changes with it what it names.
 * @param afterUpdates how many there were when it was begun to be written: a form names all fields as they were then. Null: it names what it changes alone
 * @throws AppError `bad_request`, `conflict`, `not_found`
 */
export const writeUpdate = async (
  deps: Publishing,
  customerId: number,
  incidentId: number,
  body: z.infer<typeof updateInput>,
  change: Change,
  afterUpdates: number | null = null,
): Promise<StatusIncident> => {
  const seen = await deps.statusIncidents.get(customerId, incidentId);
  if (seen === null) throw noSuchResource();
  if (afterUpdates !== null && seen.updates.length !== afterUpdates)
    throw new AppError("conflict", "somebody else has written an update meanwhile: read it, and what below is as it was before");
  const fields = updateFields(body);
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  refuse({ ...seen, ...given }, deps.clock.nowMs(), seen);
  const written = await deps.statusIncidents.update(customerId, seen, fields, change);
  if (written === null) throw noSuchResource();
  await forgetPage(deps, customerId);
  return written;
};

/** Removes what was written by mistake. @throws AppError `not_found` */
export const removeIncident = async (deps: Publishing, customerId: number, incidentId: number, change: Change): Promise<void> => {
  if (!(await deps.statusIncidents.remove(customerId, incidentId, change))) throw noSuchResource();
  await forgetPage(deps, customerId);
};

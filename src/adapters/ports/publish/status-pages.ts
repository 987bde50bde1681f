import type { Health } from "../../../domain/detection/health.ts";
import type { MeasuredDay } from "../../../domain/publish/days.ts";
import type { Impact, IncidentState } from "../../../domain/publish/incident.ts";
import type { Change, Page, Paged } from "../tenants/change.ts";

/** A service as a page shows it, under a name of its own. */
export type PublishedService = { readonly serviceId: number; readonly name: string; readonly shown: boolean };

/** How many services a page lists at most: each has ninety bars. */
export const mostPublished = 50;

/** What a customer publishes. `services`: in the order in which they are listed. */
export type StatusPageInput = {
  readonly slug: string;
  readonly title: string;
  readonly enabled: boolean;
  readonly services: readonly PublishedService[];
};

export type StatusPage = StatusPageInput & { readonly createdAtMs: number; readonly updatedAtMs: number };

export type IncidentUpdate = { readonly id: string; readonly atMs: number; readonly state: IncidentState; readonly text: string };

/** An incident, or maintenance, that a customer wrote. Epoch milliseconds; `updates`: ascending. */
export type StatusIncident = {
  readonly id: number;
  /** A UUID that says nothing: by it feeds know an incident. */
  readonly publicId: string;
  readonly title: string;
  readonly impact: Impact;
  readonly state: IncidentState;
  readonly serviceIds: readonly number[];
  readonly startsAtMs: number;
  readonly endsAtMs: number | null;
  readonly updates: readonly IncidentUpdate[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

export type NewStatusIncident = Omit<StatusIncident, "id" | "publicId" | "updates" | "createdAtMs" | "updatedAtMs"> & {
  readonly text: string;
};

/** An update: its text, and what of the incident changes with it. */
export type NewIncidentUpdate = { readonly text: string } & {
  readonly [Field in "title" | "state" | "impact" | "serviceIds" | "startsAtMs" | "endsAtMs"]?: StatusIncident[Field] | undefined;
};

/** The page of each customer. */
export interface StatusPageStore {
  get(customerId: number): Promise<StatusPage | null>;
  /**
   * Creates or replaces it. @returns null where there is no such customer. @throws AppError `conflict` where the slug is taken,
   *   `bad_request` for a service that is none of the customer's
   */
  put(customerId: number, input: StatusPageInput, change: Change): Promise<StatusPage | null>;
  /** Removes it with all that was written on it. @returns its slug; null where there was none */
  remove(customerId: number, change: Change): Promise<string | null>;
}

/** What was written on it. A row of another customer is a missing row. */
export interface StatusIncidentStore {
  /** Newest first: `afterId` is the one before the page. */
  list(customerId: number, page: Page): Promise<Paged<StatusIncident>[]>;
  get(customerId: number, id: number): Promise<StatusIncident | null>;
  /** @returns null where there is no page. @throws AppError `bad_request` for a service that is not on the page, `conflict` beyond `mostIncidents` */
  create(customerId: number, input: NewStatusIncident, change: Change): Promise<StatusIncident | null>;
  /** @param seen the incident on which the update was judged: one that has changed meanwhile is a `conflict`. @returns null where there is none */
  update(customerId: number, seen: StatusIncident, input: NewIncidentUpdate, change: Change): Promise<StatusIncident | null>;
  remove(customerId: number, id: number, change: Change): Promise<boolean>;
}

/** A service as it was published, measured. */
export type ShownService = {
  /** Never shown: by it incidents name their services. */
  readonly id: number;
  readonly name: string;
  readonly state: Health;
  readonly trackedUs: number | null;
  readonly days: readonly MeasuredDay[];
};

/** An incident as anybody sees it. `serviceIds`: of those that are shown. */
export type ShownIncident = Omit<StatusIncident, "id" | "createdAtMs">;

/** Which page it is: a name that was given up may be somebody else's next. `ownerId`, the customer, is never shown. */
export type PageIdentity = { readonly slug: string; readonly ownerId: number };

/** All of a page, as of one moment of the database's. Nothing in it is more than was published, but for the numbers of services and owner. */
export type PublishedPage = PageIdentity & {
  readonly title: string;
  readonly atMs: number;
  readonly services: readonly ShownService[];
  /** Those that are not over, then the newest; `isCut`: older ones are left out. */
  readonly incidents: readonly ShownIncident[];
  readonly isCut: boolean;
  /** Month of the oldest incident, `2026-11`; null: there is none. */
  readonly firstMonth: string | null;
};

/** What was written of one UTC month. */
export type PublishedMonth = Omit<PublishedPage, "services"> & { readonly services: readonly Pick<ShownService, "id" | "name">[] };

/** Pages that are switched on, each read in one statement. Null: there is none of that name, or it is off. */
export interface StatusSnapshots {
  page(slug: string): Promise<PublishedPage | null>;
  /** Incidents of that page that began in it. @param fromMs its first moment @param toMs that of the next */
  month(page: PageIdentity, fromMs: number, toMs: number): Promise<PublishedMonth | null>;
}

/** A text as it is answered. */
export type Rendered = { readonly body: string; readonly etag: string };

/** Something that was read, and what was made of it. */
export type Snapshot<Value> = {
  readonly value: Value;
  /** When it failed to be read anew: it is older than it should be. Null: it is fresh. */
  readonly failedAtMs: number | null;
  /** What `make` makes of it, made once. */
  rendered(name: string, make: () => Promise<Rendered>): Promise<Rendered>;
};

/** The same, kept for half a minute in the memory of this isolate, and for longer where the database is away. @throws as reading does */
export interface PublishedPages {
  page(slug: string): Promise<Snapshot<PublishedPage> | null>;
  month(page: PageIdentity, fromMs: number, toMs: number): Promise<Snapshot<PublishedMonth> | null>;
  /** What is kept of a page is read anew; other isolates follow within half a minute. */
  forget(slug: string): void;
}

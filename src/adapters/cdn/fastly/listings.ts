import { z } from "zod";
import type { FastlyClient } from "./client.ts";
import { FastlyError } from "./error.ts";

/** A listing of the account that failed, or did in part; `reason` is a sentence. */
export type Gap = { readonly item: string; readonly reason: string; readonly error: FastlyError };

/** Names of listings, in gaps and in messages. */
export const SERVICES = "the list of Fastly services";
export const VERSIONLESS = "the list of Fastly domains without versions";
export const domainsOfService = (id: string): string => `the domain list of Fastly service ${id}`;

/** What was listed, and what was not. */
export type Listing<Item> = { readonly items: readonly Item[]; readonly gaps: readonly Gap[] };

/** `isActive`: visitors are answered by one of its versions. `former`: versions that may have been active until then. */
export type ListedService = {
  readonly id: string;
  readonly isActive: boolean;
  readonly former: readonly { readonly number: number; readonly untilMs: number }[];
};

/** A domain without versions. `routed`: by path, to several services; neither: to none. */
export type ListedDomain = { readonly name: string; readonly to: { readonly service: string } | "routed" | "nothing" };

const PAGE_SIZE = 100;
/** 20,000 services or domains. An account with more is reported as not read in full. */
const MAX_PAGES = 200;

const page = z.array(z.unknown());
const version = z.looseObject({
  number: z.int().nullish(),
  active: z.boolean().nullish(),
  locked: z.boolean().nullish(),
  updated_at: z.string().nullish(),
});
const serviceRow = z.looseObject({ id: z.string().min(1), versions: z.array(version).nullish() });

const serviceOf = ({ id, versions }: z.infer<typeof serviceRow>): ListedService => ({
  id,
  // A service without listed versions may be active.
  isActive: !versions?.length || versions.some(({ active }) => active !== false),
  // Only a version that was activated is locked, and its last update was when another replaced it.
  former: (versions ?? []).flatMap(({ number, active, locked, updated_at: touched }) => {
    const untilMs = Date.parse(touched ?? "");
    return active === false && locked === true && number != null && !Number.isNaN(untilMs) ? [{ number, untilMs }] : [];
  }),
});

export const gapOf = (item: string, error: FastlyError): Gap => ({ item, reason: error.of(item), error });

/** How far a listing has come when it has to end. */
const brokenOff = <Item>(items: readonly Item[], gaps: readonly Gap[], what: string, error: unknown): Listing<Item> => {
  if (!(error instanceof FastlyError)) throw error;
  return { items, gaps: [...gaps, gapOf(what, error)] };
};

const endless = new FastlyError("malformed", "its pages do not end");

/** Rows of a page by their schema; those that do not fit are counted. */
const rowsOf = <T>(rows: readonly unknown[], schema: z.ZodType<T>): { readonly good: readonly T[]; readonly bad: number } => {
  const good = rows.flatMap((row) => {
    const parsed = schema.safeParse(row);
    return parsed.success ? [parsed.data] : [];
  });
  return { good, bad: rows.length - good.length };
};

const badRows = (what: string, bad: number): Gap[] =>
  bad === 0 ? [] : [gapOf(what, new FastlyError("malformed", `${bad} of a page's entries make no sense`))];

/** Fastly's services, as far as the token sees them. @throws FastlyError where there is not even a first page */
export const listServices = async (ask: FastlyClient, signal: AbortSignal): Promise<Listing<ListedService>> => {
  const found = new Map<string, ListedService>();
  const gaps: Gap[] = [];
  for (let number = 1; number <= MAX_PAGES; number += 1) {
    let rows: readonly unknown[];
    try {
      rows = await ask("/service", { page: String(number), per_page: String(PAGE_SIZE) }, page, signal);
    } catch (error) {
      if (number === 1) throw error;
      return brokenOff([...found.values()], gaps, SERVICES, error);
    }
    const before = found.size;
    const { good, bad } = rowsOf(rows, serviceRow);
    gaps.push(...badRows(SERVICES, bad));
    for (const row of good) found.set(row.id, serviceOf(row));
    if (rows.length < PAGE_SIZE) return { items: [...found.values()], gaps };
    if (found.size === before) break;
  }
  return brokenOff([...found.values()], gaps, SERVICES, endless);
};

const domainRow = z.looseObject({ name: z.string().min(1) });

/** The domains of a service's active version, or of the one named, lower-case. @throws FastlyError */
export const listDomains = async (
  ask: FastlyClient,
  serviceId: string,
  signal: AbortSignal,
  number?: number,
): Promise<readonly string[]> => {
  const path = `/service/${encodeURIComponent(serviceId)}${number === undefined ? "" : `/version/${number}`}/domain`;
  const rows = await ask(path, {}, z.array(domainRow), signal);
  return [...new Set(rows.map(({ name }) => nameOf(name)))];
};

const versionlessPage = z.looseObject({
  data: z.array(z.unknown()),
  meta: z.looseObject({ next_cursor: z.string().nullish() }).nullish(),
});
const versionlessRow = z.looseObject({
  fqdn: z.string().min(1),
  service_id: z.string().nullish(),
  routing_configuration_id: z.string().nullish(),
});

/**
 * The account's domains that belong to no version ("Domain management"). Whether a certificate is activated says nothing of
 * whether visitors come. Never throws: an account of which they cannot be listed has a gap.
 */
export const listVersionless = async (ask: FastlyClient, signal: AbortSignal): Promise<Listing<ListedDomain>> => {
  const items: ListedDomain[] = [];
  const gaps: Gap[] = [];
  const cursors = new Set<string>();
  let cursor = "";
  while (!cursors.has(cursor) && cursors.size < MAX_PAGES) {
    cursors.add(cursor);
    let answer: z.infer<typeof versionlessPage>;
    try {
      answer = await ask(
        "/domain-management/v1/domains",
        { limit: String(PAGE_SIZE), sort: "fqdn", ...(cursor !== "" && { cursor }) },
        versionlessPage,
        signal,
      );
    } catch (error) {
      return brokenOff(items, gaps, VERSIONLESS, error);
    }
    const { good, bad } = rowsOf(answer.data, versionlessRow);
    gaps.push(...badRows(VERSIONLESS, bad));
    for (const { fqdn, service_id: service, routing_configuration_id: routing } of good) {
      items.push({ name: nameOf(fqdn), to: service ? { service } : routing ? "routed" : "nothing" });
    }
    cursor = answer.meta?.next_cursor ?? "";
    if (cursor === "") return { items, gaps };
  }
  return brokenOff(items, gaps, VERSIONLESS, endless);
};

const nameOf = (name: string): string => name.toLowerCase().replace(/\.$/, "");

import type { ApiError } from "../route53/api-error.ts";

/** What is wrong with a parameter, in the codes of the service. */
export interface Refusals {
  unknown(name: string): ApiError;
  invalid(name: string, value: string): ApiError;
}

/** Throws where a field is neither of these nor one of the request itself, or comes twice. */
export function requireFields(form: URLSearchParams, known: (name: string) => boolean, { unknown, invalid }: Refusals): void {
  for (const name of form.keys()) {
    if (name !== "Action" && name !== "Version" && !known(name)) throw unknown(name);
    if (form.getAll(name).length > 1) throw invalid(name, form.getAll(name).join(", "));
  }
}

/** A whole number in these bounds; `most` where there is none. */
export function sizeOf(form: URLSearchParams, name: string, [least, most]: readonly [number, number], { invalid }: Refusals): number {
  const value = form.get(name);
  if (value === null) return most;
  if (!/^\d{1,6}$/.test(value) || Number(value) < least || Number(value) > most) throw invalid(name, value);
  return Number(value);
}

export interface Page<Item> {
  items: readonly Item[];
  next: string | null;
}

/** A page of a list. A token is of the request that it was given out for, and of no other. */
export function pageOf<Item>(all: readonly Item[], form: URLSearchParams, tokenName: string, size: number, refusals: Refusals): Page<Item> {
  const asked = [...form].filter(([name]) => name !== tokenName);
  const token = form.get(tokenName);
  const from = token === null ? 0 : positionOf(token, asked);
  if (from === null) throw refusals.invalid(tokenName, token ?? "");
  const to = from + size;
  return { items: all.slice(from, to), next: to < all.length ? Buffer.from(JSON.stringify([to, asked])).toString("base64") : null };
}

function positionOf(token: string, asked: readonly [string, string][]): number | null {
  try {
    const [from, of] = JSON.parse(Buffer.from(token, "base64").toString("utf8")) as [number, unknown];
    return JSON.stringify(of) === JSON.stringify(asked) ? from : null;
  } catch {
    return null;
  }
}

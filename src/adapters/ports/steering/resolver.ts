import type { Budget } from "../platform/budget.ts";

/** One resolver's answer for a name: the texts of its TXT records, or silence. */
export type TxtReading =
  | { readonly resolver: string; readonly status: "answered"; readonly texts: readonly string[] }
  | { readonly resolver: string; readonly status: "silent" };

/** What one resolver answers for a name itself: values as it writes them, a CNAME's chain not followed. */
export type AnswerReading =
  | { readonly resolver: string; readonly status: "answered"; readonly answers: readonly string[] }
  | { readonly resolver: string; readonly status: "silent" };

/** The public DNS as independent resolvers see it. */
export interface Resolver {
  /** Asks every configured resolver for the TXT records of a name. Never throws; at least one reading. */
  txt(name: string, budget: Budget): Promise<readonly TxtReading[]>;
}

/** What visitors get from the public DNS. */
export interface Lookup {
  /** Asks every configured resolver for the records of one type; NS only of the name itself. Never throws; at least one reading. */
  lookup(name: string, type: "A" | "AAAA" | "CNAME" | "NS", budget: Budget): Promise<readonly AnswerReading[]>;
}

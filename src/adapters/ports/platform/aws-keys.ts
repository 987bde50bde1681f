import type { Budget } from "./budget.ts";

/** What a request to AWS is signed with. */
export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** Credentials that change. */
export type KeySource = {
  /** @param budget for the request that fetching them may take. @throws an error that says why, where there are none */
  get(budget: Budget): Promise<Credentials>;
  /** These were refused: the next call fetches others. */
  drop(keys: Credentials): void;
};

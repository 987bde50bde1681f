import type { Budget } from "../platform/budget.ts";
import type { AnswerReading } from "./resolver.ts";

/** The name servers of a zone, queried directly, without a resolver's cache. */
export interface NameServers {
  /**
   * Queries the first two of `servers` (host names without the last dot; private names are skipped) for the records of one type. A
   * reading for each, by its name. Only authoritative, untruncated responses are answers, NXDOMAIN one without records; all else is
   * silence. Never throws; no reading where there are no servers.
   */
  ask(name: string, type: "A" | "AAAA" | "CNAME", servers: readonly string[], budget: Budget): Promise<readonly AnswerReading[]>;
}

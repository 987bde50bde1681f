import type { Budget } from "../platform/budget.ts";
import type { AnswerReading } from "./resolver.ts";

/** The name servers of a zone, asked without a resolver and its cache between. */
export interface NameServers {
  /**
   * Asks the first two of `servers` (host names without the last dot; those that mean nothing to the public DNS are left out) for the records of one type. A reading for each that was
   * asked, by its name. Only what a server says with authority and whole is an answer, NXDOMAIN one without records; all else is
   * silence. Never throws; no reading where there are no servers.
   */
  ask(name: string, type: "A" | "AAAA" | "CNAME", servers: readonly string[], budget: Budget): Promise<readonly AnswerReading[]>;
}

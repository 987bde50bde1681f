import type { Budget } from "../platform/budget.ts";
import type { AnswerReading } from "./resolver.ts";

/** Opens a TCP connection at once, as `connect` of `cloudflare:sockets` does; failure to connect shows in its streams. */
export type Connect = (address: { readonly hostname: string; readonly port: number }) => {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
};

/** The name servers of a zone, queried directly, without a resolver's cache. */
export interface NameServers {
  /**
   * Queries the first two of `servers` (host names without the last dot; private names are skipped) for the records of one type. A
   * reading for each, by its name. Only authoritative, untruncated responses are answers, NXDOMAIN one without records; all else is
   * silence. Never throws; no reading where there are no servers.
   */
  ask(name: string, type: "A" | "AAAA" | "CNAME", servers: readonly string[], budget: Budget): Promise<readonly AnswerReading[]>;
}

import type { AgentReading } from "../../../domain/detection/agent-reading.ts";
import type { PathSetups } from "./round-view.ts";
import type { Change, Page } from "../tenants/change.ts";

/** A process that probes from elsewhere. Times are epoch milliseconds. */
export type ProbeAgent = {
  readonly id: number;
  readonly name: string;
  readonly location: string | null;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly deletedAtMs: number | null;
  /** When samples of it were last taken; null: never. */
  readonly lastSampleAtMs: number | null;
  /** By how much its clock was ahead of the database's then; null: not measured. */
  readonly clockSkewMs: number | null;
  /** Which version of tranche it last said to be. */
  readonly version: string | null;
};

export type ProbeAgentInput = {
  readonly name: string;
  readonly location: string | null;
  /** Ed25519, base64url. */
  readonly publicKey: string;
};

/** Who is behind a public key, by the database's clock. `agent` null: nobody, or a deleted one. */
export type AgentIdentity = { readonly nowMs: number; readonly agent: { readonly id: number; readonly name: string } | null };

/** A domain with what decides which of its paths are probed; the records' targets stand in for those that are not given. */
export type AgentDomain = {
  readonly id: number;
  readonly customerId: number;
  readonly serviceId: number;
  readonly cdns: readonly string[];
  readonly name: string;
  readonly primaryTarget: string | null;
  readonly backupTarget: string | null;
  readonly probePath: string | null;
  readonly expectStatus: string;
  readonly setups: PathSetups | null;
  readonly privatePaths: readonly ("primary" | "backup" | "direct")[] | null;
};

/**
 * Why a reading was not taken: `known`: there is one of its slot and path; `late`: its slot is over for too long; `early`: its times
 * are ahead of the database's clock; `stale`: the path has another set-up by now; `gone`: it is not, or not any more, a path to probe.
 */
export type ReadingFate = "known" | "late" | "early" | "stale" | "gone";

/** `fates`: of the readings that were not taken, by their place. */
export type KeptReadings = { readonly taken: number; readonly fates: ReadonlyMap<number, ReadingFate> };

export type AgentWord = { readonly clockSkewMs: number | null; readonly version: string | null };

/** Probe agents, and what they see. */
export interface ProbeAgentStore {
  /** @throws AppError `conflict` where an agent has, or had, this name */
  create(input: ProbeAgentInput, change: Change): Promise<ProbeAgent>;
  /** Ascending by id, deleted ones included. */
  list(page: Page): Promise<ProbeAgent[]>;
  get(id: number): Promise<ProbeAgent | null>;
  /** Deletes once; its vantage is not counted from then on. @returns false where there is no such agent */
  remove(id: number, change: Change): Promise<boolean>;
  identify(publicKey: string): Promise<AgentIdentity>;
  /** Live domains, ascending by id; of those without a proof none, where one is required. */
  domains(page: Page): Promise<AgentDomain[]>;
  /**
   * Stores readings of an agent, each whole or not at all, and marks its vantage as heard where one was taken. The first of two
   * about the same path and slot stays, in whatever order they come.
   */
  keep(agent: { readonly id: number; readonly name: string }, readings: readonly AgentReading[], word: AgentWord): Promise<KeptReadings>;
}

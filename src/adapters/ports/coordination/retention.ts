import type { Fence } from "./lease.ts";

/** The result for a page of services. @see RetentionStore.evidence */
export type PrunedPage = { readonly rows: number; readonly lastServiceId: number | null };

/**
 * Rows that are kept long, but not for ever (docs/retention.md). Times are epoch milliseconds. Each call deletes a bounded number of
 * rows, none where the lease is lost. @returns how many
 */
export interface RetentionStore {
  /** @throws NeonDbError 23001 where the database keeps them longer than that */
  auditLog(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Switches whose outcome is known; the last one that was made of each domain stays. */
  routingChanges(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  routingDrifts(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /**
   * The oldest records of each chain of a page of services, as far as their storms ended before that and are on no invoice, present or
   * future: only the beginning of a chain is deleted. @throws NeonDbError 23001 where the database keeps them longer than that
   */
  evidence(fence: Fence, beforeMs: number, afterServiceId: number, services: number): Promise<PrunedPage>;
  /** The oldest; the newest record stays. @throws NeonDbError 23001 where the database keeps them longer than that */
  takeovers(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Findings that were cleared before that. */
  findings(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Vantages last heard before that. */
  vantages(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Leases of readiness checks, each of which has a name of its own. */
  checkLeases(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Hosts that were last looked up before that: those of live domains are looked up again within hours. */
  probeTargets(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Messages that were sent or given up before that; the one that opened what is still open stays. */
  deliveries(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Changes that happened before that, of which no message is left. */
  notifications(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Of incidents that ended before that, and of which no message is left; then those themselves. */
  incidentServices(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  incidents(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Links to invoices that expired before that. */
  invoiceLinks(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** What visitors got, as far as it ended before that. */
  serviceStates(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Events of cost that both happened and came before that. */
  costEvents(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Hours of a series' trend. */
  costHours(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Batches of events that came before that and are not tried any more. */
  deadBatches(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Anomalies of cost that were resolved before that. */
  costAnomalies(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** What idled, and was remediated before that. */
  zombies(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Breakers of what was called last before that, open ones too: nobody asks for it any more. */
  breakers(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Burn alerts that were resolved before that. */
  sloAlerts(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Invitations and resets that expired before that, used or not. */
  accountLinks(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  accountSessions(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Counts whose window began before that: no window is as long as they are kept. */
  accountAttempts(fence: Fence, beforeMs: number, limit: number): Promise<number>;
}

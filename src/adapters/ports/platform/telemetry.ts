/** What an installation tells of itself (semantics §11). Versions are semver. */
export type InstallSession = {
  readonly sessionId: string;
  readonly protocolVersion: string;
  readonly daemonVersion: string;
  readonly platform: string;
  readonly nodeVersion: string;
  readonly primaryFramework: string;
};

export interface TelemetryStore {
  /** Keeps the first word of a session in an ISO week (`2026-W47`); what it says again changes nothing. */
  record(week: string, session: InstallSession, firstSeenAtMs: number): Promise<void>;
  /** How many sessions were heard of in an ISO week. */
  sessionsIn(week: string): Promise<number>;
}

/** An installation's telemetry report (semantics §11). Versions are semver. */
export type InstallSession = {
  readonly sessionId: string;
  readonly protocolVersion: string;
  readonly daemonVersion: string;
  readonly platform: string;
  readonly nodeVersion: string;
  readonly primaryFramework: string;
};

export interface TelemetryStore {
  /** Keeps a session's first report in an ISO week (`2026-W47`); later ones are ignored. */
  record(week: string, session: InstallSession, firstSeenAtMs: number): Promise<void>;
  /** How many sessions reported in an ISO week. */
  sessionsIn(week: string): Promise<number>;
}

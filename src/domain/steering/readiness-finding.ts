/** `unproven`: cannot be determined from here, or not now. */
export type CheckResult = "pass" | "warn" | "fail" | "unproven";

export const checkNames = [
  "owner",
  "zone",
  "zone_binding",
  "role_trust",
  "other_zones",
  "records",
  "types_left_behind",
  "ttl",
  "weights",
  "neighbours",
  "health_checks",
  "https_records",
  "caa",
  "primary_target",
  "backup_target",
  "certificate",
  "backup_health",
  "permission",
  "joint_permission",
  "proof_record",
  "notification_channel",
] as const;

export type CheckName = (typeof checkNames)[number];

/** The result of one readiness check; `mend`: the remediation. */
export type Check = {
  readonly domainId: number;
  readonly domain: string;
  readonly check: CheckName;
  readonly result: CheckResult;
  readonly detail: string;
  readonly mend: string | null;
};

export type Finding = Omit<Check, "domainId" | "domain">;

export const pass = (check: CheckName, detail: string): Finding => ({ check, result: "pass", detail, mend: null });
export const found = (check: CheckName, result: CheckResult, detail: string, mend: string): Finding => ({ check, result, detail, mend });

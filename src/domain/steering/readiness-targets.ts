import type { Verdict } from "../detection/probe.ts";
import { mostHeaderChars } from "../detection/probe.ts";
import type { Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";

/** The backup's samples of one vantage within the last 24 h. */
export type BackupHealth = { readonly vantage: string; readonly samples: number; readonly ok: number; readonly sinceMs: number };

/** How both CDNs answer for a name, now and within the last day. */
export type TargetFacts = {
  readonly name: string;
  /** Null: no target is known. A null verdict: it answers, but not every vantage can read the answer. */
  readonly primary: { readonly url: string; readonly verdict: Verdict | null } | null;
  readonly backup: { readonly url: string; readonly verdict: Verdict | null } | null;
  /** Why a target was not probed though it is known; absent: it was, or is not known. */
  readonly unprobed?: { readonly [Side in "primary" | "backup"]?: "unverified" | "private" };
  readonly backupHealth: readonly BackupHealth[];
};

const dayMs = 86_400_000;
/** A day's samples may lack those lost to a restart or a late cron. */
const wholeDayMs = dayMs - 1_800_000;
const healthyFrom = 0.99;

export const checkTarget = (side: "primary" | "backup", { [side]: seen, unprobed }: TargetFacts): Finding => {
  const check = `${side}_target` as const;
  if (unprobed?.[side] === "unverified")
    return found(check, "unproven", "the targets of a name are looked at once it is proven to be yours", "prove the ownership first");
  if (unprobed?.[side] === "private")
    return found(
      check,
      "fail",
      `the ${side} target leads to a private address: it is not probed`,
      "use a target that the public internet reaches",
    );
  if (seen === null)
    return found(check, "fail", `no ${side} target is known`, `PATCH the domain with a ${check}, or point its weighted CNAME at one`);
  const { url, verdict } = seen;
  if (verdict === null) {
    return found(
      check,
      "fail",
      `${url} answers with more headers than every vantage can read, or malformed: it can not be judged`,
      `set a probe_path that answers with well-formed headers of less than ${mostHeaderChars} characters`,
    );
  }
  if (!verdict.ok) {
    const why = verdict.status === null ? verdict.error : `status ${verdict.status}`;
    return found(
      check,
      "fail",
      `${url} does not answer as expected: ${why}`,
      `make the ${side} CDN serve this host, or correct the target, probe_path or expect_status`,
    );
  }
  if (!url.startsWith("https:")) return found(check, "warn", `${url} answers, without TLS`, "use a target that is reached over HTTPS");
  return pass(check, `${url} answers over valid TLS`);
};

/** Where the backup takes TLS connections, as `openssl` wants it. */
const connectTo = (backup: TargetFacts["backup"]): string => {
  if (backup === null) return "<backup target>:443";
  const { hostname, port } = new URL(backup.url);
  return `${hostname}:${port || "443"}`;
};

export const checkCertificate = ({ name, backup }: TargetFacts): Finding =>
  found(
    "certificate",
    "unproven",
    `whether the backup CDN holds a certificate for ${name} cannot be seen from the edge`,
    // Without an input `openssl` ends when it has shown the certificate.
    `openssl s_client -servername ${name} -connect ${connectTo(backup)} </dev/null must show a certificate for ${name}`,
  );

export const checkBackupHealth = ({ backupHealth: seen }: TargetFacts, nowMs: number): Finding => {
  const worst = seen.filter(({ samples }) => samples > 0).toSorted((a, b) => a.ok / a.samples - b.ok / b.samples)[0];
  if (worst === undefined) return found("backup_health", "unproven", "the backup has not been probed yet", "wait for a day of samples");
  const percent = ((100 * worst.ok) / worst.samples).toFixed(2);
  const said = `${percent} % of ${worst.samples} probes from ${worst.vantage} were good`;
  if (worst.ok / worst.samples < healthyFrom) {
    return found(
      "backup_health",
      "fail",
      `${said} in the last 24 h`,
      "mend the backup: in a storm tranche does not move to one that it does not know to be up",
    );
  }
  const oldest = seen.reduce((first, { sinceMs }) => Math.min(first, sinceMs), nowMs);
  if (nowMs - oldest < wholeDayMs)
    return found("backup_health", "unproven", `${said}, but it is watched for less than 24 h`, "wait for a day of samples");
  return pass("backup_health", `${said} in the last 24 h`);
};

import { ApiError } from "../../src/client/client.ts";
import type { Client, Result } from "../../src/client/client.ts";
import { CommandError, exit } from "../exit.ts";
import type { FleetService } from "../services.ts";
import type { Session } from "../session.ts";
import type { Finding } from "./finding.ts";
import { fail, pass, skipped, warn } from "./finding.ts";

/** Each check calls DNS and opens connections to targets: of more services the stored result counts. */
const mostChecked = 10;

type Readiness = Result<"GET /v1/services/{id}/readiness">;

const findingsOf = ({ name }: FleetService, readiness: Readiness): Finding[] => {
  const amiss = readiness.checks.flatMap(({ check, domain, result, detail, mend }): Finding[] => {
    if (result !== "fail" && result !== "warn") return [];
    return [
      (result === "fail" ? fail : warn)(`${name}: ${check}`, domain === "" ? detail : `${domain}: ${detail}`, mend ?? "docs/runbook.md"),
    ];
  });
  if (amiss.length > 0) return amiss;
  if (readiness.result === "unchecked")
    return [warn(`${name}: readiness`, "it was never checked", "tranche doctor with a token that may write, or POST .../readiness/check")];
  return [pass(`${name}: readiness`, "DNS may be changed, targets answer, records are right")];
};

/** Now, where the token may; else as it was last checked. */
const readinessOf = async (client: Client, id: number, checks: boolean): Promise<Readiness> => {
  if (checks) return await client.request("POST /v1/services/{id}/readiness/check", { path: { id } });
  return await client.request("GET /v1/services/{id}/readiness", { path: { id } });
};

const stored = ({ name, readiness }: FleetService): Finding => {
  if (readiness === "pass") return pass(`${name}: readiness`, "as it was last checked");
  const mend = `GET /v1/services/{id}/readiness says what; tranche doctor --service ${name} checks it now`;
  return (readiness === "fail" ? fail : warn)(
    `${name}: readiness`,
    readiness === "unchecked" ? "it was never checked" : `it was last checked with ${readiness}`,
    mend,
  );
};

const silence = (services: readonly FleetService[]): Finding[] =>
  services
    .filter(({ trouble }) => trouble === "silent")
    .map(({ name }) =>
      fail(
        `${name}: probing`,
        "nothing was probed for five minutes",
        "does the cron run? Else too much is to be probed: README.md, How many shards",
      ),
    );

/**
 * What DNS permits, and whether services are ready to be switched. Nothing of a service is changed: a permission is proven by
 * writing what is there already.
 */
export const readiness = async (session: Session, services: readonly FleetService[], checks: boolean): Promise<Finding[]> => {
  if (services.length === 0)
    return [warn("services", "there are none: nothing is insured", "POST /v1/services (README.md, The API in one minute)")];
  const found: Finding[] = silence(services);
  let may = checks;
  // One after the other: all of them share the zones' rate limit of DNS.
  for (const service of services.slice(0, mostChecked)) {
    const client = session.as(service.customer_id);
    try {
      found.push(...findingsOf(service, await readinessOf(client, service.service_id, may)));
    } catch (error) {
      if (error instanceof ApiError && error.status === 403 && may) {
        may = false;
        found.push(
          warn(
            "token",
            "it only reads: freeze and override would be refused",
            "sign in with an editor's or owner's token (tranche login), or an admin's with the scope write",
          ),
          ...findingsOf(service, await readinessOf(client, service.service_id, false)),
        );
      } else if (error instanceof ApiError && error.status === 429)
        found.push(skipped(`${service.name}: readiness`, "too many checks for now: try again in a minute"));
      else if (error instanceof CommandError && error.code === exit.unreachable)
        found.push(fail(`${service.name}: readiness`, error.message, "try again"));
      else throw error;
    }
  }
  return [...found, ...services.slice(mostChecked).map(stored)];
};

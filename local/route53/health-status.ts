import type { HealthCheck, Observed } from "./health-checks.ts";
import type { Markup } from "./xml.ts";
import { element, xmlDocument } from "./xml.ts";

/** Two checkers a region, which is fewer than there are. */
const CHECKERS_PER_REGION = 2;

/** The maximum age of a checker's latest observation, at the usual interval. */
const CHECKED_AGO_MS = 7_000;

/** GetHealthCheckStatus: what each checker found last. One that has found nothing yet is not in the answer. */
export function renderStatus({ regions, config }: HealthCheck, nowMs: number): string {
  const checkedAt = new Date(nowMs - CHECKED_AGO_MS).toISOString();
  const observations = Object.entries(regions)
    .filter(([, observed]) => observed !== "unknown")
    .flatMap(([region, observed], index) =>
      Array.from({ length: CHECKERS_PER_REGION }, (_, checker): Markup =>
        element("HealthCheckObservation", [
          element("Region", region),
          element("IPAddress", `15.177.${2 + 4 * index}.${5 + checker}`),
          element("StatusReport", [element("Status", said(observed, config.type)), element("CheckedTime", checkedAt)]),
        ]),
      ),
    );
  return xmlDocument("GetHealthCheckStatusResponse", [element("HealthCheckObservations", observations)]);
}

function said(observed: Observed, type: string): string {
  if (observed === "healthy") return type === "TCP" ? "Success: TCP connection succeeded." : "Success: HTTP Status Code 200, OK";
  return type === "TCP" ? "Failure: Connection timed out." : "Failure: HTTP Status Code 403, Forbidden";
}

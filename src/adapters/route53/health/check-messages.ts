import type { CheckStatus } from "../../../domain/steering/dns-answers.ts";
import type { CheckersView } from "../../ports/steering/health-checks.ts";
import { bool, child, items, text, type XmlNode } from "../../aws/xml.ts";

/** How Route 53 determines the status of a health check. */
export type CheckKind = {
  /** `HTTPS`, `TCP`, `CALCULATED`, `CLOUDWATCH_METRIC`... */
  readonly type: string;
  readonly disabled: boolean;
  readonly inverted: boolean;
};

/** An endpoint is healthy where more than this part of the checkers say so (Developer Guide, "How Amazon Route 53 determines"). */
const healthyAbove = 0.18;

const flag = (node: XmlNode, name: string): boolean => node[name] !== undefined && bool(node, name);

/** Reads a `GetHealthCheckResponse`. @throws XmlShapeError */
export const readCheckKind = (node: XmlNode): CheckKind => {
  const config = child(child(node, "HealthCheck"), "HealthCheckConfig");
  return { type: text(config, "Type"), disabled: flag(config, "Disabled"), inverted: flag(config, "Inverted") };
};

/** Reads a `GetHealthCheckStatusResponse`: `Success: ...` or `Failure: ...`, one for each checker. @throws XmlShapeError */
export const readCheckObservations = (node: XmlNode): CheckersView => {
  const seen = items(node, "HealthCheckObservations", "HealthCheckObservation").map((one) => ({
    region: text(one, "Region"),
    isHealthy: /^success/i.test(text(child(one, "StatusReport"), "Status")),
  }));
  const regions = Map.groupBy(seen, ({ region }) => region);
  const isHealthyFrom = ([, own]: readonly [string, readonly { readonly isHealthy: boolean }[]]) => own.some(({ isHealthy }) => isHealthy);
  const [healthy, others] = [[...regions].filter(isHealthyFrom), [...regions].filter((one) => !isHealthyFrom(one))];
  return {
    healthy: seen.filter(({ isHealthy }) => isHealthy).length,
    all: seen.length,
    regions: { healthy: healthy.map(([region]) => region), others: others.map(([region]) => region) },
  };
};

/** Whether Route 53 reports what its checkers see (API reference, GetHealthCheckStatus: not of a calculated check). */
export const isObserved = ({ type, disabled }: CheckKind): boolean => !disabled && !["CALCULATED", "RECOVERY_CONTROL"].includes(type);

/** The effective status of a check: a disabled one is healthy, an inverted one the opposite of what is seen. */
export const statusOf = ({ disabled, inverted }: CheckKind, seen: CheckersView | null): CheckStatus => {
  if (!disabled && (seen === null || seen.all === 0)) return "unknown";
  const isHealthy = disabled || (seen !== null && seen.healthy / seen.all > healthyAbove);
  return isHealthy !== inverted ? "healthy" : "unhealthy";
};

import { randomUUID } from "node:crypto";
import { ApiError, invalidInput } from "./api-error.ts";
import type { HealthCheckConfig } from "./health-check-request.ts";
import { checkConfig, parseCreateHealthCheck, parseUpdateHealthCheck } from "./health-check-request.ts";
import { renderStatus } from "./health-status.ts";
import type { Markup } from "./xml.ts";
import { element, xmlDocument } from "./xml.ts";

/** What checkers have found; `unknown`: nothing yet, which counts as healthy. */
export type Observed = "healthy" | "unhealthy" | "unknown";

/** The default regions of Route 53's checkers (HealthCheckConfig, Regions). */
const CHECKER_REGIONS = [
  "ap-northeast-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "eu-west-1",
  "sa-east-1",
  "us-east-1",
  "us-west-1",
  "us-west-2",
] as const;

/** A health check. `observed` is what the checkers of Route 53 would have found, which here the test says. */
export interface HealthCheck {
  readonly id: string;
  readonly callerReference: string;
  readonly version: number;
  readonly config: Readonly<HealthCheckConfig>;
  readonly observed: Observed;
  /** By region of the checkers. */
  readonly regions: Readonly<Record<string, Observed>>;
}

export interface HealthChecks {
  readonly all: readonly HealthCheck[];
  find(id: string): HealthCheck | undefined;
  /** What the checkers find from now on. */
  observe(id: string, observed: Observed | Readonly<Record<string, Observed>>): void;
  /** Knows an id that came along with seeded records: a check that somebody made before. */
  adopt(id: string): void;
  /** A disabled check counts as healthy, and so does one that nobody knows (any more). */
  isHealthy(id: string): boolean;
  /** The operations; each returns the XML answer and throws ApiError. */
  create(body: string): { xml: string; id: string };
  get(id: string): string;
  count(): string;
  status(id: string, nowMs: number): string;
  update(id: string, body: string): string;
  remove(id: string): string;
  list(query: URLSearchParams): string;
}

const MAX_ITEMS = 1000;

const everywhere = (observed: Observed): Pick<HealthCheck, "observed" | "regions"> => ({
  observed,
  regions: Object.fromEntries(CHECKER_REGIONS.map((region) => [region, observed])),
});

/** More than 18 % of the checkers that have found anything have to find it healthy (Route 53 Developer Guide). */
function together(regions: Readonly<Record<string, Observed>>): Pick<HealthCheck, "observed" | "regions"> {
  const told = Object.values(regions).filter((observed) => observed !== "unknown");
  const healthy = told.filter((observed) => observed === "healthy").length;
  return { regions, observed: told.length === 0 ? "unknown" : healthy / told.length > 0.18 ? "healthy" : "unhealthy" };
}

/** The health checks of an account. `allowPrivate`: also of addresses that Route 53 could not reach. */
export function createHealthChecks(allowPrivate: boolean): HealthChecks {
  const checks = new Map<string, HealthCheck>();
  const gone = new Set<string>();

  const known = (id: string): HealthCheck => {
    const check = checks.get(id);
    if (!check) throw new ApiError(404, "NoSuchHealthCheck", `A health check with id ${id} does not exist.`);
    return check;
  };

  return {
    get all() {
      return [...checks.values()];
    },
    find: (id) => checks.get(id),
    observe: (id, observed) => {
      const check = known(id);
      checks.set(id, { ...check, ...(typeof observed === "string" ? everywhere(observed) : together({ ...check.regions, ...observed })) });
    },
    adopt(id) {
      if (checks.has(id)) return;
      const config: HealthCheckConfig = {
        type: "HTTPS",
        fullyQualifiedDomainName: "somebody.example.com",
        port: 443,
        requestIntervalSeconds: 30,
        failureThreshold: 3,
        measureLatency: false,
        inverted: false,
        disabled: false,
        enableSni: true,
      };
      checks.set(id, { id, callerReference: `adopted-${id}`, version: 1, config, ...everywhere("healthy") });
    },
    isHealthy(id) {
      const check = checks.get(id);
      if (!check || check.config.disabled) return true;
      return (check.observed !== "unhealthy") !== check.config.inverted;
    },
    create(body) {
      const { callerReference, config } = parseCreateHealthCheck(body, allowPrivate);
      const exists = [...checks.values()].find((check) => check.callerReference === callerReference);
      const same = exists !== undefined && JSON.stringify(exists.config) === JSON.stringify(config);
      if (gone.has(callerReference) || (exists !== undefined && !same)) {
        const message = `A different health check has been created with caller reference ${callerReference}.`;
        throw new ApiError(409, "HealthCheckAlreadyExists", message);
      }
      const check = exists ?? { id: randomUUID(), callerReference, version: 1, config, ...everywhere("healthy") };
      checks.set(check.id, check);
      return { xml: xmlDocument("CreateHealthCheckResponse", [render(check)]), id: check.id };
    },
    get: (id) => xmlDocument("GetHealthCheckResponse", [render(known(id))]),
    count: () => xmlDocument("GetHealthCheckCountResponse", [element("HealthCheckCount", checks.size)]),
    status: (id, nowMs) => renderStatus(known(id), nowMs),
    update(id, body) {
      const before = known(id);
      const { version, settings } = parseUpdateHealthCheck(body);
      if (version !== undefined && version !== before.version) {
        throw new ApiError(
          409,
          "HealthCheckVersionMismatch",
          `The HealthCheckVersion ${version} does not match the current version ${before.version}.`,
        );
      }
      const config = { ...before.config, ...settings };
      checkConfig(config, allowPrivate);
      const check = { ...before, version: before.version + 1, config };
      checks.set(id, check);
      return xmlDocument("UpdateHealthCheckResponse", [render(check)]);
    },
    remove(id) {
      gone.add(known(id).callerReference);
      checks.delete(id);
      return xmlDocument("DeleteHealthCheckResponse", []);
    },
    list(query) {
      const text = query.get("maxitems") ?? String(MAX_ITEMS);
      if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw invalidInput(`'${text}' is not a valid value for maxitems.`);
      const marker = query.get("marker");
      const ordered = [...checks.values()].sort((left, right) => (left.id < right.id ? -1 : 1));
      const start = marker === null ? 0 : ordered.findIndex(({ id }) => id === marker);
      if (start < 0) throw invalidInput(`The marker '${marker}' is not valid.`);
      const maxItems = Math.min(Number(text), MAX_ITEMS);
      const next = ordered[start + maxItems];
      return xmlDocument("ListHealthChecksResponse", [
        element("HealthChecks", ordered.slice(start, start + maxItems).map(render)),
        ...(marker === null ? [] : [element("Marker", marker)]),
        element("IsTruncated", next !== undefined),
        ...(next === undefined ? [] : [element("NextMarker", next.id)]),
        element("MaxItems", maxItems),
      ]);
    },
  };
}

function render({ id, callerReference, version, config }: HealthCheck): Markup {
  const optional = (name: string, value: string | number | undefined) => (value === undefined ? [] : [element(name, value)]);
  return element("HealthCheck", [
    element("Id", id),
    element("CallerReference", callerReference),
    element("HealthCheckConfig", [
      ...optional("IPAddress", config.ipAddress),
      ...optional("Port", config.port ?? { HTTP: 80, HTTPS: 443, TCP: undefined }[config.type]),
      element("Type", config.type),
      ...optional("ResourcePath", config.resourcePath),
      ...optional("FullyQualifiedDomainName", config.fullyQualifiedDomainName),
      element("RequestInterval", config.requestIntervalSeconds),
      element("FailureThreshold", config.failureThreshold),
      element("MeasureLatency", config.measureLatency),
      element("Inverted", config.inverted),
      element("Disabled", config.disabled),
      element("EnableSNI", config.enableSni),
    ]),
    element("HealthCheckVersion", version),
  ]);
}

import { isIP } from "node:net";
import { invalidInput, malformedInput } from "./api-error.ts";
import { rootOf } from "./request-fields.ts";
import type { XmlElement } from "./xml.ts";
import { ROUTE53_NAMESPACE } from "./xml.ts";

/** The settings of a health check of an endpoint, as far as this server knows them. */
export interface HealthCheckConfig {
  type: "HTTP" | "HTTPS" | "TCP";
  ipAddress?: string;
  port?: number;
  resourcePath?: string;
  fullyQualifiedDomainName?: string;
  requestIntervalSeconds: 10 | 30;
  failureThreshold: number;
  measureLatency: boolean;
  inverted: boolean;
  disabled: boolean;
  enableSni: boolean;
}

export interface HealthCheckUpdate {
  version?: number;
  /** Only what the request names. */
  settings: Partial<Omit<HealthCheckConfig, "type" | "requestIntervalSeconds" | "measureLatency">>;
}

const UPDATABLE = [
  "IPAddress",
  "Port",
  "ResourcePath",
  "FullyQualifiedDomainName",
  "FailureThreshold",
  "Inverted",
  "Disabled",
  "EnableSNI",
];
const CONFIG = ["Type", ...UPDATABLE, "RequestInterval", "MeasureLatency"];

/**
 * Reads a CreateHealthCheckRequest. Throws ApiError: MalformedInput when it is not that document, InvalidInput when a
 * field is unknown, missing or out of range. Checks of alarms, of other checks and for texts are outside of this server.
 * @param allowPrivate lets checks of loopback and private addresses pass, which Route 53 refuses
 */
export function parseCreateHealthCheck(body: string, allowPrivate: boolean): { callerReference: string; config: HealthCheckConfig } {
  const root = fieldsOf(rootOf(body, "CreateHealthCheckRequest"), ["CallerReference", "HealthCheckConfig"]);
  const callerReference = root.get("CallerReference")?.text ?? "";
  if (callerReference.length < 1 || callerReference.length > 64) {
    throw constraint(callerReference, "callerReference", "Member must have length between 1 and 64");
  }
  const configElement = root.get("HealthCheckConfig");
  if (!configElement) throw missing("HealthCheckConfig");
  const fields = fieldsOf(configElement, CONFIG);
  const type = fields.get("Type")?.text;
  if (type === undefined) throw missing("Type");
  if (type !== "HTTP" && type !== "HTTPS" && type !== "TCP") {
    throw constraint(type, "healthCheckConfig.type", "Member must satisfy enum value set: [HTTP, HTTPS, TCP]");
  }
  const interval = number(fields, "RequestInterval", 10, 30) ?? 30;
  if (interval !== 10 && interval !== 30) throw invalidInput("Invalid parameter : RequestInterval must be 10 or 30.");
  const settings = settingsOf(fields);
  const config: HealthCheckConfig = {
    type,
    requestIntervalSeconds: interval,
    failureThreshold: settings.failureThreshold ?? 3,
    measureLatency: flag(fields, "MeasureLatency") ?? false,
    inverted: settings.inverted ?? false,
    disabled: settings.disabled ?? false,
    enableSni: settings.enableSni ?? type === "HTTPS",
    ...given(settings, "ipAddress"),
    ...given(settings, "port"),
    ...given(settings, "resourcePath"),
    ...given(settings, "fullyQualifiedDomainName"),
  };
  checkConfig(config, allowPrivate);
  return { callerReference, config };
}

/** Reads an UpdateHealthCheckRequest; its type and interval cannot be changed. Throws ApiError. */
export function parseUpdateHealthCheck(body: string): HealthCheckUpdate {
  const fields = fieldsOf(rootOf(body, "UpdateHealthCheckRequest"), ["HealthCheckVersion", ...UPDATABLE]);
  const version = number(fields, "HealthCheckVersion", 1, Number.MAX_SAFE_INTEGER);
  return { settings: settingsOf(fields), ...(version !== undefined && { version }) };
}

/** What makes a config impossible as a whole. Throws ApiError InvalidInput. */
export function checkConfig(config: HealthCheckConfig, allowPrivate: boolean): void {
  const { type, ipAddress, fullyQualifiedDomainName, resourcePath, port } = config;
  if (ipAddress === undefined && fullyQualifiedDomainName === undefined) {
    throw invalidInput("Invalid parameter : Either IPAddress or FullyQualifiedDomainName must be specified.");
  }
  if (ipAddress === undefined && type === "TCP") throw invalidInput("Invalid parameter : TCP health checks need an IPAddress.");
  if (type === "TCP" && (port === undefined || resourcePath !== undefined)) {
    throw invalidInput("Invalid parameter : TCP health checks need a Port and take no ResourcePath.");
  }
  if (type !== "HTTPS" && config.enableSni) throw invalidInput("Invalid parameter : EnableSNI is for HTTPS health checks only.");
  if (ipAddress !== undefined && isIP(ipAddress) === 0) throw invalidInput(`Invalid parameter : ${ipAddress} is not an IP address.`);
  if (
    ipAddress !== undefined &&
    !allowPrivate &&
    /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd])/i.test(ipAddress)
  ) {
    throw invalidInput(`Invalid parameter : IP address ${ipAddress} is private or reserved.`);
  }
  if (fullyQualifiedDomainName !== undefined && (isIP(fullyQualifiedDomainName) > 0 || !isHostname(fullyQualifiedDomainName))) {
    throw invalidInput(`Invalid fully qualified domain name: ${fullyQualifiedDomainName}`);
  }
}

const isHostname = (name: string): boolean =>
  name.length <= 255 &&
  name.includes(".") &&
  name
    .replace(/\.$/, "")
    .split(".")
    .every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));

function settingsOf(fields: Map<string, XmlElement>): HealthCheckUpdate["settings"] {
  const text = (name: string, max: number): string | undefined => {
    const value = fields.get(name)?.text;
    if (value !== undefined && (value.length > max || value === ""))
      throw constraint(value, name, `Member must have length between 1 and ${max}`);
    return value;
  };
  const path = text("ResourcePath", 255);
  const settings = {
    ipAddress: text("IPAddress", 45),
    port: number(fields, "Port", 1, 65_535),
    resourcePath: path === undefined || path.startsWith("/") ? path : `/${path}`,
    fullyQualifiedDomainName: text("FullyQualifiedDomainName", 255),
    failureThreshold: number(fields, "FailureThreshold", 1, 10),
    inverted: flag(fields, "Inverted"),
    disabled: flag(fields, "Disabled"),
    enableSni: flag(fields, "EnableSNI"),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

const given = <T extends object, K extends keyof T>(from: T, key: K): Partial<Pick<T, K>> =>
  from[key] === undefined ? {} : ({ [key]: from[key] } as unknown as Pick<T, K>);

/** AWS's own clients differ in the order of these elements, so any order will do; each only once, and no other. */
function fieldsOf(parent: XmlElement, allowed: readonly string[]): Map<string, XmlElement> {
  const fields = new Map<string, XmlElement>();
  for (const child of parent.children) {
    if (!allowed.includes(child.name) || fields.has(child.name)) {
      throw invalidInput(
        `Invalid XML ; cvc-complex-type.2.4.a: Invalid content was found starting with element '${child.name}'. ` +
          `One of '{${allowed.join(", ")}}' is expected.`,
      );
    }
    fields.set(child.name, child);
  }
  return fields;
}

function number(fields: Map<string, XmlElement>, name: string, min: number, max: number): number | undefined {
  const text = fields.get(name)?.text;
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw malformedInput(`'${text}' is not a valid integer for ${name}`);
  const value = Number(text);
  if (value < min || value > max) throw constraint(text, name, `Member must have value between ${min} and ${max}`);
  return value;
}

function flag(fields: Map<string, XmlElement>, name: string): boolean | undefined {
  const text = fields.get(name)?.text;
  if (text === undefined || text === "true") return text === undefined ? undefined : true;
  if (text !== "false") throw malformedInput(`'${text}' is not a valid boolean for ${name}`);
  return false;
}

const missing = (name: string) =>
  invalidInput(`Invalid XML ; cvc-complex-type.2.4.b: The content is not complete. One of '{"${ROUTE53_NAMESPACE}":${name}}' is expected.`);

const constraint = (value: string, path: string, rule: string) =>
  invalidInput(`1 validation error detected: Value '${value}' at '${path}' failed to satisfy constraint: ${rule}`);

import type { HealthCheck, HealthCheckTarget } from "../../ports/steering/health-checks.ts";
import type { NextPage } from "../api/messages.ts";
import { bool, child, element, items, leaf, optionalCount, optionalText, text, type XmlNode, XmlShapeError } from "../../aws/xml.ts";

const namespace = "https://route53.amazonaws.com/doc/2013-04-01/";

/** The fast interval, and Route 53's own default of failures in a row: a dead CDN is left after about half a minute. */
const requestIntervalSeconds = 10;
const failureThreshold = 3;

const isAddress = (host: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(":");

/** The endpoint elements of both requests, in the order of the API's model. */
const endpoint = ({ host, port, path }: HealthCheckTarget): readonly string[] => [
  ...(isAddress(host) ? [leaf("IPAddress", host)] : []),
  leaf("Port", port),
  leaf("ResourcePath", path),
  ...(isAddress(host) ? [] : [leaf("FullyQualifiedDomainName", host)]),
];

// Without SNI a CDN cannot tell which certificate to show.
const sni = ({ type }: HealthCheckTarget): readonly string[] => (type === "HTTPS" ? [leaf("EnableSNI", true)] : []);

const whole = (root: string, ...parts: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="${namespace}">${parts.join("")}</${root}>`;

/** Writes a `CreateHealthCheckRequest`. */
export const writeCreateHealthCheck = (reference: string, target: HealthCheckTarget, disabled: boolean): string =>
  whole(
    "CreateHealthCheckRequest",
    leaf("CallerReference", reference),
    element(
      "HealthCheckConfig",
      leaf("Type", target.type),
      ...endpoint(target),
      leaf("RequestInterval", requestIntervalSeconds),
      leaf("FailureThreshold", failureThreshold),
      leaf("Disabled", disabled),
      ...sni(target),
    ),
  );

/** Writes an `UpdateHealthCheckRequest`: everything that tranche sets, so that others' changes are reverted. */
export const writeUpdateHealthCheck = (version: number, target: HealthCheckTarget, disabled: boolean): string =>
  whole(
    "UpdateHealthCheckRequest",
    leaf("HealthCheckVersion", version),
    ...endpoint(target),
    leaf("FailureThreshold", failureThreshold),
    leaf("Inverted", false),
    leaf("Disabled", disabled),
    ...sni(target),
  );

/** Reads the `HealthCheck` of a create, get or update answer. @throws XmlShapeError */
export const readHealthCheckAnswer = (node: XmlNode): HealthCheck => readHealthCheck(child(node, "HealthCheck"));

/** Reads a `ListHealthChecksResponse`. @throws XmlShapeError */
export const readHealthCheckPage = (node: XmlNode): { checks: readonly HealthCheck[]; next: NextPage } => ({
  checks: items(node, "HealthChecks", "HealthCheck").map(readHealthCheck),
  next: bool(node, "IsTruncated") ? { marker: text(node, "NextMarker") } : null,
});

const flag = (node: XmlNode, name: string): boolean => node[name] !== undefined && bool(node, name);

const readHealthCheck = (node: XmlNode): HealthCheck => {
  const config = child(node, "HealthCheckConfig");
  const version = optionalCount(node, "HealthCheckVersion");
  if (version === undefined) throw new XmlShapeError("<HealthCheckVersion> is missing");
  return {
    id: text(node, "Id"),
    version,
    reference: text(node, "CallerReference"),
    target: readTarget(config),
    disabled: flag(config, "Disabled"),
  };
};

/** Null for any other kind: it was changed into something that tranche does not create. */
const readTarget = (config: XmlNode): HealthCheckTarget | null => {
  const type = text(config, "Type");
  const host = optionalText(config, "FullyQualifiedDomainName") ?? optionalText(config, "IPAddress");
  if ((type !== "HTTP" && type !== "HTTPS") || host === undefined || flag(config, "Inverted")) return null;
  return {
    type,
    host: host.toLowerCase().replace(/\.$/, ""),
    port: optionalCount(config, "Port") ?? (type === "HTTP" ? 80 : 443),
    path: optionalText(config, "ResourcePath") ?? "/",
  };
};

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { ApiError } from "./api-error.ts";

/** Signature Version 4 as the receiving side checks it; written from the AWS description, independent of any signer. */

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** Of temporary credentials. */
  expiresAtMs?: number;
}

/** Whose signatures count: one set of credentials, or as many as it finds by their access key id. */
export type Keyring = Credentials | ((accessKeyId: string) => Credentials | undefined);

/** For which service, in which region, a request has to be signed. */
export interface Scope {
  region: string;
  service: string;
}

/** The request as it came over the wire. `path` and `query` still percent-encoded; header names in lower case. */
export interface SignedRequest {
  method: string;
  path: string;
  query: string;
  headers: ReadonlyMap<string, string>;
  body: Uint8Array;
}

const ROUTE53: Scope = { region: "us-east-1", service: "route53" };
const MAX_SKEW_MS = 5 * 60_000;

/**
 * Whose signature it is. Throws the ApiError (403) that AWS answers to a missing, incomplete, foreign, expired, stale or
 * wrong one.
 */
export function verifySignature(request: SignedRequest, keyring: Keyring, nowMs: number, wanted = ROUTE53): Credentials {
  const authorization = request.headers.get("authorization");
  if (!authorization) throw denied("MissingAuthenticationToken", "Missing Authentication Token");
  const { credential, signedHeaders, signature } = parseAuthorization(authorization, request.headers);
  const datetime = request.headers.get("x-amz-date") ?? "";
  const [keyId = "", date = "", region = "", service = "", terminator = ""] = credential.split("/");
  requireScope({ date, region, service, terminator }, datetime, wanted);
  const credentials = requireKnown(request.headers.get("x-amz-security-token"), keyId, keyring, nowMs);
  requireFresh(datetime, nowMs);
  requireCoverage(signedHeaders, request.headers);

  const hash = sha256(request.body);
  const declaredHash = request.headers.get("x-amz-content-sha256");
  if (declaredHash !== undefined && declaredHash !== hash) throw mismatch();
  const signed = { request, path: canonicalPath(request.path), signedHeaders, hash };
  if (!isSignature(signature, signed, { datetime, secret: credentials.secretAccessKey, wanted })) throw mismatch();
  return credentials;
}

/** What a signature is of: the request, its path as this service signs it, which headers, the hash that was declared for its body. */
export interface Signed {
  request: SignedRequest;
  path: string;
  signedHeaders: string[];
  hash: string;
}

/** Whether a signature is that of this secret, at this time, for this service and region. */
export function isSignature(
  signature: string,
  { request, path, signedHeaders, hash }: Signed,
  { datetime, secret, wanted }: { datetime: string; secret: string; wanted: Scope },
): boolean {
  const canonical = [
    request.method,
    path,
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(request.headers.get(name) ?? "")}`),
    "",
    signedHeaders.join(";"),
    hash,
  ].join("\n");
  const date = datetime.slice(0, 8);
  const scope = `${date}/${wanted.region}/${wanted.service}/aws4_request`;
  const stringToSign = ["AWS4-HMAC-SHA256", datetime, scope, sha256(Buffer.from(canonical))].join("\n");
  const expected = hmac(signingKey(secret, date, wanted), stringToSign);
  const given = Buffer.from(signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Reads an Authorization header. Throws the ApiError (403) of one that is no signature, or not all of one. */
export function parseAuthorization(authorization: string, headers: ReadonlyMap<string, string>) {
  const [algorithm = "", ...rest] = authorization.split(/\s+/);
  if (algorithm !== "AWS4-HMAC-SHA256") {
    throw denied("IncompleteSignature", `Unsupported AWS 'algorithm': '${algorithm}'.`);
  }
  const fields = new Map<string, string>();
  for (const part of rest.join("").split(",")) {
    const equals = part.indexOf("=");
    if (equals > 0) fields.set(part.slice(0, equals), part.slice(equals + 1));
  }
  const missing = ["Credential", "Signature", "SignedHeaders"]
    .filter((name) => !fields.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (!headers.has("x-amz-date")) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  if (missing.length > 0) throw denied("IncompleteSignature", `${missing.join(" ")} Authorization=${algorithm}`);
  const credential = fields.get("Credential") ?? "";
  if (credential.split("/").length !== 5) {
    throw denied(
      "IncompleteSignature",
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
    );
  }
  const signedHeaders = (fields.get("SignedHeaders") ?? "").split(";");
  return { credential, signedHeaders, signature: fields.get("Signature") ?? "" };
}

function requireScope(scope: { date: string; region: string; service: string; terminator: string }, datetime: string, wanted: Scope): void {
  const faults: string[] = [];
  if (scope.region !== wanted.region) faults.push(`Credential should be scoped to a valid region, not '${scope.region}'. `);
  if (scope.service !== wanted.service) faults.push(`Credential should be scoped to correct service: '${wanted.service}'. `);
  if (scope.terminator !== "aws4_request") {
    faults.push(`Credential should be scoped with a valid terminator: 'aws4_request', not '${scope.terminator}'. `);
  }
  const day = datetime.slice(0, 8);
  if (scope.date !== day) {
    faults.push(
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
        `'${scope.date}' != '${day}', from '${datetime}'.`,
    );
  }
  if (faults.length > 0) throw denied("SignatureDoesNotMatch", faults.join(""));
}

function requireKnown(token: string | undefined, keyId: string, keyring: Keyring, nowMs: number): Credentials {
  const known = typeof keyring === "function" ? keyring(keyId) : keyring;
  if (keyId !== known?.accessKeyId || token !== known.sessionToken) {
    throw denied("InvalidClientTokenId", "The security token included in the request is invalid.");
  }
  if (known.expiresAtMs !== undefined && nowMs >= known.expiresAtMs) {
    throw denied("ExpiredToken", "The security token included in the request is expired");
  }
  return known;
}

function requireFresh(datetime: string, nowMs: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(datetime);
  const signedAtMs = parts ? Date.parse(iso(parts)) : Number.NaN;
  if (Number.isNaN(signedAtMs)) {
    throw denied("IncompleteSignature", `Date must be in ISO-8601 'basic format'. Got '${datetime}'.`);
  }
  const now = basicTime(nowMs);
  if (signedAtMs < nowMs - MAX_SKEW_MS) {
    const limit = `${basicTime(nowMs - MAX_SKEW_MS)} (${now} - 5 min.)`;
    throw denied("SignatureDoesNotMatch", `Signature expired: ${datetime} is now earlier than ${limit}`);
  }
  if (signedAtMs > nowMs + MAX_SKEW_MS) {
    const limit = `${basicTime(nowMs + MAX_SKEW_MS)} (${now} + 5 min.)`;
    throw denied("SignatureDoesNotMatch", `Signature not yet current: ${datetime} is still later than ${limit}`);
  }
}

function iso(parts: RegExpExecArray): string {
  const [, year, month, day, hour, minute, second] = parts;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

/** The host and every x-amz-* header that came along must be among the signed ones, or they could be exchanged. */
export function requireCoverage(signedHeaders: string[], headers: ReadonlyMap<string, string>): void {
  const required = ["host", ...[...headers.keys()].filter((name) => name.startsWith("x-amz-"))];
  const uncovered = required.find((name) => !signedHeaders.includes(name));
  if (uncovered === undefined) return;
  const label = uncovered === "host" ? "'Host' or ':authority'" : `'${uncovered}'`;
  throw denied("SignatureDoesNotMatch", `${label} must be a 'SignedHeader' in the AWS Authorization.`);
}

/** Every service but S3 signs the path normalised and encoded a second time. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(encode(segment));
  }
  const trailing = path.endsWith("/") && segments.length > 0 ? "/" : "";
  return `/${segments.join("/")}${trailing}`;
}

function canonicalQuery(query: string): string {
  const pairs = query.split("&").filter((pair) => pair !== "");
  const encoded = pairs.map((pair) => {
    const equals = pair.indexOf("=");
    const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
    return [encode(decode(name)), encode(decode(value))] as const;
  });
  encoded.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  return encoded.map((pair) => pair.join("=")).join("&");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    throw mismatch();
  }
}

/** RFC 3986, strictly. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalValue(value: string): string {
  return value.trim().replace(/ +/g, " ");
}

function signingKey(secret: string, date: string, { region, service }: Scope): Buffer {
  const parts = [date, region, service, "aws4_request"];
  return parts.reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function basicTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function mismatch(): ApiError {
  return denied(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. " +
      "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  );
}

function denied(code: string, message: string): ApiError {
  return new ApiError(403, code, message);
}

import { ApiError } from "../route53/api-error.ts";
import type { Credentials, Keyring, SignedRequest } from "../route53/sigv4.ts";
import { encode, isSignature, parseAuthorization, requireCoverage, sha256 } from "../route53/sigv4.ts";
import { S3Refusal } from "./s3-error.ts";

/** Signature Version 4 as S3 checks it: other words and another clock skew than elsewhere, the path signed as it is, the hash of the body a header. */

const MAX_SKEW_MS = 15 * 60_000;
const UNSIGNED = "UNSIGNED-PAYLOAD";

/** What the address of a request says of its region; null: a host of one's own, which has none. */
export interface Asked {
  region: string | null;
  isRegion: (region: string) => boolean;
}

/** Whose signature it is, and for which region. Throws the S3Refusal that S3 answers to any other. */
export function verifyS3(request: SignedRequest, keyring: Keyring, nowMs: number, asked: Asked): { keys: Credentials; region: string } {
  const { headers } = request;
  const authorization = headers.get("authorization");
  if (!authorization) throw new S3Refusal(403, "AccessDenied", "Access Denied"); // anonymous: not public
  const hash = headers.get("x-amz-content-sha256");
  if (hash === undefined) throw new S3Refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  if (hash.startsWith("STREAMING-")) {
    throw new S3Refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented", { Header: hash });
  }
  const { credential, signedHeaders, signature } = parsed(authorization, headers);
  const [keyId = "", date = "", region = "", service = "", end = ""] = credential.split("/");
  const datetime = headers.get("x-amz-date") ?? "";
  requireScope({ date, region, service, end, datetime }, asked);
  requireFresh(datetime, nowMs);
  const keys = requireKnown(keyId, headers.get("x-amz-security-token"), keyring, nowMs);
  covered(signedHeaders, headers);
  if (hash !== UNSIGNED && hash !== sha256(request.body)) {
    throw new S3Refusal(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.", {
      ClientComputedContentSHA256: hash,
      S3ComputedContentSHA256: sha256(request.body),
    });
  }
  const signed = { request, path: canonicalPath(request.path), signedHeaders, hash };
  const by = { datetime, secret: keys.secretAccessKey, wanted: { region, service: "s3" } };
  if (!isSignature(signature, signed, by)) throw mismatch(keyId, signature);
  return { keys, region };
}

const malformed = (message: string, details: Record<string, string> = {}): S3Refusal =>
  new S3Refusal(400, "AuthorizationHeaderMalformed", `The authorization header is malformed; ${message}`, details);

function parsed(authorization: string, headers: ReadonlyMap<string, string>) {
  try {
    return parseAuthorization(authorization, headers);
  } catch (error) {
    throw malformed(error instanceof ApiError ? error.message : String(error));
  }
}

function covered(signedHeaders: string[], headers: ReadonlyMap<string, string>): void {
  try {
    requireCoverage(signedHeaders, headers);
  } catch {
    throw new S3Refusal(403, "AccessDenied", "There were headers present in the request which were not signed");
  }
}

function requireScope(
  { date, region, service, end, datetime }: { date: string; region: string; service: string; end: string; datetime: string },
  asked: Asked,
): void {
  if (service !== "s3") throw malformed(`incorrect service "${service}". This endpoint belongs to "s3".`);
  if (end !== "aws4_request") throw malformed(`incorrect terminal "${end}". This endpoint uses "aws4_request".`);
  if (date !== datetime.slice(0, 8)) throw malformed("Invalid credential date. Date is not the same as X-Amz-Date.");
  if (asked.region === null ? !asked.isRegion(region) : region !== asked.region) {
    const expected = asked.region ?? "us-east-1";
    throw malformed(`the region '${region}' is wrong; expecting '${expected}'`, { Region: expected });
  }
}

function requireFresh(datetime: string, nowMs: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(datetime);
  const [, year, month, day, hour, minute, second] = parts ?? [];
  const signedAtMs = parts ? Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) : Number.NaN;
  if (Number.isNaN(signedAtMs)) {
    throw new S3Refusal(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header");
  }
  if (Math.abs(signedAtMs - nowMs) > MAX_SKEW_MS) {
    throw new S3Refusal(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", {
      RequestTime: datetime,
      ServerTime: new Date(nowMs).toISOString(),
      MaxAllowedSkewMilliseconds: `${MAX_SKEW_MS}`,
    });
  }
}

function requireKnown(keyId: string, token: string | undefined, keyring: Keyring, nowMs: number): Credentials {
  const known = typeof keyring === "function" ? keyring(keyId) : keyring;
  if (keyId !== known?.accessKeyId) {
    throw new S3Refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", {
      AWSAccessKeyId: keyId,
    });
  }
  if (token !== known.sessionToken) throw new S3Refusal(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
  if (known.expiresAtMs !== undefined && nowMs >= known.expiresAtMs) {
    throw new S3Refusal(400, "ExpiredToken", "The provided token has expired.");
  }
  return known;
}

/** The path as it is, each part encoded once: neither `//` nor `..` is resolved. */
function canonicalPath(path: string): string {
  try {
    return path
      .split("/")
      .map((part) => encode(decodeURIComponent(part)))
      .join("/");
  } catch {
    throw new S3Refusal(400, "InvalidURI", "Couldn't parse the specified URI.");
  }
}

function mismatch(keyId: string, signature: string): S3Refusal {
  return new S3Refusal(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    { AWSAccessKeyId: keyId, SignatureProvided: signature },
  );
}

import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions, ProtectedHeaderParameters } from "jose";
import { AppError } from "../../errors.ts";
import { createKeySet } from "./key-set.ts";
import type { Clock } from "../ports/platform/clock.ts";
import type { JwtClaims, JwtVerifier } from "../ports/tenants/tokens.ts";

export type JwtSettings = {
  readonly jwtSecret: string | null;
  readonly jwksUrl: string | null;
  readonly jwtIssuer: string | null;
  readonly jwtAudience: string | null;
  /** The longest remaining lifetime of a token. */
  readonly jwtMaxAgeMs: number;
};

/** Tolerated clock skew between issuer and verifier. */
const clockToleranceSeconds = 5;

const headerOf = (token: string): ProtectedHeaderParameters | null => {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return null;
  }
};

/** RFC 8725 §3.11: tokens for other purposes (such as a logout token) have another type. */
const isOurType = (typ: unknown): boolean =>
  typ === undefined || (typeof typ === "string" && /^(?:application\/)?(?:at\+)?jwt$/i.test(typ));

/** A key set that could not be fetched says nothing about the token. */
const unreachable = (error: unknown) =>
  !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === "ERR_JOSE_GENERIC";

/** RFC 7519 §2, NumericDate: a number of seconds, here one in the range of a clock. */
const isMoment = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value > 0 && value < 253_402_300_800;

const isMomentOrAbsent = (value: unknown): boolean => value === undefined || isMoment(value);

/**
 * Checks beyond the signature: every time is valid, the token does not begin in the future, and its lifetime is within
 * the limit. The audience is checked by `jwtVerify` where one is configured; where none is, a token that names one was
 * issued for somebody else.
 */
const holds = (payload: JWTPayload, settings: JwtSettings, nowMs: number): payload is JWTPayload & { exp: number } => {
  const { exp, iat, nbf, sub, aud } = payload;
  if (!isMoment(exp) || !isMomentOrAbsent(iat) || !isMomentOrAbsent(nbf)) return false;
  if (sub !== undefined && typeof sub !== "string") return false;
  if (settings.jwtAudience === null && aud !== undefined) return false;
  const nowSeconds = nowMs / 1_000;
  if (iat !== undefined && (iat > nowSeconds + clockToleranceSeconds || iat > exp)) return false;
  return exp - nowSeconds <= settings.jwtMaxAgeMs / 1_000 + clockToleranceSeconds;
};

/**
 * HS256 with a shared secret, RS256 and ES256 through a key set. The algorithm chooses the key and is pinned for the
 * verification, so a public key can never serve as an HMAC secret, nor `none` as a signature (RFC 8725 §3.1).
 * @returns null where neither is configured
 */
export const createJwtVerifier = (settings: JwtSettings, clock: Pick<Clock, "nowMs">, send: typeof fetch): JwtVerifier | null => {
  const secret = settings.jwtSecret === null ? null : new TextEncoder().encode(settings.jwtSecret);
  const keys = settings.jwksUrl === null ? null : createKeySet(settings.jwksUrl, send, clock);
  if (secret === null && keys === null) return null;

  const options = (algorithm: string): JWTVerifyOptions => ({
    algorithms: [algorithm],
    requiredClaims: ["exp", "customer_id", "role"],
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(clock.nowMs()),
    ...(settings.jwtIssuer !== null && { issuer: settings.jwtIssuer }),
    ...(settings.jwtAudience !== null && { audience: settings.jwtAudience }),
  });

  const bySecret = async (token: string, key: Uint8Array): Promise<JWTPayload | null> => {
    try {
      return (await jwtVerify(token, key, options("HS256"))).payload;
    } catch {
      return null;
    }
  };

  const byKeySet = async (token: string, algorithm: string, keySet: JWTVerifyGetKey): Promise<JWTPayload | null> => {
    try {
      return (await jwtVerify(token, keySet, options(algorithm))).payload;
    } catch (error) {
      if (unreachable(error)) throw new AppError("unavailable", "the keys to verify this credential are out of reach");
      return null;
    }
  };

  const payloadOf = async (token: string): Promise<JWTPayload | null> => {
    const header = headerOf(token);
    // No extension is supported, so a critical one is refused (RFC 7515 §4.1.11).
    if (header === null || header.crit !== undefined || !isOurType(header.typ)) return null;
    const { alg: algorithm } = header;
    if (algorithm === "HS256" && secret !== null) return await bySecret(token, secret);
    if ((algorithm === "RS256" || algorithm === "ES256") && keys !== null) return await byKeySet(token, algorithm, keys);
    return null;
  };

  return {
    verify: async (token): Promise<JwtClaims | null> => {
      const payload = await payloadOf(token);
      if (payload === null || !holds(payload, settings, clock.nowMs())) return null;
      return {
        subject: payload.sub ?? null,
        customerId: payload["customer_id"],
        role: payload["role"],
        expiresAtMs: Math.floor(payload.exp * 1_000),
      };
    },
  };
};

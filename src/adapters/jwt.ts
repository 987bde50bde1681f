import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from "jose";
import { AppError } from "../errors.ts";
import type { Clock } from "./ports/clock.ts";
import type { JwtVerifier } from "./ports/jwt.ts";

export type JwtSettings = {
  readonly jwtSecret: string | null;
  readonly jwksUrl: string | null;
  readonly jwtIssuer: string | null;
  readonly jwtAudience: string | null;
};

/** Difference between the clocks of issuer and verifier that is let pass. */
const clockToleranceSeconds = 5;

const algorithmOf = (token: string): string | null => {
  try {
    return decodeProtectedHeader(token).alg ?? null;
  } catch {
    return null;
  }
};

/** A key set that could not be fetched says nothing about the token. */
const unreachable = (error: unknown) =>
  !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === "ERR_JOSE_GENERIC";

/**
 * HS256 with a shared secret, RS256 and ES256 through a key set. The algorithm chooses the key and is pinned for the
 * verification, so a public key can never serve as an HMAC secret, nor `none` as a signature (RFC 8725 §3.1).
 * @returns null where neither is configured
 */
export const createJwtVerifier = (settings: JwtSettings, clock: Clock): JwtVerifier | null => {
  const secret = settings.jwtSecret === null ? null : new TextEncoder().encode(settings.jwtSecret);
  const keys = settings.jwksUrl === null ? null : createRemoteJWKSet(new URL(settings.jwksUrl));
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

  return {
    verify: async (token) => {
      const algorithm = algorithmOf(token);
      let payload: JWTPayload | null = null;
      if (algorithm === "HS256" && secret !== null) payload = await bySecret(token, secret);
      if ((algorithm === "RS256" || algorithm === "ES256") && keys !== null) {
        payload = await byKeySet(token, algorithm, keys);
      }
      if (payload === null) return null;
      return { subject: payload.sub ?? null, customerId: payload["customer_id"], role: payload["role"] };
    },
  };
};

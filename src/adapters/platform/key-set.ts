import { createRemoteJWKSet, customFetch } from "jose";
import type { JWTVerifyGetKey } from "jose";
import type { Clock } from "../ports/platform/clock.ts";

/** A key takes some 600 bytes; identity providers publish a handful. */
const maxBytes = 256 * 1024;
const timeoutMs = 5_000;
/** How long a fetched set is used; an unknown key id refetches it earlier, at most every `cooldownMs`. */
const maxAgeMs = 10 * 60_000;
const cooldownMs = 30_000;
/** How long a failure is cached: callers get it at once. */
const failureMs = 5_000;

/** @throws TypeError where the text is longer than `maxBytes` */
const bounded = async (response: Response): Promise<string> => {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; ;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || value === undefined) return text + decoder.decode();
    bytes += value.length;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new TypeError(`a key set of more than ${maxBytes} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
};

/**
 * The public keys of an identity provider, fetched when first needed: without following a redirect, in 5 s, 256 KiB at most, kept
 * for ten minutes.
 */
export const createKeySet = (url: string, send: typeof fetch, clock: Pick<Clock, "nowMs">): JWTVerifyGetKey => {
  let failedAtMs = Number.NEGATIVE_INFINITY;
  const isRecent = () => Math.abs(clock.nowMs() - failedAtMs) < failureMs;
  return createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeoutMs,
    cacheMaxAge: maxAgeMs,
    cooldownDuration: cooldownMs,
    [customFetch]: async (at, init) => {
      if (isRecent()) throw new TypeError("the key set was out of reach a moment ago");
      try {
        const response = await send(at, { ...init, redirect: "manual" });
        if (response.status !== 200) throw new TypeError(`the key set answered ${response.status}`);
        return Response.json(JSON.parse(await bounded(response)));
      } catch (error) {
        failedAtMs = clock.nowMs();
        throw error;
      }
    },
  });
};

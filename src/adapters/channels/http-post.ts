import { version } from "../../version.ts";

/** Of a body this much is read, for this long: what a receiver says of an error has a few hundred bytes. */
const maxBodyBytes = 65_536;
const bodyPatienceMs = 500;

/** A receiver may ask for a day: for longer nothing is tried. */
const maxRetryAfterMs = 86_400_000;

export type Answer = { readonly status: number; readonly body: string; readonly retryAfterMs: number | null };

/** Seconds, or a date (RFC 9110 §10.2.3); null: none, not readable, or in the past. */
export const retryAfterOf = (header: string | null, nowMs: number): number | null => {
  const text = header?.trim() ?? "";
  const ms = /^\d{1,10}$/.test(text) ? Number(text) * 1_000 : /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) - nowMs : Number.NaN;
  return ms > 0 ? Math.min(ms, maxRetryAfterMs) : null;
};

/** The beginning of a body. What comes slowly or is too much is cancelled, and the connection with it. */
const beginningOf = async (response: Response): Promise<string> => {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const parts: Uint8Array[] = [];
  let length = 0;
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), bodyPatienceMs);
  try {
    while (length < maxBodyBytes) {
      const next = await Promise.race([reader.read(), over]);
      if (next === null) break;
      if (next.done) return new TextDecoder().decode(joined(parts, length));
      parts.push(next.value);
      length += next.value.length;
    }
    // Not waited for: a receiver that does not let go would hold the connection.
    reader.cancel().catch(() => undefined);
    return new TextDecoder().decode(joined(parts, length).subarray(0, maxBodyBytes));
  } catch {
    // The status is known, and says what became of the message.
    return "";
  } finally {
    clearTimeout(timer);
  }
};

const joined = (parts: readonly Uint8Array[], length: number): Uint8Array => {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/**
 * Posts JSON. Redirects are not followed: their target was never judged.
 * @throws what `fetch` throws, that it was aborted included
 */
export const postJson = async (
  send: typeof fetch,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<Answer> => {
  const response = await send(url, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": `tranche-notify/${version}`, ...headers },
    body,
    redirect: "manual",
    signal,
  });
  const retryAfterMs = retryAfterOf(response.headers.get("retry-after"), nowMs);
  return { status: response.status, body: await beginningOf(response), retryAfterMs };
};

export const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

/** `HTTP 301, which is not followed`; a browser-like runtime hides the status of a redirect. */
export const statusText = (status: number): string => {
  if (status === 0) return "a redirect, which is not followed";
  return status >= 300 && status <= 399 ? `HTTP ${status}, which is not followed` : `HTTP ${status}`;
};

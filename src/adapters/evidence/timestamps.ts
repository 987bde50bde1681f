import { readTimestamp, timestampRequest } from "../../domain/evidence/timestamp.ts";
import type { Timestamps } from "../ports/evidence/evidence-anchors.ts";
import { PausedError } from "../ports/platform/breakers.ts";
import type { Random } from "../ports/platform/random.ts";

const patienceMs = 5_000;
/** A token with its certificates has some 6 KiB. */
const answerBytes = 65_536;

const fromHex = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** Reads a body up to a limit. @returns null where it is longer */
const bounded = async (response: Response): Promise<Uint8Array | null> => {
  const reader = response.body?.getReader();
  const bytes: number[] = [];
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    bytes.push(...part.value);
    if (bytes.length > answerBytes) {
      await reader?.cancel();
      return null;
    }
  }
  return Uint8Array.from(bytes);
};

/** A time-stamping authority over HTTP (RFC 3161, 3.4). */
export const createTimestamps = (url: string, send: typeof fetch, random: Random): Timestamps => ({
  stamp: async (hash) => {
    try {
      const [imprint, nonce] = [fromHex(hash), new Uint8Array(random.bytes(8))];
      // Never zero, and of fixed length.
      nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
      const response = await send(url, {
        method: "POST",
        headers: { "content-type": "application/timestamp-query" },
        body: timestampRequest(imprint, nonce),
        redirect: "manual",
        signal: AbortSignal.timeout(patienceMs),
      });
      if (response.status !== 200) return { error: `the authority answered ${response.status}` };
      const answer = await bounded(response);
      if (answer === null) return { error: "the answer is too long" };
      const read = readTimestamp(answer, imprint, nonce);
      return "error" in read ? { error: `the answer: ${read.error}` } : { token: toBase64(answer) };
    } catch (error) {
      if (error instanceof PausedError) return { error: `the authority is ${error.message}` };
      return { error: error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : "the authority can not be reached" };
    }
  },
});

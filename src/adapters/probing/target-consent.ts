import { consentPath } from "../../domain/detection/target.ts";
import { version } from "../../version.ts";
import type { ConsentReader } from "../ports/detection/targets.ts";

const answerMs = 5_000;

/** The most bytes read of an answer; a consent is one word. */
const mostBytes = 256;

const beginningOf = async (response: Response): Promise<string> => {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; bytes <= mostBytes;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || value === undefined) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  // Longer than any consent.
  await reader.cancel().catch(() => undefined);
  return "";
};

/** Over HTTPS, no redirect followed: another host's answer is no consent. */
export const createConsentReader = (send: typeof fetch): ConsentReader => ({
  read: async (host, { untilMs, connection }) => {
    const headers = { "user-agent": `tranche-probe/${version}`, accept: "text/plain" };
    try {
      return await connection({ untilMs, answerMs }, async (signal) => {
        const response = await send(`https://${host}${consentPath}`, { headers, redirect: "manual", cache: "no-store", signal });
        if (response.status === 200) return await beginningOf(response);
        await response.body?.cancel().catch(() => undefined);
        return null;
      });
    } catch {
      return { status: "sent", value: null };
    }
  },
});

import { agentAuthorization, agentRequestText, agentSecretForm, ed25519Pkcs8Prefix } from "../../src/domain/detection/agent-request.ts";
import { publicKeyOf } from "../../src/auth/agent-signature.ts";
import { sha256Hex, toBase64Url } from "../../src/http/digest.ts";

/** Signs requests as a probe agent does, in any runtime. @param secret as it was shown */
export const agentSigner = async (secret: string) => {
  const [, text = ""] = agentSecretForm.exec(secret) ?? [];
  const seed = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const key = await crypto.subtle.importKey("pkcs8", Uint8Array.from([...ed25519Pkcs8Prefix, ...seed]), "Ed25519", false, ["sign"]);
  const publicKey = await publicKeyOf(seed);
  return async (method: string, path: string, body = "", timeMs = Date.now()): Promise<string> => {
    const signed = agentRequestText({ method, path, timeMs, bodyHash: await sha256Hex(body) });
    const signature = await crypto.subtle.sign("Ed25519", key, new Uint8Array(new TextEncoder().encode(signed)));
    return agentAuthorization(publicKey, timeMs, toBase64Url(new Uint8Array(signature)));
  };
};

/** What a probe agent alone may do. */
export const isAgents = (path: string): boolean => /^\/v1\/probe-agents\/(targets|samples)(\?|$)/.test(path);

export type AgentSigner = Awaited<ReturnType<typeof agentSigner>>;

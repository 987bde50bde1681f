import type { Deps } from "../adapters/ports/deps.ts";
import {
  agentRequestText,
  agentTimeWindowMs,
  ed25519Pkcs8Prefix,
  readAgentAuthorization,
  timeHeader,
} from "../domain/detection/agent-request.ts";
import { AppError } from "../errors.ts";
import { sha256Hex, toBase64Url } from "../http/digest.ts";
import type { AppContext, AppMiddleware } from "../http/env.ts";
import { within } from "../http/rate-limit.ts";

const algorithm = { name: "Ed25519" } as const;

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

/** The public half of a secret's 32 bytes, base64url. WebCrypto derives it only by exporting the private one. */
export const publicKeyOf = async (seed: Uint8Array): Promise<string> => {
  const key = await crypto.subtle.importKey("pkcs8", Uint8Array.from([...ed25519Pkcs8Prefix, ...seed]), algorithm, true, ["sign"]);
  return ((await crypto.subtle.exportKey("jwk", key)) as { x?: string }).x ?? "";
};

/** A new secret of an agent, which is shown once, and what is kept of it. @param seed 32 random bytes */
export const newAgentKey = async (seed: Uint8Array): Promise<{ readonly secret: string; readonly publicKey: string }> => ({
  secret: `tpa_${toBase64Url(seed)}`,
  publicKey: await publicKeyOf(seed),
});

/** @returns false also for a key or a signature that is none */
const isSignedBy = async (publicKey: string, signature: string, text: string): Promise<boolean> => {
  try {
    const key = await crypto.subtle.importKey("raw", fromBase64Url(publicKey), algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, key, fromBase64Url(signature), new Uint8Array(new TextEncoder().encode(text)));
  } catch {
    return false;
  }
};

type AgentDeps = Pick<Deps, "probeAgents" | "rateLimits" | "clientAddress">;

const refused = (detail: string, nowMs: number | null) =>
  new AppError("unauthenticated", detail, {
    headers: { "www-authenticate": "TrancheAgent", ...(nowMs !== null && { [timeHeader]: String(nowMs) }) },
  });

/** The path and query as they were sent. */
const pathOf = (c: AppContext): string => {
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
};

/**
 * Admits a probe agent: a live one, whose request is of now by the database's clock and signed as a whole (decision 83). It is no
 * principal: nothing else of the API accepts its credential.
 * @param readBody reads the body, where there may be one: what nobody of ours sends is not read
 */
export const agentGuard =
  (deps: AgentDeps, readBody: AppMiddleware | null = null): AppMiddleware =>
  async (c, next) => {
    const address = deps.clientAddress(c.req.raw.headers);
    const refuse = async (detail: string, nowMs: number | null): Promise<never> => {
      within(await deps.rateLimits.refusals.take(address));
      throw refused(detail, nowMs);
    };
    const claim = readAgentAuthorization(c.req.header("authorization"));
    if (claim === null) return await refuse("a request signed by a probe agent is required", null);
    const { nowMs, agent } = await deps.probeAgents.identify(claim.publicKey);
    if (agent === null) return await refuse("no probe agent has this key: it was deleted, or the secret is of another deployment", nowMs);
    within(await deps.rateLimits.perCredential.take(`probe-agent:${agent.id}`));
    const skewMs = claim.timeMs - nowMs;
    if (Math.abs(skewMs) > agentTimeWindowMs)
      return await refuse(`the request is not of now: its time is ${Math.round(skewMs / 1_000)} s from the database's`, nowMs);
    const proven = async (): Promise<void> => {
      const bodyHash = await sha256Hex(readBody === null ? "" : c.var.rawBody);
      const text = agentRequestText({ method: c.req.method, path: pathOf(c), timeMs: claim.timeMs, bodyHash });
      if (!(await isSignedBy(claim.publicKey, claim.signature, text))) await refuse("the signature is not of this request", nowMs);
      c.set("probeAgent", { ...agent, nowMs, skewMs });
      c.header(timeHeader, String(nowMs));
      await next();
    };
    if (readBody === null) await proven();
    else await readBody(c, proven);
  };

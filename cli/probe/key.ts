import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { agentAuthorization, agentRequestText, agentSecretForm, ed25519Pkcs8Prefix } from "../../src/domain/detection/agent-request.ts";
import { usageError } from "../exit.ts";

/** What a probe agent signs its requests with. */
export type AgentKey = {
  /** The value of `Authorization` for one request. @param path with its query, as the API knows it */
  readonly authorize: (method: string, path: string, timeMs: number, body: string) => string;
};

/** @param source the variable or flag that it comes from @throws CommandError naming that, never the secret */
export const agentKey = (secret: string, source: string): AgentKey => {
  const [, seed] = agentSecretForm.exec(secret.trim()) ?? [];
  if (seed === undefined)
    throw usageError(`${source} must be the secret of a probe agent: tpa_ and 43 characters, as POST /v1/probe-agents showed it`);
  const der = Buffer.concat([ed25519Pkcs8Prefix, Buffer.from(seed, "base64url")]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "jwk" }).x ?? "";
  return {
    authorize: (method, path, timeMs, body) => {
      const bodyHash = createHash("sha256").update(body).digest("hex");
      const text = agentRequestText({ method, path, timeMs, bodyHash });
      return agentAuthorization(publicKey, timeMs, sign(null, Buffer.from(text), key).toString("base64url"));
    },
  };
};

import { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { CustomerToken } from "../../adapters/ports/tenants/tokens.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { TokenCaches } from "../../auth/token-cache.ts";
import { refuseToken, roles } from "../../domain/tenants/access.ts";
import { label } from "../../http/contract.ts";
import { sha256Hex, toBase64Url } from "../../http/digest.ts";
import type { Principal } from "../../http/principal.ts";
import { expiresAt, refuseFor, refusePast } from "./token-contract.ts";

export const role = z
  .enum(roles)
  .openapi({ description: "viewers read, editors write as well, owners also mint and revoke tokens and approve" });

export const tokenInput = z
  .strictObject({ name: label(200).openapi({ example: "ci" }), role, expires_at: expiresAt })
  .openapi("TokenInput");

const secretBytes = 32;

/**
 * Mints a token of a customer. The API and the console do it by the same rules.
 * @param store runs what stores it, once per request
 * @returns the token and its secret, which is not kept
 * @throws AppError `bad_request` for an expiry in the past, `forbidden` for rights above those of who mints, `quota`, `not_found`
 */
export const mintToken = async (
  { tokens, clock, random }: Pick<Deps, "tokens" | "clock" | "random">,
  customerId: number,
  minter: Principal,
  { name, role: wanted, expires_at: expiresAtMs }: z.infer<typeof tokenInput>,
  once: (store: (change: Change) => Promise<CustomerToken | null>) => Promise<CustomerToken | null>,
): Promise<{ readonly token: CustomerToken; readonly secret: string }> => {
  refusePast(expiresAtMs, clock.nowMs());
  refuseFor(refuseToken(minter, { role: wanted, expiresAtMs }));
  const secret = `trn_${toBase64Url(random.bytes(secretBytes))}`;
  const hash = await sha256Hex(secret);
  const token = await once((change) => tokens.create(customerId, { name, role: wanted, expiresAtMs, hash }, change));
  if (token === null) throw noSuchResource();
  return { token, secret };
};

/** Revokes a token, and forgets it in the memory of this isolate. @throws AppError `not_found` */
export const revokeToken = async (
  { tokens }: Pick<Deps, "tokens">,
  caches: TokenCaches,
  customerId: number,
  id: number,
  change: Change,
): Promise<void> => {
  if (!(await tokens.revoke(customerId, id, change))) throw noSuchResource();
  caches.customers.forget(id);
};

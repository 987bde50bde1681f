import type { Deps } from "../adapters/ports/deps.ts";
import { AppError } from "../errors.ts";
import type { AppContext, AppMiddleware } from "../http/env.ts";
import { within } from "../http/rate-limit.ts";
import { authenticator, readCustomerId } from "./authenticate.ts";
import type { AdminScope } from "../domain/tenants/access.ts";
import { refuseAdmin, refuseNeed } from "../http/principal.ts";
import type { Need, Principal } from "../http/principal.ts";
import type { TokenCaches } from "./token-cache.ts";

/** Authorization middleware of routes. Rights are checked before anything is loaded. */
export type Guards = {
  /** Admins with the scope `read`, or `write` for unsafe methods. */
  readonly admin: AppMiddleware;
  /** Admins with this scope, whatever the method. */
  readonly adminWith: (scope: AdminScope) => AppMiddleware;
  /** Any role of the tenant; admins with `read`. */
  readonly viewer: AppMiddleware;
  /** Editors and owners; admins with `write`. */
  readonly editor: AppMiddleware;
  /** As `viewer` and `editor`, for routes whose path names the customer: another customer's is a 404. */
  readonly customerViewer: AppMiddleware;
  readonly customerEditor: AppMiddleware;
  /** As `viewer`; an admin who names no customer sees all customers': `customerId` is 0 then. */
  readonly viewerOrAdmin: AppMiddleware;
  /** Owners; admins with `tokens`, of whom one who names no customer means the operator's own: `customerId` is 0 then. */
  readonly ownerOrOperator: AppMiddleware;
  /** Owners, for routes whose path names the customer; admins with `tokens`. */
  readonly customerOwner: AppMiddleware;
};

export const viewers: Need = { role: "viewer", scope: "read" };
export const editors: Need = { role: "editor", scope: "write" };
export const owners: Need = { role: "owner", scope: "tokens" };

const notYours = () => new AppError("forbidden", "the credential belongs to another customer");

/** The same answer for a missing row and for another customer's. */
export const noSuchResource = () => new AppError("not_found", "no such resource");

/** The customers that a request names beside its path, as sent. */
const namedCustomers = (c: AppContext): string[] =>
  [c.req.header("x-customer-id"), ...(c.req.queries("customer_id") ?? [])].filter((text) => text !== undefined);

const ownTenant = (c: AppContext, principal: Principal & { kind: "customer" }): number => {
  if (namedCustomers(c).some((text) => readCustomerId(text) !== principal.customerId)) throw notYours();
  return principal.customerId;
};

const adminsTenant = (c: AppContext): number => {
  const [first, ...others] = namedCustomers(c);
  const customerId = first === undefined ? null : readCustomerId(first);
  if (customerId !== null && others.every((text) => readCustomerId(text) === customerId)) return customerId;
  const detail = first === undefined ? "is required for admins" : "must be one positive integer";
  throw new AppError("bad_request", "X-Customer-ID must name the customer to act for", {
    fields: [{ pointer: "X-Customer-ID", detail }],
  });
};

type GuardDeps = Pick<Deps, "config" | "clock" | "tokens" | "adminTokens" | "jwt" | "rateLimits" | "clientAddress">;

/** Each admin by name; tokens and JWT subjects by customer as well. */
export const limitKey = (principal: Principal): string =>
  principal.kind === "admin" ? principal.actor : `${principal.customerId}:${principal.actor}`;

export const guards = (deps: GuardDeps, caches: TokenCaches): Guards => {
  const authenticate = authenticator(deps, caches);

  /** An address that keeps guessing is rate-limited; valid credentials from the same address are not. */
  const refusal = async (c: AppContext, error: unknown): Promise<unknown> => {
    if (error instanceof AppError && error.code === "unauthenticated") {
      within(await deps.rateLimits.refusals.take(deps.clientAddress(c.req.raw.headers)));
    }
    return error;
  };

  const identify = async (c: AppContext): Promise<Principal> => {
    try {
      const principal = await authenticate({
        authorization: c.req.header("authorization"),
        apiKey: c.req.header("x-api-key"),
        customerHeader: c.req.header("x-customer-id"),
        gatewaySecret: c.req.header("x-gateway-secret"),
      });
      c.set("principal", principal);
      within(await deps.rateLimits.perCredential.take(limitKey(principal)));
      return principal;
    } catch (error) {
      throw await refusal(c, error);
    }
  };

  const permit = (principal: Principal, need: Need): void => {
    const reason = refuseNeed(principal, need);
    if (reason !== null) throw new AppError("forbidden", reason);
  };

  const tenant =
    (need: Need, inPath: boolean): AppMiddleware =>
    async (c, next) => {
      const principal = await identify(c);
      permit(principal, need);
      if (principal.kind === "customer") c.set("customerId", ownTenant(c, principal));
      else if (!inPath) c.set("customerId", adminsTenant(c));
      // A malformed id in the path is handled by the route's validator.
      const named = inPath ? readCustomerId(c.req.param("id") ?? "") : null;
      if (principal.kind === "customer" && named !== null && named !== principal.customerId) throw noSuchResource();
      await next();
    };

  const admins =
    (scopeOf: (method: string) => AdminScope): AppMiddleware =>
    async (c, next) => {
      const principal = await identify(c);
      const reason = refuseAdmin(principal, scopeOf(c.req.method));
      if (reason !== null) throw new AppError("forbidden", reason);
      await next();
    };

  const viewer = tenant(viewers, false);

  const owner = tenant(owners, false);

  const ownerOrOperator: AppMiddleware = async (c, next) => {
    if (namedCustomers(c).length > 0) return await owner(c, next);
    const principal = await identify(c);
    permit(principal, owners);
    c.set("customerId", principal.kind === "customer" ? principal.customerId : 0);
    await next();
  };

  const viewerOrAdmin: AppMiddleware = async (c, next) => {
    if (namedCustomers(c).length > 0) return await viewer(c, next);
    const principal = await identify(c);
    permit(principal, viewers);
    c.set("customerId", principal.kind === "customer" ? principal.customerId : 0);
    await next();
  };

  return {
    admin: admins((method) => (method === "GET" || method === "HEAD" ? "read" : "write")),
    adminWith: (scope) => admins(() => scope),
    viewer,
    editor: tenant(editors, false),
    customerViewer: tenant(viewers, true),
    customerEditor: tenant(editors, true),
    customerOwner: tenant(owners, true),
    viewerOrAdmin,
    ownerOrOperator,
  };
};

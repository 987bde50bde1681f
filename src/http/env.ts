import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { SessionClaim } from "../adapters/ports/tenants/sessions.ts";
import type { StandingOrders } from "../adapters/ports/steering/freeze.ts";
import type { Principal } from "./principal.ts";

/** Variables set by middleware for handlers. */
export type AppEnv = {
  Variables: {
    requestId: string;
    /** What the caller sent as X-Request-Id: 1 to 64 letters, digits, dots, - and _. For the log only: it is untrusted. */
    clientRequestId?: string;
    /** Set by every guard. */
    principal: Principal;
    /** The tenant of the request; set by tenant guards. */
    customerId: number;
    /** Of the console; set where somebody is signed in. */
    session?: SessionClaim;
    /** Of the console: what is ordered of more than one service, being read while the page is made. Null: not known. */
    standing?: Promise<StandingOrders | null>;
    /** Of the console: the database is away, so that nothing can be ordered. */
    away?: true;
    /** What a form says; set by `readForm`. */
    form?: URLSearchParams;
    /** The probe agent that signed the request; `nowMs`: the database's time, `skewMs`: by how much its own is ahead, its way included. */
    probeAgent: { readonly id: number; readonly name: string; readonly nowMs: number; readonly skewMs: number };
    /** The request body as text; set by `jsonBody`. */
    rawBody: string;
  };
};

export type AppContext = Context<AppEnv>;
export type AppMiddleware = MiddlewareHandler<AppEnv>;
export type App = OpenAPIHono<AppEnv>;

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { Principal } from "../auth/principal.ts";

/** What middleware leaves for handlers. */
export type AppEnv = {
  Variables: {
    requestId: string;
    /** Set behind every guard. */
    principal: Principal;
    /** The tenant of the request; set behind tenant guards. */
    customerId: number;
    /** The request body as text; set by `jsonBody`. */
    rawBody: string;
  };
};

export type AppContext = Context<AppEnv>;
export type AppMiddleware = MiddlewareHandler<AppEnv>;
export type App = OpenAPIHono<AppEnv>;

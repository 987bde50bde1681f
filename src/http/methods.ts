import { AppError, problemResponse } from "../errors.ts";
import type { App, AppContext, AppMiddleware } from "./env.ts";

type KnownPath = {
  readonly path: string;
  readonly pattern: RegExp;
  readonly methods: ReadonlySet<string>;
};

const isParameter = (segment: string): boolean => segment.startsWith(":");

const toPattern = (path: string): RegExp => {
  const escaped = path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll(/:[^/]+/g, "[^/]+")}$`);
};

/** Sorts `/invoices/preview` before `/invoices/:id`, which fits it as well: the first segment that differs decides. */
const specificity = ({ path }: KnownPath): string =>
  path
    .split("/")
    .map((segment) => (isParameter(segment) ? "1" : "0"))
    .join("");

/** Every path with a route, the one that is meant first where several fit. */
const knownPaths = (app: App): readonly KnownPath[] => {
  const found = new Map<string, Set<string>>();
  for (const { method, path } of app.routes) {
    if (method === "ALL") continue;
    const known = found.get(path) ?? new Set();
    found.set(path, known.add(method));
    if (method === "GET") known.add("HEAD");
  }
  const paths = [...found].map(([path, methods]) => ({ path, pattern: toPattern(path), methods: methods.add("OPTIONS") }));
  return paths.toSorted((a, b) => specificity(a).localeCompare(specificity(b)));
};

/** Those that another path fits as well, by a parameter: `/invoices/preview`. */
const besideParameters = (paths: readonly KnownPath[]): readonly KnownPath[] =>
  paths.filter(({ path, pattern }) => paths.some((other) => other.path !== path && other.pattern.test(path) && !pattern.test(other.path)));

/** On a known path 204 for OPTIONS, else 405, both with `Allow` (RFC 9110 §15.5.6). */
const unanswered = ({ methods }: KnownPath, c: AppContext): Response => {
  const allow = [...methods].toSorted().join(", ");
  const headers = { allow };
  if (c.req.method === "OPTIONS") return new Response(null, { status: 204, headers });
  return problemResponse(new AppError("method_not_allowed", `this path answers ${allow}`, { headers }), c.var.requestId);
};

/** The fallback of all routes: what the path answers, where it is known; else 404. */
export const unrouted = (app: App): ((c: AppContext) => Response) => {
  let paths: readonly KnownPath[] | null = null;
  return (c) => {
    paths ??= knownPaths(app);
    const known = paths.find(({ pattern }) => pattern.test(c.req.path));
    if (known !== undefined) return unanswered(known, c);
    return problemResponse(new AppError("not_found", "there is nothing at this path"), c.var.requestId);
  };
};

/**
 * Keeps a path such as `/storm-policies/backtest` from the routes of `/storm-policies/:id`: it is a resource of its own,
 * and a method that only they have is none of its.
 */
export const literalPaths = (app: App): AppMiddleware => {
  let paths: readonly KnownPath[] | null = null;
  return async (c, next) => {
    paths ??= besideParameters(knownPaths(app));
    const meant = paths.find(({ pattern }) => pattern.test(c.req.path));
    if (meant !== undefined && !meant.methods.has(c.req.method)) return unanswered(meant, c);
    await next();
    return undefined;
  };
};

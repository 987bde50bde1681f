import { AppError, problemResponse } from "../errors.ts";
import type { App, AppContext } from "./env.ts";

type KnownPath = { readonly pattern: RegExp; readonly allow: string };

const toPattern = (path: string): RegExp => {
  const escaped = path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll(/:[^/]+/g, "[^/]+")}$`);
};

const knownPaths = (app: App): readonly KnownPath[] => {
  const methods = new Map<string, Set<string>>();
  for (const { method, path } of app.routes) {
    if (method === "ALL") continue;
    const known = methods.get(path) ?? new Set();
    methods.set(path, known.add(method));
    if (method === "GET") known.add("HEAD");
  }
  return [...methods].map(([path, known]) => ({
    pattern: toPattern(path),
    allow: [...known, "OPTIONS"].toSorted().join(", "),
  }));
};

/** The fallback of all routes: on a known path 204 for OPTIONS, else 405, both with `Allow` (RFC 9110 §15.5.6); else 404. */
export const unrouted = (app: App): ((c: AppContext) => Response) => {
  let paths: readonly KnownPath[] | null = null;
  return (c) => {
    paths ??= knownPaths(app);
    const known = paths.find(({ pattern }) => pattern.test(c.req.path));
    if (known === undefined) {
      return problemResponse(new AppError("not_found", "there is nothing at this path"), c.var.requestId);
    }
    const headers = { allow: known.allow };
    if (c.req.method === "OPTIONS") return new Response(null, { status: 204, headers });
    const refusal = new AppError("method_not_allowed", `this path answers ${known.allow}`, { headers });
    return problemResponse(refusal, c.var.requestId);
  };
};

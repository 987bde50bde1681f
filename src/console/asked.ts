import { readCustomerId } from "../auth/authenticate.ts";
import { AppError } from "../errors.ts";
import type { AppContext } from "../http/env.ts";

/** The id of a page's path. @throws AppError `not_found` where it is none */
export const idOf = (c: AppContext, name: "id" | "childId" = "id"): number => {
  const id = readCustomerId(c.req.param(name) ?? "");
  if (id === null) throw new AppError("not_found", "there is nothing at this path");
  return id;
};

/** Behind which row a page begins. @throws AppError `bad_request` */
export const afterOf = (c: AppContext): number | null => {
  const text = c.req.query("after");
  if (text === undefined) return null;
  const id = readCustomerId(text);
  if (id !== null) return id;
  throw new AppError("bad_request", "the query is not valid", {
    fields: [{ pointer: "after", detail: "must be of a link to a next page" }],
  });
};

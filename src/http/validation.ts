import type { Hook } from "@hono/zod-openapi";
import type { z } from "zod";
import { AppError } from "../errors.ts";
import type { FieldError } from "../errors.ts";
import type { AppEnv } from "./env.ts";
import { jsonPointer } from "./strict-json.ts";

/** Most fields listed in one answer. */
const maxErrors = 50;

const places: Readonly<Record<string, string>> = {
  json: "the body",
  query: "the query",
  param: "the path",
  header: "a header",
};

const fieldErrors = (target: string, issues: readonly z.core.$ZodIssue[]): FieldError[] => {
  const pointer = (path: readonly PropertyKey[]) => {
    const segments = path.map((segment) => (typeof segment === "number" ? segment : String(segment)));
    return target === "json" ? jsonPointer(segments) : String(segments[0] ?? "");
  };
  return issues
    .flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), detail: "is not a known field" }))
        : [{ pointer: pointer(issue.path), detail: issue.message }],
    )
    .slice(0, maxErrors);
};

/** Turns a schema's issues into one 400 that names each field. */
export const refuseInvalid: Hook<unknown, AppEnv, string, void> = (result) => {
  if (result.success) return;
  throw new AppError("bad_request", `${places[result.target] ?? "the request"} is not valid`, {
    fields: fieldErrors(result.target, result.error.issues),
  });
};

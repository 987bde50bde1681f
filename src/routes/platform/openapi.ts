import type { App } from "../../http/env.ts";
import type { OpenApiDocument } from "../../http/openapi/openapi-document.ts";

/** Serves the description of every registered route. */
export const registerOpenApi = (app: App, document: () => OpenApiDocument): void => {
  let text: string | null = null;
  app.get("/openapi.json", (c) => {
    text ??= JSON.stringify(document());
    return c.body(text, 200, { "content-type": "application/json" });
  });
};

import type { App } from "../../http/env.ts";
import { openApiDocument } from "../../http/openapi/openapi-document.ts";

/** Serves the description of every registered route; generated once, at the first request. */
export const registerOpenApi = (app: App): void => {
  let text: string | null = null;
  app.get("/openapi.json", (c) => {
    text ??= JSON.stringify(openApiDocument(app));
    return c.body(text, 200, { "content-type": "application/json" });
  });
};

import { createRoute, z } from "@hono/zod-openapi";
import { problems } from "../../http/contract.ts";
import { docsPage, docsStyle } from "../../http/openapi/docs-page.ts";
import type { App } from "../../http/env.ts";
import { openApiDocument } from "../../http/openapi/openapi-document.ts";
import { pagePolicy } from "../../http/page-policy.ts";

/** `/docs`: the API for people, rendered once from the same description as `/openapi.json`. */
export const registerDocs = (app: App): void => {
  let page: { readonly html: string; readonly policy: string } | null = null;
  const read = createRoute({
    method: "get",
    path: "/docs",
    tags: ["docs"],
    summary: "This API as a page to read",
    responses: {
      200: { description: "HTML", content: { "text/html": { schema: z.string() } } },
      ...problems(429),
    },
  });
  app.openapi(read, async (c) => {
    page ??= { html: docsPage(openApiDocument(app)), policy: await pagePolicy(docsStyle) };
    return c.html(page.html, 200, { "content-security-policy": page.policy });
  });
};

import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { PublishedPage, Rendered, Snapshot } from "../../adapters/ports/publish/status-pages.ts";
import { slugFault } from "../../domain/publish/slug.ts";
import { AppError } from "../../errors.ts";
import { jsonAnswer, problems } from "../../http/contract.ts";
import { sha256Hex } from "../../http/digest.ts";
import type { App, AppContext } from "../../http/env.ts";
import { preferred } from "../../http/negotiate.ts";
import { pagePolicy } from "../../http/page-policy.ts";
import { feedSchema, jsonFeed, rssFeed } from "../../http/status-page/feeds.ts";
import { monthNamed, monthOf } from "../../http/status-page/months.ts";
import { awayPage, historyPage, noStatusPage, statusPage } from "../../http/status-page/page.ts";
import { statusStyle } from "../../http/status-page/style.ts";
import { summaryOf, summarySchema } from "../../http/status-page/summary.ts";

const types = {
  html: "text/html; charset=utf-8",
  rss: "application/rss+xml; charset=utf-8",
  feed: "application/feed+json",
  json: "application/json",
};

const params = z.strictObject({ slug: z.string().openapi({ description: "of a page that is switched on", example: "acme" }) });
const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, "must be a month such as 2026-11");
const historyQuery = z.strictObject({ month: month.optional().openapi({ description: "UTC; the present one where it is not given" }) });

const text = { schema: z.string() };
const problemOr404 = problems(404)[404].content;
const responses = {
  ...problems(400),
  304: { description: "What the client has by `If-None-Match` is what there is" },
  404: { description: "There is no page of this name, or it is not switched on", content: { ...problemOr404, "text/html": text } },
  503: { description: "Nothing is known of the page, and nothing can be read", content: { ...problemOr404, "text/html": text } },
};

/** @param header If-None-Match (RFC 9110 §13.1.2): weak comparison */
const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && (header.trim() === "*" || header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag));

const renderedAs = async (body: string): Promise<Rendered> => ({ body, etag: `"${(await sha256Hex(body)).slice(0, 32)}"` });

/** `/status/{slug}`: what a customer publishes, for everybody. No credential is asked for, the limit of the address applies. */
export const registerPublicStatus = (app: App, deps: Deps): void => {
  const tags = ["status-page"];
  const path = "/status/{slug}";
  const security: [] = [];
  let policy: string | null = null;

  const answer = async (c: AppContext, { body, etag }: Rendered, type: keyof typeof types, isStale: boolean): Promise<Response> => {
    const headers: Record<string, string> = {
      etag,
      "cache-control": `public, max-age=${isStale ? 5 : 30}`,
      ...(type === "html" && { "content-security-policy": (policy ??= await pagePolicy(statusStyle)) }),
    };
    if (matches(c.req.header("if-none-match"), etag)) return c.body(null, 304, headers);
    return c.body(body, 200, { ...headers, "content-type": types[type] });
  };

  const wantsPage = (c: AppContext): boolean =>
    preferred(c.req.header("accept"), ["application/problem+json", "text/html"]) === "text/html";

  /** A page for people, a problem for everything else. */
  const refusal = async (c: AppContext, error: AppError, page: string, status: 404 | 503): Promise<Response> => {
    if (!wantsPage(c)) throw error;
    policy ??= await pagePolicy(statusStyle);
    return c.html(page, status, { "content-security-policy": policy, vary: "Accept", ...error.headers });
  };

  const nothing = (c: AppContext): Promise<Response> => {
    const headers = { vary: "Accept", "cache-control": "public, max-age=5" };
    return refusal(c, new AppError("not_found", "there is no status page of this name", { headers }), noStatusPage, 404);
  };

  /** A name that can be no page's is not looked for. */
  const pageOf = async (slug: string): Promise<Snapshot<PublishedPage> | null> =>
    slugFault(slug) === null ? await deps.publishedPages.page(slug) : null;

  /** Whatever fails, people are told in words. */
  const told = async (c: AppContext, work: () => Promise<Response>): Promise<Response> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError && error.code !== "unavailable") throw error;
      if (!wantsPage(c)) throw error;
      deps.log.error("status_page_unserved", error, { requestId: c.var.requestId });
      const headers = { vary: "Accept", "retry-after": "30", "cache-control": "no-store" };
      return await refusal(c, new AppError("unavailable", "the status cannot be read at the moment", { headers }), awayPage, 503);
    }
  };

  const originOf = (c: AppContext): string => deps.config.selfUrl ?? new URL(c.req.url).origin;

  const page = createRoute({
    method: "get",
    path,
    tags,
    operationId: "getPublicStatusPage",
    summary: "Read a public status page",
    description: "Cached for 30 s. Percentages are of the time that was measured, counted as objectives count it.",
    security,
    request: { params },
    responses: { 200: { description: "HTML", content: { "text/html": text } }, ...responses },
  });
  app.openapi(page, (c) =>
    told(c, async () => {
      const found = await pageOf(c.req.valid("param").slug);
      if (found === null) return await nothing(c);
      const rendered = await found.rendered("page", () => renderedAs(statusPage(found)));
      return await answer(c, rendered, "html", found.failedAtMs !== null);
    }),
  );

  const history = createRoute({
    method: "get",
    path: `${path}/history` as const,
    tags,
    operationId: "getPublicStatusHistory",
    summary: "Read the incidents of a status page that began in a month",
    security,
    request: { params, query: historyQuery },
    responses: { 200: { description: "HTML", content: { "text/html": text } }, ...responses },
  });
  app.openapi(history, (c) =>
    told(c, async () => {
      const { slug } = c.req.valid("param");
      const present = await pageOf(slug);
      if (present === null) return await nothing(c);
      const named = c.req.valid("query").month;
      // Months are of the page: whoever asks for others can not have them kept.
      const wanted = named === undefined ? monthOf(present.value.atMs) : monthNamed(named, present.value);
      const found = wanted === null ? null : await deps.publishedPages.month(present.value, wanted.fromMs, wanted.toMs);
      if (found === null || wanted === null) return await nothing(c);
      const rendered = await found.rendered("page", () => renderedAs(historyPage(found, wanted)));
      return await answer(c, rendered, "html", found.failedAtMs !== null);
    }),
  );

  const summary = createRoute({
    method: "get",
    path: `${path}/summary.json` as const,
    tags,
    operationId: "getPublicStatus",
    summary: "Read a public status page as JSON",
    security,
    request: { params },
    responses: { 200: jsonAnswer(summarySchema, "What the page says"), ...responses },
  });
  app.openapi(summary, async (c) => {
    const found = await pageOf(c.req.valid("param").slug);
    if (found === null) return await nothing(c);
    const rendered = await found.rendered("summary", () => renderedAs(JSON.stringify(summaryOf(found))));
    return await answer(c, rendered, "json", found.failedAtMs !== null);
  });

  const rss = createRoute({
    method: "get",
    path: `${path}/feed.rss` as const,
    tags,
    operationId: "getPublicStatusRss",
    summary: "Follow the incidents of a status page by RSS 2.0",
    security,
    request: { params },
    responses: { 200: { description: "The last 50 updates", content: { "application/rss+xml": text } }, ...responses },
  });
  app.openapi(rss, async (c) => {
    const found = await pageOf(c.req.valid("param").slug);
    if (found === null) return await nothing(c);
    const origin = originOf(c);
    const rendered = await found.rendered(`rss ${origin}`, () => renderedAs(rssFeed(found.value, origin)));
    return await answer(c, rendered, "rss", found.failedAtMs !== null);
  });

  const feed = createRoute({
    method: "get",
    path: `${path}/feed.json` as const,
    tags,
    operationId: "getPublicStatusJsonFeed",
    summary: "Follow the incidents of a status page by JSON Feed 1.1",
    security,
    request: { params },
    responses: { 200: { description: "The last 50 updates", content: { "application/feed+json": { schema: feedSchema } } }, ...responses },
  });
  app.openapi(feed, async (c) => {
    const found = await pageOf(c.req.valid("param").slug);
    if (found === null) return await nothing(c);
    const origin = originOf(c);
    const rendered = await found.rendered(`feed ${origin}`, () => renderedAs(jsonFeed(found.value, origin)));
    return await answer(c, rendered, "feed", found.failedAtMs !== null);
  });
};

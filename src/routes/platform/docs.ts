import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { AppError } from "../../errors.ts";
import { problems } from "../../http/contract.ts";
import { sha256Hex } from "../../http/digest.ts";
import type { App, AppContext } from "../../http/env.ts";
import { isKnown } from "../../http/etag.ts";
import type { OpenApiDocument } from "../../http/openapi/openapi-document.ts";
import { assetOf, assetPaths } from "../../http/reference/assets.ts";
import { referencePages } from "../../http/reference/page.ts";
import type { ReferencePages } from "../../http/reference/page.ts";
import { originMark } from "../../http/reference/prose.ts";
import { entriesOf, queryLimit, search } from "../../http/reference/search.ts";
import type { Entry } from "../../http/reference/search.ts";

/** Our own style and script to ourselves, and a form that asks us: nothing else is loaded, run, embedded or sent to. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A page that says of itself where it is must not be told so by whatever a request calls its host: the page's commands go into a shell. */
const plainOrigin = /^https?:\/\/(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/;

/** The address under which the deployment was asked; behind a proxy that ends TLS it knows itself better. */
const originOf = (c: AppContext, selfUrl: string | null): string => {
  const asked = new URL(c.req.url);
  const own = selfUrl === null ? null : new URL(selfUrl);
  if (own?.host === asked.host) return own.origin;
  return plainOrigin.test(asked.origin) ? asked.origin : (own?.origin ?? "https://tranche.example.com");
};

type Sent = { readonly origin: string; readonly bytes: Uint8Array<ArrayBuffer>; readonly etag: string };

/** The reference as it is sent. */
type Made = {
  readonly pages: ReferencePages;
  /** Read from the page when somebody first searches without JavaScript. */
  readonly entries: () => readonly Entry[];
  /** The page as it says where it is. The last one is kept: a deployment has one address, hardly ever another. */
  readonly at: (origin: string) => Promise<Sent>;
};

const make = async (document: OpenApiDocument): Promise<Made> => {
  const pages = referencePages(document, await assetPaths());
  let entries: readonly Entry[] | null = null;
  let last: Sent | null = null;
  const send = async (origin: string): Promise<Sent> => {
    const text = pages.whole.replaceAll(originMark, () => origin);
    return { origin, bytes: new TextEncoder().encode(text), etag: `"${(await sha256Hex(text)).slice(0, 32)}"` };
  };
  return {
    pages,
    entries: () => (entries ??= entriesOf(pages.whole)),
    at: async (origin) => {
      const sent = last?.origin === origin ? last : await send(origin);
      last = sent;
      return sent;
    },
  };
};

const read = createRoute({
  method: "get",
  path: "/docs",
  tags: ["docs"],
  summary: "This API as a page to read",
  // Not validated here: whoever typed too much into a form is told so on the page.
  parameters: [
    {
      name: "q",
      in: "query",
      required: false,
      description: "the sections that have all of these words, for browsers without JavaScript",
      schema: { type: "string", maxLength: queryLimit },
    },
  ],
  responses: {
    200: { description: "HTML", content: { "text/html": { schema: z.string() } } },
    304: { description: "As it was, by its `ETag`" },
    400: { description: "A query that is too long; the page says so", content: { "text/html": { schema: z.string() } } },
    ...problems(429),
  },
});

/** `/docs`: the API for people, made once, when it is first asked for, from the same description as `/openapi.json`. */
export const registerDocs = (app: App, { config }: Pick<Deps, "config">, document: () => OpenApiDocument): void => {
  // What is done, not what is under way: a request that is cut off, or fails, leaves the next one to make it.
  let made: Made | null = null;
  const headers = { "content-security-policy": policy, "cache-control": "no-cache" };

  app.openapi(read, async (c) => {
    const { pages, entries, at } = (made ??= await make(document()));
    const query = c.req.query("q")?.trim() ?? "";
    if (query.length > queryLimit) {
      const fault = `must be at most ${queryLimit} characters; it has ${query.length}`;
      return c.html(pages.found(query.slice(0, queryLimit), [], fault), 400, headers);
    }
    if (query !== "") return c.html(pages.found(query, search(entries(), query), null), 200, headers);
    const { bytes, etag } = await at(originOf(c, config.selfUrl));
    if (isKnown(c.req.header("if-none-match"), etag)) return c.body(null, 304, { ...headers, etag });
    return c.body(bytes, 200, { ...headers, etag, "content-type": "text/html; charset=UTF-8" }) as never;
  });

  app.get("/docs/assets/:name", async (c) => {
    const asset = assetOf(c.req.param("name"));
    if (asset === null) throw new AppError("not_found", "there is no such asset");
    // A page of another version, from before or beside a deployment, is better off with these than without any.
    const isThis = Object.values(await assetPaths()).includes(c.req.path);
    const caching = isThis ? "public, max-age=31536000, immutable" : "no-cache";
    return c.body(asset.text, 200, { "content-type": asset.type, "cache-control": caching });
  });
};

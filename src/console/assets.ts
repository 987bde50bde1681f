import { AppError } from "../errors.ts";
import { sha256Hex } from "../http/digest.ts";
import type { App } from "../http/env.ts";
import { islandCode } from "./island-code.ts";
import { consoleStyle } from "./style.ts";

export type Asset = { readonly name: string; readonly path: string; readonly type: string; readonly content: string };

/** A text under a name of its content, made when it is first asked for: whoever has it under that name has it for good. */
const asset = (extension: string, type: string, content: string): (() => Promise<Asset>) => {
  let made: Asset | null = null;
  return async () => {
    if (made !== null) return made;
    const name = `console-${(await sha256Hex(content)).slice(0, 16)}.${extension}`;
    made = { name, path: `/console/assets/${name}`, type: `${type}; charset=utf-8`, content };
    return made;
  };
};

export const styleAsset = asset("css", "text/css", consoleStyle);

/** All that runs in a browser, as one module. */
export const islandsAsset = asset("js", "text/javascript", islandCode);

/** `/console/assets/{name}`: public, as they hold nothing of anybody. */
export const registerAssets = (app: App): void => {
  app.get("/console/assets/:name", async (c) => {
    const asked = c.req.param("name");
    const [, extension] = /^console-[0-9a-f]{16}\.(css|js)$/.exec(asked) ?? [];
    if (extension === undefined) throw new AppError("not_found", "there is no such asset");
    const { name, type, content } = await (extension === "css" ? styleAsset() : islandsAsset());
    // A page of another version, from before or beside a deployment, is better off with these than without any.
    const caching = asked === name ? "public, max-age=31536000, immutable" : "no-cache";
    return c.body(content, 200, { "content-type": type, "cache-control": caching });
  });
};

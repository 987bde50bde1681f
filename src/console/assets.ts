import { AppError } from "../errors.ts";
import { sha256Hex } from "../http/digest.ts";
import type { App } from "../http/env.ts";
import { consoleStyle } from "./style.ts";

export type Asset = { readonly name: string; readonly path: string };

let style: Asset | null = null;

/** The stylesheet, under a name of its content: whoever has it under that name has it for good. */
export const styleAsset = async (): Promise<Asset> => {
  if (style !== null) return style;
  const name = `console-${(await sha256Hex(consoleStyle)).slice(0, 16)}.css`;
  style = { name, path: `/console/assets/${name}` };
  return style;
};

/** `/console/assets/{name}`: public, as they hold nothing of anybody. */
export const registerAssets = (app: App): void => {
  app.get("/console/assets/:name", async (c) => {
    const { name } = await styleAsset();
    const asked = c.req.param("name");
    if (!/^console-[0-9a-f]{16}\.css$/.test(asked)) throw new AppError("not_found", "there is no such asset");
    // A page of another version, from before or beside a deployment, is better off with this style than without any.
    const caching = asked === name ? "public, max-age=31536000, immutable" : "no-cache";
    return c.body(consoleStyle, 200, { "content-type": "text/css; charset=utf-8", "cache-control": caching });
  });
};

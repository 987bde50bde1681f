import { sha256Hex } from "../digest.ts";
import { referenceScript } from "./script.ts";
import { referenceStyle } from "./style.ts";

export type AssetPaths = { readonly style: string; readonly script: string };

export type ReferenceAsset = { readonly text: string; readonly type: string };

const kinds = {
  css: { text: referenceStyle, type: "text/css; charset=utf-8" },
  js: { text: referenceScript, type: "text/javascript; charset=utf-8" },
} as const;

const nameOf = async (kind: keyof typeof kinds): Promise<string> => `docs-${(await sha256Hex(kinds[kind].text)).slice(0, 16)}.${kind}`;

let paths: AssetPaths | null = null;

/** Where style and script are, each under a name of its content: whoever has it under that name has it for good. */
export const assetPaths = async (): Promise<AssetPaths> => {
  paths ??= { style: `/docs/assets/${await nameOf("css")}`, script: `/docs/assets/${await nameOf("js")}` };
  return paths;
};

/** What a name stands for, of this version or another; null: nothing. */
export const assetOf = (name: string): ReferenceAsset | null => {
  const kind = /^docs-[0-9a-f]{16}\.(css|js)$/.exec(name)?.[1];
  return kind === "css" || kind === "js" ? kinds[kind] : null;
};

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { BuildOptions } from "esbuild";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const entry = "./rollback-vercel/api/index.ts";

const bundle = async (contents: string, format: BuildOptions["format"] & string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    format,
    bundle: true,
    write: false,
    minify: true,
    platform: "neutral",
    target: "es2022",
    // As Vercel's own builder resolves an edge function.
    conditions: ["edge-light", "browser", "module", "import", "require"],
    mainFields: ["browser", "module", "main"],
    logLevel: "error",
  });
  return outputFiles?.[0]?.text ?? "";
};

/** The fallback as one module for Vercel's edge. */
export const bundleFallback = async (): Promise<{ readonly code: string; readonly gzipBytes: number }> => {
  const code = await bundle(`export { default } from "${entry}";`, "esm");
  return { code, gzipBytes: gzipSync(code).byteLength };
};

/** The same for Vercel's emulator of it, which runs scripts that listen for requests. */
export const bundleForEmulator = (): Promise<string> =>
  bundle(`import handler from "${entry}"; addEventListener("fetch", (event) => event.respondWith(handler(event.request)));`, "iife");

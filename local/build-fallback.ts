import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFallback } from "./fallback/bundle.ts";
import { answerHelp } from "./help.ts";

/** The part of vercel.json that the fallback uses. */
export type VercelConfig = {
  readonly regions: readonly string[];
  readonly rewrites: readonly { readonly source: string; readonly destination: string }[];
  readonly headers: readonly { readonly source: string; readonly headers: readonly { readonly key: string; readonly value: string }[] }[];
  readonly crons: readonly { readonly path: string; readonly schedule: string }[];
};

/** The output of `vercel build` for vercel.json (Build Output API v3); its sources are regular expressions already. */
export const outputConfig = ({ rewrites, headers, crons }: VercelConfig) => ({
  version: 3,
  routes: [
    ...headers.map((rule) => ({
      src: `^${rule.source}$`,
      headers: Object.fromEntries(rule.headers.map(({ key, value }) => [key, value])),
      continue: true,
    })),
    ...rewrites.map(({ source, destination }) => ({ src: `^${source}$`, dest: destination })),
  ],
  crons,
});

/** Writes the fallback for `vercel deploy --prebuilt`: the same bundle that the conformance suite tests. */
const main = async (): Promise<void> => {
  const home = fileURLToPath(new URL("../rollback-vercel", import.meta.url));
  const config = JSON.parse(await readFile(join(home, "vercel.json"), "utf8")) as VercelConfig;
  const { code, gzipBytes } = await bundleFallback();
  const output = join(home, ".vercel", "output");
  const edgeFunction = join(output, "functions", "api.func");
  await rm(output, { recursive: true, force: true });
  await mkdir(edgeFunction, { recursive: true });
  await writeFile(join(edgeFunction, "index.js"), code);
  await writeFile(
    join(edgeFunction, ".vc-config.json"),
    JSON.stringify({ runtime: "edge", entrypoint: "index.js", regions: config.regions }),
  );
  await writeFile(join(output, "config.json"), JSON.stringify(outputConfig(config), null, 2));
  process.stdout.write(`${output}: ${Math.round(gzipBytes / 1_024)} KiB gzipped\n`);
};

if (import.meta.main) {
  answerHelp("Usage: npm run build:fallback\n\nWrites rollback-vercel/.vercel/output, for vercel deploy --prebuilt.");
  await main();
}

import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { answerHelp } from "./help.ts";

answerHelp(
  "Usage: npm run cli:build\n\nBundles the command line into dist/cli, as the package has it: JavaScript for Node 20 that imports no package.",
);

const root = fileURLToPath(new URL("..", import.meta.url));
const outdir = `${root}dist/cli`;
await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["cli/main.ts"],
  inject: ["cli/node20.ts"],
  outdir,
  bundle: true,
  // What replays samples brings the schemas of the API: it is loaded by who asks for it.
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  logLevel: "warning",
});
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
process.stdout.write(`${outdir}: ${Object.keys(metafile.outputs).length} files, ${Math.round(bytes / 1_024)} KiB\n`);

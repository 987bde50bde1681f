import { cp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { answerHelp } from "./help.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the program of the image is, and what is beside it. */
export const builtProgram = `${root}dist/self-hosted/tranche.js`;

/**
 * Bundles the self-hosted program with the migrations, as the image has it: all that is needed besides Node.
 * @param folder is emptied before
 * @returns its bytes
 */
export const buildSelfHosted = async (folder = `${root}dist/self-hosted`): Promise<number> => {
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { tranche: "self-hosted/main.ts" },
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22",
    // Some packages are of the older kind of modules, and ask for Node's own by `require`.
    banner: { js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);' },
    // pg asks for it in vain where it is not installed.
    external: ["pg-native"],
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    logLevel: "warning",
  });
  await cp(`${root}drizzle`, `${folder}/drizzle`, { recursive: true, filter: (path) => !path.endsWith("_snapshot.json") });
  return Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
};

if (import.meta.main) {
  answerHelp(
    "Usage: npm run build:self-hosted\n\nBundles the self-hosted program into dist/self-hosted, with the migrations, as its image has it.",
  );
  process.stdout.write(`${builtProgram}: ${Math.round((await buildSelfHosted()) / 1_024)} KiB\n`);
}

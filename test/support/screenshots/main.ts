import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startDuo } from "../../../local/drill/duo.ts";
import { createScreen } from "../../../local/drill/screen.ts";
import { createTelling } from "../../../local/drill/telling.ts";
import { answerHelp } from "../../../local/help.ts";
import { openCamera } from "./camera.ts";
import { environment, scenes } from "./scenes.ts";
import { customer, settle } from "./town.ts";

answerHelp(`
Usage: npm run screenshots [-- DIRECTORY]

Plays the drill's world, both providers of it, from calm through a storm to a takeover, and takes pictures of the console in each
scene: light and dark, 1280 and 390 pixels wide. It takes about four minutes.

Without a directory it renews the pictures that the documents show; with one, all of them are put there.
`);

const docs = fileURLToPath(new URL("../../../docs/", import.meta.url));
const [directory] = process.argv.slice(2);

/** The files in docs/screenshots/ that a document shows. */
const shown = async (): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  for await (const file of glob("*.md", { cwd: docs })) {
    for (const [, name = ""] of (await readFile(`${docs}${file}`, "utf8")).matchAll(/\]\(screenshots\/([\w-]+\.png)\)/g)) found.add(name);
  }
  return found;
};

const startedAtMs = performance.now();
const elapsedMs = () => performance.now() - startedAtMs;
const screen = createScreen(process.stdout, elapsedMs);
const wanted = directory === undefined ? await shown() : null;
const { steps, tell, until, end } = createTelling(screen, elapsedMs);

const world = await startDuo({ seesInside: false, env: environment });
try {
  const town = await settle(world);
  const camera = await openCamera({
    origin: world.apiUrl,
    directory: directory ?? `${docs}screenshots`,
    wanted: (file) => wanted?.has(file) ?? true,
    tokens: { owner: town.owner, admin: world.adminToken },
    customer,
  });
  try {
    for (const play of scenes) await play({ world, town, camera, tell, until });
  } catch (error) {
    end(error);
  } finally {
    await camera.close();
    await town.close();
  }
} finally {
  await world.close();
}
process.exit(steps.length > 0 && steps.every(({ ok }) => ok) ? 0 : 1);

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { answerHelp } from "./help.ts";
import { islandModule } from "./islands.ts";

answerHelp(
  "Usage: npm run islands:generate\n\nWrites src/console/island-code.ts, the script of the console, of src/console/islands/. Run it after changing one of them.",
);

const file = fileURLToPath(new URL("../src/console/island-code.ts", import.meta.url));
const before = await readFile(file, "utf8").catch(() => "");
const after = await islandModule();
if (after !== before) await writeFile(file, after);
process.stdout.write(`${file}: ${after === before ? "unchanged" : "written"}\n`);

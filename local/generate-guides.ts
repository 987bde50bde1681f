import { readFile, writeFile } from "node:fs/promises";
import { guidesFile, readGuides } from "./guides/guides.ts";
import { answerHelp } from "./help.ts";

answerHelp(
  "Usage: npm run guides:generate\n\nWrites src/http/reference/guides.ts, the guides of /docs, from sections of docs/. Run it after changing one of those.",
);

const before = await readFile(guidesFile, "utf8").catch(() => "");
const after = await readGuides();
if (after !== before) await writeFile(guidesFile, after);
process.stdout.write(`${guidesFile}: ${after === before ? "unchanged" : "written"}\n`);

import { readFile } from "node:fs/promises";
import { joinBundles, verifyBundle } from "./evidence-bundle.ts";
import { answerHelp } from "./help.ts";

const usage = "Usage: npm run evidence:verify FILE...    (the answers of GET /v1/storms/{id}/evidence, unchanged and in their order)";

answerHelp(usage);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
const pages = await Promise.all(files.map((file) => readFile(file))).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return process.exit(2);
});
const verdict = verifyBundle(joinBundles(pages));
if (verdict.ok) {
  say(`ok: storm ${verdict.stormId} of service ${verdict.serviceId}: ${verdict.kinds.join(", ")}${verdict.ended ? "" : " (still on, or cut off here)"}`);
  say(verdict.follows === null ? "the chain begins here" : `it follows record ${verdict.follows.seq}, ${verdict.follows.hash}, which is not part of this`);
  say(`the chain ends in ${verdict.head}`);
} else {
  say(`BROKEN: record ${verdict.record}${verdict.seq === null ? "" : ` (seq ${verdict.seq})`} ${verdict.reason}`);
  process.exitCode = 1;
}

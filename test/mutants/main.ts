import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { answerHelp } from "../../local/help.ts";
import { ofAttribution } from "./attribution.ts";
import { named, ofAdjustments, ofCredit, ofDocuments } from "./mutants.ts";
import type { Edit, SourceMutant } from "./mutants.ts";
import { ofPages } from "./page-mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const copied = ["src", "test", "local", "drizzle", "package.json", "tsconfig.json", "vitest.config.ts", "wrangler.toml", "drizzle.config.ts"];

/** What stands guard over money. `test/billing/mutants.test.ts` looks for text, so it would "find" every mutant. */
const ofDomain = ["money", "coverage", "pricing", "currency", "billing-cycle", "invoice-number"].map((name) => `test/domain/${name}.test.ts`);
const guards = ["test/billing", "test/pipeline/attribution.test.ts", "test/pipeline/attribution-property.test.ts", ...ofDomain];
const billing = [
  ...["cases", "every-case", "property", "adjustments", "when", "cycles", "withheld", "nothing", "documents"].map((name) => `test/billing/${name}.test.ts`),
  ...ofDomain,
];
const attribution = ["test/pipeline/attribution.test.ts", "test/pipeline/attribution-property.test.ts"];
const printed = ["test/billing/printed.test.ts"];

/** What could go wrong, and the tests that are to notice. */
const groups: readonly { readonly name: string; readonly tests: readonly string[]; readonly mutants: readonly SourceMutant[] }[] = [
  { name: "billing", tests: billing, mutants: [...named, ...ofCredit, ...ofAdjustments, ...ofDocuments] },
  { name: "attribution", tests: attribution, mutants: ofAttribution },
  { name: "what is printed", tests: printed, mutants: ofPages },
];
const controlCases = 5_000;
const mutantCases = 400;
const schedules = { control: 2_000, mutant: 60 };

type Verdict = { readonly passed: number; readonly failed: readonly string[] };
type Report = { testResults: { name: string; message?: string; assertionResults: { status: string; fullName: string }[] }[] };

/** Runs tests in the copy. @throws Error where they did not run at all */
const runTests = async (home: string, files: readonly string[], cases: number, bail: boolean, lives = schedules.mutant): Promise<Verdict> => {
  const output = join(home, "report.json");
  await rm(output, { force: true });
  const args = [
    join(home, "node_modules", "vitest", "vitest.mjs"), "run", "--project", "node", ...files, "--exclude", "**/billing/mutants.test.ts",
    "--reporter=json", `--outputFile=${output}`, ...(bail ? ["--bail", "1"] : []),
  ];
  const env = { ...process.env, BILLING_CASES: String(cases), ATTRIBUTION_SCHEDULES: String(lives), CI: "true" };
  const run = promisify(execFile)(process.execPath, args, { cwd: home, env, maxBuffer: 64 * 2 ** 20, timeout: 900_000 });
  const { stderr = "" } = await run.then(() => ({ stderr: "" }), (error: { stderr?: string }) => error);
  const text = await readFile(output, "utf8").catch(() => "");
  if (text === "") throw new Error(`the tests did not run: ${stderr.slice(-2_000)}`);
  const tests = (JSON.parse(text) as Report).testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: tests.filter(({ status }) => status === "passed").length,
    failed: tests.filter(({ status }) => status === "failed").map(({ fullName }) => fullName),
  };
};

/** @throws Error where there is nothing to replace: the mutant no longer fits the code */
const apply = async (home: string, edits: readonly Edit[]): Promise<() => Promise<void>> => {
  const before = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const text = await readFile(join(home, file), "utf8");
    if (!text.includes(from)) throw new Error(`not found in ${file}, so the mutant is out of date: ${from}`);
    if (!before.has(file)) before.set(file, text);
    await writeFile(join(home, file), text.replaceAll(from, () => to));
  }
  return async () => {
    for (const [file, text] of before) await writeFile(join(home, file), text);
  };
};

answerHelp("Usage: npm run mutants [-- PART_OF_A_NAME]\n\nBreaks the rules of money, one at a time, in a copy, and shows that the tests notice each.");

/** `npm run mutants -- tax`: only those with this in their name, and without the control, for whoever works on one. */
const [only] = process.argv.slice(2);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const home = await mkdtemp(join(tmpdir(), "tranche-mutants-"));
let survivors = 0;
try {
  for (const name of copied) await cp(join(root, name), join(home, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(home, "node_modules"));

  if (only === undefined) say(`control: the guards of money on the code as it is, ${controlCases} random worlds, ${schedules.control} random lives`);
  const control = only === undefined ? await runTests(home, guards, controlCases, false, schedules.control) : { passed: 1, failed: [] };
  if (only === undefined) say(`  ${control.passed} passed, ${control.failed.length} failed${control.failed.map((name) => `\n  FAILED ${name}`).join("")}`);
  if (control.failed.length > 0 || control.passed === 0) survivors += 1;

  for (const { name: group, tests, mutants } of survivors > 0 ? [] : groups) {
    const chosen = mutants.filter(({ name }) => only === undefined || name.includes(only));
    if (chosen.length === 0) continue;
    // What is about to judge the mutants must find nothing wrong with the code itself.
    const judge = await runTests(home, tests, mutantCases, true);
    say(`\n${group}: ${judge.passed} passed, ${judge.failed.length} failed on the code as it is`);
    if (judge.failed.length > 0 || judge.passed === 0) {
      survivors += 1;
      continue;
    }
    for (const { name, sql, domain } of chosen) {
      for (const [place, edits] of [["statement", sql], ["domain", domain]] as const) {
        if (edits.length === 0) continue;
        const undo = await apply(home, edits);
        const { failed } = await runTests(home, tests, mutantCases, true);
        await undo();
        if (failed.length === 0) survivors += 1;
        say(`${failed.length > 0 ? "killed  " : "SURVIVED"}  ${name} (${place})${failed[0] === undefined ? "" : `\n            by: ${failed[0]}`}`);
      }
    }
  }
} finally {
  await rm(home, { recursive: true, force: true });
}
say(survivors === 0 ? "\nevery mutant fails at least one test" : `\nMISSED: ${survivors}`);
process.exit(survivors === 0 ? 0 : 1);

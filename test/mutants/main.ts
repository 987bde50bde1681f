import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { answerHelp } from "../../local/help.ts";
import { catalogue } from "./catalogue.ts";
import { everything } from "./killers.ts";
import { needsCases, needsTests } from "./mutant.ts";
import { openTree } from "./tree.ts";

const copied = [
  "src",
  "test",
  "local",
  "self-hosted",
  "cli",
  "drizzle",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
  "wrangler.toml",
  "drizzle.config.ts",
];
/** Random worlds of billing, and random lives of names, that the tests go through. */
const onControl = { cases: 5_000, lives: 2_000 } as const;
const onMutants = { cases: 400, lives: 60 } as const;

type Verdict = { readonly passed: number; readonly failed: readonly string[] };
type Report = { testResults: { assertionResults: { status: string; fullName: string }[] }[] };

/** Runs tests in the copy. @throws Error where they did not run at all */
const runTests = async (
  dir: string,
  files: readonly string[],
  { cases, lives }: typeof onControl | typeof onMutants,
  bail: boolean,
): Promise<Verdict> => {
  const output = join(dir, "report.json");
  await rm(output, { force: true });
  const args = [
    join(dir, "node_modules", "vitest", "vitest.mjs"),
    "run",
    "--project",
    "node",
    ...files,
    "--reporter=json",
    `--outputFile=${output}`,
    ...(bail ? ["--bail", "1"] : []),
  ];
  const env = { ...process.env, BILLING_CASES: String(cases), ATTRIBUTION_SCHEDULES: String(lives), CI: "true" };
  const run = promisify(execFile)(process.execPath, args, { cwd: dir, env, maxBuffer: 64 * 2 ** 20, timeout: 900_000 });
  const { stderr = "" } = await run.then(
    () => ({ stderr: "" }),
    (error: { stderr?: string }) => error,
  );
  const text = await readFile(output, "utf8").catch(() => "");
  if (text === "") throw new Error(`the tests did not run: ${stderr.slice(-2_000)}`);
  const tests = (JSON.parse(text) as Report).testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: tests.filter(({ status }) => status === "passed").length,
    failed: tests.filter(({ status }) => status === "failed").map(({ fullName }) => fullName),
  };
};

const isSound = ({ passed, failed }: Verdict): boolean => passed > 0 && failed.length === 0;

answerHelp(`Usage: npm run mutants [-- PART_OF_A_NAME]

Breaks the rules of money, of error budgets and of the cost watch, one at a time, in a copy, and shows that the tests notice each.`);

/** `npm run mutants -- tax`: only those with this in their name, and without the control, for whoever works on one. */
const [only] = process.argv.slice(2);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const chosen = catalogue.filter(({ id }) => only === undefined || id.includes(only));
const inSuite = chosen.filter(needsCases);
const groups = Map.groupBy(chosen.filter(needsTests), ({ killedBy }) => killedBy.tests);

const tree = await openTree(copied);
let missed = 0;
try {
  if (only === undefined) {
    say(`control: the guards of money on the code as it is, ${onControl.cases} random worlds, ${onControl.lives} random lives`);
    const control = await runTests(tree.dir, everything, onControl, false);
    say(`  ${control.passed} passed, ${control.failed.length} failed${control.failed.map((name) => `\n  FAILED ${name}`).join("")}`);
    if (!isSound(control)) missed += 1;
  }
  if (inSuite.length > 0) {
    const cases = await runTests(tree.dir, ["test/billing/mutants.test.ts"], onMutants, false);
    say(
      `\n${inSuite.length} are tried on cases of pricing: ${cases.passed} passed, ${cases.failed.length} failed${cases.failed.map((name) => `\n  FAILED ${name}`).join("")}`,
    );
    if (!isSound(cases)) missed += 1;
  }
  for (const [tests, mutants] of missed > 0 ? [] : groups) {
    // What is about to judge the mutants must find nothing wrong with the code itself.
    const judge = await runTests(tree.dir, tests, onMutants, true);
    say(
      `\n${tests[0]}${tests.length > 1 ? ` and ${tests.length - 1} more` : ""}: ${judge.passed} passed, ${judge.failed.length} failed on the code as it is`,
    );
    if (!isSound(judge)) {
      missed += 1;
      continue;
    }
    for (const mutant of mutants) {
      const undo = await tree.mutate(mutant);
      const { failed } = await runTests(tree.dir, tests, onMutants, true);
      await undo();
      if (failed.length === 0) missed += 1;
      say(
        `${failed.length > 0 ? "killed  " : "SURVIVED"}  ${mutant.id}: ${mutant.breaks}${failed[0] === undefined ? "" : `\n            by: ${failed[0]}`}`,
      );
    }
  }
} finally {
  await tree.close();
}
say(missed === 0 ? "\nevery mutant fails at least one test" : `\nMISSED: ${missed}`);
process.exit(missed === 0 ? 0 : 1);

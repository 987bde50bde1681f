import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { named, ofAdjustments } from "./mutants.ts";
import type { Edit } from "./mutants.ts";
import { ofPages } from "./page-mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const copied = ["src", "test", "local", "drizzle", "package.json", "tsconfig.json", "vitest.config.ts", "wrangler.toml", "drizzle.config.ts"];

/** What stands guard over money. `test/billing/mutants.test.ts` looks for text, so it would "find" every mutant. */
const guards = ["test/billing", "test/domain/money.test.ts", "test/domain/coverage.test.ts", "test/domain/pricing.test.ts"];
const quick = ["test/billing/cases.test.ts", "test/billing/every-case.test.ts", "test/billing/property.test.ts", "test/billing/adjustments.test.ts", "test/billing/when.test.ts", "test/billing/printed.test.ts", ...guards.slice(1)];
const controlCases = 5_000;
const mutantCases = 400;

type Verdict = { readonly passed: number; readonly failed: readonly string[] };
type Report = { testResults: { name: string; message?: string; assertionResults: { status: string; fullName: string }[] }[] };

/** Runs tests in the copy. @throws Error where they did not run at all */
const runTests = async (home: string, files: readonly string[], cases: number, bail: boolean): Promise<Verdict> => {
  const output = join(home, "report.json");
  await rm(output, { force: true });
  const args = [
    join(home, "node_modules", "vitest", "vitest.mjs"), "run", "--project", "node", ...files, "--exclude", "**/billing/mutants.test.ts",
    "--reporter=json", `--outputFile=${output}`, ...(bail ? ["--bail", "1"] : []),
  ];
  const env = { ...process.env, BILLING_CASES: String(cases), CI: "true" };
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

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const home = await mkdtemp(join(tmpdir(), "tranche-mutants-"));
let survivors = 0;
try {
  for (const name of copied) await cp(join(root, name), join(home, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(home, "node_modules"));

  say(`control: the guards of money on the code as it is, ${controlCases} random worlds`);
  const control = await runTests(home, guards, controlCases, false);
  say(`  ${control.passed} passed, ${control.failed.length} failed${control.failed.map((name) => `\n  FAILED ${name}`).join("")}`);
  // What is about to judge the mutants must find nothing wrong with the code itself.
  const judge = await runTests(home, quick, mutantCases, true);
  say(`judge: ${judge.passed} passed, ${judge.failed.length} failed on the code as it is\n`);
  if (control.failed.length + judge.failed.length > 0 || control.passed * judge.passed === 0) survivors += 1;

  for (const { name, sql, domain } of survivors > 0 ? [] : [...named, ...ofAdjustments, ...ofPages]) {
    for (const [place, edits] of [["statement", sql], ["domain", domain]] as const) {
      if (edits.length === 0) continue;
      const undo = await apply(home, edits);
      const { failed } = await runTests(home, quick, mutantCases, true);
      await undo();
      if (failed.length === 0) survivors += 1;
      say(`${failed.length > 0 ? "killed  " : "SURVIVED"}  ${name} (${place})${failed[0] === undefined ? "" : `\n            by: ${failed[0]}`}`);
    }
  }
} finally {
  await rm(home, { recursive: true, force: true });
}
say(survivors === 0 ? "\nevery mutant fails at least one test" : `\nMISSED: ${survivors}`);
process.exit(survivors === 0 ? 0 : 1);

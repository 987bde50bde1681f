/** In a file, relative to the repository, what is replaced wherever it stands there. */
type Edit = { readonly file: string; readonly from: string; readonly to: string };

/**
 * Who must notice. `cases`: a case of pricing, within the suite (`test/billing/mutants.test.ts`); the worked ones of semantics §9, or
 * all, those in `test/billing/own-cases.ts` among them. `tests`: one test of these files, run in a copy (`npm run mutants`).
 */
type Killer = { readonly cases: "worked" | "all" } | { readonly tests: readonly string[] };

/** One thing wrong with the code. */
export type Mutant = Edit & {
  /** By a part of which `npm run mutants -- PART` finds it; unique. */
  readonly id: string;
  /** What would become of it, in a few words. */
  readonly breaks: string;
  /** More to be replaced in the same file, where one place alone would break nothing. */
  readonly also?: readonly Pick<Edit, "from" | "to">[];
  readonly killedBy: Killer;
};

type KilledBy<Kind extends Killer> = Mutant & { readonly killedBy: Kind };

/** Whether it takes whole test files to notice it. */
export const needsTests = (mutant: Mutant): mutant is KilledBy<{ readonly tests: readonly string[] }> => "tests" in mutant.killedBy;
export const needsCases = (mutant: Mutant): mutant is KilledBy<{ readonly cases: "worked" | "all" }> => "cases" in mutant.killedBy;

/** The text with the mutant in it. @throws Error where there is nothing to replace: the mutant no longer fits the code */
export const mutated = ({ file, from, to, also = [] }: Mutant, text: string): string =>
  [{ from, to }, ...also].reduce((before, edit) => {
    if (!before.includes(edit.from)) throw new Error(`not found in ${file}, so the mutant is out of date: ${edit.from}`);
    return before.replaceAll(edit.from, () => edit.to);
  }, text);

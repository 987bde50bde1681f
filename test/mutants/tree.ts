import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mutated } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A copy of a part of the repository, to be broken. */
export type Tree = {
  readonly dir: string;
  /** @returns what puts it right again @throws Error where the mutant no longer fits the code */
  readonly mutate: (mutant: Mutant) => Promise<() => Promise<void>>;
  readonly close: () => Promise<void>;
};

/** @param names what is copied, relative to the repository; the packages are those that are installed */
export const openTree = async (names: readonly string[]): Promise<Tree> => {
  const dir = await mkdtemp(join(tmpdir(), "tranche-mutants-"));
  for (const name of names) await cp(join(root, name), join(dir, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
  return {
    dir,
    mutate: async (mutant) => {
      const file = join(dir, mutant.file);
      const text = await readFile(file, "utf8");
      await writeFile(file, mutated(mutant, text));
      return () => writeFile(file, text);
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
};

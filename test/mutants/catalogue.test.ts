import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { catalogue } from "./catalogue.ts";
import { everything } from "./killers.ts";
import { mutated, needsTests } from "./mutant.ts";

const at = (file: string): URL => new URL(`../../${file}`, import.meta.url);

describe("the catalogue of mutants", () => {
  it("has a name of its own for each", () => {
    const ids = catalogue.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(60);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("names tests that are there as those who must notice", () => {
    const files = catalogue.flatMap((mutant) => (needsTests(mutant) ? [mutant.killedBy.tests] : []));
    expect(files.filter((tests) => tests.length === 0)).toEqual([]);
    expect([...new Set([...files.flat(), ...everything])].filter((file) => !existsSync(at(file)))).toEqual([]);
  });

  it.each(catalogue)("fits the code: $id", (mutant) => {
    const text = readFileSync(at(mutant.file), "utf8");
    expect(mutated(mutant, text)).not.toBe(text);
  });
});

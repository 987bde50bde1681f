import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const docs = new URL("../../docs/", import.meta.url);
const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The pictures that documents show: by which document, and with which words in their place. */
const shown = readdirSync(docs)
  .filter((name) => name.endsWith(".md"))
  .flatMap((document) =>
    [...readFileSync(new URL(document, docs), "utf8").matchAll(/!\[([^\]]*)\]\(screenshots\/([^)]+)\)/g)].map(
      ([, words = "", file = ""]) => ({ document, words, file }),
    ),
  );
const kept = readdirSync(new URL("screenshots/", docs));

it.each(shown)("$document shows $file, which is there, small, and described", ({ words, file }) => {
  expect(kept).toContain(file);
  const bytes = readFileSync(new URL(`screenshots/${file}`, docs));
  expect([...bytes.subarray(0, 8)]).toEqual(signature);
  expect(bytes.byteLength).toBeLessThan(400_000);
  expect(words.length).toBeGreaterThan(20);
});

it("keeps no picture that no document shows", () => {
  expect([...new Set(shown.map(({ file }) => file))].toSorted()).toEqual(kept.toSorted());
});

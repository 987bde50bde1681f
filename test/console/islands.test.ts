import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { islandModule } from "../../local/islands.ts";
import { islandCode } from "../../src/console/island-code.ts";

it("is what src/console/islands/ makes: else run npm run islands:generate", async () => {
  const stored = await readFile(new URL("../../src/console/island-code.ts", import.meta.url), "utf8");
  expect(await islandModule()).toBe(stored);
});

it("weighs no more than 30 KiB, and asks for nothing but itself", () => {
  expect(gzipSync(islandCode).byteLength).toBeLessThan(30 * 1_024);
  expect(islandCode).not.toMatch(/\beval\(|new Function|innerHTML|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
});

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";
import { firesAt } from "../local/cron-clock.ts";
import { schedule } from "../src/cron/schedule.ts";
import { version } from "../src/version.ts";
import { z } from "../src/zod.ts";

const root = new URL("..", import.meta.url);
const wrangler = unstable_readConfig({ config: new URL("wrangler.toml", root).pathname });

describe("what is deployed", () => {
  it("triggers exactly the schedule", () => {
    expect(wrangler.triggers.crons?.toSorted()).toEqual(Object.keys(schedule).toSorted());
  });

  it("probes the public network, not an origin beside it", () => {
    expect(wrangler.compatibility_flags).toContain("global_fetch_strictly_public");
  });

  it("calls itself by the version of the package", () => {
    const { version: packaged } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
    expect(version).toBe(packaged);
  });

  it("carries every part of zod that the code uses", () => {
    const sources = readdirSync(new URL("src", root), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && name !== "zod.ts");
    const texts = sources.map((name) => readFileSync(new URL(`src/${name}`, root), "utf8"));
    // A use as a value: `z.infer<...>` and type positions need nothing at run time.
    const used = new Set(texts.flatMap((text) => [...text.matchAll(/(?<![\w.])z\.([A-Za-z]+)(?=\(|\.|\s*\{|;|,|\))/g)].map((match) => match[1] ?? "")));
    const types = new Set(["infer", "core", "input", "output"]);
    expect([...used].filter((name) => !types.has(name) && !(name in z))).toEqual([]);
    expect(used.size).toBeGreaterThan(5);
  });
});

describe("the local cron", () => {
  const at = (time: string) => new Date(`2026-03-01T${time}Z`);

  it.each([
    ["* * * * *", "00:00:00", true],
    ["*/5 * * * *", "10:35:00", true],
    ["*/5 * * * *", "10:36:00", false],
    ["7 * * * *", "23:07:00", true],
    ["7 * * * *", "23:17:00", false],
  ])("%s at %s: %s", (expression, time, fires) => {
    expect(firesAt(expression, at(time))).toBe(fires);
  });

  it("understands every expression of the schedule", () => {
    for (const expression of Object.keys(schedule)) expect(() => firesAt(expression, at("00:00:00"))).not.toThrow();
  });

  it("refuses what it does not understand", () => {
    expect(() => firesAt("0 0 1 * *", at("00:00:00"))).toThrow(RangeError);
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";
import { outputConfig } from "../local/build-fallback.ts";
import type { VercelConfig } from "../local/build-fallback.ts";
import { firesAt } from "../self-hosted/cron-clock.ts";
import { bundleFallback } from "../local/fallback/bundle.ts";
import { generated } from "../local/generate-schedule.ts";
import { createApp } from "../src/app.ts";
import { parseConfig } from "../src/config.ts";
import { schedule } from "../src/cron/schedule.ts";
import { buildDeps } from "../src/deps.ts";
import { version } from "../src/version.ts";

const root = new URL("..", import.meta.url);
const wrangler = unstable_readConfig({ config: new URL("wrangler.toml", root).pathname });

describe("what is deployed", () => {
  it("triggers exactly the schedule", () => {
    expect(wrangler.triggers.crons?.toSorted()).toEqual(Object.keys(schedule).toSorted());
  });

  it.each(generated)("has in $file what the schedule says: npm run schedule:generate", ({ file, generate }) => {
    const text = readFileSync(file, "utf8");
    expect(generate(text)).toBe(text);
  });

  it("probes the public network, not an origin beside it", () => {
    expect(wrangler.compatibility_flags).toContain("global_fetch_strictly_public");
  });

  it("calls itself by the version of the package", () => {
    const { version: packaged } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
    expect(version).toBe(packaged);
  });
});

/** A cron as Vercel takes it (docs, "Cron expressions"): five fields, UTC, numbers, no names, not both days. */
const vercelCron = /^(\*|\*\/\d+|\d+)( (\*|\*\/\d+|\d+)){4}$/;

describe("the fallback on Vercel", () => {
  const text = readFileSync(new URL("rollback-vercel/vercel.json", root), "utf8");
  const vercel = JSON.parse(text) as VercelConfig & Record<string, unknown>;

  it("is configured with nothing that Vercel's schema does not know", () => {
    const known = ["$schema", "framework", "buildCommand", "outputDirectory", "regions", "rewrites", "headers", "crons"];
    expect(Object.keys(vercel).filter((name) => !known.includes(name))).toEqual([]);
    expect(vercel["$schema"]).toBe("https://openapi.vercel.sh/vercel.json");
    for (const region of vercel.regions) expect(region).toMatch(/^[a-z]{3}1$/);
    for (const cron of vercel.crons) {
      expect(Object.keys(cron)).toEqual(["path", "schedule"]);
      expect(cron.path).toMatch(/^\/[\x21-\x7e]{1,511}$/);
      expect(cron.schedule).toMatch(vercelCron);
      const [, , day, , weekday] = cron.schedule.split(" ");
      expect([day, weekday]).toContain("*");
    }
    expect(vercel.crons.length).toBeLessThanOrEqual(40);
  });

  it("hands every path to the one function, with its query as it was sent", () => {
    // A named parameter in the source would be added to the query, and refused there.
    expect(vercel.rewrites).toEqual([{ source: "/(.*)", destination: "/api" }]);
  });

  it("puts the headers on the platform's own answers that the application puts on its own", async () => {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const app = createApp(
      buildDeps(parseConfig({ DATABASE_URL: "postgresql://nobody:none@127.0.0.1:9/none", PROVIDER: "local" }), { log }),
    );
    for (const path of ["/nothing", "/v1/nothing"]) {
      const { headers } = await app.request(path);
      const rules = vercel.headers.filter(({ source }) => new RegExp(`^${source}$`).test(path)).flatMap((rule) => rule.headers);
      expect(rules.length).toBe(path.startsWith("/v1/") ? 3 : 2);
      for (const { key, value } of rules) expect(headers.get(key)).toBe(value);
    }
  });

  it("is routed by a prebuilt deployment as by Vercel's own build", () => {
    const { routes, crons } = outputConfig(vercel);
    expect(routes.map(({ src }) => src)).toEqual(["^/(.*)$", "^/v1/(.*)$", "^/(.*)$"]);
    expect(routes.at(-1)).toEqual({ src: "^/(.*)$", dest: "/api" });
    expect(crons).toEqual(vercel.crons);
  });

  it("has at most 1 MiB, gzipped, and nothing of Node in it", async () => {
    const { code, gzipBytes } = await bundleFallback();
    expect(gzipBytes).toBeLessThanOrEqual(1_024 * 1_024);
    expect(code).not.toMatch(/(from|import\(|require\()\s*"(node:|fs"|net"|http"|stream"|crypto")/);
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
    ["23 3 * * *", "03:23:00", true],
    ["23 3 * * *", "04:23:00", false],
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

import { execFile } from "node:child_process";
import { cp, glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Where a wrong file lies, what it says, and which rule must refuse it. A · is left out: it hides from those who search this repository. */
const wrong: readonly [path: string, text: string, rule: string][] = [
  ["src/domain/room/a.ts", `import { z } from "zod"; export const a = z;`, "no-restricted-imports"],
  ["src/domain/room/a.ts", `import type { Context } from "hono"; export type A = Context;`, "no-restricted-imports"],
  ["src/domain/room/a.ts", `import { b } from "../../errors.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/domain/room/a.ts", `import type { B } from "../../adapters/ports/room/clock.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/domain/room/a.ts", `export { b } from "./deeper/b.ts";`, "no-restricted-imports"],
  ["src/domain/room/a.ts", `export const a = () => import("node:fs");`, "no-restricted-imports"],
  ["src/domain/room/a.ts", `export const a = () => Date.now();`, "no-restricted-globals"],
  ["src/domain/room/a.ts", `export const a = () => new Date();`, "no-restricted-globals"],
  ["src/domain/room/a.ts", `export const a = () => fetch("http://example.com");`, "no-restricted-globals"],
  ["src/domain/room/a.ts", `export const a = () => crypto.randomUUID();`, "no-restricted-globals"],
  ["src/domain/room/a.ts", `export const a = () => performance.now();`, "no-restricted-globals"],
  ["src/domain/room/a.ts", `export const a = (f: () => void) => setTimeout(f, 1);`, "no-restricted-globals"],
  ["src/domain/room/a.ts", `export const a = () => globalThis.Date.now();`, "no-restricted-globals"],
  ["src/domain/room/a.ts", `export const a = () => process.env;`, "no-restricted-globals"],
  ["src/domain/room/a.ts", `export const a = () => Math.random();`, "no-restricted-properties"],

  ["src/routes/a.ts", `import { b } from "../adapters/db/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/routes/a.ts", `import type { B } from "../adapters/clock.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/routes/a.ts", `import { sql } from "drizzle-orm"; export const a = sql;`, "no-restricted-imports"],
  ["src/routes/a.ts", `import { b } from "drizzle-orm/pg-core"; export const a = b;`, "no-restricted-imports"],
  ["src/routes/a.ts", `import { neon } from "@neondatabase/serverless"; export const a = neon;`, "no-restricted-imports"],
  ["src/routes/a.ts", `export const a = () => Date.now();`, "no-restricted-properties"],
  ["src/routes/a.ts", `export const a = (c: { executionCtx: number }) => c.executionCtx;`, "no-restricted-properties"],
  ["src/cron/a.ts", `import { b } from "../adapters/route53/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/cron/a.ts", `import { readFileSync } from "fs"; export const a = readFileSync;`, "no-restricted-imports"],
  ["src/pipeline/a.ts", `import { b } from "../adapters/prober.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/pipeline/a.ts", `export const a = () => Math.random();`, "no-restricted-properties"],
  ["src/auth/a.ts", `import { b } from "../adapters/jwt.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/http/a.ts", `import { b } from "../../local/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/app.ts", `import { b } from "./adapters/db/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/index.ts", `import { b } from "./adapters/clock.ts"; export default b;`, "no-restricted-imports"],
  ["src/deps.ts", `import { b } from "node:crypto"; export const a = b;`, "no-restricted-imports"],
  ["src/deps.ts", `import { b } from "../local/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/deps.ts", `export const a = () => process.env;`, "no-restricted-globals"],
  ["src/composition/a.ts", `import { b } from "node:crypto"; export const a = b;`, "no-restricted-imports"],
  ["src/composition/a.ts", `import { b } from "../../local/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/composition/a.ts", `import { sql } from "drizzle-orm"; export const a = sql;`, "no-restricted-imports"],
  ["src/composition/a.ts", `export const a = () => process.env;`, "no-restricted-globals"],
  ["src/app.ts", `import { b } from "./composition/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/worker/a.ts", `import { b } from "../composition/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/config.ts", `import { b } from "../test/support/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/config.ts", `export const a = Buffer.from("a");`, "no-restricted-globals"],

  ["cli/a.ts", `import { b } from "../local/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["cli/a.ts", `import { b } from "../src/adapters/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["cli/a.ts", `import { b } from "../src/app.ts"; export const a = b;`, "no-restricted-imports"],
  ["cli/commands/a.ts", `export const a = () => import("../../local/b.ts");`, "no-restricted-imports"],

  ["self-hosted/a.ts", `import { b } from "../local/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["self-hosted/a.ts", `import { b } from "../test/support/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/deps.ts", `import { b } from "../self-hosted/b.ts"; export const a = b;`, "no-restricted-imports"],

  ["src/adapters/a.ts", `import { b } from "../routes/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/a.ts", `import { b } from "../app.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/a.ts", `import { b } from "buffer"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/db/a.ts", `import { b } from "../../pipeline/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/db/a.ts", `import { b } from "../../cron/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/db/a.ts", `import { Hono } from "hono"; export const a = Hono;`, "no-restricted-imports"],
  ["src/adapters/db/a.ts", `import { z } from "@hono/zod-openapi"; export const a = z;`, "no-restricted-imports"],
  ["src/adapters/db/a.ts", `import { b } from "../../../local/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/db/a.ts", `import { b } from "node:buffer"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/ports/room/a.ts", `import type { B } from "../../db/b.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/adapters/ports/room/a.ts", `import type { B } from "../../db/room/b.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/adapters/ports/room/a.ts", `import type { B } from "../../../errors.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/adapters/ports/room/a.ts", `import type { B } from "../../../routes/room/b.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/adapters/ports/a.ts", `import type { B } from "../db/b.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/adapters/ports/a.ts", `import type { B } from "../clock.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/adapters/ports/a.ts", `import type { B } from "../../routes/b.ts"; export type A = B;`, "no-restricted-imports"],
  ["src/adapters/ports/a.ts", `import type { SQL } from "drizzle-orm"; export type A = SQL;`, "no-restricted-imports"],
  ["src/adapters/ports/a.ts", `import type { B } from "node:http"; export type A = B;`, "no-restricted-imports"],

  // No arrow runs upward.
  ["src/pipeline/a.ts", `import { b } from "../cron/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/pipeline/room/a.ts", `import { b } from "../../http/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/pipeline/a.ts", `import { b } from "../deps.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/pipeline/a.ts", `import { b } from "../adapters/db/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/pipeline/a.ts", `import { sql } from "drizzle-orm"; export const a = sql;`, "no-restricted-imports"],
  ["src/pipeline/a.ts", `import { b } from "../../local/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/cron/a.ts", `import { b } from "../routes/room/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/routes/room/a.ts", `import { b } from "../../console/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/pipeline/a.ts", `import { b } from "../console/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/console/a.ts", `import { b } from "../cron/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/console/a.ts", `import { b } from "../adapters/db/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/console/a.ts", `export const a = () => Date.now();`, "no-restricted-properties"],
  ["src/console/islands/a.ts", `import { b } from "../parts.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/console/islands/a.ts", `import { b } from "../../http/html.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/console/islands/a.ts", `import { b } from "hono"; export const a = b;`, "no-restricted-imports"],
  ["src/cron/a.ts", `import { b } from "../http/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/cron/a.ts", `import { b } from "../app.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/cron/room/a.ts", `import { b } from "../../auth/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/http/a.ts", `import { b } from "../auth/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/http/a.ts", `import { b } from "../routes/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/http/room/a.ts", `import { b } from "../../pipeline/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/http/a.ts", `import { b } from "../adapters/db/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/auth/a.ts", `import { b } from "../routes/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/auth/a.ts", `import { b } from "../pipeline/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/routes/room/a.ts", `import { b } from "../../cron/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/routes/a.ts", `import { b } from "../app.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/routes/room/a.ts", `import { b } from "../../deps.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/a.ts", `import { b } from "../deployment.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/room/a.ts", `import { b } from "../../worker/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/composition/a.ts", `import { b } from "../routes/room/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/composition/a.ts", `import { b } from "../deps.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/routes/room/a.ts", `import { b } from "../../composition/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/cron/a.ts", `import { b } from "../composition/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/pipeline/a.ts", `import { b } from "../composition/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/http/a.ts", `import { b } from "../composition/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/auth/a.ts", `import { b } from "../composition/b.ts"; export const a = b;`, "no-restricted-imports"],
  ["src/adapters/a.ts", `import { b } from "../composition/b.ts"; export const a = b;`, "no-restricted-imports"],

  ["src/routes/a.ts", `export default 1;`, "no-default-export"],
  ["local/a.ts", `export default 1;`, "no-default-export"],
  ["src/routes/a.ts", `export const a = async () => 1; export const b = () => { a(); };`, "no-floating-promises"],
  [
    "src/routes/a.ts",
    `export const a = async () => 1; export const b = (list: number[]) => list.filter(async () => a());`,
    "no-misused-promises",
  ],
  [
    "src/routes/a.ts",
    `export const a = async () => 1; export const b = async () => { try { return a(); } catch { return 2; } };`,
    "return-await",
  ],
  ["src/routes/a.ts", `export const a = (b: an·y): unknown => b;`, "no-explicit-any"],
  ["src/routes/a.ts", `// @ts-ign·ore\nexport const a = 1;`, "ban-ts-comment"],
  ["src/routes/a.ts", `// TO·DO: later\nexport const a = 1;`, "no-warning-comments"],
  ["test/a.test.ts", `import { expect, it } from "vitest"; it.on·ly("a", () => { expect(1).toBe(1); });`, "no-focused-tests"],
  ["test/a.test.ts", `import { expect, it } from "vitest"; it.sk·ip("a", () => { expect(1).toBe(1); });`, "no-disabled-tests"],
  ["test/a.test.ts", `import { it } from "vitest"; it("a", () => undefined);`, "expect-expect"],
];

const right: readonly [path: string, text: string][] = [
  ["src/domain/room/a.ts", `import { b } from "./b.ts"; import { c } from "../other/c.ts"; export const a = Math.max(b, c);`],
  ["src/domain/room/b.ts", `export const b = 1;`],
  ["src/domain/other/c.ts", `export const c = 1;`],
  ["src/config.ts", `export type Config = number;`],
  ["src/errors.ts", `export const error = (c: { url: string }) => new URL(c.url);`],
  [
    "src/adapters/ports/room/clock.ts",
    `import type { Third } from "./third.ts"; import type { Other } from "../other/other.ts"; import type { a } from "../../../domain/room/a.ts"; export type Clock = () => [Other, Third, typeof a];`,
  ],
  ["src/adapters/ports/room/third.ts", `import type { Config } from "../../../config.ts"; export type Third = Config;`],
  ["src/adapters/ports/other/other.ts", `export type Other = number;`],
  [
    "src/adapters/ports/deps.ts",
    `import type { Clock } from "./room/clock.ts"; import type { Config } from "../../config.ts"; export type Deps = [Clock, Config];`,
  ],
  [
    "src/adapters/room/clock.ts",
    `import type { Clock } from "../ports/room/clock.ts"; export const clock: Clock = () => [Date.now(), 1, 1];`,
  ],
  [
    "src/adapters/db/room/c.ts",
    `import { sql } from "drizzle-orm"; import { a } from "../../../domain/room/a.ts"; import { error } from "../../../errors.ts"; export const c = [sql, a, error];`,
  ],
  [
    "src/pipeline/room/p.ts",
    `import type { Clock } from "../../adapters/ports/room/clock.ts"; import { a } from "../../domain/room/a.ts"; export const p = (clock: Clock) => [a, clock()];`,
  ],
  ["src/cron/room/j.ts", `import { p } from "../../pipeline/room/p.ts"; export const j = p;`],
  ["src/http/h.ts", `import { Hono } from "hono"; import { error } from "../errors.ts"; export const h = [Hono, error];`],
  ["src/auth/u.ts", `import { h } from "../http/h.ts"; export const u = h;`],
  [
    "src/routes/room/r.ts",
    `import { u } from "../../auth/u.ts"; import { h } from "../../http/h.ts"; import { p } from "../../pipeline/room/p.ts"; import type { Deps } from "../../adapters/ports/deps.ts"; export const r = (deps: Deps) => [u, h, p, deps];`,
  ],
  ["src/app.ts", `import { r } from "./routes/room/r.ts"; export const app = r;`],
  ["src/composition/m.ts", `import { c } from "../adapters/db/room/c.ts"; import { j } from "../cron/room/j.ts"; export const m = [c, j];`],
  [
    "src/deps.ts",
    `import { clock } from "./adapters/room/clock.ts"; import { m } from "./composition/m.ts"; export const deps = [clock, m, Math.random()];`,
  ],
  ["src/index.ts", `import { deps } from "./deps.ts"; export default deps;`],
  [
    "local/l.ts",
    `import { readFileSync } from "node:fs"; import { deps } from "../src/deps.ts"; export const l = [readFileSync, deps, process.env];`,
  ],
  ["test/t.test.ts", `import { expect, it } from "vitest"; import { l } from "../local/l.ts"; it("a", () => { expect(l).toBe(1); });`],
];

const oxlint = resolve("node_modules/oxlint/bin/oxlint");
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "tranche-lint-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Writes the files below a folder that looks like this repository. @returns `path: rule` of each finding */
const lint = async (name: string, files: readonly (readonly [string, string])[]): Promise<string[]> => {
  const root = join(home, name);
  await mkdir(root, { recursive: true });
  await cp(".oxlintrc.json", join(root, ".oxlintrc.json"));
  await cp("tsconfig.json", join(root, "tsconfig.json"));
  await symlink(resolve("node_modules"), join(root, "node_modules"));
  for (const [path, text] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text.replaceAll("·", "")}\n`);
  }
  const folders = [...new Set(files.map(([path]) => path.replace(/\/.*/, "")))];
  const output = await new Promise<string>((done) => {
    execFile(process.execPath, [oxlint, "--format=json", ...folders], { cwd: root, timeout: 120_000 }, (_, stdout) => done(stdout));
  });
  const { diagnostics } = JSON.parse(output) as { diagnostics: { code?: string; filename: string; message: string }[] };
  return diagnostics.map(({ code, filename, message }) => `${filename}: ${/\((.*)\)/.exec(code ?? "")?.[1] ?? message}`);
};

it("is switched off nowhere without a reason on the same line", async () => {
  const silent: string[] = [];
  for await (const file of glob(["src/**/*.ts", "local/**/*.ts", "bench/**/*.ts", "rollback-vercel/**/*.ts", "test/**/*.ts", "*.ts"])) {
    const lines = (await readFile(file, "utf8")).split("\n");
    silent.push(
      ...lines.filter((line) => /\/[/*] *(ox|es)lint-disable/.test(line) && !/ -- \w/.test(line)).map((line) => `${file}: ${line}`),
    );
  }
  expect(silent).toEqual([]);
});

describe("the linter", () => {
  it("accepts what the architecture allows", async () => {
    expect(await lint("right", right)).toEqual([]);
  });

  it("refuses each wrong file, for the reason meant", async () => {
    const named = wrong.map(([path, text, rule], at) => [path.replace(/\ba\./, `a${at}.`), text, rule] as const);
    // As few runs as there are cases for one name: src/app.ts can be wrong in one way at a time.
    const rounds = Map.groupBy(named, ([path], at) => named.slice(0, at).filter(([earlier]) => earlier === path).length);
    for (const [round, cases] of rounds) {
      const found = await lint(
        `wrong-${round}`,
        cases.map(([path, text]) => [path, text]),
      );
      for (const [path, text, rule] of cases) expect(found, text).toContainEqual(`${path}: ${rule}`);
    }
  });

  it("refuses import cycles", async () => {
    const files = [
      ["src/domain/a.ts", `import { b } from "./b.ts"; export const a = (): number => b();`],
      ["src/domain/b.ts", `import { a } from "./a.ts"; export const b = (): number => a();`],
    ] as const;
    expect(await lint("cycle", files)).toContainEqual("src/domain/a.ts: no-cycle");
  });
});

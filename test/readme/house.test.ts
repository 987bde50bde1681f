import { access, glob, stat } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { decisionIndex, readDecisionIndex } from "../../local/generate-decisions.ts";
import { documents, read, root } from "./documents.ts";
import { allLostMentions, defines, linkedFunctions, lostMentions } from "./source-mentions.ts";

const packageJson = JSON.parse(await read("package.json")) as { version: string; license: string; devDependencies: Record<string, string> };

describe("documents", () => {
  it("link to files that are there", async () => {
    const broken: string[] = [];
    for (const file of await documents()) {
      for (const [, target = ""] of (await read(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(?:https?:|mailto:|#)/.test(target)) continue;
        await access(join(root, normalize(join(dirname(file), target.replace(/#.*$/, ""))))).catch(() => broken.push(`${file}: ${target}`));
      }
    }
    expect(broken).toEqual([]);
  });

  it("name source files that are there", async () => {
    expect(await allLostMentions()).toEqual([]);
  });

  it("are caught naming one that is not, by its path, its end, its name beside others, or a suffix", () => {
    const files = [
      "src/app.ts",
      "src/cron/a/bill.ts",
      "src/cron/a/bill-run.ts",
      "src/cron/b/due.ts",
      "src/http/b/due.ts",
      "drizzle/0001_guards.sql",
    ];
    const right =
      "`src/app.ts` `app.ts` `cron/a/bill.ts`, `-run.ts`, `bill-run.ts`; `cron/b/*.ts`, `due.ts`; `0001_*.sql`; `src/cron/NAME.ts`; `cron/{a,b}/*.ts`";
    expect(lostMentions("x.md", right, files)).toEqual([]);
    const wrong = "`src/entry.ts` `src/bill.ts` `due.ts`\n- `cron/a/bill.ts`, `-rows.ts`, `due.ts`\n- `bill-*.sql`, `ron/a/bill.ts`";
    expect(lostMentions("x.md", wrong, files)).toEqual([
      "x.md: src/entry.ts",
      "x.md: src/bill.ts",
      "x.md: due.ts",
      "x.md: -rows.ts",
      "x.md: due.ts",
      "x.md: bill-*.sql",
      "x.md: ron/a/bill.ts",
    ]);
    expect(lostMentions("x.md", "```\nsrc/app.ts   src/entry.ts  all of it\n```", files)).toEqual(["x.md: src/entry.ts"]);
  });

  it("call a decision by its own number", async () => {
    const wrong: string[] = [];
    for (const file of await documents()) {
      for (const [link, said = "", number = ""] of (await read(file)).matchAll(/\[decision (\d+)\]\([^)]*?(\d{4})-[^)]*\)/g)) {
        if (Number(said) !== Number(number)) wrong.push(`${file}: ${link}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("the tour of ARCHITECTURE.md", async () => {
  const tour = (await read("ARCHITECTURE.md")).split("\n## A tour\n")[1]?.split("\n## ")[0] ?? "";

  it("leads to functions that are where it says", async () => {
    const stops = linkedFunctions(tour);
    const lost: string[] = [];
    for (const { name, file } of stops) if (!defines(await read(file), name)) lost.push(`${file}: ${name}`);
    expect(lost).toEqual([]);
    expect(stops.length).toBeGreaterThan(15);
  });

  it("leads nowhere by a name that is only used there", () => {
    expect(defines("export const plan = () => detect();\n  const take = 1;", "plan")).toBe(true);
    expect(defines("export const plan = () => detect();\n  const take = 1;", "detect")).toBe(false);
  });
});

describe("the index of decisions", () => {
  it("is what npm run decisions:generate makes", async () => {
    expect(await read("docs/decisions/README.md")).toBe(await readDecisionIndex());
  });

  it("has a row for each number, and refuses two of one number or a heading that says another", () => {
    const index = decisionIndex({ "0001-a.md": "# 1. A\n", "0003-c.md": "# 3. C\n" });
    expect(index.split("\n").filter((line) => /^\| \d/.test(line))).toEqual([
      "| 1 | [A](0001-a.md) |",
      "| 2 | *not used* |",
      "| 3 | [C](0003-c.md) |",
    ]);
    expect(() => decisionIndex({ "0001-a.md": "# 1. A\n", "0001-b.md": "# 1. B\n" })).toThrow("0001-a.md and 0001-b.md");
    expect(() => decisionIndex({ "0001-a.md": "# 2. A\n" })).toThrow('must begin with "# 1. "');
  });
});

describe("the changelog", async () => {
  const changelog = await read("CHANGELOG.md");

  it("has what is not released yet on top, then dated versions, the newest first and that of package.json", () => {
    const [first, ...released] = [...changelog.matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
    expect(first).toBe("[Unreleased]");
    for (const heading of released) expect(heading).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$/);
    expect(released[0]).toMatch(`[${packageJson.version}] - `);
    const dates = released.map((heading) => heading.slice(-10));
    expect(dates).toEqual(dates.toSorted().toReversed());
  });

  it("sorts its lines by the kinds of Keep a Changelog", () => {
    for (const [, kind] of changelog.matchAll(/^### (.*)$/gm))
      expect(["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]).toContain(kind);
    for (const section of changelog.split(/^## .*$/m).slice(1)) expect(section.trim()).toMatch(/^(?:$|### )/);
  });
});

describe("the licence", async () => {
  type Locked = { license?: string; dev?: boolean; devOptional?: boolean };
  const { packages } = JSON.parse(await read("package-lock.json")) as { packages: Record<string, Locked> };
  const shipped = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== "" && dev !== true && devOptional !== true);

  it("is Apache-2.0, and forbidden by no package that ends up in a deployment", async () => {
    expect(packageJson.license).toBe("Apache-2.0");
    expect(await read("LICENSE")).toMatch(/^\s*Apache License\s+Version 2\.0, January 2004/);
    const other = shipped.filter(
      ([, { license }]) => !["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD"].includes(license ?? ""),
    );
    expect(other).toEqual([]);
  });

  it("stands in NOTICE with those packages and theirs", async () => {
    const lines = (await read("NOTICE")).split("\n").filter((line) => /^\S+: \S+$/.test(line));
    const expected = new Set(shipped.map(([path, { license = "" }]) => `${path.replace(/.*node_modules\//, "")}: ${license}`));
    expect(lines.toSorted()).toEqual([...expected].toSorted());
  });
});

describe("the tools", () => {
  it("owners: each path is there, and has a team", async () => {
    const lines = (await read(".github/CODEOWNERS")).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    for (const line of lines) {
      const [pattern = "", ...owners] = line.split(/\s+/);
      expect(owners, line).not.toEqual([]);
      for (const owner of owners) expect(owner).toMatch(/^@[\w-]+\/[\w-]+$/);
      if (pattern === "*") continue;
      const found = [];
      for await (const path of glob(pattern.replace(/^\//, "").replace(/\/$/, ""), { cwd: root })) found.push(path);
      expect(found, line).not.toEqual([]);
    }
  });

  it("Node: the same major wherever one is named", async () => {
    const major = /^\d+/.exec(packageJson.devDependencies["node"] ?? "")?.[0];
    expect((await read(".nvmrc")).trim()).toBe(major);
    expect(await read(".devcontainer/devcontainer.json")).toContain(`typescript-node:${major}-`);
  });

  it("the hook before a push may be run", async () => {
    expect((await stat(join(root, ".githooks/pre-push"))).mode & 0o111).not.toBe(0);
  });
});

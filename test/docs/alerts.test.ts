import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { schedule } from "../../src/cron/schedule.ts";
import { documents, read, root } from "../readme/documents.ts";
import { everyFamily } from "./full-reading.ts";
import { readQuery, strangers } from "./promql.ts";

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};
const { groups } = parse(await read("docs/alerts.yml"), { strict: true }) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const families = everyFamily();

describe("a query", () => {
  it.each([
    ["max(tranche_frozen) == 1", []],
    ["max(tranche_fozen) == 1", ["tranche_fozen"]],
    ['max by (stat) (tranche_services{state="held"})', ["tranche_services by stat"]],
    ['tranche_services{state="hold"}', ['tranche_services{state="hold"}']],
    ['tranche_services{stat="held"}', ["tranche_services{stat}"]],
    ['tranche_channels{state=~"paused|disable"}', ['tranche_channels{state="paused|disable"}']],
    ['rate(tranche_job_runs_total{job=~"tick:.+"}[$__rate_interval])', []],
    ["1 + 1", ["no metric at all"]],
  ])("%s", (expr, expected) => {
    expect(strangers(expr, families)).toEqual(expected);
  });

  it("of a wrong form is refused", () => {
    for (const expr of ["max(", "max by kind (tranche_services)", "tranche_services{state=held}"])
      expect(() => readQuery(expr), expr).toThrow(SyntaxError);
  });
});

describe("docs/alerts.yml", () => {
  it.each(rules)("$alert names what a scrape has", ({ expr }) => {
    expect(strangers(expr, families)).toEqual([]);
  });

  it("has rules of the form that Prometheus takes, each of its own name", () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations, for: pending = "0s", expr, ...more } of rules) {
      expect(more, alert).toEqual({});
      expect(alert).toMatch(/^Tranche[A-Z][A-Za-z0-9]+$/);
      expect(pending, alert).toMatch(/^\d+[smh]$/);
      expect(["critical", "warning"], alert).toContain(labels["severity"]);
      expect(
        Object.keys(annotations).filter((name) => name !== "description"),
        alert,
      ).toEqual(["summary"]);
      const told = [
        ...Object.values(annotations)
          .join(" ")
          .matchAll(/\$labels\.(\w+)/g),
      ].map(([, label]) => label);
      expect(readQuery(expr).grouped, `${alert}: what its text names is left over by its query`).toEqual(expect.arrayContaining(told));
    }
  });

  it("watches each job", () => {
    const silent = rules
      .filter(({ alert }) => alert.startsWith("TrancheJobSilent"))
      .map(({ expr }) => expr)
      .join();
    expect(
      Object.values(schedule)
        .flat()
        .filter((job) => job !== "tick" && !new RegExp(`["|]${job}["|]`).test(silent)),
    ).toEqual([]);
  });

  it("is taken by promtool, where there is one", () => {
    const { status, error, stdout, stderr } = spawnSync("promtool", ["check", "rules", "docs/alerts.yml"], { cwd: root, encoding: "utf8" });
    if (error === undefined) expect([status, stdout + stderr]).toEqual([0, expect.stringContaining(`${rules.length} rules`)]);
    else expect((error as NodeJS.ErrnoException).code).toBe("ENOENT");
  });

  it("is spoken of by its metrics' names everywhere", async () => {
    const names = families.map(({ name }) => name);
    const unknown: string[] = [];
    for (const file of await documents()) {
      for (const [name] of (await read(file)).matchAll(/\btranche_[a-z0-9_]+/g)) {
        // Roles and logins of the database are no metrics, nor are volumes of containers, and a variable of Terraform.
        if (
          !/^tranche_(?:app|cloudflare|vercel|owner|archive|caddy|postgres|postgres_before|principal)$/.test(name) &&
          !names.some((one) => one.startsWith(name))
        )
          unknown.push(`${file}: ${name}`);
      }
    }
    expect(unknown).toEqual([]);
  });
});

type Target = { readonly expr: string; readonly legendFormat?: string };
type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
  readonly targets?: readonly Target[];
};

describe("docs/grafana.json", async () => {
  const board = JSON.parse(await read("docs/grafana.json")) as {
    readonly panels: readonly Panel[];
    readonly annotations: { readonly list: readonly Target[] };
  };
  const queries = board.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

  it.each([...queries, ...board.annotations.list.map((target) => ({ title: "annotations", ...target }))])(
    "$title: $expr",
    ({ expr, legendFormat = "" }) => {
      expect(strangers(expr, families)).toEqual([]);
      const told = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      expect(readQuery(expr).grouped).toEqual(expect.arrayContaining(told));
    },
  );

  it("has panels of their own ids that do not lie upon each other", () => {
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    for (const [index, { title, gridPos: a }] of board.panels.entries()) {
      expect(a.x + a.w, title).toBeLessThanOrEqual(24);
      for (const { gridPos: b } of board.panels.slice(index + 1)) {
        expect(a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h, title).toBe(false);
      }
    }
  });
});

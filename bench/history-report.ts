import type { Asked } from "./history-proxy.ts";
import { printTable } from "./table.ts";

/** The totals of a statement's executions by one caller. */
type Sum = {
  readonly caller: string;
  readonly statement: string;
  readonly tables: readonly string[];
  readonly times: number;
  readonly rows: number;
  readonly blocks: number;
};

/** A statement whose work may grow, by who asks and a part of its text. */
export type Excuse = { readonly caller: RegExp; readonly statement: string; readonly reason: string };

/** A statement grows where it touches so many times the rows in the old world, and so many at least. */
const limits = { ratio: 3, rows: 5_000 };
/** Fewer are not worth a line. */
const shownFrom = 1_000;

const summed = (asked: readonly Asked[]): ReadonlyMap<string, Sum> => {
  const sums = new Map<string, Sum>();
  for (const [key, of] of Map.groupBy(asked, ({ caller, statement }) => `${caller}\n${statement}`)) {
    const [largest] = of.toSorted((a, b) => b.rows - a.rows);
    if (largest === undefined) continue;
    const sum = (what: (one: Asked) => number) => of.reduce((total, one) => total + what(one), 0);
    sums.set(key, { ...largest, times: of.length, rows: sum(({ rows }) => rows), blocks: sum(({ blocks }) => blocks) });
  }
  return sums;
};

type Growth = { readonly before: Sum | undefined; readonly after: Sum; readonly ratio: number };

/** Of callers that send the same statement, the one for whom it grows most. */
const growths = (young: readonly Asked[], old: readonly Asked[]): readonly Growth[] => {
  const before = summed(young);
  const all = [...summed(old)].map(([key, after]): Growth => ({
    before: before.get(key),
    after,
    ratio: after.rows / Math.max(1, before.get(key)?.rows ?? 0),
  }));
  const weight = ({ ratio, after }: Growth) => ratio * after.rows;
  return [...Map.groupBy(all, ({ after }) => after.statement).values()]
    .flatMap((of) => of.toSorted((a, b) => weight(b) - weight(a)).slice(0, 1))
    .toSorted((a, b) => weight(b) - weight(a));
};

const count = (n: number): string => n.toLocaleString("en-US");

/** Prints which statements touch more where there is more history. @returns those without a listed reason */
export const reportGrowth = (
  days: readonly [young: number, old: number],
  young: readonly Asked[],
  old: readonly Asked[],
  excuses: readonly Excuse[],
): readonly string[] => {
  const all = growths(young, old);
  const growing = all.filter(({ ratio, after }) => ratio > limits.ratio && after.rows >= shownFrom);
  const excuseOf = ({ caller, statement }: Sum) =>
    excuses.findIndex((excuse) => excuse.caller.test(caller) && statement.includes(excuse.statement));
  const verdictOf = (growth: Growth): string => {
    const excuse = excuseOf(growth.after);
    if (excuse >= 0) return `[${excuse + 1}]`;
    return growth.after.rows > limits.rows ? "MISSED" : "few";
  };
  const row = (growth: Growth): readonly string[] => {
    const { before, after, ratio } = growth;
    return [
      after.caller,
      after.tables.join(", "),
      `${before?.times ?? 0} / ${after.times}`,
      count(before?.rows ?? 0),
      count(after.rows),
      `${ratio.toFixed(1)} : 1`,
      count(after.blocks),
      verdictOf(growth),
    ];
  };
  const head = ["asked by", "mostly of", "times", `rows, ${days[0]} days`, `rows, ${days[1]} days`, "ratio", "blocks", ""];
  if (growing.length > 0) printTable(head, growing.map(row));
  const used = new Set(growing.map(({ after }) => excuseOf(after)).filter((place) => place >= 0));
  for (const place of [...used].toSorted((a, b) => a - b)) process.stdout.write(`[${place + 1}] ${excuses[place]?.reason}\n`);

  const others = all.filter((one) => !growing.includes(one)).toSorted((a, b) => b.after.rows - a.after.rows);
  process.stdout.write(
    `\n${count(all.length)} statements in all, ${count(others.length)} of which do not grow, or touch less than ${count(shownFrom)} rows; the largest of these\n\n`,
  );
  printTable(
    head.slice(0, -1),
    others.slice(0, 5).map((one) => row(one).slice(0, -1)),
  );
  return growing
    .filter((one) => verdictOf(one) === "MISSED")
    .map(({ after }) => `${after.caller}: ${after.tables.join(", ")} (${after.statement.slice(0, 200)})`);
};

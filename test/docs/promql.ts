import { parser } from "@prometheus-io/lezer-promql";
import type { MetricFamily } from "../../src/http/prometheus.ts";

type Matcher = { readonly label: string; readonly operator: string; readonly value: string };
type Selected = { readonly metric: string; readonly matchers: readonly Matcher[] };
type Query = { readonly selected: readonly Selected[]; readonly grouped: readonly string[] };

/** What Grafana puts in the place of its own variables. */
const filledIn = (expr: string): string => expr.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "6h");

/** A query as Prometheus' own grammar reads it. @throws SyntaxError where it does not */
export const readQuery = (text: string): Query => {
  const expr = filledIn(text);
  const [selected, grouped]: [{ metric: string; matchers: Matcher[] }[], string[]] = [[], []];
  parser.parse(expr).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) throw new SyntaxError(`${expr}: at ${from}`);
      const slice = expr.slice(from, to);
      if (type.name === "VectorSelector")
        selected.push({ metric: expr.slice(from, node.getChild("Identifier")?.to ?? from), matchers: [] });
      if (type.name === "UnquotedLabelMatcher") {
        const [, label = "", operator = "", value = ""] = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/s.exec(slice) ?? [];
        selected.at(-1)?.matchers.push({ label, operator, value });
      }
      if (type.name === "GroupingLabels")
        grouped.push(
          ...slice
            .replaceAll(/[()\s]/g, "")
            .split(",")
            .filter((label) => label !== ""),
        );
    },
  });
  return { selected, grouped };
};

/** What a query names and no scrape has: metrics, labels, values of labels. */
export const strangers = (text: string, families: readonly MetricFamily[]): readonly string[] => {
  const { selected, grouped } = readQuery(text);
  const labelsOf = (metric: string): ReadonlyMap<string, readonly string[]> | null => {
    const family = families.find(({ name }) => name === metric);
    if (family === undefined) return null;
    const names = new Set(family.samples.flatMap(([labels]) => Object.keys(labels)));
    return new Map([...names].map((name) => [name, family.samples.flatMap(([labels]) => labels[name] ?? [])]));
  };
  const found: string[] = selected.length === 0 ? ["no metric at all"] : [];
  for (const { metric, matchers } of selected) {
    const labels = labelsOf(metric);
    if (labels === null) {
      found.push(metric);
      continue;
    }
    for (const { label, operator, value } of matchers) {
      const values = labels.get(label);
      const pattern = new RegExp(`^(?:${value})$`);
      const alternatives = operator.includes("~") && /^[\w|-]+$/.test(value) ? value.split("|") : [];
      if (values === undefined) found.push(`${metric}{${label}}`);
      else if (
        operator.includes("~")
          ? !values.some((one) => pattern.test(one)) || alternatives.some((one) => !values.includes(one))
          : !values.includes(value)
      ) {
        found.push(`${metric}{${label}="${value}"}`);
      }
    }
    for (const label of grouped) if (!labels.has(label)) found.push(`${metric} by ${label}`);
  }
  return found;
};

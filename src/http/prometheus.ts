/** Prometheus' text exposition format 0.0.4. */
export const prometheusType = "text/plain; version=0.0.4; charset=utf-8";

export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export type MetricFamily = {
  /** Such as `tranche_storms_active`; stable, as dashboards depend on it. */
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
};

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

const line = (name: string, [labels, value]: Sample): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
};

export const renderMetrics = (families: readonly MetricFamily[]): string =>
  families
    .map(
      ({ name, type, help, samples }) =>
        `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples.map((sample) => line(name, sample)).join("")}`,
    )
    .join("");

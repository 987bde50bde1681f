import { expect, it } from "vitest";
import { renderMetrics } from "../../src/http/prometheus.ts";

it("writes HELP, TYPE and samples, everything escaped", () => {
  const text = renderMetrics([
    { name: "tranche_a_total", type: "counter", help: "Back\\slash and\nnewline.", samples: [[{}, 3]] },
    { name: "tranche_b", type: "gauge", help: "B.", samples: [[{ x: 'q"\\\n', y: "1" }, 0.5]] },
    { name: "tranche_c", type: "gauge", help: "C.", samples: [] },
  ]);
  expect(text).toBe(
    [
      "# HELP tranche_a_total Back\\\\slash and\\nnewline.",
      "# TYPE tranche_a_total counter",
      "tranche_a_total 3",
      "# HELP tranche_b B.",
      "# TYPE tranche_b gauge",
      'tranche_b{x="q\\"\\\\\\n",y="1"} 0.5',
      "# HELP tranche_c C.",
      "# TYPE tranche_c gauge",
      "",
    ].join("\n"),
  );
});

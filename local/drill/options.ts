import { parseArgs } from "node:util";
import { duoScenarios, scenarios } from "./scenarios.ts";

/** The outages that the drill can stage; each is a fault of the toy primary CDN. */
export const faults = ["5xx", "hang", "refuse", "oscillate", "partial"] as const;

export type DrillFault = (typeof faults)[number];

/** `scenario` names what is staged instead of the whole story; null: the whole story. */
export type DrillOptions = { readonly fault: DrillFault; readonly scenario: string | null; readonly json: boolean };

export const drillUsage = `
Usage: npm run drill [-- --fault=5xx | --scenario=NAME] [--json]

A storm, end to end, in about a minute: real HTTP, real PostgreSQL, real signed Route 53 calls, nothing outside this machine.

  --fault      the outage of the whole story: ${faults.join(", ")}
  --scenario   another story: ${Object.keys(scenarios).join(", ")};
               with both providers: ${Object.keys(duoScenarios).join(", ")}
  --json       prints the result for machines, and nothing else
`;

/** @throws Error that says which argument is wrong and what would be right */
export const parseDrillOptions = (args: readonly string[]): DrillOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: { fault: { type: "string", default: "5xx" }, scenario: { type: "string" }, json: { type: "boolean", default: false } },
  });
  const fault = faults.find((name) => name === values.fault);
  if (fault === undefined) throw new Error(`--fault=${values.fault} is not an outage; choose one of ${faults.join(", ")}`);
  const scenario = values.scenario ?? null;
  const known = [...Object.keys(scenarios), ...Object.keys(duoScenarios)];
  if (scenario !== null && !known.includes(scenario)) {
    throw new Error(`--scenario=${scenario} is not a scenario; choose one of ${known.join(", ")}`);
  }
  return { fault, scenario, json: values.json };
};

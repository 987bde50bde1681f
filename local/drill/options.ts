import { parseArgs } from "node:util";
import type { LocalRuntime } from "../control-plane.ts";
import { localRuntimes } from "../control-plane.ts";
import { duoScenarios, scenarios } from "./scenarios.ts";

/** The outages that the drill can stage; each is a fault of the toy primary CDN. */
export const faults = ["5xx", "hang", "refuse", "oscillate", "partial"] as const;

export type DrillFault = (typeof faults)[number];

/** `scenario` names what is staged instead of the whole story; null: the whole story. */
export type DrillOptions = {
  readonly fault: DrillFault;
  readonly scenario: string | null;
  readonly runtime: LocalRuntime;
  readonly json: boolean;
};

export const drillUsage = `
Usage: npm run drill [-- --fault=5xx | --scenario=NAME] [--runtime=workerd|node] [--json]

A storm, end to end, in about a minute: real HTTP, real PostgreSQL, real signed Route 53 calls, nothing outside this machine.

  --fault      the outage of the whole story: ${faults.join(", ")}
  --scenario   another story: ${Object.keys(scenarios).join(", ")};
               with both providers: ${Object.keys(duoScenarios).join(", ")}
  --runtime    where tranche runs: workerd, as on Cloudflare, or node, self-hosted; with both providers it is the fallback's
  --json       prints the result for machines, and nothing else
`;

/** @throws Error that says which argument is wrong and what would be right */
export const parseDrillOptions = (args: readonly string[]): DrillOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      fault: { type: "string", default: "5xx" },
      scenario: { type: "string" },
      runtime: { type: "string", default: "workerd" },
      json: { type: "boolean", default: false },
    },
  });
  const fault = faults.find((name) => name === values.fault);
  if (fault === undefined) throw new Error(`--fault=${values.fault} is not an outage; choose one of ${faults.join(", ")}`);
  const runtime = localRuntimes.find((name) => name === values.runtime);
  if (runtime === undefined) throw new Error(`--runtime=${values.runtime} is no runtime; choose one of ${localRuntimes.join(", ")}`);
  const scenario = values.scenario ?? null;
  const known = [...Object.keys(scenarios), ...Object.keys(duoScenarios)];
  if (scenario !== null && !known.includes(scenario)) {
    throw new Error(`--scenario=${scenario} is not a scenario; choose one of ${known.join(", ")}`);
  }
  return { fault, scenario, runtime, json: values.json };
};

import { parseArgs } from "node:util";

/** The outages that the drill can stage; each is a fault of the toy primary CDN. */
export const faults = ["5xx", "hang", "refuse", "oscillate", "partial"] as const;

export type DrillFault = (typeof faults)[number];

export type DrillOptions = { readonly fault: DrillFault; readonly json: boolean };

/** @throws Error that says which argument is wrong and what would be right */
export const parseDrillOptions = (args: readonly string[]): DrillOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: { fault: { type: "string", default: "5xx" }, json: { type: "boolean", default: false } },
  });
  const fault = faults.find((name) => name === values.fault);
  if (fault === undefined) throw new Error(`--fault=${values.fault} is not an outage; choose one of ${faults.join(", ")}`);
  return { fault, json: values.json };
};

/** Test files that stand guard over something, each fast enough to be run for every mutant of it. */

const domain = ["money", "coverage", "pricing", "currency", "billing-cycle", "invoice-number"].map(
  (name) => `test/domain/billing/${name}.test.ts`,
);
const invoicing = ["cases", "every-case", "property", "adjustments", "when", "cycles", "withheld", "nothing", "documents", "avoided"];

export const billing = [...invoicing.map((name) => `test/billing/${name}.test.ts`), ...domain];
export const attribution = ["test/pipeline/attribution.test.ts", "test/pipeline/attribution-property.test.ts"];
export const printed = ["test/billing/printed.test.ts"];

/** All that stands guard over money, for the code as it is; the mutants that fail cases of pricing are among it. */
export const everything = ["test/billing", ...attribution, ...domain];

/** The guards of error budgets; the referee that counts seconds is left out, as it takes longest. */
export const slo = ["visitors", "visitors-outage", "objective", "status", "burn", "snapshot", "achievement"].map(
  (name) => `test/domain/slo/${name}.test.ts`,
);

/** The guards of the cost watch. */
export const costWatch = ["moments", "baseline", "score", "storm-rule", "detector", "cloudtrail", "zombies"].map(
  (name) => `test/domain/cost/${name}.test.ts`,
);

/** The guards of its jobs, over a database. */
export const costJobs = [
  "test/attack/cost/egress.test.ts",
  "test/attack/cost/queue.test.ts",
  "test/pipeline/cost/egress.test.ts",
  "test/pipeline/cost/score.test.ts",
];

/** The guards of the ways in. */
export const costIntake = ["test/pipeline/cost-ingest.test.ts", "test/attack/cost/kills.test.ts", "test/attack/cost/trail.test.ts"];

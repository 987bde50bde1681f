import { variableNames } from "../../src/config-environment.ts";
import type { VariableName } from "../../src/config-environment.ts";
import { unknownVariables } from "../../src/config.ts";

/** What `npm start` itself reads, beside the Worker's variables. */
const ownNames = ["PORT", "SQL_LIMIT_MIB", "TRANCHE_HOME"] as const;

/** Variables of the Worker that are decided here, and why. */
const decidedHere: Readonly<Partial<Record<VariableName, string>>> = {
  DATABASE_URL: "npm start has a PostgreSQL of its own",
  NEON_FETCH_ENDPOINT: "npm start has a PostgreSQL of its own",
  PROVIDER: "this is local",
  PREFERRED_PROVIDER: "this is local, and alone",
  VERCEL_REGION: "this is not Vercel",
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything of the schema that is not decided here, as it is set in the shell; empty counts as unset. */
export const handedOn = (shell: Environment): Record<string, string> =>
  Object.fromEntries(
    variableNames.flatMap((name) => {
      const value = shell[name];
      return value === undefined || value === "" || Object.hasOwn(decidedHere, name) ? [] : [[name, value]];
    }),
  );

/** Variables set in the shell without effect: a sentence for each. */
export const idleVariables = (shell: Environment): readonly string[] => {
  const isSet = (name: string): boolean => (shell[name] ?? "") !== "";
  return [
    ...Object.entries(decidedHere)
      .filter(([name]) => isSet(name))
      .map(([name, reason]) => `${name} does nothing here: ${reason}`),
    ...(isSet("HANDBACK_AFTER") && !isSet("PEER_URL") ? ["HANDBACK_AFTER does nothing without a PEER_URL"] : []),
    ...(isSet("AWS_SESSION_TOKEN") && shell["AWS_ACCESS_KEY_ID"]?.startsWith("AKIA") === true
      ? ["AWS_SESSION_TOKEN does nothing beside a permanent key (AKIA...)"]
      : []),
    ...unknownVariables(
      Object.fromEntries(Object.entries(shell).filter(([name]) => isSet(name) && !Object.hasOwn(decidedHere, name))),
      ownNames,
    ),
  ];
};

/** @throws RangeError naming the variable and its rule */
export const wholeNumber = (shell: Environment, name: string, fallback: number, min: number, max: number): number => {
  const text = shell[name] ?? "";
  const value = text === "" ? fallback : Number(text);
  if (!Number.isInteger(value) || value < min || value > max) throw new RangeError(`${name} must be a number, ${min} to ${max}`);
  return value;
};

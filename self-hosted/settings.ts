import { isIPv6 } from "node:net";
import { z } from "zod";
import type { Role } from "./roles.ts";
import { readRoles } from "./roles.ts";

/** What a process of an installation reads besides the variables that every deployment has (`src/config-environment.ts`). */
export type Settings = {
  readonly roles: readonly Role[];
  readonly host: string;
  readonly port: number;
  /** Whether a proxy of ours stands before it, and says in the last part of X-Forwarded-For who it was. */
  readonly trustsProxy: boolean;
  /** To the database, at most. */
  readonly connections: number;
};

export const settingNames = ["ROLES", "HOST", "PORT", "TRUST_PROXY", "DATABASE_CONNECTIONS"] as const;

const number = (fallback: string, least: number, most: number) =>
  z
    .string()
    .default(fallback)
    .refine(
      (text) => /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= most,
      `must be a whole number, ${least} to ${most}`,
    )
    .transform(Number);

const shape = z.object({
  HOST: z.string().default("0.0.0.0"),
  PORT: number("8080", 0, 65_535),
  TRUST_PROXY: z.enum(["true", "false"], { error: "must be true or false" }).default("false"),
  DATABASE_CONNECTIONS: number("10", 2, 200),
});

/** @throws Error naming each wrong variable and its rule, never its value */
export const readSettings = (env: Readonly<Record<string, string | undefined>>): Settings => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const roles = readRoles(env["ROLES"]);
  const read = shape.safeParse(given);
  const faults = read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  if (typeof roles === "string") faults.push(roles);
  if (!read.success || typeof roles === "string") throw new Error(`configuration refused: ${faults.join("; ")}`);
  const { HOST, PORT, TRUST_PROXY, DATABASE_CONNECTIONS } = read.data;
  return { roles, host: HOST, port: PORT, trustsProxy: TRUST_PROXY === "true", connections: DATABASE_CONNECTIONS };
};

/** Where a process that listens on HOST is reached from this machine. */
export const localUrl = (host: string, port: number | string): string => {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${isIPv6(name) ? `[${name}]` : name}:${port}`;
};

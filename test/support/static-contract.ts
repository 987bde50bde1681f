import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import type { Contract } from "./openapi.ts";
import { readContract } from "./openapi.ts";

/** The document without a database behind it, so that a table of tests can be made of it before any test runs. */
export const staticContract = async (): Promise<Contract> => {
  const env = { DATABASE_URL: "postgresql://nobody:none@127.0.0.1:9/none", PROVIDER: "local", ALLOW_PRIVATE_TARGETS: "true" };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  return await readContract(createApp(buildDeps(parseConfig(env), { log })));
};

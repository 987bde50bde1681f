import { ApiError } from "../../src/client/client.ts";
import type { Result } from "../../src/client/client.ts";
import { CommandError } from "../exit.ts";
import type { Session } from "../session.ts";
import type { Finding } from "./finding.ts";
import { fail, pass, warn } from "./finding.ts";

export type Ready = Result<"GET /readyz">;

/** How far this machine's clock may be off before what it says of ages is of no use. */
const tolerableAheadMs = 5_000;

const migrate = "DATABASE_URL=... npm run db:migrate, as the owner of the tables, from the commit that is deployed";

/** What `/readyz` says, by its beginning: the check that fails, and how that is mended. */
const obstacles: readonly (readonly [says: string, check: string, mend: string])[] = [
  ["the database schema is not at", "schema", migrate],
  ["the database has no schema", "schema", migrate],
  [
    "the database lets this deployment's login",
    "grants",
    `grant tranche_app to the login of DATABASE_URL, as the owner; where there is no such role ${migrate}`,
  ],
  ["the database refuses this deployment's credentials", "database", "set DATABASE_URL to a login that exists, with its password"],
  ["the database does not exist", "database", "set DATABASE_URL to the database that was migrated"],
  ["the database refuses: its plan's quota", "database", "raise the plan or the quota at the database's provider"],
  ["the database refuses writes", "database", "give the database more storage"],
  ["usage is", "usage window", "set USAGE_WINDOW to what the stored windows have"],
];

const general = "is DATABASE_URL right, is the database up, and does it let this deployment in?";

const readyFault = (detail: string, of: string): Finding => {
  const [, check = "database", mend = general] = obstacles.find(([says]) => detail.startsWith(says)) ?? [];
  return fail(`${check}${of}`, detail, mend);
};

const noAnswer = (check: string, error: unknown): Finding => {
  if (error instanceof CommandError) return fail(check, error.what, error.mend ?? "set the URL to what answers");
  if (!(error instanceof ApiError)) throw error;
  if (error.problem?.detail === "this deployment is not configured")
    return fail(check.replace("url", "configuration"), error.problem.detail, "its log names each variable that is wrong, and the rule");
  return fail(
    check,
    `HTTP ${error.status}, and not an answer of tranche`,
    "is the URL that of the deployment, and does nothing stand between?",
  );
};

export type Reached = { readonly findings: readonly Finding[]; /** Null: nothing more can be asked. */ readonly ready: Ready | null };

/** Whether a deployment answers, and has its database behind it. @param of tells its checks from those of another one */
export const reach = async ({ client, url }: Session, of = ""): Promise<Reached> => {
  try {
    const healthz = await client.request("GET /healthz");
    if (healthz !== "ok")
      return {
        ready: null,
        findings: [fail(`url${of}`, `${url} answers, but is not tranche`, "set the URL to the deployment's own origin")],
      };
  } catch (error) {
    return { ready: null, findings: [noAnswer(`url${of}`, error)] };
  }
  const answers = pass(`url${of}`, `${url} answers`);
  try {
    const ready = await client.request("GET /readyz");
    return { ready, findings: [answers, pass(`database${of}`, "it answers, with the schema that this deployment was built for")] };
  } catch (error) {
    const problem = error instanceof ApiError ? error.problem : null;
    return { ready: null, findings: [answers, problem === null ? noAnswer(`database${of}`, error) : readyFault(problem.detail, of)] };
  }
};

/** This machine's clock, by that of who answers. */
export const clockHere = ({ times: { aheadMs } }: Session): Finding[] => {
  if (aheadMs === null) return [];
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(0);
  if (Math.abs(aheadMs) <= tolerableAheadMs) return [pass("clock here", "it agrees with the deployment's")];
  return [
    warn(
      "clock here",
      `this machine's clock is ${seconds} s ${aheadMs > 0 ? "behind" : "ahead of"} the deployment's`,
      "synchronise it: what --until counts from now ends at another time",
    ),
  ];
};

import { ApiError } from "../../src/client/client.ts";
import type { Call, Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";
import type { Finding } from "../doctor/finding.ts";
import { fail, pass, skipped } from "../doctor/finding.ts";
import { jobs } from "../doctor/jobs.ts";
import { accounts, channelsOf } from "../doctor/people.ts";
import { clockHere, reach } from "../doctor/reach.ts";
import type { Ready } from "../doctor/reach.ts";
import { readiness } from "../doctor/readiness.ts";
import { crons, inside, isAlive, peers, warnings } from "../doctor/running.ts";
import type { FleetService } from "../services.ts";
import { fleetOf } from "../services.ts";
import type { Session } from "../session.ts";
import { chosen, openSession } from "../session.ts";
import { deploymentUrl } from "../settings.ts";
import type { Cell, Tone } from "../text.ts";
import { plain, table } from "../text.ts";

/** A readiness check may call DNS for every domain of a service. */
const requestMs = 90_000;

/** Nothing of it is null where the URL is known and nobody is signed in: what is public is still looked at. */
const open = async (call: Call): Promise<{ readonly session: Session; readonly token: string; readonly customerId: number | null }> => {
  const customerId = call.whole("customer", 1, 2_147_483_647);
  const named = call.text("url") ?? (call.io.env["TRANCHE_URL"] || null);
  const known = await chosen(call.io.env, { url: call.text("url"), customerId }, call.io.warn).catch((error: unknown) => {
    if (named === null || (call.io.env["TRANCHE_TOKEN"] ?? "") !== "") throw error;
    return { url: deploymentUrl(named, call.text("url") === null ? "TRANCHE_URL" : "--url"), token: "" };
  });
  return { session: openSession(known.url, known.token, customerId, requestMs), token: known.token, customerId };
};

type Known = {
  readonly findings: readonly Finding[];
  /** Null: the token is not accepted. */ readonly services: readonly FleetService[] | null;
};

const whoAsks = async (session: Session, token: string): Promise<Known> => {
  const mend = "tranche login with a token that is valid: customers' by POST /v1/customers/{id}/tokens, admins' by POST /v1/admin-tokens";
  if (token === "") return { services: null, findings: [fail("token", "nobody is signed in", mend)] };
  try {
    return { services: await fleetOf(session), findings: [pass("token", "it is accepted")] };
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403)) throw error;
    return { services: null, findings: [fail("token", error.problem?.detail ?? `HTTP ${error.status}`, mend)] };
  }
};

/** What is for admins, or for customers: null where this token is not theirs. */
const permitted = async <T>(asked: Promise<T>): Promise<T | null> =>
  asked.catch((error: unknown) => {
    if (
      error instanceof ApiError &&
      (error.status === 403 || (error.status === 400 && error.problem?.errors?.[0]?.pointer === "X-Customer-ID"))
    )
      return null;
    throw error;
  });

/**
 * What a deployment of another version answers may lack what is looked at: then that is not known, and all else still is.
 * @param check what would have been looked at
 */
const understood = async (
  check: string,
  look: () => readonly Finding[] | Promise<readonly Finding[] | null>,
): Promise<readonly Finding[]> => {
  try {
    return (await look()) ?? [];
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return [skipped(check, "the deployment does not tell it in words that this version knows: is it an older one?")];
  }
};

const signedIn = async (
  call: Call,
  session: Session,
  services: readonly FleetService[],
  ready: Ready,
  nowMs: number,
): Promise<Finding[]> => {
  const { client } = session;
  const status = await permitted(client.request("GET /v1/status"));
  const named = call.text("service");
  const chosenOnes = named === null ? services : services.filter(({ service_id, name }) => String(service_id) === named || name === named);
  if (chosenOnes.length === 0 && named !== null)
    throw usageError(`--service must be one of the services, and there is no "${named}": tranche services`);
  const operators = (): readonly Finding[] =>
    status === null ? [skipped("inside", "clocks, keys, jobs and the operator's channels are for admins to see")] : inside(status);
  const asAdmin = async (look: (full: NonNullable<typeof status>) => Promise<Finding[]>): Promise<Finding[] | null> =>
    status === null ? null : await permitted(look(status));
  return [
    ...(await understood("peer", () => peers(ready, status))),
    ...(await understood("inside", operators)),
    ...(await understood("jobs", () => asAdmin((full) => jobs(client, full, isAlive(ready, nowMs), nowMs)))),
    ...(await understood("operator's channels", () => asAdmin(() => channelsOf(client, "operator's ")))),
    ...(await understood("channels", () => permitted(channelsOf(client, "")))),
    ...(await understood("DNS accounts", () => permitted(accounts(client)))),
    ...(await understood("readiness", () => readiness(session, chosenOnes, !call.on("stored")))),
  ];
};

const diagnose = async (call: Call): Promise<Finding[]> => {
  const { session, token } = await open(call);
  const peerUrl = call.text("peer") ?? (call.io.env["TRANCHE_PEER_URL"] || null);
  const peer =
    peerUrl === null ? null : openSession(deploymentUrl(peerUrl, call.text("peer") === null ? "TRANCHE_PEER_URL" : "--peer"), "", null);
  const [here, there] = await Promise.all([reach(session), peer === null ? null : reach(peer, " of the peer")]);
  const found = [...here.findings, ...(there?.findings ?? []), ...clockHere(session)];
  if (here.ready === null) return [...found, skipped("everything else", "nothing more can be asked before that is mended")];
  const nowMs = Date.now() + (session.times.aheadMs ?? 0);
  const { ready } = here;
  const outside = [
    ...found,
    ...(await understood("cron", () => crons(ready, nowMs))),
    ...(await understood("deployment", () => warnings(ready))),
  ];
  const asks = await whoAsks(session, token);
  const rest = asks.services === null ? peers(ready, null) : await signedIn(call, session, asks.services, ready, nowMs);
  return [...outside, ...asks.findings, ...rest];
};

const marks: Readonly<Record<Finding["result"], readonly [string, Tone]>> = {
  pass: ["ok", "good"],
  warn: ["warning", "uneasy"],
  fail: ["FAILS", "bad"],
  skipped: ["skipped", "quiet"],
};

const linesOf = (call: Call, found: readonly Finding[]): string[] => {
  const rows = found.map(({ check, result, detail }): Cell[] => {
    const [text, tone] = marks[result];
    return [{ text, tone }, check, detail];
  });
  const [head = "", ...aligned] = table(call.paint, ["RESULT", "CHECK", "WHAT"], rows);
  const lines = found.flatMap(({ mend }, at) => [aligned[at] ?? "", ...(mend === null ? [] : [`         to mend: ${plain(mend)}`])]);
  const count = (result: Finding["result"]): number => found.filter((one) => one.result === result).length;
  return [head, ...lines, "", `${count("pass")} ok, ${count("warn")} to look at, ${count("fail")} to mend`];
};

export const doctor: Command = {
  name: "doctor",
  summary: "checks from outside everything that a deployment needs, and says how to mend what fails",
  flags: {
    peer: { value: "URL", says: "the other provider's own origin, checked too; else TRANCHE_PEER_URL" },
    service: { value: "SERVICE", says: "checks the readiness of this one alone" },
    stored: { says: "takes services' readiness as it was last checked, instead of checking it" },
  },
  more: "Looks at more with an admin's token. Exits with 1 where anything fails; warnings alone do not.",
  run: async (call) => {
    const found = await diagnose(call);
    const failed = found.some(({ result }) => result === "fail");
    call.answer({ ok: !failed, findings: found }, linesOf(call, found));
    return failed ? exit.wrong : exit.ok;
  },
};

import type { Client } from "../src/client/client.ts";
import { createClient } from "../src/client/client.ts";
import { CommandError, exit } from "./exit.ts";
import type { Environment } from "./settings.ts";
import { credentialsFile, deploymentUrl, isExposed, readStored, tokenOf } from "./settings.ts";

/** How long one request may take. */
const requestMs = 30_000;

/** What is known of the clock of who answers; null: no answer had a date. */
export type Times = { aheadMs: number | null };

/** A deployment, and by whom it is asked. */
export type Session = {
  readonly url: string;
  readonly client: Client;
  /** The same for another customer: of admins. */
  readonly as: (customerId: number) => Client;
  readonly times: Times;
};

/** The reasons below `fetch failed`, the innermost: it says what happened. */
const causeOf = (error: unknown): { readonly code: string; readonly message: string } => {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  if (inner instanceof AggregateError) inner = inner.errors[0];
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : "";
  return { code, message: inner instanceof Error ? inner.message : String(inner) };
};

const isTls = (code: string, message: string): boolean =>
  /^(?:ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code) || /certificate|SSL|TLS/i.test(message);

/** Why a request got no answer, in words, with what mends it. */
export const unreachable = (url: string, error: unknown): CommandError => {
  const { code, message } = causeOf(error);
  const timedOut = error instanceof Error && error.name === "TimeoutError";
  const [what, mend] = timedOut
    ? [`no answer within ${requestMs / 1_000} s`, "is it up, and does a firewall let this machine through?"]
    : code === "ENOTFOUND" || code === "EAI_AGAIN"
      ? ["its name does not resolve", "is the name right, and does DNS work here?"]
      : code === "ECONNREFUSED"
        ? ["the connection is refused", "is it running, and on this port?"]
        : isTls(code, message)
          ? [
              `TLS fails: ${message.split(";")[0]}`,
              "is the URL's name the one of its certificate, and is that valid? http:// is for this machine alone",
            ]
          : [message, "is the network up?"];
  return new CommandError(exit.unreachable, `${url} can not be reached: ${what}`, { cause: error, mend });
};

/** What stands between may say that it is JSON, and break off, or be something else. */
const refuseBroken = (origin: string, response: Response, text: string): void => {
  if (text === "" || !/\bjson\b/.test(response.headers.get("content-type") ?? "")) return;
  try {
    JSON.parse(text);
  } catch (error) {
    const mend = "is the URL that of the deployment, and does nothing stand between?";
    throw new CommandError(exit.unreachable, `${origin} answers ${response.status} with what is no JSON, though it says so`, {
      cause: error,
      mend,
    });
  }
};

/**
 * `fetch` with a limit of time that follows no redirect, tells why there is no answer, or no whole one, and reads the clock of who
 * answers.
 */
const reaching =
  (times: Times, limitMs: number): typeof fetch =>
  async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const { origin } = new URL(url);
    const sentAtMs = Date.now();
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(limitMs) });
      text = await response.text();
    } catch (error) {
      throw unreachable(origin, error);
    }
    if (response.status >= 300 && response.status < 400) {
      const target = response.headers.get("location") ?? "nowhere";
      const mend = "set the URL to where tranche itself answers";
      throw new CommandError(exit.unreachable, `${origin} answers with a redirect to ${target}: a token is not sent there`, { mend });
    }
    const date = Date.parse(response.headers.get("date") ?? "");
    // Dates are whole seconds, rounded down.
    if (!Number.isNaN(date)) times.aheadMs = date + 500 - (sentAtMs + Date.now()) / 2;
    refuseBroken(origin, response, text);
    return new Response(text === "" ? null : text, { status: response.status, headers: response.headers });
  };

/** @param token "" asks as nobody */
export const openSession = (url: string, token: string, customerId: number | null, limitMs = requestMs): Session => {
  const times: Times = { aheadMs: null };
  const options = { baseUrl: url, token, fetch: reaching(times, limitMs) };
  return {
    url,
    times,
    client: createClient(customerId === null ? options : { ...options, customerId }),
    as: (other) => createClient({ ...options, customerId: other }),
  };
};

export type SessionChoice = { readonly url: string | null; readonly customerId: number | null };

/** Where `tranche` goes, and as whom: flags before variables before what was kept. @throws CommandError where it is not known */
export const chosen = async (
  env: Environment,
  choice: SessionChoice,
  warn: (line: string) => void,
): Promise<{ readonly url: string; readonly token: string }> => {
  const stored = await readStored(env);
  const named = choice.url ?? (env["TRANCHE_URL"] || null);
  const url = named === null ? (stored?.url ?? null) : deploymentUrl(named, choice.url === null ? "TRANCHE_URL" : "--url");
  if (url === null)
    throw new CommandError(exit.refused, "nobody is signed in: tranche login --url URL, or set TRANCHE_URL and TRANCHE_TOKEN");
  const own = env["TRANCHE_TOKEN"]?.trim() ?? "";
  if (own !== "") return { url, token: tokenOf(own, "TRANCHE_TOKEN") };
  if (stored === null) throw new CommandError(exit.refused, `nobody is signed in: tranche login --url ${url}, or set TRANCHE_TOKEN`);
  // A token is for whom it was given to: another address would be told it.
  if (new URL(stored.url).origin !== new URL(url).origin)
    throw new CommandError(
      exit.refused,
      `the token that is kept is of ${stored.url}, not of ${url}: tranche login --url ${url}, or set TRANCHE_TOKEN`,
    );
  if (await isExposed(env)) warn(`others of this machine can read the token: chmod 600 ${credentialsFile(env)}`);
  return { url, token: stored.token };
};

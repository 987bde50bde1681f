import type { Budget } from "../ports/platform/budget.ts";
import type { Clock } from "../ports/platform/clock.ts";
import { failureOf, Route53Error, unansweredError, unsentError } from "./api/error.ts";
import { createSend, type Credentials, type KeySource, type Service } from "./api/send.ts";
import { child, text, type XmlNode, XmlShapeError } from "./api/xml.ts";

/** A role of somebody's, and by which name of ours it knows that it is meant (the external id of its trust policy). */
export type Role = { readonly roleArn: string; readonly externalId: string };

export type RoleOptions = Role & {
  /** Of STS, such as `https://sts.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
  /** That of the endpoint. */
  readonly region: string;
  /** Whose are used to assume the role: the operator's own. */
  readonly credentials: Credentials;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
};

type Held = { readonly keys: Credentials; readonly expiresAtMs: number };

const sts: Service = { name: "sts", label: "STS", root: "", contentType: "application/x-www-form-urlencoded" };

const durationSeconds = 3_600;
/** How long before they expire credentials are renewed: so much may our clock be off, or theirs (Signature Version 4). */
const renewalMs = 300_000;
/** Where asking again at once cannot help, need not, or would be waited for. */
const pauseMs = 10_000;

const readHeld = (node: XmlNode): Held => {
  const given = child(child(node, "AssumeRoleResult"), "Credentials");
  const expiresAtMs = Date.parse(text(given, "Expiration"));
  if (Number.isNaN(expiresAtMs)) throw new XmlShapeError("<Expiration> is not a time");
  const keys = { accessKeyId: text(given, "AccessKeyId"), secretAccessKey: text(given, "SecretAccessKey"), sessionToken: text(given, "SessionToken") };
  return { keys, expiresAtMs };
};

/** What belongs to an invocation that has ended may never settle (workerd): nobody waits for it longer than this. */
const within = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unansweredError(sts.label, ms)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Temporary credentials of a role (STS AssumeRole), kept until shortly before they expire. One request at a time, whoever
 * asks, on the budget of who asked first; while it fails, what is held counts as long as it is valid.
 */
export const createRole = ({ roleArn, externalId, credentials, ...options }: RoleOptions): KeySource => {
  const { clock, timeoutMs } = options;
  const send = createSend({ ...options, service: sts });
  const form = { Action: "AssumeRole", Version: "2011-06-15", RoleArn: roleArn, RoleSessionName: "tranche", DurationSeconds: `${durationSeconds}`, ExternalId: externalId };
  const body = new URLSearchParams(form).toString();
  let held: Held | null = null;
  let pending: Promise<Held> | null = null;
  let paused: { readonly untilMs: number; readonly thrown: unknown } | null = null;

  const valid = (marginMs: number): Credentials | null =>
    held !== null && clock.nowMs() < held.expiresAtMs - marginMs ? held.keys : null;

  const assume = async ({ untilMs, connection }: Budget): Promise<Held> => {
    const request = { method: "POST", path: "", body, root: "AssumeRoleResponse", read: readHeld } as const;
    const sent = await connection({ untilMs, answerMs: timeoutMs }, async (signal) => await send(request, credentials, signal));
    if (sent.status === "sent") return sent.value;
    throw sent.status === "unsent" ? unsentError("too_late", "there was no time to ask STS") : unansweredError(sts.label, timeoutMs);
  };

  const renew = async (budget: Budget): Promise<Credentials> => {
    const leftMs = Math.max(0, budget.untilMs - clock.nowMs());
    const own = (pending ??= assume(budget));
    try {
      held = await within(own, Math.min(timeoutMs + 1_000, leftMs));
      return held.keys;
    } catch (thrown) {
      const failure = failureOf(thrown);
      // Whoever had less time than STS is given says nothing about STS.
      if (failure.code === "too_late" || (failure.code === "timeout" && leftMs < timeoutMs)) throw unsentError("too_late", "there was no time to assume the role");
      const messages = failure.messages.map((message) => `the role ${roleArn} cannot be assumed: ${message}`);
      // For certain: nothing was sent to Route 53.
      const refusal = new Route53Error({ ...failure, messages, uncertain: false }, { cause: thrown });
      const rest = valid(0);
      if (rest !== null || !failure.retryable || failure.code === "timeout") paused = { untilMs: clock.nowMs() + pauseMs, thrown: refusal };
      if (rest !== null) return rest;
      throw refusal;
    } finally {
      if (pending === own) pending = null;
    }
  };

  return {
    get: async (budget) => {
      const fresh = valid(renewalMs);
      if (fresh !== null) return fresh;
      if (paused === null || clock.nowMs() >= paused.untilMs) return await renew(budget);
      const rest = valid(0);
      if (rest === null) throw paused.thrown;
      return rest;
    },
    drop: (keys) => {
      if (held?.keys === keys) held = null;
    },
  };
};

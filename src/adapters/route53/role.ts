import type { Budget } from "../ports/platform/budget.ts";
import type { Clock } from "../ports/platform/clock.ts";
import { failureOf, Route53Error, unansweredError, unsentError } from "./api/error.ts";
import type { Credentials, KeySource } from "../aws/keys.ts";
import { createSend, type Service } from "./api/send.ts";
import { child, text, type XmlNode, XmlShapeError } from "../aws/xml.ts";

/** A customer's role, with the external id of its trust policy. */
export type Role = { readonly roleArn: string; readonly externalId: string };

export type RoleOptions = Role & {
  /** Of STS, such as `https://sts.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
  /** The endpoint's signing region. */
  readonly region: string;
  /** The credentials that assume the role: the operator's. */
  readonly credentials: Credentials;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
};

type Held = { readonly keys: Credentials; readonly expiresAtMs: number };

const sts: Service = { name: "sts", label: "STS", root: "", contentType: "application/x-www-form-urlencoded" };

const durationSeconds = 3_600;
/** How long before they expire credentials are renewed: the clock skew that Signature Version 4 tolerates. */
const renewalMs = 300_000;
/** Where an immediate retry can not help, is not needed, or would delay the caller. */
const pauseMs = 10_000;

const readHeld = (node: XmlNode): Held => {
  const given = child(child(node, "AssumeRoleResult"), "Credentials");
  const expiresAtMs = Date.parse(text(given, "Expiration"));
  if (Number.isNaN(expiresAtMs)) throw new XmlShapeError("<Expiration> is not a time");
  const keys = {
    accessKeyId: text(given, "AccessKeyId"),
    secretAccessKey: text(given, "SecretAccessKey"),
    sessionToken: text(given, "SessionToken"),
  };
  return { keys, expiresAtMs };
};

/** The longest wait for a request in flight: one of an ended invocation may never settle (workerd). */
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
 * Temporary credentials of a role (STS AssumeRole), kept until shortly before they expire. One request at a time, shared by
 * all callers, on the first one's budget; while it fails, cached credentials are used as long as they are valid.
 */
export const createRole = ({ roleArn, externalId, credentials, ...options }: RoleOptions): KeySource => {
  const { clock, timeoutMs } = options;
  const send = createSend({ ...options, service: sts });
  const form = {
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: "tranche",
    DurationSeconds: `${durationSeconds}`,
    ExternalId: externalId,
  };
  const body = new URLSearchParams(form).toString();
  let held: Held | null = null;
  let pending: Promise<Held> | null = null;
  let paused: { readonly untilMs: number; readonly thrown: unknown } | null = null;

  const valid = (marginMs: number): Credentials | null => (held !== null && clock.nowMs() < held.expiresAtMs - marginMs ? held.keys : null);

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
      // A failure with less time than STS is given is not STS's.
      if (failure.code === "too_late" || (failure.code === "timeout" && leftMs < timeoutMs))
        throw unsentError("too_late", "there was no time to assume the role");
      const messages = failure.messages.map((message) => `the role ${roleArn} cannot be assumed: ${message}`);
      // Certainly nothing was sent to Route 53.
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

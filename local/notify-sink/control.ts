import type { Fault, FaultSwitch } from "./faults.ts";
import { faultKinds } from "./faults.ts";
import type { Control } from "./http.ts";
import type { Journal } from "./received.ts";
import { sinkChannels } from "./received.ts";
import type { JsonObject } from "./request.ts";
import { parseObject, textIn } from "./request.ts";
import { keyOf } from "./webhook.ts";

const no = (detail: string) => ({ status: 400, body: { detail } });

const numberIn = (body: JsonObject, name: string): number | undefined => {
  const value = body[name];
  return typeof value === "number" && value >= 0 ? value : undefined;
};

const faultOf = (body: JsonObject): Fault | null => {
  const kind = faultKinds.find((one) => one === textIn(body, "fault"));
  const [times, ms, retryAfterSeconds] = ["times", "ms", "retry_after"].map((name) => numberIn(body, name));
  if (kind === undefined) return null;
  return {
    kind,
    ...(times !== undefined && { times }),
    ...(ms !== undefined && { ms }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
};

/**
 * How the sink is told what to do over HTTP: `GET`/`DELETE /control/messages`, `PUT /control/secrets {"secret"}`, `GET
 * /control/faults`, `PUT /control/faults/CHANNEL {"fault", "times"?, "ms"?, "retry_after"?}`, `DELETE /control/faults/CHANNEL`.
 */
export const createControl =
  ({
    journal,
    faults,
    know,
  }: {
    readonly journal: Journal;
    readonly faults: FaultSwitch;
    readonly know: (secret: string) => void;
  }): Control =>
  (request) => {
    const { method, path } = request;
    const [, what, name = ""] = /^\/control\/(messages|secrets|faults)(?:\/(\w+))?$/.exec(path) ?? [];
    if (what === undefined) return null;
    const body = parseObject(request.body) ?? {};
    const done = () => ({ status: 200, body: { faults: faults.current() } });
    if (what === "messages" && method === "GET") return { status: 200, body: journal.all };
    if (what === "messages" && method === "DELETE") {
      journal.clear();
      return done();
    }
    if (what === "secrets" && method === "PUT") {
      const secret = textIn(body, "secret") ?? "";
      if (keyOf(secret) === null) return no("secret must be whsec_ and 24 to 64 bytes in base64");
      know(secret);
      return done();
    }
    if (what === "faults" && method === "GET") return done();
    const channel = sinkChannels.find((one) => one === name);
    if (what !== "faults" || channel === undefined) return no(`the channel must be one of ${sinkChannels.join(", ")}`);
    const fault = method === "DELETE" ? null : faultOf(body);
    if (method !== "DELETE" && fault === null) return no(`fault must be one of ${faultKinds.join(", ")}`);
    try {
      faults.set(channel, fault);
      return done();
    } catch (error) {
      return no(error instanceof Error ? error.message : String(error));
    }
  };

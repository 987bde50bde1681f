import type { Client, Result } from "../../src/client/client.ts";
import type { Finding } from "./finding.ts";
import { fail, pass, warn } from "./finding.ts";

type Channel = Result<"GET /v1/channels">[number];

const judged = ({ id, name, state, failures, last_error: error, disabled_reason: reason }: Channel, whose: string): Finding => {
  const check = `${whose}channel ${name}`;
  const test = `then send a message by it: POST /v1/${whose === "" ? "" : "operator/"}channels/${id}/test`;
  const because = error === null ? "" : `: ${error}`;
  if (state === "disabled")
    return fail(check, `it is disabled${reason === null ? "" : `: ${reason}`}`, `make another one, or PATCH how it is reached, ${test}`);
  if (state === "paused") return fail(check, `it is paused after ${failures} failed attempts${because}`, `put right what fails, ${test}`);
  if (failures > 0) return fail(check, `its last ${failures} attempts failed${because}`, `put right what fails, ${test}`);
  if (state === "unconfirmed")
    return warn(check, "its recipients have not confirmed it", "have them enter the code that they were sent: POST .../confirm");
  return pass(check, "nothing has failed");
};

/** How people are told. @param whose "operator's " for those of the operator */
export const channelsOf = async (client: Client, whose: "" | "operator's "): Promise<Finding[]> => {
  const all: Channel[] = [];
  for await (const channel of client.each(whose === "" ? "GET /v1/channels" : "GET /v1/operator/channels")) all.push(channel);
  if (all.length === 0)
    return [
      warn(
        `${whose}channels`,
        "there are none: nobody is told of anything",
        `POST /v1/${whose === "" ? "" : "operator/"}channels (docs/notifications.md)`,
      ),
    ];
  return all.map((channel) => judged(channel, whose));
};

/** The customer's own AWS accounts. */
export const accounts = async (client: Client): Promise<Finding[]> => {
  const found: Finding[] = [];
  for await (const { id, last_error: error } of client.each("GET /v1/dns-accounts")) {
    found.push(
      error === null
        ? pass(`DNS account ${id}`, "its latest calls succeeded")
        : fail(`DNS account ${id}`, error, "GET /v1/services/{id}/iam-policy says what AWS must permit (docs/iam.md)"),
    );
  }
  return found;
};

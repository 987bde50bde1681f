import { beforeAll, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** Hole: the audit log held the request id that the caller had chosen, another request's too. */
let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
});

const entries = async () => (await api.call("GET", "/v1/audit-log?object_type=service", { token: acme.viewer })).list;
const post = (name: string, sent: string) =>
  api.call("POST", "/v1/services", {
    token: acme.editor,
    headers: { "x-request-id": sent },
    body: { name, primary_cdn: "a", backup_cdn: "b" },
  });

it("a change can not be passed off as part of another request", async () => {
  const honest = await post("honest", "mine");
  const theirs = honest.headers.get("x-request-id") ?? "";
  const forged = await post("forged", theirs);
  const ids = (await entries()).map((entry) => entry["request_id"]);
  expect(new Set(ids).size).toBe(2);
  expect(ids).toEqual([forged.headers.get("x-request-id"), theirs]);
  expect(forged.headers.get("x-request-id")).not.toBe(theirs);
});

it("a problem names our id, and the log has theirs beside it, where it is a plain word of 64 characters at most", async () => {
  const asked = async (sent: string) => {
    const answer = await api.call("GET", "/v1/services/999999", { token: acme.viewer, headers: { "x-request-id": sent } });
    expect(answer.body["instance"]).toBe(answer.headers.get("x-request-id"));
    expect(answer.body["instance"]).not.toBe(sent);
    const line = api.lines.findLast(({ event }) => event === "request");
    expect(line?.fields["requestId"]).toBe(answer.body["instance"]);
    return line?.fields["clientRequestId"];
  };
  expect(await asked("0123456789abcdef0123456789abcdef")).toBe("0123456789abcdef0123456789abcdef");
  expect(await asked("a".repeat(65))).toBeUndefined();
  expect(await asked('x","level":"error')).toBeUndefined();
});

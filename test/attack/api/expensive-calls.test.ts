import { expect, it } from "vitest";
import { createRateLimits } from "../../../src/adapters/platform/rate-limit.ts";
import { createApp } from "../../../src/app.ts";
import { startApi } from "../../support/api.ts";

/** Hole 8: a backtest takes seconds of computing and counted as one request of 1,200 a minute, for each of any number of tokens. */

const backtest = { policy: {}, from: "2026-11-20T12:00:00Z", to: "2026-11-20T13:00:00Z" };

const limited = async () => {
  const api = await startApi();
  const [acme, other] = [await api.onboard("acme"), await api.onboard("other")];
  const rateLimits = createRateLimits({ perAddress: 0, perCredential: 200, refusals: 0, sessions: 0 }, {}, api.clock, api.log);
  Object.assign(api.app, { request: createApp({ ...api.deps, rateLimits }).request });
  return { api, acme, other };
};

it("gives a customer as many backtests as it has computing, whichever of its tokens it takes", async () => {
  const { api, acme, other } = await limited();
  const service = await api.service(acme.editor);
  const ask = async (token: string) =>
    (await api.call("POST", `/v1/services/${service.id}/storm-policies/backtest`, { token, body: backtest })).status;
  const statuses = [];
  for (const token of [acme.editor, acme.viewer, acme.editor, acme.viewer, acme.editor, acme.viewer]) statuses.push(await ask(token));
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  expect((await api.call("GET", "/v1/services", { token: acme.viewer })).status, "what is cheap goes on").toBe(200);
  expect(await ask(other.viewer), "and so do others: it is not theirs, but they are heard").toBe(404);
  api.time.nowMs += 60_000;
  expect(await ask(acme.viewer)).toBe(200);
});

it("counts an override, which looks up twenty records, by itself: no viewer's backtests keep an editor from it", async () => {
  const { api, acme } = await limited();
  const service = await api.service(acme.editor);
  for (let at = 0; at < 6; at += 1)
    await api.call("POST", `/v1/services/${service.id}/storm-policies/backtest`, { token: acme.viewer, body: backtest });
  const put = async () =>
    (
      await api.call("PUT", `/v1/services/${service.id}/routing/override`, {
        token: acme.editor,
        body: { mode: "backup", reason: "drill" },
      })
    ).status;
  const statuses = [];
  for (let at = 0; at < 41; at += 1) statuses.push(await put());
  expect(statuses).toEqual([...Array.from({ length: 40 }, () => 200), 429]);
  expect(
    (await api.call("DELETE", `/v1/services/${service.id}/routing/override`, { token: acme.editor })).status,
    "which can be taken back",
  ).toBe(204);
});

it("counts roles that are tried at STS with the operator's own credentials", async () => {
  const { api, acme } = await limited();
  const statuses = [];
  for (let at = 0; at < 21; at += 1) {
    const body = { role_arn: `arn:aws:iam::123456789012:role/guess-${at}` };
    statuses.push((await api.call("POST", "/v1/dns-accounts", { token: acme.editor, body })).status);
  }
  expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409), 429]);
});

it.each([
  ["POST", "readiness/check"],
  ["GET", "iam-policy"],
  ["GET", "terraform"],
])("counts %s %s for what it is worth", async (method, path) => {
  const { api, acme } = await limited();
  const service = await api.service(acme.editor);
  let answered = 0;
  while (answered < 100 && (await api.call(method, `/v1/services/${service.id}/${path}`, { token: acme.editor })).status !== 429)
    answered += 1;
  expect(answered).toBeLessThanOrEqual(20);
  expect(answered).toBeGreaterThanOrEqual(5);
});

it.each([
  ["GET", "/v1/objectives", undefined],
  ["POST", "/v1/objectives/status", { service_ids: [1] }],
  ["GET", "/v1/milestones", undefined],
])("counts %s %s, which adds up all that is recorded of a customer's services", async (method, path, body) => {
  const { api, acme } = await limited();
  let answered = 0;
  while (answered < 100 && (await api.call(method, path, { token: acme.viewer, body })).status !== 429) answered += 1;
  expect(answered).toBeLessThanOrEqual(20);
  expect(answered).toBeGreaterThanOrEqual(5);
});

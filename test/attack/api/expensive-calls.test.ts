import { expect, it } from "vitest";
import { createRateLimits } from "../../../src/adapters/rate-limit.ts";
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
  const ask = async (token: string) => (await api.call("POST", `/v1/services/${service.id}/storm-policies/backtest`, { token, body: backtest })).status;
  const statuses = [];
  for (const token of [acme.editor, acme.viewer, acme.editor, acme.viewer, acme.editor, acme.viewer]) statuses.push(await ask(token));
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  expect((await api.call("GET", "/v1/services", { token: acme.viewer })).status, "what is cheap goes on").toBe(200);
  expect(await ask(other.viewer), "and so do others: it is not theirs, but they are heard").toBe(404);
  api.time.nowMs += 60_000;
  expect(await ask(acme.viewer)).toBe(200);
});

it.each([
  ["POST", "readiness/check"],
  ["GET", "iam-policy"],
])("counts %s %s for what it is worth", async (method, path) => {
  const { api, acme } = await limited();
  const service = await api.service(acme.editor);
  let answered = 0;
  while (answered < 100 && (await api.call(method, `/v1/services/${service.id}/${path}`, { token: acme.editor })).status !== 429) answered += 1;
  expect(answered).toBeLessThanOrEqual(20);
  expect(answered).toBeGreaterThanOrEqual(5);
});

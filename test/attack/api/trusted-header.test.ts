import { beforeAll, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** Hole: behind a gateway whoever found the way around it was whichever customer he named. */
const gatewaySecret = "what the gateway shows, 32 or more";

let api: Api;
let customer: number;

beforeAll(async () => {
  api = await startApi({ TRUST_CUSTOMER_HEADER: "true", GATEWAY_SECRET: gatewaySecret });
  customer = (await api.onboard("acme")).id;
});

const status = async (headers: Record<string, string>) =>
  (await api.call("GET", "/v1/services", { token: null, customer, headers })).status;

it("naming a customer is not enough", async () => {
  for (const shown of [null, "", "wrong", gatewaySecret.slice(0, -1), `${gatewaySecret}x`, gatewaySecret.toUpperCase()]) {
    expect(await status(shown === null ? {} : { "x-gateway-secret": shown })).toBe(401);
  }
  expect(await status({ "x-gateway-secret": gatewaySecret })).toBe(200);
});

it("the secret alone names nobody, and is none of our credentials", async () => {
  expect((await api.call("GET", "/v1/services", { token: null, headers: { "x-gateway-secret": gatewaySecret } })).status).toBe(401);
  expect((await api.call("GET", "/v1/customers", { token: gatewaySecret })).status).toBe(401);
});

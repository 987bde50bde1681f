import { SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** Hole: claims were read as JavaScript reads them, a token made for somebody else passed, and one lived for as long as it said. */
const secret = "a shared secret of 32 bytes or more!";
const key = new TextEncoder().encode(secret);

let api: Api;
let customer: number;
let nowSeconds: number;

beforeAll(async () => {
  api = await startApi({ AUTH_JWT_SECRET: secret });
  customer = (await api.onboard("acme")).id;
  nowSeconds = Math.floor(api.time.nowMs / 1_000);
});

const sign = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  new SignJWT({ customer_id: customer, role: "viewer", exp: nowSeconds + 300, ...claims })
    .setProtectedHeader({ alg: "HS256", ...header })
    .sign(key);

const status = async (token: string, at = api) => (await at.call("GET", "/v1/services", { token })).status;

/** What `jose` itself would not sign. */
const signText = async (header: string, payload: string): Promise<string> => {
  const encode = (text: string) => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const input = `${encode(header)}.${encode(payload)}`;
  const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return `${input}.${encode(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign("HMAC", hmac, new TextEncoder().encode(input)))))}`;
};

describe("the customer of a JWT", () => {
  it.each([
    ["an array of one", (id: number) => [id]],
    ["an array of its text", (id: number) => [String(id)]],
    ["an array in an array", (id: number) => [[id]]],
    ["a text with a zero before", (id: number) => `0${id}`],
    ["a text with a blank", (id: number) => `${id} `],
    ["a text in exponents", (id: number) => `${id}e0`],
    ["a fraction", (id: number) => id + 0.5],
    ["true", () => true],
    ["null", () => null],
    ["an object", (id: number) => ({ id })],
    ["beyond 2^53", () => 2 ** 53],
  ])("is not %s", async (_, claim) => {
    expect(await status(await sign({ customer_id: claim(customer) }))).toBe(401);
  });

  it("is its id, as a number or as its decimal text", async () => {
    expect([await status(await sign({})), await status(await sign({ customer_id: String(customer) }))]).toEqual([200, 200]);
  });
});

describe("a JWT for somebody else", () => {
  it.each([
    ["a text", "billing.example.com"],
    ["a list", ["billing.example.com", "tranche"]],
    ["nothing to speak of", ""],
    ["a number", 4],
  ])("is refused where no audience is configured: aud is %s", async (_, aud) => {
    expect(await status(await sign({ aud }))).toBe(401);
  });

  it("and, where one is, so is whatever does not name it", async () => {
    const named = await startApi({ AUTH_JWT_SECRET: secret, AUTH_JWT_AUDIENCE: "tranche" });
    customer = (await named.onboard("acme")).id;
    const told: number[] = [];
    for (const aud of [undefined, "billing.example.com", "Tranche", ["tranche", "billing"], "tranche"])
      told.push(await status(await sign({ aud }), named));
    expect(told).toEqual([401, 401, 401, 200, 200]);
  });

  it.each(["logout+jwt", "secevent+jwt", "JOSE", 4])("is refused by its type: %s", async (typ) => {
    expect(
      await status(
        await signText(
          JSON.stringify({ alg: "HS256", typ }),
          JSON.stringify({ customer_id: customer, role: "viewer", exp: nowSeconds + 60 }),
        ),
      ),
    ).toBe(401);
  });
});

describe("the times of a JWT", () => {
  const day = 86_400;

  it.each([
    ["expires in a week", () => ({ exp: nowSeconds + 7 * day })],
    ["expires in the year 9999", () => ({ exp: 253_402_300_799 })],
    ["expires beyond all clocks", () => ({ exp: 1e300 })],
    ["expires in a text", () => ({ exp: String(nowSeconds + 60) })],
    ["has expired", () => ({ exp: nowSeconds - 60 })],
    ["was issued in the future", () => ({ iat: nowSeconds + 60 })],
    ["was issued after it expires", () => ({ iat: nowSeconds + 4, exp: nowSeconds + 2 })],
    ["was issued in a text", () => ({ iat: "yesterday" })],
    ["is not good yet", () => ({ nbf: nowSeconds + 60 })],
    ["is not good before a text", () => ({ nbf: "0" })],
    ["was issued before all clocks", () => ({ iat: -1 })],
  ])("are refused where it %s", async (_, claims) => {
    const payload = { customer_id: customer, role: "viewer", exp: nowSeconds + 300, ...claims() };
    expect(await status(await signText('{"alg":"HS256"}', JSON.stringify(payload)))).toBe(401);
  });

  it("are no numbers too large to be one", async () => {
    const payload = `{"customer_id":${customer},"role":"viewer","exp":1e999}`;
    expect(await status(await signText('{"alg":"HS256"}', payload))).toBe(401);
  });

  it("may be a day ahead, or what AUTH_JWT_MAX_AGE says", async () => {
    expect(await status(await sign({ exp: nowSeconds + day, iat: nowSeconds, nbf: nowSeconds }))).toBe(200);
    const short = await startApi({ AUTH_JWT_SECRET: secret, AUTH_JWT_MAX_AGE: "5m" });
    customer = (await short.onboard("acme")).id;
    expect([
      await status(await sign({ exp: nowSeconds + 300 }), short),
      await status(await sign({ exp: nowSeconds + 360 }), short),
    ]).toEqual([200, 401]);
  });
});

describe("what is critical in a JWT", () => {
  it.each([
    ["an extension that nobody knows", ["x"], { x: 1 }],
    ["one that the library knows", ["b64"], { b64: true }],
    ["nothing", [], {}],
  ])("is refused: %s", async (_, crit, more) => {
    const payload = JSON.stringify({ customer_id: customer, role: "viewer", exp: nowSeconds + 60 });
    expect(await status(await signText(JSON.stringify({ alg: "HS256", crit, ...more }), payload))).toBe(401);
  });
});

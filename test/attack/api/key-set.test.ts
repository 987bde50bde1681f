import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { startApi } from "../../support/api.ts";

/** Hole: a key set of any size was read to its end, and every request with a JWT asked an identity provider that was down once more. */
const url = "https://keys.test/jwks";
const env = { AUTH_JWKS_URL: url, AUTH_JWT_AUDIENCE: "tranche" };
const real = fetch;

let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let jwk: object;

beforeAll(async () => {
  keys = await generateKeyPair("ES256", { extractable: true });
  jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "ES256" };
});

afterEach(() => void vi.restoreAllMocks());

/** The identity provider, answering as told. */
const provider = (answer: (init?: RequestInit) => Response | Promise<Response>) => {
  const asked: (RequestInit | undefined)[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    if (String(input instanceof Request ? input.url : input) !== url) return real(input, init);
    asked.push(init);
    return Promise.resolve(answer(init));
  });
  return asked;
};

const start = async () => {
  const api = await startApi(env);
  const { id } = await api.onboard("acme");
  const exp = Math.floor(api.time.nowMs / 1_000) + 300;
  const token = (kid: string) =>
    new SignJWT({ customer_id: id, role: "viewer" })
      .setProtectedHeader({ alg: "ES256", kid })
      .setAudience("tranche")
      .setExpirationTime(exp)
      .sign(keys.privateKey);
  return { api, status: async (kid = "k1") => (await api.call("GET", "/v1/services", { token: await token(kid) })).status };
};

it("one without end is not read to its end", async () => {
  let sent = 0;
  let cancelled = false;
  provider(
    () =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => {
            sent += 65_536;
            // The one that reads it all must end as well, to be seen to.
            if (sent > 64 * 1_048_576) controller.close();
            else controller.enqueue(new TextEncoder().encode(" ".repeat(65_536)));
          },
          cancel: () => void (cancelled = true),
        }),
      ),
  );
  const { status } = await start();
  expect(await status()).toBe(503);
  expect([cancelled, sent < 2 * 1_048_576]).toEqual([true, true]);
});

it("one that is out of reach is not asked for once more by each request", async () => {
  const asked = provider(() => Promise.reject(new TypeError("refused")));
  const { api, status } = await start();
  for (let at = 0; at < 5; at += 1) expect(await status()).toBe(503);
  expect(asked.length).toBe(1);
  api.time.nowMs += 5_000;
  expect([await status(), asked.length]).toEqual([503, 2]);
});

it("an unknown key id refetches it at most every 30 s", async () => {
  const asked = provider(() => Response.json({ keys: [jwk] }));
  const { status } = await start();
  expect(await status()).toBe(200);
  for (let at = 0; at < 5; at += 1) expect(await status(`k-${at}`)).toBe(401);
  expect(asked.length).toBe(1);
});

it("a redirect is not followed, and what is no key set is out of reach", async () => {
  const asked = provider(() => new Response(null, { status: 302, headers: { location: "https://elsewhere.test/jwks" } }));
  const { api, status } = await start();
  expect(await status()).toBe(503);
  expect(asked[0]?.redirect).toBe("manual");
  expect(asked[0]?.signal).toBeDefined();
  api.time.nowMs += 5_000;
  vi.restoreAllMocks();
  provider(() => new Response("<html>"));
  expect(await status()).toBe(503);
});

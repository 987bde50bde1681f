import { expect, it } from "vitest";
import type { Budget } from "../../../src/adapters/ports/platform/budget.ts";
import { createConsentReader } from "../../../src/adapters/probing/target-consent.ts";

const budget: Budget = {
  untilMs: 1,
  connection: async (_, request) => ({ status: "sent", value: await request(new AbortController().signal) }),
};

const read = async (answer: () => Response | Promise<Response>) => {
  const sent: { url: string; init: RequestInit | undefined }[] = [];
  const send = (async (url: string, init?: RequestInit) => {
    sent.push({ url, init });
    return await answer();
  }) as typeof fetch;
  return { found: await createConsentReader(send).read("host.example.com", budget), sent };
};

it("asks one page, and follows it nowhere", async () => {
  const { found, sent } = await read(() => new Response("allow\n"));
  expect(found).toEqual({ status: "sent", value: "allow\n" });
  expect(sent).toMatchObject([{ url: "https://host.example.com/.well-known/tranche-probe", init: { redirect: "manual" } }]);
});

it.each([
  ["another status", () => new Response("allow", { status: 404 })],
  ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example.com/allow" } })],
  ["a connection that fails", () => Promise.reject(new TypeError("fetch failed"))],
])("takes %s for no agreement", async (_, answer) => {
  expect((await read(answer)).found).toEqual({ status: "sent", value: null });
});

it("reads no more than an agreement has, of an answer without end", async () => {
  let chunks = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      chunks += 1;
      controller.enqueue(new TextEncoder().encode("a".repeat(100)));
    },
  });
  expect((await read(() => new Response(endless))).found).toEqual({ status: "sent", value: "" });
  expect(chunks).toBeLessThan(10);
});

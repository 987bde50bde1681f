import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { describe as describeFailure, type Failure, failureOf } from "../../../../src/adapters/route53/api/error.ts";
import { readChangeInfo } from "../../../../src/adapters/route53/api/messages.ts";
import type { Credentials } from "../../../../src/adapters/aws/keys.ts";
import { createSend, type SendOptions } from "../../../../src/adapters/route53/api/send.ts";
import { answer, changeAnswer, credentials, errorAnswer, fakeClock, type Reply, startRecorder } from "../support.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const request = { method: "GET", path: "change/C1", root: "GetChangeResponse", read: readChangeInfo } as const;
type More = Partial<SendOptions> & { readonly credentials?: Credentials; readonly signal?: AbortSignal };
const sendTo = (endpoint: string, { credentials: keys = credentials, signal = new AbortController().signal, ...more }: More = {}) => {
  const send = createSend({ endpoint, region: "us-east-1", fetch, clock: fakeClock(), timeoutMs: 5_000, ...more });
  return async (asked: typeof request) => await send(asked, keys, signal);
};

const failureFrom = async (reply: Reply, more: More = {}): Promise<Failure> => {
  const recorder = await startRecorder([reply]);
  closers.push(recorder.close);
  return await sendTo(
    recorder.url,
    more,
  )(request).then(
    () => expect.unreachable("the call succeeded"),
    (thrown: unknown) => failureOf(thrown),
  );
};

describe("what is sent", () => {
  it("is signed for the route53 service at the clock's time, with the session token in place", async () => {
    const recorder = await startRecorder([{ body: changeAnswer("GetChangeResponse") }]);
    closers.push(recorder.close);
    await sendTo(`${recorder.url}/`, { credentials: { ...credentials, sessionToken: "token/+=" } })(request);
    expect(recorder.sent[0]).toMatchObject({
      path: "/2013-04-01/change/C1",
      headers: { "x-amz-date": "20261101T000000Z", "x-amz-security-token": "token/+=" },
    });
    expect(recorder.sent[0]?.headers["authorization"]?.split(", ").slice(0, 2)).toEqual([
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261101/us-east-1/route53/aws4_request",
      "SignedHeaders=host;x-amz-date;x-amz-security-token",
    ]);
  });
});

describe("error answers", () => {
  it("keep code, message and request id", async () => {
    expect(await failureFrom(errorAnswer("Throttling", "Rate &lt;exceeded&gt;"))).toEqual({
      code: "Throttling",
      messages: ["Rate <exceeded>"],
      httpStatus: 400,
      requestId: "req-1",
      retryable: true,
      uncertain: false,
    });
  });

  it("are read in the older form of InvalidChangeBatch too", async () => {
    const body = answer(
      "InvalidChangeBatch",
      "<Messages><Message>Tried one</Message><Message>Tried two</Message></Messages><RequestId>req-2</RequestId>",
    );
    expect(await failureFrom({ status: 400, body })).toMatchObject({
      code: "InvalidChangeBatch",
      messages: ["Tried one", "Tried two"],
      requestId: "req-2",
      retryable: false,
    });
  });

  it.each<[string, Reply, Partial<Failure>]>([
    [
      "500 with HTML",
      { status: 500, body: "<!DOCTYPE html><h1>Oops</h1>", headers: { "x-amzn-requestid": "req-3" } },
      { code: "http_500", retryable: true, uncertain: true, requestId: "req-3" },
    ],
    ["403 with JSON", { status: 403, body: "{}" }, { code: "http_403", retryable: false }],
    ["429 with nothing", { status: 429, body: "" }, { code: "http_429", retryable: true, uncertain: false }],
    ["a redirect", { status: 302, body: "", headers: { location: "/2013-04-01/" } }, { code: "http_302", retryable: false }],
    ["200 cut short", { body: changeAnswer("GetChangeResponse").slice(0, -12) }, { code: "unreadable", retryable: true, uncertain: true }],
    ["200 with another document", { body: changeAnswer("SomethingElse") }, { code: "unreadable", uncertain: true }],
    ["200 without what it must hold", { body: answer("GetChangeResponse", "<ChangeInfo/>") }, { code: "unreadable" }],
    ["an error without a code", { status: 503, body: answer("ErrorResponse", "<Error/>") }, { code: "http_503", retryable: true }],
  ])("%s", async (_, reply, expected) => expect(await failureFrom(reply)).toMatchObject(expected));

  it("does not follow redirects", async () => {
    const recorder = await startRecorder([{ status: 302, body: "", headers: { location: "/elsewhere" } }]);
    closers.push(recorder.close);
    await expect(sendTo(recorder.url)(request)).rejects.toThrow(/redirect/);
    expect(recorder.sent).toHaveLength(1);
  });
});

describe("no answer", () => {
  it("a refused connection is a network failure", async () => {
    const recorder = await startRecorder([]);
    await recorder.close();
    const thrown: unknown = await sendTo(recorder.url)(request).catch((error: unknown) => error);
    expect(failureOf(thrown)).toMatchObject({ code: "network", retryable: true, uncertain: true });
  });

  it.each(["before the headers", "in the middle of the body"])("silence %s ends in a time-out", async (place) => {
    const silent: typeof fetch = async (_, init) => {
      const aborted = new Promise<never>((_resolve, reject) => {
        const stop = () => reject(new DOMException("aborted", "AbortError"));
        // As the real one: a signal that has fired before counts as well.
        if (init?.signal?.aborted === true) stop();
        init?.signal?.addEventListener("abort", stop);
      });
      if (place === "before the headers") return await aborted;
      return { status: 200, headers: new Headers(), text: async () => await aborted } as unknown as Response;
    };
    const thrown: unknown = await sendTo("http://127.0.0.1", { fetch: silent, timeoutMs: 10 })(request).catch((error: unknown) => error);
    expect(failureOf(thrown)).toMatchObject({ code: "timeout", retryable: true, uncertain: true });
  });
});

describe("a request that nobody waits for any more", () => {
  it("is aborted, the fetch itself, and may have taken effect", async () => {
    const recorder = createServer(() => undefined);
    await new Promise<void>((resolve) => recorder.listen(0, "127.0.0.1", resolve));
    closers.push(async () => void recorder.close());
    const gone = new Promise<void>((resolve) => recorder.once("connection", (socket) => socket.once("close", () => resolve())));
    const over = new AbortController();
    const sending = sendTo(`http://127.0.0.1:${(recorder.address() as AddressInfo).port}`, { signal: over.signal })(request).catch(
      (error: unknown) => error,
    );
    recorder.once("request", () => over.abort());
    expect(failureOf(await sending)).toMatchObject({ code: "timeout", retryable: true, uncertain: true });
    await gone;
  });

  it("is not begun", async () => {
    const recorder = await startRecorder([{ body: changeAnswer("GetChangeResponse") }]);
    closers.push(recorder.close);
    const thrown: unknown = await sendTo(recorder.url, { signal: AbortSignal.abort() })(request).catch((error: unknown) => error);
    expect([failureOf(thrown).code, recorder.sent.length]).toEqual(["timeout", 0]);
  });
});

describe("credentials", () => {
  const secret = { ...credentials, sessionToken: "FwoGZXIvYXdzEBYaDsecret" };

  it.each([
    [
      "SignatureDoesNotMatch",
      `The request signature does not match.\n\nCanonical String:\nx-amz-security-token:${secret.sessionToken}`,
      /^AWS refused the configured credentials: SignatureDoesNotMatch: The .* signature does not match\. \(request req-1\)$/,
    ],
    ["InvalidClientTokenId", `No such key ${secret.accessKeyId}`, /^AWS refused the configured credentials: .*No such key \*\*\*/],
    ["ExpiredToken", `Token ${secret.sessionToken} has expired`, /^AWS refused the configured credentials: .*Token \*\*\*/],
    ["AccessDenied", `User x with ${secret.secretAccessKey}`, /^AWS does not permit this to the configured credentials: /],
    ["SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", /^AWS refused the signature because our clock is off/],
    ["SignatureDoesNotMatch", "Signature not yet current: 2 is still later", /^AWS refused the signature because our clock is off/],
  ])("%s: final, says what to do, and repeats no secret", async (code, message, expected) => {
    const failure = await failureFrom(errorAnswer(code, message, 403), { credentials: secret });
    expect(failure.retryable).toBe(false);
    expect(describeFailure(failure)).toMatch(expected);
    for (const value of Object.values(secret)) expect(JSON.stringify(failure)).not.toContain(value);
  });

  it("do not leak through a network error either", async () => {
    const leaking: typeof fetch = async () => {
      throw new TypeError(`cannot send ${secret.sessionToken}`);
    };
    const thrown: unknown = await sendTo("http://127.0.0.1", { fetch: leaking, credentials: secret })(request).catch(
      (error: unknown) => error,
    );
    expect(JSON.stringify([failureOf(thrown), String(thrown)])).not.toContain(secret.sessionToken);
  });
});

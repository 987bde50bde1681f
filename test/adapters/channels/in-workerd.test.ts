import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { simpleParser } from "mailparser";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openScratch } from "../../../local/scratch.ts";
import type { ChannelsOptions } from "../../../src/adapters/channels/channels.ts";
import type { ChannelSecret, SendOutcome } from "../../../src/adapters/ports/notify/channel.ts";
import { webhookSecret } from "../../../src/domain/notify/webhook-secret.ts";
import { selfSigned } from "../../support/certificates.ts";
import { answered, login, serverAt, startMailServer, startScripted } from "../../support/mail-server.ts";
import { sampleMessage } from "../../support/notify-samples.ts";
import { answer, badDays, hugeBody, slowBody, startReceiver } from "../../support/receiver.ts";

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

const contents = `
  import { connect } from "cloudflare:sockets";
  import { createChannels } from "./src/adapters/channels/channels.ts";
  // workerd reports a read that fails before its handler has run, and takes that back.
  const unhandled = new Map();
  addEventListener("unhandledrejection", ({ promise, reason }) => unhandled.set(promise, String(reason)));
  addEventListener("rejectionhandled", ({ promise }) => unhandled.delete(promise));
  const send = (input, init) => fetch(input, init);
  export default { fetch: async (request) => {
    if (request.method === "GET") return Response.json([...unhandled.values()]);
    const { options, secret, message, ms } = await request.json();
    const connection = async (_, work) => ({ status: "sent", value: await work(AbortSignal.timeout(ms)) });
    return Response.json(await createChannels({ ...options, fetch: send, connect }).send(secret, message, "ntf-81", Date.now(), { untilMs: Infinity, connection }));
  } };`;

/** A Miniflare whose workerd trusts a certificate: it reads which when it is loaded, so this is a copy of its own. */
const trusting = async (cert: string): Promise<typeof import("miniflare")> => {
  const dir = await openScratch("tranche-trusted-");
  closers.push(dir.close);
  const file = join(dir.dir, "trusted.pem");
  await writeFile(file, cert);
  const require = createRequire(import.meta.url);
  const name = require.resolve("miniflare");
  const [loaded, variable] = [require.cache[name], process.env["NODE_EXTRA_CA_CERTS"]];
  delete require.cache[name];
  process.env["NODE_EXTRA_CA_CERTS"] = file;
  try {
    return require("miniflare") as typeof import("miniflare");
  } finally {
    if (variable === undefined) delete process.env["NODE_EXTRA_CA_CERTS"];
    else process.env["NODE_EXTRA_CA_CERTS"] = variable;
    if (loaded === undefined) delete require.cache[name];
    else require.cache[name] = loaded;
  }
};

let worker: import("miniflare").Miniflare;
let trusted: Awaited<ReturnType<typeof selfSigned>>;
beforeAll(async () => {
  trusted = await selfSigned();
  const bundle = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    format: "esm",
    write: false,
    external: ["cloudflare:sockets"],
  });
  const { convertV4MiniflareOptions, Miniflare } = await trusting(trusted.cert);
  worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: bundle.outputFiles[0]?.text ?? "",
      compatibilityDate: "2026-01-01",
      // It tells of each connection that fails, which is what is tried here.
      handleStructuredLogs: () => undefined,
    }),
  );
  closers.push(() => worker.dispose());
});

type Options = Omit<ChannelsOptions, "fetch" | "connect">;
const none: Options = { selfUrl: null, pagerdutyEndpoint: null, mail: null };
const send = async (options: Options, secret: ChannelSecret, ms = 2_000): Promise<SendOutcome> => {
  const body = JSON.stringify({ options, secret, message: sampleMessage("switch.held"), ms });
  return (await (await worker.dispatchFetch("http://worker/", { method: "POST", body })).json()) as SendOutcome;
};
const mailTo = async (port: number, security: "on" | "starttls" | "off", ms?: number): Promise<SendOutcome> =>
  await send(
    { ...none, mail: { from: "alerts@example.com", smtp: serverAt(port, security, security !== "off"), api: null } },
    { kind: "email", to: ["ops@example.org"] },
    ms,
  );
const serving = async (options: Parameters<typeof startMailServer>[0]) => {
  const server = await startMailServer(options);
  closers.push(server.close);
  return server;
};
const untold = async (): Promise<unknown> => await (await worker.dispatchFetch("http://worker/")).json();

describe("in workerd", () => {
  it.each([
    ["on", { secure: true }],
    ["starttls", {}],
  ] as const)("mail goes over the sockets of the platform (%s)", async (security, options) => {
    const server = await serving({ ...trusted, ...options });
    expect(await mailTo(server.port, security)).toMatchObject({ status: "sent" });
    expect(server.mails).toEqual([expect.objectContaining({ to: ["ops@example.org"], secure: true, user: login.user })]);
    expect(await simpleParser(server.mails[0]?.data ?? "")).toMatchObject({
      subject: sampleMessage("switch.held").title,
      messageId: "<ntf-81@example.com>",
    });
    const untrusted = await serving({ ...(await selfSigned()), ...options });
    expect(await mailTo(untrusted.port, security)).toMatchObject({ status: "failed" });
    expect([untrusted.logins, untrusted.mails]).toEqual([[], []]);
  });

  it("a mail server on a bad day is a failure in time, and no promise is left", async () => {
    const bare = { authOptional: true, disabledCommands: ["STARTTLS"] };
    const greylisting = await serving({ ...bare, onRcptTo: (_, __, done) => done(answered(451)) });
    expect(await mailTo(greylisting.port, "off")).toMatchObject({ status: "failed", detail: expect.stringContaining("451") as string });
    const gone = await startScripted("", () => undefined);
    gone.close();
    expect(await mailTo(gone.port, "off")).toMatchObject({ status: "failed" });
    for (const act of Object.values(badDays)) {
      const server = await startScripted(act, () => undefined);
      closers.push(server.close);
      expect(await mailTo(server.port, "off", 400)).toMatchObject({ status: "failed" });
    }
    const noTls = await serving(bare);
    for (const security of ["on", "starttls"] as const)
      expect(await mailTo(noTls.port, security, 1_000)).toMatchObject({ status: "failed" });
    expect(noTls.mails).toEqual([]);
    expect(await untold(), "promises that nobody waits for").toEqual([]);
  });

  it("webhooks are signed and judged as elsewhere", async () => {
    const secret = webhookSecret(new Uint8Array(32).fill(9));
    const hook = async (act: Parameters<typeof startReceiver>[0], certificate?: Parameters<typeof startReceiver>[1]) => {
      const receiver = await startReceiver(act, certificate);
      closers.push(receiver.close);
      return { receiver, outcome: await send(none, { kind: "webhook", url: receiver.url, secrets: [secret] }, 1_000) };
    };
    const { receiver, outcome } = await hook(answer(204), trusted);
    expect(outcome).toEqual({ status: "sent", detail: "HTTP 204" });
    const [request] = receiver.received;
    expect(() => new Webhook(secret).verify(request?.body ?? "", request?.headers ?? {})).not.toThrow();
    expect((await hook(answer(301, { Location: receiver.url }))).outcome).toEqual({
      status: "failed",
      detail: "HTTP 301, which is not followed",
      retryAfterMs: null,
    });
    expect((await hook(answer(410))).outcome.status).toBe("gone");
    expect((await hook(answer(503, { "Retry-After": "7" }))).outcome).toEqual({
      status: "failed",
      detail: "HTTP 503",
      retryAfterMs: 7_000,
    });
    expect((await hook(hugeBody(200))).outcome.status).toBe("sent");
    expect((await hook(slowBody(200))).outcome.status).toBe("sent");
    expect((await hook(answer(200), await selfSigned())).outcome.status).toBe("failed");
    for (const act of Object.values(badDays)) expect((await hook(act)).outcome.status).toBe("failed");
    expect(await untold(), "promises that nobody waits for").toEqual([]);
  });
});

import type { Socket } from "node:net";
import fc from "fast-check";
import { simpleParser } from "mailparser";
import type { SMTPServerOptions } from "smtp-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNodeConnect } from "../../../self-hosted/connect.ts";
import { createChannels } from "../../../src/adapters/channels/channels.ts";
import { stuffed } from "../../../src/adapters/channels/smtp.ts";
import type { SendOutcome } from "../../../src/adapters/ports/notify/channel.ts";
import { boundedMessage } from "../../../src/domain/notify/bounded-message.ts";
import type { Message } from "../../../src/domain/notify/message.ts";
import { renderMail } from "../../../src/domain/notify/render-mail.ts";
import type { SmtpServer } from "../../../src/domain/notify/smtp-url.ts";
import type { Certificate } from "../../support/certificates.ts";
import { selfSigned } from "../../support/certificates.ts";
import { budgetFor } from "../../support/channel-budget.ts";
import { hostileMessage } from "../../support/hostile-messages.ts";
import type { MailServer, Scripted } from "../../support/mail-server.ts";
import { answered, login, serverAt, startMailServer, startScripted } from "../../support/mail-server.ts";
import { sampleMessage } from "../../support/notify-samples.ts";

const closers: (() => unknown)[] = [];
let certificate: Certificate;
beforeAll(async () => {
  certificate = await selfSigned();
});
afterAll(async () => {
  for (const close of closers) await close();
});
const serving = async (options: SMTPServerOptions = {}): Promise<MailServer> => {
  const server = await startMailServer({ ...certificate, ...options });
  closers.push(server.close);
  return server;
};
const scripted = async (...args: Parameters<typeof startScripted>): Promise<Scripted> => {
  const server = await startScripted(...args);
  closers.push(server.close);
  return server;
};

const two = ["ops@example.org", "second@example.net"];
type Sending = {
  readonly to?: readonly string[];
  readonly message?: Message;
  readonly id?: string;
  readonly ms?: number;
  readonly trusting?: boolean;
};
const send = async (
  smtp: SmtpServer,
  { to = two, message = sampleMessage("switch.held"), id = "ntf-81", ms = 5_000, trusting = true }: Sending = {},
): Promise<SendOutcome> => {
  const connect = createNodeConnect(trusting ? { ca: [certificate.cert] } : {});
  const channels = createChannels({
    fetch,
    connect,
    selfUrl: "https://tranche.example.com",
    pagerdutyEndpoint: null,
    mail: { from: "alerts@example.com", smtp, api: null },
  });
  expect(channels.kinds).toContain("email");
  return await channels.send({ kind: "email", to }, message, id, Date.now(), budgetFor(ms));
};

describe("mail", () => {
  it.each<[string, SMTPServerOptions, SmtpServer["security"], string]>([
    ["over TLS from the start, AUTH PLAIN", { secure: true, authMethods: ["PLAIN", "LOGIN"] }, "on", "PLAIN"],
    ["over STARTTLS, AUTH LOGIN", { authMethods: ["LOGIN"] }, "starttls", "LOGIN"],
  ])("%s, arrives once at all its recipients", async (_, options, security, method) => {
    const server = await serving(options);
    expect(await send(serverAt(server.port, security, true))).toMatchObject({
      status: "sent",
      detail: expect.stringMatching(/^250 /) as string,
    });
    expect(server.logins).toEqual([{ method, username: login.user, password: login.password }]);
    expect(server.mails).toEqual([expect.objectContaining({ from: "alerts@example.com", to: two, secure: true, user: login.user })]);
    const parsed = await simpleParser(server.mails[0]?.data ?? "");
    expect(parsed).toMatchObject({
      subject: sampleMessage("switch.held").title,
      messageId: "<ntf-81@example.com>",
      text: renderMail(sampleMessage("switch.held"), "https://tranche.example.com").text,
    });
  });

  it("goes without TLS to this machine where it is configured so", async () => {
    const server = await serving({ authOptional: true, disabledCommands: ["STARTTLS"] });
    expect(await send(serverAt(server.port, "off"))).toMatchObject({ status: "sent" });
    expect(server.mails).toHaveLength(1);
  });

  it("of whatever names is what was written, at the other end", async () => {
    const server = await serving({ authOptional: true, disabledCommands: ["STARTTLS"] });
    await fc.assert(
      fc.asyncProperty(hostileMessage, async (raw) => {
        server.mails.length = 0;
        const message = boundedMessage({ ...raw, title: `${raw.title} is held` });
        expect(
          await send(serverAt(server.port, "off"), { message: raw.title === "" ? message : { ...raw, title: `${raw.title} is held` } }),
        ).toMatchObject({ status: "sent" });
        const [mail] = server.mails;
        const [parsed, expected] = [await simpleParser(mail?.data ?? ""), renderMail(message, "https://tranche.example.com")];
        expect([server.mails.length, mail?.to, parsed.subject, parsed.text, parsed.html, parsed.bcc]).toEqual([
          1,
          two,
          expected.subject,
          expected.text,
          expected.html,
          undefined,
        ]);
      }),
      { numRuns: 40 },
    );
  });

  it("to what is no address is refused before anybody is connected to", async () => {
    const server = await serving({ secure: true });
    for (const wrong of ["a@example.org>\r\nRCPT TO:<victim@example.net", "a@example.org\r\nBcc: b@example.org", "Ops <a@example.org>"]) {
      expect(await send(serverAt(server.port, "on"), { to: [wrong] })).toEqual({ status: "refused", detail: "an address is not one" });
    }
    expect([server.logins, server.mails]).toEqual([[], []]);
  });
});

describe("neither login nor mail is shown to a server", () => {
  it.each<[string, SMTPServerOptions, SmtpServer["security"], Sending, RegExp]>([
    ["that offers no STARTTLS", { disabledCommands: ["STARTTLS"] }, "starttls", {}, /^EHLO: the server offers no STARTTLS$/],
    ["whose certificate nobody trusts", { secure: true }, "on", { trusting: false }, /SELF_SIGNED/],
    ["whose certificate nobody trusts, over STARTTLS", {}, "starttls", { trusting: false }, /SELF_SIGNED/],
    ["that speaks TLS where STARTTLS is configured", { secure: true }, "starttls", { ms: 400 }, /^no answer in time, at connect$/],
    ["that does not speak TLS where it is configured", {}, "on", {}, /^broken off, at connect: ERR_SSL/],
  ])("%s", async (_, options, security, sending, detail) => {
    const server = await serving({ ...options, authOptional: true });
    const outcome = await send(serverAt(server.port, security, true), sending);
    expect(outcome.status).toBe("failed");
    expect(outcome.detail).toMatch(detail);
    expect([server.logins, server.mails]).toEqual([[], []]);
  });

  it("whose certificate is for another name, though it is trusted", async () => {
    const foreign = await selfSigned(1, ["elsewhere.example.com"]);
    const server = await serving({ secure: true, ...foreign, authOptional: true });
    const connect = createNodeConnect({ ca: [foreign.cert] });
    const channels = createChannels({
      fetch,
      connect,
      selfUrl: null,
      pagerdutyEndpoint: null,
      mail: { from: "alerts@example.com", smtp: serverAt(server.port, "on", true), api: null },
    });
    expect(await channels.send({ kind: "email", to: two }, sampleMessage("test"), "ntf-81", Date.now(), budgetFor(5_000))).toMatchObject({
      status: "failed",
      detail: expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID") as string,
    });
    expect([server.logins, server.mails]).toEqual([[], []]);
  });

  it("that says more than was asked before TLS begins", async () => {
    const server = await scripted("220 x\r\n", (line) =>
      line.startsWith("EHLO") ? "250-x\r\n250 STARTTLS\r\n" : "220 go\r\n250-x\r\n250 AUTH PLAIN\r\n",
    );
    expect(await send(serverAt(server.port, "starttls", true))).toMatchObject({
      status: "failed",
      detail: "STARTTLS: the server says more than was asked before TLS",
    });
    expect(server.lines).toEqual(["EHLO example.com", "STARTTLS"]);
  });

  it("with a wrong password is a failure that quotes no password", async () => {
    const server = await serving({ secure: true });
    const wrong = { ...serverAt(server.port, "on"), login: { user: login.user, password: "hunter2hunter2" } };
    expect(await send(wrong)).toEqual({ status: "failed", detail: "AUTH: 535", retryAfterMs: null });
    expect(server.mails).toEqual([]);
  });

  it("that takes no login that we have", async () => {
    const server = await serving({ secure: true, authMethods: ["XOAUTH2"] });
    expect(await send(serverAt(server.port, "on", true))).toMatchObject({
      status: "failed",
      detail: "EHLO: the server takes neither AUTH PLAIN nor AUTH LOGIN",
    });
  });
});

describe("a server that", () => {
  const plain: SMTPServerOptions = { authOptional: true, disabledCommands: ["STARTTLS"] };
  const rejecting = (codes: Readonly<Record<string, number>>): SMTPServerOptions => ({
    ...plain,
    onRcptTo: ({ address }, _, done) => done(codes[address] === undefined ? null : answered(codes[address], `no such ${address}`)),
  });

  it("greylists gets it at the next attempt, under the same Message-ID", async () => {
    let times = 0;
    const server = await serving({ ...plain, onRcptTo: (_, __, done) => done((times += 1) <= 2 ? answered(451, "come later") : null) });
    expect(await send(serverAt(server.port, "off"))).toEqual({
      status: "failed",
      detail: "no recipient taken: ops@example.org (451 come later), second@example.net (451 come later)",
      retryAfterMs: null,
    });
    expect(server.mails).toEqual([]);
    expect(await send(serverAt(server.port, "off"))).toMatchObject({ status: "sent" });
    expect(server.mails).toHaveLength(1);
  });

  it.each<[string, Readonly<Record<string, number>>, SendOutcome["status"], readonly string[], RegExp]>([
    [
      "one recipient for good",
      { "second@example.net": 550 },
      "sent",
      ["ops@example.org"],
      /^250, but not to second@example\.net \(550 no such second@example\.net\)$/,
    ],
    ["one recipient for now", { "ops@example.org": 452 }, "failed", ["second@example.net"], /^250, but not to ops@example\.org \(452 /],
    [
      "all recipients for good",
      { "ops@example.org": 550, "second@example.net": 553 },
      "refused",
      [],
      /^no recipient taken: ops@example\.org \(550 /,
    ],
    ["one for good and one for now", { "ops@example.org": 550, "second@example.net": 451 }, "failed", [], /^no recipient taken/],
    ["whoever has not logged in", { "ops@example.org": 530 }, "failed", [], /^RCPT TO: 530/],
    ["everything, for it closes", { "ops@example.org": 421 }, "failed", [], /^RCPT TO: 421/],
  ])("rejects %s", async (_, codes, status, reached, detail) => {
    const server = await serving(rejecting(codes));
    const outcome = await send(serverAt(server.port, "off"));
    expect([outcome.status, server.mails.flatMap(({ to }) => to)]).toEqual([status, reached]);
    expect(outcome.detail).toMatch(detail);
  });

  it("puts one recipient off gets the mail for that one alone at the next attempt, addressed to both", async () => {
    let isGrey = true;
    const server = await serving({
      ...plain,
      onRcptTo: ({ address }, _, done) => done(isGrey && address === "second@example.net" ? answered(450, "greylisted") : null),
    });
    const message = sampleMessage("switch.held");
    const first = await send(serverAt(server.port, "off"), { message });
    expect(first).toMatchObject({ status: "failed", left: ["second@example.net"] });
    isGrey = false;
    expect(await send(serverAt(server.port, "off"), { message: { ...message, left: ["second@example.net"] } })).toMatchObject({
      status: "sent",
    });
    expect(server.mails.map(({ to }) => to)).toEqual([["ops@example.org"], ["second@example.net"]]);
    // Who is no recipient any more is not written to: then it goes to those who are.
    await send(serverAt(server.port, "off"), { message: { ...message, left: ["former@example.net"] } });
    expect(server.mails.at(-1)?.to).toEqual(["ops@example.org", "second@example.net"]);
  });

  it.each<[string, SMTPServerOptions, SendOutcome["status"], RegExp]>([
    ["the sender for good", { onMailFrom: (_, __, done) => done(answered(550, "not you")) }, "refused", /^MAIL FROM: 550 not you$/],
    ["the sender for now", { onMailFrom: (_, __, done) => done(answered(451)) }, "failed", /^MAIL FROM: 451/],
    ["whoever has not logged in", { onMailFrom: (_, __, done) => done(answered(530)) }, "failed", /^MAIL FROM: 530/],
    ["the connection", { onConnect: (_, done) => done(answered(554, "go away")) }, "failed", /^connect: 554 go away$/],
    [
      "the mail for good",
      { onData: (stream, _, done) => void stream.resume().on("end", () => done(answered(554, "spam\u202E"))) },
      "refused",
      /^end of DATA: 554 spam$/,
    ],
    [
      "the mail for now",
      { onData: (stream, _, done) => void stream.resume().on("end", () => done(answered(451, "disk full"))) },
      "failed",
      /^end of DATA: 451 disk full$/,
    ],
  ])("rejects %s", async (_, options, status, detail) => {
    const server = await serving({ ...plain, ...options });
    const outcome = await send(serverAt(server.port, "off"));
    expect(outcome.status).toBe(status);
    expect(outcome.detail).toMatch(detail);
  });

  it("drops the connection after the mail, before its answer, may have taken it: it is sent again", async () => {
    const ids: (string | undefined)[] = [];
    let drops = 1;
    const sockets = new Set<Socket>();
    const server = await startMailServer(
      {
        ...plain,
        onData: (stream, _, done) => {
          const parts: Buffer[] = [];
          stream.on("data", (part: Buffer) => parts.push(part));
          stream.on("end", () => {
            ids.push(/^Message-ID: (.*)\r$/m.exec(Buffer.concat(parts).toString())?.[1]);
            drops -= 1;
            if (drops < 0) done();
            else for (const socket of sockets) socket.destroy();
          });
        },
      },
      (socket) => sockets.add(socket),
    );
    closers.push(server.close);
    expect(await send(serverAt(server.port, "off"))).toEqual({
      status: "failed",
      detail: "end of DATA: the server closed the connection",
      retryAfterMs: null,
    });
    expect(await send(serverAt(server.port, "off"))).toMatchObject({ status: "sent" });
    expect(ids).toEqual(["<ntf-81@example.com>", "<ntf-81@example.com>"]);
  });
});

const polite = (line: string): string | undefined => {
  if (line.startsWith("EHLO")) return "250-mail.example.com greets you\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n";
  if (/^(MAIL|RCPT)/.test(line)) return "250 ok\r\n";
  if (line === "DATA") return "354 go on\r\n";
  return line === "." ? "250-taken\r\n250 for good\r\n" : undefined;
};
const steps = [/^EHLO/, /^MAIL/, /^RCPT/, /^DATA$/, /^\.$/];

describe("on a bad day", () => {
  const misbehaviours: Readonly<Record<string, (socket: Socket) => void>> = {
    hangs: () => undefined,
    "resets the connection": (socket) => void socket.resetAndDestroy(),
    "closes it": (socket) => void socket.end(),
    "speaks something else": (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
    "sends a line without an end": (socket) => void socket.write("250 ".padEnd(100_000, "x")),
    "sends 2 MB of lines": (socket) => void socket.write("250-more\r\n".repeat(200_000)),
    "sends its reply octet by octet, for ever": (socket) => {
      const timer = setInterval(() => socket.write("2"), 20);
      socket.on("close", () => clearInterval(timer));
    },
  };

  it.each(Object.entries(misbehaviours))("a server %s at once, or at any step, and the mail has failed in time", async (_, act) => {
    const greeting = await scripted(act, polite);
    const servers = [
      greeting,
      ...(await Promise.all(
        steps.map((step) => scripted("220 hello\r\n", (line, socket) => (step.test(line) ? (act(socket), undefined) : polite(line)))),
      )),
    ];
    const startedMs = performance.now();
    const outcomes = await Promise.all(servers.map(({ port }) => send(serverAt(port, "off"), { ms: 500 })));
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    for (const { status, detail } of outcomes) {
      expect(status).toBe("failed");
      expect(detail).toMatch(
        /^(no answer in time|broken off), at |^(connect|EHLO|MAIL FROM|RCPT TO|DATA|end of DATA): the (server|reply) /,
      );
    }
    for (const { closed } of servers) await expect.poll(closed).toBe(1);
  });

  it("a server that is not there, or has no such name, is out of reach", async () => {
    const gone = await startScripted("", polite);
    gone.close();
    expect(await send(serverAt(gone.port, "off"))).toEqual({
      status: "failed",
      detail: "broken off, at connect: ECONNREFUSED",
      retryAfterMs: null,
    });
    expect(await send(serverAt(gone.port, "on"))).toMatchObject({ status: "failed", detail: "broken off, at connect: ECONNREFUSED" });
  });

  it("a server that sends whole replies octet by octet is heard", async () => {
    const slowly = (text: string, socket: Socket): undefined => {
      socket.setNoDelay(true);
      for (const octet of Buffer.from(text)) socket.write(Buffer.from([octet]));
    };
    const server = await scripted(
      (socket) => slowly("220-hello\r\n220 you\r\n", socket),
      (line, socket) => slowly(polite(line) ?? "", socket),
    );
    expect(await send(serverAt(server.port, "off"))).toEqual({ status: "sent", detail: "250 taken for good" });
    const [ehlo, from, ...rest] = server.lines;
    expect([ehlo, from, rest[0], rest[1], rest[2]]).toEqual([
      "EHLO example.com",
      "MAIL FROM:<alerts@example.com>",
      "RCPT TO:<ops@example.org>",
      "RCPT TO:<second@example.net>",
      "DATA",
    ]);
    await expect.poll(() => server.lines.at(-1)).toBe("QUIT");
  });
});

describe("dots", () => {
  it("that begin a line are doubled, wherever the line is", () => {
    expect(stuffed(".\r\n..\r\na.b\r\n.c\r\n")).toBe("..\r\n...\r\na.b\r\n..c\r\n");
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(".", "a", "\r\n", " ")).map((parts) => parts.join("")),
        (data) => {
          expect(stuffed(data).replaceAll(/^\.\./gm, ".")).toBe(data);
          expect(`\r\n${stuffed(data)}`).not.toMatch(/\r\n\.(?!\.)/);
        },
      ),
    );
  });
});

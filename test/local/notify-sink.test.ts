import { connect } from "node:net";
import { createTransport } from "nodemailer";
import { generate } from "selfsigned";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import type { NotifySink, NotifySinkOptions } from "../../local/notify-sink/sink.ts";
import { routingKey, startNotifySink } from "../../local/notify-sink/sink.ts";
import { heading, lineOf } from "../../local/notify-sink/print.ts";
import { sinkChannels } from "../../local/notify-sink/received.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const opened: NotifySink[] = [];
const open = async (options: NotifySinkOptions = {}): Promise<NotifySink> => {
  const sink = await startNotifySink(options);
  opened.push(sink);
  return sink;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sink) => sink.close()));
});

const post = async (
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string; headers: Headers }> => {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: text,
    redirect: "manual",
    signal: AbortSignal.timeout(3_000),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
};

describe("a webhook", () => {
  const event = {
    type: "storm.started",
    timestamp: "2026-11-27T15:04:05.000Z",
    data: { action: "trigger", severity: "critical", title: "cloudflare is failing: downloads", thread: "incident:1" },
  };

  type Sending = {
    readonly by?: string;
    readonly id?: string;
    readonly atMs?: number;
    readonly body?: string;
    readonly sent?: string;
    readonly more?: string;
  };
  const send = async (
    sink: NotifySink,
    { by = secret, id = "msg_1", atMs = Date.now(), body = JSON.stringify(event), sent = body, more = "" }: Sending = {},
  ) => {
    const at = new Date(atMs);
    return await post(sink.webhookUrl, sent, {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(atMs / 1_000)),
      "webhook-signature": `${more}${new Webhook(by).sign(id, at, body)}`,
    });
  };

  it("is taken as the library of Standard Webhooks signs it, and read", async () => {
    const sink = await open({ secrets: [secret] });
    expect((await send(sink)).status).toBe(200);
    expect(sink.messages).toMatchObject([
      {
        channel: "webhook",
        id: "msg_1",
        action: "trigger",
        severity: "critical",
        title: "cloudflare is failing: downloads",
        thread: "incident:1",
        taken: true,
        verified: true,
        repeated: false,
        wrong: [],
      },
    ]);
  });

  it("of two signatures needs one that is right, of two secrets either", async () => {
    const other = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
    const sink = await open({ secrets: [secret] });
    sink.know(other);
    const foreign = `${new Webhook(`whsec_${Buffer.alloc(32, 1).toString("base64")}`).sign("msg_1", new Date(), "{}")} `;
    expect((await send(sink, { more: foreign })).status).toBe(200);
    expect((await send(sink, { by: other, id: "msg_2" })).status).toBe(200);
  });

  it("is refused with another secret, another body, a time that is off", async () => {
    const sink = await open({ secrets: [secret] });
    expect((await send(sink, { by: `whsec_${Buffer.alloc(32, 8).toString("base64")}` })).status).toBe(401);
    expect((await send(sink, { sent: JSON.stringify({ ...event, type: "storm.ended" }) })).status).toBe(401);
    expect((await send(sink, { atMs: Date.now() - 301_000 })).status).toBe(401);
    expect((await send(sink, { atMs: Date.now() + 302_000 })).status).toBe(401);
    expect(sink.messages.map(({ taken }) => taken)).toEqual([false, false, false, false]);
  });

  it("is refused without its headers or the structure of its body", async () => {
    const sink = await open({ secrets: [secret] });
    expect((await post(sink.webhookUrl, event)).status).toBe(401);
    for (const body of [
      "no json",
      "[]",
      JSON.stringify({ ...event, type: "a b" }),
      JSON.stringify({ ...event, timestamp: "yesterday" }),
      JSON.stringify({ ...event, data: 1 }),
    ]) {
      expect((await send(sink, { body })).status, body).toBe(400);
    }
  });

  it("comes again under its id: that is seen", async () => {
    const sink = await open({ secrets: [secret] });
    sink.setFault("webhook", { kind: "500", times: 1 });
    expect((await send(sink)).status).toBe(500);
    expect((await send(sink)).status).toBe(200);
    expect((await send(sink)).status).toBe(200);
    expect(sink.messages.map(({ taken, repeated }) => [taken, repeated])).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
  });

  it("without a known secret is taken, and said to be unverified", async () => {
    const sink = await open();
    expect((await send(sink)).status).toBe(200);
    expect(sink.messages[0]).toMatchObject({ verified: null, taken: true });
    expect(lineOf(sink.messages[0] ?? expect.fail())).toContain("not verified");
  });
});

describe("Slack", () => {
  const header = { type: "header", text: { type: "plain_text", text: "cloudflare is failing", emoji: false } };

  it("answers ok to what it would show", async () => {
    const sink = await open();
    const { status, text } = await post(sink.slackUrl, {
      text: "Critical: a &lt;b&gt; &amp; c",
      blocks: [header, { type: "divider" }, { type: "section", fields: [{ type: "mrkdwn", text: "*CDN*" }] }],
    });
    expect([status, text]).toEqual([200, "ok"]);
    expect(sink.messages).toMatchObject([{ channel: "slack", severity: "critical", title: "a <b> & c", taken: true, wrong: [] }]);
    expect((await post(sink.slackUrl, { text: "Resolved: all is well" })).text).toBe("ok");
    expect(sink.messages[1]).toMatchObject({ action: "resolve", title: "all is well" });
  });

  it.each([
    ["no text", "no_text", {}],
    ["no JSON", "invalid_payload", "payload"],
    ["51 blocks", "invalid_blocks", { text: "a", blocks: Array.from({ length: 51 }, () => ({ type: "divider" })) }],
    [
      "a header of 151 characters",
      "invalid_blocks",
      { text: "a", blocks: [{ type: "header", text: { type: "plain_text", text: "x".repeat(151) } }] },
    ],
    ["a header with markup", "invalid_blocks", { text: "a", blocks: [{ type: "header", text: { type: "mrkdwn", text: "x" } }] }],
    ["an empty section", "invalid_blocks", { text: "a", blocks: [{ type: "section" }] }],
    ["an empty text", "invalid_blocks", { text: "a", blocks: [{ type: "section", text: { type: "mrkdwn", text: "" } }] }],
    [
      "a text of 3001 characters",
      "invalid_blocks",
      { text: "a", blocks: [{ type: "section", text: { type: "mrkdwn", text: "x".repeat(3_001) } }] },
    ],
    [
      "11 fields",
      "invalid_blocks",
      { text: "a", blocks: [{ type: "section", fields: Array.from({ length: 11 }, () => ({ type: "mrkdwn", text: "x" })) }] },
    ],
    [
      "a field of 2001 characters",
      "invalid_blocks",
      { text: "a", blocks: [{ type: "section", fields: [{ type: "mrkdwn", text: "x".repeat(2_001) }] }] },
    ],
    ["an empty context", "invalid_blocks", { text: "a", blocks: [{ type: "context", elements: [] }] }],
    ["emoji in markup", "invalid_blocks", { text: "a", blocks: [{ type: "section", text: { type: "mrkdwn", text: "x", emoji: true } }] }],
    ["an unknown type", "invalid_blocks", { text: "a", blocks: [{ type: "sektion" }] }],
  ])("answers to %s: %s", async (_, word, body) => {
    const sink = await open();
    const { status, text } = await post(sink.slackUrl, body);
    expect([status, text]).toEqual([400, word]);
    expect(sink.messages[0]?.taken).toBe(false);
  });

  it("has no receiver elsewhere", async () => {
    expect((await post(`${(await open()).url}/services/other`, { text: "a" })).status).toBe(404);
  });
});

describe("PagerDuty", () => {
  const payload = {
    summary: "cloudflare is failing",
    source: "tranche",
    severity: "critical",
    timestamp: "2026-11-27T15:04:05.000Z",
    custom_details: {},
  };
  const event = { routing_key: routingKey, event_action: "trigger", dedup_key: "incident:1", payload };

  it("processes events, and says under which key", async () => {
    const sink = await open();
    const { status, text } = await post(`${sink.url}/v2/enqueue`, event);
    expect([status, JSON.parse(text)]).toEqual([202, { status: "success", message: "Event processed", dedup_key: "incident:1" }]);
    const { dedup_key: key } = JSON.parse((await post(`${sink.url}/v2/enqueue`, { ...event, dedup_key: undefined })).text) as {
      dedup_key: string;
    };
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(
      (await post(`${sink.url}/v2/enqueue`, { routing_key: routingKey, event_action: "resolve", dedup_key: "incident:1" })).status,
    ).toBe(202);
    expect(sink.messages[0]).toMatchObject({
      channel: "pagerduty",
      action: "trigger",
      severity: "critical",
      title: "cloudflare is failing",
      thread: "incident:1",
      taken: true,
    });
  });

  it.each([
    ["routing_key", { ...event, routing_key: "short" }],
    ["event_action", { ...event, event_action: "open" }],
    ["dedup_key", { ...event, dedup_key: "x".repeat(256) }],
    ["dedup_key", { routing_key: routingKey, event_action: "resolve" }],
    ["payload", { ...event, payload: undefined }],
    ["summary", { ...event, payload: { ...payload, summary: "x".repeat(1_025) } }],
    ["source", { ...event, payload: { ...payload, source: "" } }],
    ["severity", { ...event, payload: { ...payload, severity: "urgent" } }],
    ["timestamp", { ...event, payload: { ...payload, timestamp: "now" } }],
    ["custom_details", { ...event, payload: { ...payload, custom_details: "none" } }],
    ["links", { ...event, links: [{ href: "nowhere" }] }],
  ])("refuses a wrong %s", async (name, body) => {
    const sink = await open();
    const { status, text } = await post(`${sink.url}/v2/enqueue`, body);
    const answer = JSON.parse(text) as { status: string; errors: string[] };
    expect([status, answer.status]).toEqual([400, "invalid event"]);
    expect(answer.errors.join()).toContain(name);
  });

  it("takes no event of more than 512 KB", async () => {
    const large = { ...event, payload: { ...payload, custom_details: { a: "x".repeat(512 * 1_024) } } };
    expect((await post(`${(await open()).url}/v2/enqueue`, large)).status).toBe(413);
  });
});

const mail = {
  from: "tranche <alerts@example.com>",
  to: "ops@example.com",
  subject: "cloudflare is failing: Zürich ☃",
  text: "Critical: cloudflare is failing\n\n.a line with a dot\n",
  html: "<p>failing</p>",
  messageId: "<msg_1@example.com>",
  references: "<incident.thread@example.com>",
};

describe("mail over SMTP", () => {
  const transport = ({ smtpAddress }: NotifySink, options = {}) => {
    const [host, port] = smtpAddress.split(":");
    return createTransport({ host: host ?? "", port: Number(port), ...options });
  };

  it("is taken from nodemailer, and read", async () => {
    const sink = await open();
    await transport(sink).sendMail(mail);
    expect(sink.messages).toMatchObject([
      {
        channel: "email",
        id: "<msg_1@example.com>",
        severity: "critical",
        title: mail.subject,
        thread: "<incident.thread@example.com>",
        taken: true,
        answered: "250",
        wrong: [],
      },
    ]);
    expect(sink.messages[0]?.text).toContain("\n.a line with a dot");
  });

  it("goes over STARTTLS where there is a certificate, with a login", async () => {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], { keySize: 2_048 });
    const sink = await open({ tls: { key, cert } });
    const options = { requireTLS: true, auth: { user: "u", pass: "p" } };
    await transport(sink, { ...options, tls: { rejectUnauthorized: false } }).sendMail(mail);
    expect(sink.messages[0]?.taken).toBe(true);
    await expect(transport(sink, options).sendMail(mail)).rejects.toThrow(/self-signed/);
    await expect(transport(await open(), options).sendMail(mail)).rejects.toThrow(/STARTTLS/);
  });

  it.each([
    ["a blind copy", "Subject: a\r\nBcc: b@example.com\r\n"],
    ["two subjects", "Subject: a\r\nSubject: b\r\n"],
    ["a line that is too long", `Subject: a\r\nX: ${"x".repeat(999)}\r\n`],
    ["a lone LF", "Subject: a\r\nX: a\nY: b\r\n"],
    ["letters beyond ASCII", "Subject: Zürich\r\n"],
  ])("is refused with %s", async (_, headers) => {
    const sink = await open();
    const raw = `Date: Fri, 27 Nov 2026 15:04:05 +0000\r\nFrom: alerts@example.com\r\nTo: ops@example.com\r\nMessage-ID: <a@example.com>\r\n${headers}\r\nhello\r\n`;
    expect((await talk(sink, raw)).at(-2)).toMatch(/^550 /);
    expect(sink.messages[0]).toMatchObject({ taken: false, answered: "550" });
    expect((await talk(sink, raw.replace(headers, "Subject: a\r\n"))).at(-2)).toMatch(/^250 /);
  });

  it("is refused where it names no recipient, or another sender", async () => {
    const sink = await open();
    const envelope = { from: "alerts@example.com", to: ["ops@example.com", "hidden@example.com"] };
    await expect(transport(sink).sendMail({ ...mail, envelope })).rejects.toThrow(/hidden@example\.com/);
    await expect(transport(sink).sendMail({ ...mail, envelope: { from: "other@example.com", to: ["ops@example.com"] } })).rejects.toThrow(
      /From is not the sender/,
    );
  });

  it("meets faults", async () => {
    const sink = await open();
    for (const [kind, code] of [
      ["greylist", 450],
      ["500", 451],
      ["429", 452],
      ["410", 550],
      ["301", 551],
    ] as const) {
      sink.setFault("email", { kind, times: 1 });
      await expect(transport(sink).sendMail(mail)).rejects.toMatchObject({ responseCode: code });
    }
    sink.setFault("email", { kind: "reset", times: 1 });
    await expect(transport(sink).sendMail(mail)).rejects.toMatchObject({ code: expect.stringMatching(/^E/) as string });
    sink.setFault("email", { kind: "hang", times: 1 });
    await expect(transport(sink, { socketTimeout: 200 }).sendMail(mail)).rejects.toThrow(/[Tt]ime/);
    await transport(sink).sendMail(mail);
    expect(sink.messages.map(({ answered }) => answered)).toEqual(["450", "451", "452", "550", "551", "reset", "hang", "250"]);
  });
});

/** SMTP by hand, without a word of politeness. @returns the last line of each reply */
const talk = async ({ smtpAddress }: NotifySink, raw: string): Promise<readonly string[]> => {
  const [host, port] = smtpAddress.split(":");
  const socket = connect(Number(port), host);
  const said: string[] = [];
  let buffered = "";
  const lines = ["EHLO test", "MAIL FROM:<alerts@example.com>", "RCPT TO:<ops@example.com>", "DATA", `${raw}.`, "QUIT"];
  for await (const chunk of socket) {
    buffered += String(chunk);
    for (let end = buffered.indexOf("\r\n"); end >= 0; end = buffered.indexOf("\r\n")) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 2);
      if (!/^\d{3} /.test(line)) continue;
      said.push(line);
      const next = lines.shift();
      if (next !== undefined) socket.write(`${next}\r\n`);
    }
  }
  return said;
};

describe("mail by an HTTP API", () => {
  const body = {
    from: mail.from,
    to: ["ops@example.com"],
    subject: mail.subject,
    text: mail.text,
    headers: { References: "<a@example.com>" },
  };
  const authorization = { authorization: "Bearer re_123" };

  it("is taken once by its key", async () => {
    const sink = await open();
    const [first, again] = [
      await post(sink.mailApiUrl, body, { ...authorization, "idempotency-key": "msg_1" }),
      await post(sink.mailApiUrl, body, { ...authorization, "idempotency-key": "msg_1" }),
    ];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.text).toBe(first.text);
    expect((await post(sink.mailApiUrl, { ...body, subject: "b" }, { ...authorization, "idempotency-key": "msg_1" })).status).toBe(409);
    expect(sink.messages.map(({ channel, id, repeated, taken }) => [channel, id, repeated, taken])).toEqual([
      ["email", "msg_1", false, true],
      ["email", "msg_1", true, true],
      ["email", "msg_1", true, false],
    ]);
  });

  it("is refused without a token, a recipient, a text, on two lines", async () => {
    const { mailApiUrl } = await open();
    expect((await post(mailApiUrl, body)).status).toBe(401);
    for (const wrong of [{ to: [] }, { to: ["nobody"] }, { text: undefined }, { subject: "a\nb" }, { headers: { a: "b\r\nBcc: c" } }]) {
      expect((await post(mailApiUrl, { ...body, ...wrong }, authorization)).status, JSON.stringify(wrong)).toBe(422);
    }
  });
});

describe("faults, over its control", () => {
  const slack = { text: "Info: a" };
  const control = async ({ url }: NotifySink, method: string, path: string, body?: unknown) => {
    const response = await fetch(`${url}/control/${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
    return { status: response.status, body: (await response.json()) as { faults?: unknown; detail?: string } };
  };

  it("each does what it says, as often as it was told", async () => {
    const sink = await open();
    const under = async (fault: unknown) => {
      expect(await control(sink, "PUT", "faults/slack", fault)).toMatchObject({ status: 200 });
      return await post(sink.slackUrl, slack);
    };
    expect((await under({ fault: "500" })).status).toBe(500);
    expect((await under({ fault: "410" })).status).toBe(410);
    const throttled = await under({ fault: "429", retry_after: 7 });
    expect([throttled.status, throttled.headers.get("retry-after")]).toEqual([429, "7"]);
    const moved = await under({ fault: "301" });
    expect([moved.status, moved.headers.get("location")]).toEqual([301, "/moved"]);
    await expect(under({ fault: "reset" })).rejects.toThrow(/fetch failed/);
    expect((await under({ fault: "flood", times: 1 })).text.length).toBe(2_097_152);
    expect((await post(sink.slackUrl, slack)).text).toBe("ok");
    const began = performance.now();
    expect((await under({ fault: "slow", ms: 300 })).text).toBe("ok");
    expect(performance.now() - began).toBeGreaterThan(290);
    await control(sink, "PUT", "faults/slack", { fault: "hang" });
    await expect(
      fetch(sink.slackUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(slack),
        signal: AbortSignal.timeout(200),
      }),
    ).rejects.toThrow(/time/);
    expect((await control(sink, "GET", "faults")).body.faults).toEqual({ slack: { kind: "hang" } });
    expect((await control(sink, "DELETE", "faults/slack")).body.faults).toEqual({});
    expect((await post(sink.slackUrl, slack)).text).toBe("ok");
  });

  it("refuses what there is not, and forgets what it was told to", async () => {
    const sink = await open();
    expect(await control(sink, "PUT", "faults/slack", { fault: "greylist" })).toMatchObject({
      status: 400,
      body: { detail: /mail alone/ } as never,
    });
    expect((await control(sink, "PUT", "faults/slack", { fault: "tired" })).status).toBe(400);
    expect((await control(sink, "PUT", "faults/pigeon", { fault: "500" })).status).toBe(400);
    expect((await control(sink, "PUT", "secrets", { secret: "abc" })).status).toBe(400);
    expect((await control(sink, "PUT", "secrets", { secret })).status).toBe(200);
    expect((await post(sink.webhookUrl, {})).status).toBe(401);
    expect((await control(sink, "GET", "messages")).body).toHaveLength(1);
    await control(sink, "DELETE", "messages");
    expect((await control(sink, "GET", "messages")).body).toEqual([]);
  });
});

describe("a line", () => {
  it("has its columns under their headings, whatever a title holds", async () => {
    const lines: string[] = [];
    const sink = await open({ onMessage: (message) => lines.push(lineOf(message)) });
    await post(sink.slackUrl, { text: "Critical: a\nb\u202Ec" });
    await post(`${sink.url}/v2/enqueue`, {
      routing_key: routingKey,
      event_action: "trigger",
      payload: { summary: "a b", source: "t", severity: "warning" },
    });
    sink.setFault("slack", { kind: "500" });
    await post(sink.slackUrl, { text: "Resolved: a b" });
    const at = heading.indexOf("title");
    expect(
      lines.map((line) =>
        line
          .slice(0, at)
          .replace(/^[\d:.]+/, "")
          .trim(),
      ),
    ).toEqual(["slack      -        critical", "pagerduty  trigger  warning", "slack      resolve  -"]);
    expect(lines.map((line) => line.slice(at))).toEqual(["a bc", "a b", "a b  (answered: 500)"]);
    expect(sinkChannels.every((name) => heading.indexOf("action") - heading.indexOf("channel") > name.length)).toBe(true);
  });
});

import fc from "fast-check";
import { simpleParser } from "mailparser";
import { describe, expect, it } from "vitest";
import type { Mail } from "../../../src/adapters/channels/mime.ts";
import { messageIdOf, referencesOf, writeMail } from "../../../src/adapters/channels/mime.ts";
import { boundedMessage } from "../../../src/domain/notify/bounded-message.ts";
import { renderMail } from "../../../src/domain/notify/render-mail.ts";
import { hostileMessage, hostileText, hostileTexts } from "../../support/hostile-messages.ts";
import { sampleMessage } from "../../support/notify-samples.ts";

const baseUrl = "https://tranche.example.com";
const envelope = {
  from: "alerts@example.com",
  to: ["ops@example.org"],
  id: "ntf-81",
  thread: "tranche-1:incident:42",
  dateMs: Date.parse("2026-11-18T11:20:05Z"),
};
const mailOf = (changes: Partial<Mail> = {}): Mail => ({ ...envelope, ...renderMail(sampleMessage("storm.started"), baseUrl), ...changes });

/** As a reader of mail gets it. */
const read = async (mail: Mail) => {
  const written = writeMail(mail);
  // What any server on the way may take: ASCII, whole line ends, no line longer than 78.
  expect(written).toMatch(/^[\r\n -~]*$/);
  for (const line of written.split("\r\n")) {
    expect(line).not.toMatch(/[\r\n]/);
    expect(line.length, line).toBeLessThanOrEqual(78);
  }
  expect(written.split("\r\n").filter((line) => line.startsWith("."))).toEqual([]);
  const parsed = await simpleParser(written);
  const recipients = [parsed.to ?? []].flat().flatMap(({ value }) => value.map(({ address }) => address));
  return { parsed, recipients };
};

const expectSame = async (mail: Mail): Promise<void> => {
  const { parsed, recipients } = await read(mail);
  expect(parsed.subject).toBe(mail.subject);
  expect(parsed.text).toBe(mail.text);
  expect(parsed.html).toBe(mail.html);
  expect(recipients).toEqual(mail.to);
  expect([...parsed.headers.keys()].toSorted()).toEqual([
    "auto-submitted",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "references",
    "subject",
    "to",
  ]);
  expect([parsed.cc, parsed.bcc, parsed.attachments]).toEqual([undefined, undefined, []]);
};

describe("a mail", () => {
  it("says who, to whom, when, which, and that no human sent it", async () => {
    const { parsed } = await read(mailOf({ to: Array.from({ length: 10 }, (_, index) => `${"a".repeat(60)}${index}@example.org`) }));
    expect(parsed.from?.value).toEqual([{ address: "alerts@example.com", name: "tranche" }]);
    expect(parsed.to).toMatchObject({ value: { length: 10 } });
    expect(parsed).toMatchObject({
      messageId: "<ntf-81@example.com>",
      date: new Date(envelope.dateMs),
      references: "<tranche-1_3aincident_3a42.thread@example.com>",
    });
    expect(parsed.headers.get("auto-submitted")).toBe("auto-generated");
  });

  it.each(hostileTexts)("of a service named %j is read as it was written", async (name) => {
    const message = boundedMessage(
      sampleMessage("switch.held", { title: `${name} is held`, summary: name, customer: name, services: [{ id: 1, name, state: "held" }] }),
    );
    await expectSame(mailOf({ ...renderMail(message, baseUrl) }));
  });

  it("is read as it was written, whatever there is in the message", async () => {
    await fc.assert(
      fc.asyncProperty(hostileMessage, async (raw) => {
        const message = boundedMessage(raw);
        fc.pre(message.title !== "");
        await expectSame(mailOf(renderMail(message, baseUrl)));
      }),
      { numRuns: 100 },
    );
  });

  it("whose subject is whatever text is no more than one header", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, async (subject) => {
        const { parsed, recipients } = await read(mailOf({ subject: subject.toWellFormed() }));
        expect(recipients).toEqual(envelope.to);
        expect([parsed.cc, parsed.bcc]).toEqual([undefined, undefined]);
        expect([...parsed.headers.keys()]).toHaveLength(9);
      }),
      { numRuns: 300 },
    );
  });

  it("whose text is whatever text has it line by line", async () => {
    const lines = fc
      .array(
        hostileText.map((text) => text.toWellFormed().replaceAll(/[\r\n]/g, "")),
        { maxLength: 8 },
      )
      .map((texts) => `first\n${texts.join("\n")}\nlast`);
    await fc.assert(
      fc.asyncProperty(lines, async (text) => {
        const { parsed } = await read(mailOf({ text }));
        expect(parsed.text).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, Partial<Mail>]>([
    ["a recipient", { to: ["ops@example.org\r\nBcc: victim@example.net"] }],
    ["a recipient with a name", { to: ["Ops <ops@example.org>"] }],
    ["several in one", { to: ["a@example.org,b@example.org"] }],
    ["no recipient", { to: [] }],
    ["a sender", { from: "alerts@example.com\nX: y" }],
    ["an empty id", { id: "" }],
    ["an endless id", { id: "x".repeat(200) }],
  ])("with %s that ends a header, or is none, is not written", (_, changes) => {
    expect(() => writeMail(mailOf(changes))).toThrow(TypeError);
  });

  it("has an id and a thread that are atoms, each for one text only", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
        fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
        (a, b) => {
          const [one, other] = [a.toWellFormed(), b.toWellFormed()].map((id) => messageIdOf({ id, from: envelope.from }));
          expect(one).toMatch(/^<[A-Za-z0-9_-]+@example\.com>$/);
          expect(one === other).toBe(a.toWellFormed() === b.toWellFormed());
        },
      ),
    );
    expect(messageIdOf({ id: "a\r\nb", from: envelope.from })).toBe("<a_0d_0ab@example.com>");
    expect(referencesOf({ thread: "x".repeat(255), from: envelope.from })).toBeNull();
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Question } from "../../../src/domain/steering/dns-message.ts";
import { decodeReply, encodeQuery } from "../../../src/domain/steering/dns-message.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const question: Question = { id: 0xbeef, name: "www.example.com", type: "A" };
const asked = "03 777777 07 6578616d706c65 03 636f6d 00";
const header = (flags: string, answers: string, questions = "0001") => `beef ${flags} ${questions} ${answers} 0000 0000`;
const ofA = `${asked} 0001 0001`;
const a = (owner: string, address = "c0000201") => `${owner} 0001 0001 0000003c 0004 ${address}`;

describe("encodeQuery", () => {
  it("writes one question without recursion (RFC 1035 §4.1)", () => {
    expect(encodeQuery(question)).toEqual(hex(`${header("0000", "0000")} ${ofA}`));
    expect(encodeQuery({ ...question, name: "www.example.com.", type: "AAAA" })).toEqual(
      hex(`${header("0000", "0000")} ${asked} 001c 0001`),
    );
  });

  it.each(["", "a..b", `${"a".repeat(64)}.com`, "a b.com", "\u00fc.com", `${"a.".repeat(127)}com`])("writes no query for %j", (name) => {
    expect(encodeQuery({ ...question, name })).toBeNull();
  });
});

describe("decodeReply", () => {
  const decoded = (text: string, of = question) => decodeReply(hex(text), of);

  it("reads addresses, and AA, TC and RCODE", () => {
    expect(decoded(`${header("8400", "0002")} ${ofA} ${a("c00c")} ${a("c00c", "c0000202")}`)).toEqual({
      rcode: 0,
      authoritative: true,
      truncated: false,
      answers: ["192.0.2.1", "192.0.2.2"],
    });
    expect(decoded(`${header("8403", "0000")} ${ofA}`)).toEqual({ rcode: 3, authoritative: true, truncated: false, answers: [] });
    expect(decoded(`${header("8005", "0000")} ${ofA}`)).toMatchObject({ rcode: 5, authoritative: false });
    expect(decoded(`${header("8600", "0001")} ${ofA}`)).toEqual({ rcode: 0, authoritative: true, truncated: true, answers: [] });
  });

  it("follows CNAMEs in any order and case, a circle included, and leaves out what does not belong to the name", () => {
    const cname = (owner: string, target: string, length: string) => `${owner} 0005 0001 0000003c ${length} ${target}`;
    // cdn.example.com, then www -> CDN.example.com, then an address of another name.
    const text = `${header("8400", "0004")} ${ofA} ${a("03 63646e c010")} ${cname("c00c", "03 43444e c010", "0006")} ${cname("03 63646e c010", "c00c", "0002")} ${a("c010")}`;
    expect(decoded(text)?.answers).toEqual(["192.0.2.1"]);
    const ofCname = `${header("8400", "0001")} ${asked} 0005 0001 ${cname("c00c", "03 43444e c010", "0006")}`;
    expect(decoded(ofCname, { ...question, type: "CNAME" })?.answers).toEqual(["CDN.example.com."]);
    expect(decoded(ofCname.replace("43444e", "2e5c00"), { ...question, type: "CNAME" })?.answers).toEqual([
      String.raw`\.\\\000.example.com.`,
    ]);
  });

  it("skips records of other types and classes", () => {
    expect(
      decoded(`${header("8400", "0003")} ${ofA} c00c 0010 0001 00000000 0002 0161 c00c 0001 0003 00000000 0001 00 ${a("c00c")}`)?.answers,
    ).toEqual(["192.0.2.1"]);
  });

  it.each([
    ["another id", `beee 8400 0001 0000 0000 0000 ${ofA}`],
    ["a query", `${header("0400", "0000")} ${ofA}`],
    ["another opcode", `${header("a400", "0000")} ${ofA}`],
    ["no question", header("8400", "0000", "0000")],
    ["two questions", `${header("8400", "0000", "0002")} ${ofA} ${ofA}`],
    ["another name", `${header("8400", "0000")} 03 777778 07 6578616d706c65 03 636f6d 00 0001 0001`],
    ["another type", `${header("8400", "0000")} ${asked} 001c 0001`],
    ["another class", `${header("8400", "0000")} ${asked} 0001 0003`],
    ["fewer records than it says", `${header("8400", "0002")} ${ofA} ${a("c00c")}`],
    ["an address of three octets", `${header("8400", "0001")} ${ofA} c00c 0001 0001 0000003c 0003 c00002`],
    ["data beyond its end", `${header("8400", "0001")} ${ofA} c00c 0010 0001 0000003c 0009 00`],
    ["a pointer to itself", `${header("8400", "0001")} ${ofA} ${a("c021")}`],
    ["a pointer ahead", `${header("8400", "0001")} ${ofA} ${a("c030")}`],
    ["a circle of a label and a pointer", `${header("8400", "0001")} ${ofA} ${a("0161 c021")}`],
    ["a pointer into the header", `${header("8400", "0001")} ${ofA} ${a("c000")}`],
    ["a label type that is reserved", `${header("8400", "0001")} ${ofA} ${a("40 00")}`],
    ["a target that is longer than its data", `${header("8400", "0001")} ${ofA} c00c 0005 0001 0000003c 0001 c00c`],
    ["nothing", ""],
  ])("takes %s for no answer", (_, text) => {
    expect(decoded(text)).toBeNull();
  });

  it("takes an answer that breaks off anywhere for none", () => {
    const whole = hex(`${header("8400", "0001")} ${ofA} ${a("c00c")}`);
    for (let length = 0; length < whole.length; length += 1) expect(decodeReply(whole.slice(0, length), question)).toBeNull();
    expect(decodeReply(whole, question)).not.toBeNull();
  });

  it("writes IPv6 as a URL does (RFC 5952)", () => {
    const of: Question = { ...question, type: "AAAA" };
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const octets = groups.map((one) => one.toString(16).padStart(4, "0")).join("");
        const answers = decoded(`${header("8400", "0001")} ${asked} 001c 0001 c00c 001c 0001 00000000 0010 ${octets}`, of)?.answers;
        expect(answers).toEqual([new URL(`http://[${groups.map((one) => one.toString(16)).join(":")}]`).hostname.slice(1, -1)]);
      }),
    );
  });

  it("ends with whatever octets follow the question, and throws nothing", () => {
    const start = hex(`${header("8400", "0005")} ${ofA}`);
    const octet = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 5, 12, 33, 0xc0));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 400 }), (rest) => {
        decodeReply(Uint8Array.from([...start, ...rest]), question);
        decodeReply(Uint8Array.from(rest), question);
      }),
      { numRuns: 2_000 },
    );
  });
});

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTimestamps } from "../../../src/adapters/evidence/timestamps.ts";
import { readTimestamp, timestampRequest } from "../../../src/domain/evidence/timestamp.ts";
import recorded from "../../fixtures/timestamp.json" with { type: "json" };

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const [answer, hash, nonce] = [bytes(recorded.answer), bytes(recorded.hash), bytes(recorded.nonce)];

describe("an answer of a time-stamping authority", () => {
  it("that openssl once gave is read: of this hash, to this request, at its time", () => {
    expect(readTimestamp(answer, hash, nonce)).toEqual({ at: recorded.at.replace(".000", "") });
  });

  it("of another hash, to another request, refused or cut short is none", () => {
    expect(
      readTimestamp(
        answer,
        hash.map((byte) => byte ^ 1),
        nonce,
      ),
    ).toEqual({ error: "is a time-stamp of something else" });
    expect(
      readTimestamp(
        answer,
        hash,
        nonce.map((byte) => byte ^ 1),
      ),
    ).toEqual({ error: "is the answer to another request" });
    expect(readTimestamp(bytes(recorded.refusal), hash, nonce)).toEqual({ error: "the authority refused (status 2)" });
    for (let length = 0; length < answer.length; length += 13)
      expect(readTimestamp(answer.subarray(0, length), hash, nonce), String(length)).toHaveProperty("error");
    expect(readTimestamp(Uint8Array.from([...answer, 0]), hash, nonce)).toHaveProperty("error");
  });

  it("may be any bytes: it is read or refused, never thrown about", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.tuple(fc.nat(answer.length - 1), fc.nat(255)).map(([at, to]) => answer.with(at, to)),
        ),
        (other) => {
          expect(Object.keys(readTimestamp(other, hash, nonce))).toHaveLength(1);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

const opensslThere = (() => {
  try {
    return execFileSync("openssl", ["version"], { encoding: "utf8" }).startsWith("OpenSSL");
  } catch {
    return false;
  }
})();
if (!opensslThere)
  console.warn("SKIPPED: openssl is not here, so nobody independent referees time-stamps (test/domain/evidence/timestamp.test.ts)");

describe.skipIf(!opensslThere)("openssl as the authority", () => {
  let home: string;
  let close: () => void;
  let url: string;
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: home, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "tranche-tsa-"));
    writeFileSync(
      join(home, "tsa.cnf"),
      `
[req]
distinguished_name = dn
[dn]
[tsa]
default_tsa = own
[own]
serial = ${join(home, "serial")}
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
accuracy = secs:1
[ext]
extendedKeyUsage = critical,timeStamping
`,
    );
    writeFileSync(join(home, "serial"), "01\n");
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "key.pem",
      "-out",
      "cert.pem",
      "-days",
      "2",
      "-subj",
      "/CN=tsa",
      "-config",
      "tsa.cnf",
      "-extensions",
      "ext",
    );
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        if (request.headers["content-type"] !== "application/timestamp-query") return response.writeHead(415).end();
        writeFileSync(join(home, "request.tsq"), Buffer.concat(parts));
        openssl(
          "ts",
          "-reply",
          "-queryfile",
          "request.tsq",
          "-signer",
          "cert.pem",
          "-inkey",
          "key.pem",
          "-config",
          "tsa.cnf",
          "-section",
          "own",
          "-out",
          "answer.tsr",
        );
        return response.writeHead(200, { "content-type": "application/timestamp-reply" }).end(readFileSync(join(home, "answer.tsr")));
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    close = () => server.close();
  });

  afterAll(() => {
    close();
    rmSync(home, { recursive: true, force: true });
  });

  it("reads our request, and verifies the answer that we kept of its own", async () => {
    const digest = createHash("sha256").update("root").digest();
    const random = { bytes: (length: number) => new Uint8Array(length).fill(0xc3) };
    const stamped = await createTimestamps(url, fetch, random).stamp(digest.toString("hex"));
    expect(stamped).toHaveProperty("token");
    writeFileSync(join(home, "kept.tsr"), Buffer.from("token" in stamped ? stamped.token : "", "base64"));
    expect(openssl("ts", "-query", "-in", "request.tsq", "-text")).toContain("Hash Algorithm: sha256");
    expect(openssl("ts", "-verify", "-digest", digest.toString("hex"), "-in", "kept.tsr", "-CAfile", "cert.pem")).toContain(
      "Verification: OK",
    );
    const other = new Uint8Array(8).fill(0x43);
    expect(readTimestamp(new Uint8Array(readFileSync(join(home, "kept.tsr"))), new Uint8Array(digest), other)).toHaveProperty("error");
  });

  it("is asked as the recorded request was", () => {
    writeFileSync(join(home, "ours.tsq"), timestampRequest(hash, nonce));
    const told = openssl("ts", "-query", "-in", "ours.tsq", "-text");
    expect(told).toContain("Certificate required: yes");
    expect(told).toContain(`Nonce: 0x${Buffer.from(nonce).toString("hex").toUpperCase()}`);
  });
});

describe("an authority that fails", () => {
  const random = { bytes: (length: number) => new Uint8Array(length).fill(1) };
  const stamp = (answered: () => Promise<Response>) =>
    createTimestamps("https://tsa.test/", answered as typeof fetch, random).stamp("00".repeat(32));

  it("is told by a word, whatever it does, and never throws", async () => {
    expect(await stamp(async () => new Response("", { status: 503 }))).toEqual({ error: "the authority answered 503" });
    expect(await stamp(async () => new Response(new Uint8Array(70_000)))).toEqual({ error: "the answer is too long" });
    expect(await stamp(async () => new Response("hello"))).toHaveProperty("error");
    expect(
      await stamp(async () => {
        throw new TypeError("fetch failed");
      }),
    ).toEqual({ error: "the authority can not be reached" });
    expect(
      await stamp(async () => {
        throw new DOMException("", "TimeoutError");
      }),
    ).toEqual({ error: "no answer in time" });
    expect(await stamp(async () => new Response(answer))).toEqual({ error: "the answer: is a time-stamp of something else" });
  });
});

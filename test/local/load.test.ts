import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { complaints, histogram, percentile, readOptions, runLoad } from "../../local/load.ts";

let stop = () => undefined as void;
afterEach(() => stop());

/** A server that answers by the number of the request. */
const serving = async (answer: (at: number) => { status: number; afterMs?: number }) => {
  const seen: { method: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request
      .on("data", (chunk: Buffer) => (body += chunk.toString()))
      .on("end", () => {
        seen.push({ method: request.method ?? "", body });
        const { status, afterMs = 0 } = answer(seen.length);
        setTimeout(() => response.writeHead(status).end(), afterMs);
      });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  stop = () => {
    server.close();
    server.closeAllConnections();
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { seen, options: (...more: string[]) => readOptions(["--url", url, "--concurrency", "5", "--total", "200", ...more]) };
};

describe("npm run load", () => {
  it("sends as many sessions as it was told, each another one, and finds good answers good", async () => {
    const { seen, options } = await serving(() => ({ status: 204 }));
    const result = await runLoad(options());
    expect([result.errors, result.latenciesMs.length, [...result.outcomes]]).toEqual([0, 200, [["204", 200]]]);
    expect(new Set(seen.map(({ body }) => (JSON.parse(body) as { session_id: string }).session_id)).size).toBe(200);
    expect(complaints(result, options("--max-p95-ms", "60000"))).toEqual([]);
  });

  it("fails where too many answers are errors", async () => {
    const { options } = await serving((at) => ({ status: at % 50 === 0 ? 503 : 204 }));
    const result = await runLoad(options());
    expect(result.errors).toBe(4);
    expect(complaints(result, options("--max-p95-ms", "60000"))).toEqual(["2.00 % of the answers are errors, not below 1 %"]);
    expect(complaints(result, options("--max-p95-ms", "60000", "--max-error-rate", "0.03"))).toEqual([]);
  });

  it("fails where one in ten is slow", async () => {
    const { seen, options } = await serving((at) => ({ status: 200, afterMs: at % 10 === 0 ? 120 : 0 }));
    const result = await runLoad(options("--path", "/healthz"));
    expect(seen[0]?.method).toBe("GET");
    expect(complaints(result, options("--max-p95-ms", "100"))[0]).toMatch(/^p95 is 1\d\d\.\d ms, not below 100 ms$/);
  });

  it("counts a server that is not there as errors", async () => {
    const options = readOptions(["--url", "http://127.0.0.1:1", "--total", "10"]);
    const result = await runLoad(options);
    expect([result.errors, [...result.outcomes]]).toEqual([10, [["ECONNREFUSED", 10]]]);
    expect(complaints(result, options)).toHaveLength(1);
  });

  it.each([[["--url", "ftp://x"]], [[]], [["--url", "http://x", "--total", "0"]], [["--url", "http://x", "--concurrency", "many"]]])(
    "refuses %j",
    (args) => {
      expect(() => readOptions(args)).toThrow(RangeError);
    },
  );
});

it("ranks percentiles", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([50, 95, 99, 100]);
  expect(percentile([7], 0.95)).toBe(7);
});

it("draws rows of doubling width", () => {
  expect(histogram([0.5, 3, 3.5, 4, 9], 6)).toBe(
    [
      "     <= 1 ms        1 ##",
      "     <= 2 ms        0 ",
      "     <= 4 ms        3 ######",
      "     <= 8 ms        0 ",
      "    <= 16 ms        1 ##",
    ].join("\n"),
  );
});

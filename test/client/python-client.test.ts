import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { exampleOf } from "../../src/http/openapi/openapi-example.ts";
import { scratchDir } from "../support/scratch-dir.ts";
import { staticContract } from "../support/static-contract.ts";

// The description as a generator in another language reads it: openapi-python-client, whose client calls every operation.

const python = process.env["PYTHON"] ?? "python3";
const script = new URL("../support/python-client.py", import.meta.url).pathname;
const contract = await staticContract();
const schemas = (contract.document.components as { schemas: Parameters<typeof exampleOf>[1] }).schemas;

const hasGenerator = (): boolean => {
  try {
    execFileSync(python, ["-c", "import openapi_python_client"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn(`SKIPPED: ${python} has no openapi-python-client. PYTHON names another interpreter.`);
    return false;
  }
};

/** What the generator has no reader for is text. */
const config = {
  package_name_override: "tranche_client",
  content_type_overrides: { "application/yaml": "text/plain", "application/rss+xml": "text/plain" },
  post_hooks: [],
};

type Seen = { readonly title: string; readonly refusals: readonly string[] };

/** Answers each operation with the example of its success. */
const respond = async (request: IncomingMessage, response: ServerResponse): Promise<Seen> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const method = request.method ?? "GET";
  const operation = contract.find(method, pathname);
  const [status, success] = Object.entries(operation?.responses ?? {}).find(([code]) => code.startsWith("2")) ?? ["404", {}];
  const [type = "text/plain", content] = Object.entries(success.content ?? {})[0] ?? [];
  const example = content?.schema === undefined ? "" : exampleOf(content.schema, schemas);
  response.writeHead(Number(status), { "content-type": type });
  response.end(type.endsWith("json") ? JSON.stringify(example) : example);
  const body = Buffer.concat(chunks).toString();
  return { title: operation?.title ?? pathname, refusals: body === "" ? [] : contract.bodyRefusals(method, pathname, body) };
};

describe.skipIf(!hasGenerator())("a client in Python, generated", () => {
  it("has every operation and type, without a warning, and calls each", { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(join(scratchDir(), "python-client-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const [document, options, output] = ["openapi.json", "config.json", "tranche_client"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(document, JSON.stringify(contract.document));
    await writeFile(options, JSON.stringify(config));
    const run = promisify(execFile);
    const generator = ["-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"];
    await run(python, [...generator, "--path", document, "--config", options, "--output-path", output]);

    const seen: Seen[] = [];
    const server = createServer((request, response) => void respond(request, response).then((one) => seen.push(one)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { stdout } = await run(python, [script, document, folder, url], { maxBuffer: 1e7 });
      const called = JSON.parse(stdout) as Record<string, string>;
      expect(Object.keys(called)).toHaveLength(contract.operations.length);
      const given = (title: string) => Object.entries(called).find(([id]) => id === title)?.[1];
      expect(given("createServiceDomain")).toBe("Domain");
      expect(given("getService")).toBe("ServiceDetail");
      expect(given("createChannel")).toBe("NewChannel");
    } finally {
      server.close();
    }
    expect(seen.map(({ title }) => title).toSorted()).toEqual(contract.operations.map(({ title }) => title).toSorted());
    expect(seen.filter(({ refusals }) => refusals.length > 0)).toEqual([]);
  });
});

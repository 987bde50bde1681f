import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { version } from "../../src/version.ts";
import { root } from "../readme/documents.ts";
import { inShell, shells } from "../readme/shell.ts";

/** As the reader of README.md writes it, but for the address. */
const program = `
import { ApiError, createClient } from "tranche/client";

const tranche = createClient({ baseUrl: process.argv[2] ?? "", token: "trn_x" });
const { domains } = await tranche.request("GET /v1/services/{id}", { path: { id: 1 } });
const storms: string[] = [];
for await (const storm of tranche.each("GET /v1/storms", { query: { active: true } })) storms.push(storm.started_at);
const refused = await tranche.request("GET /v1/invoices").catch((error: unknown) => error);
console.log(JSON.stringify([domains.length, storms, refused instanceof ApiError && refused.problem?.title]));
`;

/** Each must be an error of types: the client is not \`any\` to whoever installs it. */
const wrongPrograms = [
  `import { createClient } from "tranche/client"; await createClient({ baseUrl: "", token: "" }).request("GET /v1/nothing");`,
  `import { createClient } from "tranche/client"; await createClient({ baseUrl: "", token: "" }).request("GET /v1/services/{id}");`,
  `import { createClient } from "tranche/client"; const { domain } = await createClient({ baseUrl: "", token: "" }).request("GET /v1/services/{id}", { path: { id: 1 } }); console.log(domain);`,
];

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://server");
  const answer = (status: number, type: string, body: unknown, more: Record<string, string> = {}) =>
    response.writeHead(status, { "content-type": type, ...more }).end(JSON.stringify(body));
  if (request.headers.authorization !== "Bearer trn_x") answer(401, "application/problem+json", { title: "Unauthorized" });
  else if (url.pathname === "/v1/services/1") answer(200, "application/json", { domains: [{ id: 1 }, { id: 2 }] });
  else if (url.search === "?active=true")
    answer(200, "application/json", [{ started_at: "first" }], { link: '</v1/storms?active=true&cursor=2>; rel="next"' });
  else if (url.search === "?active=true&cursor=2") answer(200, "application/json", [{ started_at: "second" }]);
  else answer(403, "application/problem+json", { title: "Forbidden", detail: "no" });
});

let home: string;
let installed: string;
let tarball: string;
let url: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "tranche-packed-"));
  installed = join(home, "node_modules", "tranche");
  const { code, output } = await inShell(`npm pack --pack-destination '${home}'`, shells[0] ?? { path: "" });
  if (code !== 0) throw new Error(output);
  tarball = join(home, (await readdir(home)).find((name) => name.endsWith(".tgz")) ?? "");
  // What npm install does with it, without the network.
  await mkdir(installed, { recursive: true });
  await inShell(`tar -xzf '${tarball}' -C '${installed}' --strip-components=1`, shells[0] ?? { path: "" });
  await mkdir(join(home, "node_modules", "@types"));
  for (const name of ["@types/node", "undici-types"]) await symlink(join(root, "node_modules", name), join(home, "node_modules", name));
  await writeFile(join(home, "package.json"), `{ "type": "module" }`);
  await writeFile(join(home, "program.ts"), program);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.close();
  await rm(home, { recursive: true, force: true });
});

/** Compiles files beside what is installed. */
const compile = async (files: string, moduleResolution: "bundler" | "nodenext") => {
  const module = moduleResolution === "bundler" ? "esnext" : "nodenext";
  const options = `--strict --target es2022 --lib es2022 --types node --module ${module} --moduleResolution ${moduleResolution}`;
  return await inShell(`'${join(root, "node_modules/.bin/tsc")}' --outDir out ${options} --ignoreConfig ${files}`, {
    ...(shells[1] ?? { path: "" }),
    cwd: home,
  });
};

describe("the client in its tarball", () => {
  it("is small, and holds nothing but the client and the command line, built", async () => {
    expect((await stat(tarball)).size).toBeLessThan(300 * 1_024);
    const files = await readdir(installed, { recursive: true });
    // The names of what the command line loads on request have a hash in them.
    const chunk = /^dist\/cli\/(?!main\.js$)[\w-]+-[0-9A-Z]{8}\.js$/;
    expect(files.filter((file) => chunk.test(file)).length).toBeLessThan(20);
    expect(files.filter((file) => file.includes(".") && !chunk.test(file)).toSorted()).toEqual([
      "README.md",
      "cli/tranche.js",
      "dist/cli/main.js",
      "dist/client/client.d.ts",
      "dist/client/client.js",
      "dist/client/operations.d.ts",
      "dist/client/operations.js",
      "package.json",
    ]);
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "NOTICE"]));
    expect(await readFile(join(installed, "dist/client/client.js"), "utf8")).not.toMatch(/from ["'](?!\.\/)/);
  });

  it.each(["bundler", "nodenext"] as const)("has types for moduleResolution %s, with every library check on", async (moduleResolution) => {
    expect(await compile("program.ts", moduleResolution)).toEqual({ code: 0, output: "" });
    const files = wrongPrograms.map((_, at) => `wrong-${at}.ts`);
    await Promise.all(files.map((file, at) => writeFile(join(home, file), wrongPrograms[at] ?? "")));
    const { output } = await compile(files.join(" "), moduleResolution);
    for (const file of files) expect(output).toContain(`${file}(1,`);
  });

  it.each(shells)("works with $node", async ({ path }) => {
    await compile("program.ts", "nodenext");
    await cp(join(home, "out", "program.js"), join(home, "program.js"));
    const { code, output } = await inShell(`node program.js ${url}`, { path, cwd: home });
    expect([code, output]).toEqual([0, `${JSON.stringify([2, ["first", "second"], "Forbidden"])}\n`]);
  });
});

describe.each(shells)("the command line in its tarball, with $node", ({ path }) => {
  const tranche = (args: string, variables: Readonly<Record<string, string>> = {}) =>
    inShell(`node node_modules/tranche/cli/tranche.js ${args}`, { path, cwd: home, variables: { HOME: home, ...variables } });

  it("starts, calls the API, and says what it is told", async () => {
    expect(await tranche("--version")).toEqual({ code: 0, output: `${version}\n` });
    const variables = { TRANCHE_URL: url, TRANCHE_TOKEN: "trn_x" };
    expect(await tranche("services", variables)).toEqual({ code: 3, output: "tranche: 403 Forbidden: no\n" });
    expect(await tranche("services")).toMatchObject({ code: 3, output: expect.stringMatching(/^tranche: nobody is signed in/) as string });
  });

  it("brings what it replays and verifies with, and says where the drill is", async () => {
    const trace = join(root, "test/fixtures/outage-2025-11-18.csv");
    expect((await tranche(`backtest '${trace}' --json`)).output).toContain('"samples": 5160');
    await writeFile(join(home, "bundle.json"), "{}");
    expect(await tranche("evidence verify --unsigned bundle.json")).toEqual({
      code: 1,
      output: expect.stringMatching(/^BROKEN: record 1/) as string,
    });
    expect(await tranche("drill")).toMatchObject({ code: 1, output: expect.stringContaining("the drill is in the repository") as string });
  });
});

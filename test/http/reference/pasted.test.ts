import { beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../local/fallback/http.ts";
import { argumentsOf, asRequest } from "../../readme/curl.ts";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { staticContract } from "../../support/static-contract.ts";
import type { Operation } from "../../support/openapi.ts";

const { operations } = await staticContract();
const credentials = { METRICS_TOKEN: "metrics-token-of-the-reference", WAU_READ_TOKEN: "wau-token-of-the-reference" };

let api: Api;
let origin: string;
let page: string;
let owner: string;

beforeAll(async () => {
  api = await startApi(credentials);
  const port = await listen({ dispatch: async (url, init) => await api.app.request(new Request(url, init)), streams: ReadableStream }, 0);
  origin = `http://127.0.0.1:${port}`;
  page = await (await fetch(`${origin}/docs`)).text();
  const { id } = await api.created("/v1/customers", { name: "reader" });
  // The examples are about the first of everything: the token that is revoked by one of them is not the one that pastes them.
  await api.created(`/v1/customers/${id}/tokens`, { name: "first", role: "viewer" });
  owner = String((await api.created(`/v1/customers/${id}/tokens`, { name: "reader", role: "owner" }))["token"]);
});

const entities: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

/** The command beside an operation, as it is copied from the page. */
const commandOf = ({ method, path }: Operation): string => {
  const id = `${method} ${path}`.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase();
  const section = page.split(`<section id="${id}" `)[1]?.split("</section>")[0] ?? "";
  const command = /<div class="examples"><pre>(.*?)<\/pre>/s.exec(section)?.[1] ?? "";
  return command.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity);
};

/** Has a shell read a command, and does what curl would do. */
const paste = async (operation: Operation, token = owner): Promise<Response> => {
  const command = commandOf(operation);
  const { url, init } = asRequest(await argumentsOf(command, { TRANCHE_TOKEN: token, ...credentials }));
  expect(url.startsWith(`${origin}/`), command).toBe(true);
  return await fetch(url, init);
};

const named = (title: string): Operation => {
  const operation = operations.find((one) => one.title === title);
  if (operation === undefined) throw new Error(`no operation ${title}`);
  return operation;
};

describe("commands of /docs, pasted", () => {
  it("insure a service, and read it back", async () => {
    const walk = [
      ["POST /v1/services", 201],
      ["POST /v1/services/{id}/domains", 201],
      ["POST /v1/services/{id}/storm-policies", 201],
      ["POST /v1/services/{id}/objectives", 201],
      ["PUT /v1/services/{id}/routing/override", 200],
      ["DELETE /v1/services/{id}/routing/override", 204],
      ["GET /v1/services", 200],
      ["GET /v1/services/{id}", 200],
    ] as const;
    for (const [title, status] of walk) {
      const response = await paste(named(title));
      expect([title, response.status, await response.clone().text()]).toEqual([title, status, expect.any(String)]);
      if (title === "GET /v1/services") expect(await response.json()).toMatchObject([{ id: 1, name: "web", primary_cdn: "cloudflare" }]);
    }
  });

  // What an example names need not be there; but it is asked for in the right way, by who may. A test of a channel would be sent.
  const ranks = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  const ordered = operations
    .filter(({ path }) => !path.endsWith("channels/{id}/test"))
    // Signed by a probe agent: no command that is pasted does that.
    .filter(({ path }) => !["/v1/probe-agents/targets", "/v1/probe-agents/samples"].includes(path))
    .toSorted((a, b) => ranks.indexOf(a.method) - ranks.indexOf(b.method));
  it.each(ordered)("$title is understood", async (operation) => {
    const response = await paste(operation, operation.scope === "admin" ? api.env.ADMIN_TOKEN : owner);
    const text = await response.text();
    expect(response.ok || [404, 409].includes(response.status), `${response.status} ${text}`).toBe(true);
  });
});

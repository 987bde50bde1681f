import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

// `/storm-policies/backtest` is no storm policy: whatever is sent there is answered by the routes of that path alone.

/** The methods of each path with a route, as the application has them: what is added tomorrow is tested tomorrow. */
const routes = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const env = { DATABASE_URL: "postgresql://nobody:none@127.0.0.1:9/none", PROVIDER: "local" };
  const found = new Map<string, Set<string>>();
  for (const { method, path } of createApp(buildDeps(parseConfig(env), { log })).routes) {
    if (method !== "ALL") found.set(path, (found.get(path) ?? new Set()).add(method));
  }
  return found;
};

const fits = (path: string, other: string): boolean => {
  const [own, wanted] = [path.split("/"), other.split("/")];
  return own.length === wanted.length && own.every((segment, at) => segment === wanted[at] || wanted[at]?.startsWith(":") === true);
};

const known = routes();
const paths = [...known.keys()];
const pairs = paths.flatMap((literal) =>
  paths.filter((other) => other !== literal && fits(literal, other) && !fits(other, literal)).map((other) => ({ literal, other })),
);

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const allowed = (path: string): readonly string[] => {
  const own = known.get(path) ?? new Set();
  return [...own, ...(own.has("GET") ? ["HEAD"] : []), "OPTIONS"].toSorted();
};

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let service: number;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("literal");
  service = (await api.service(acme.editor)).id;
});

const filled = (path: string): string => path.replaceAll(/:[^/]+/g, String(service));

describe.each(pairs)("$literal beside $other", ({ literal }) => {
  it.each(methods.filter((method) => !allowed(literal).includes(method)))("is a 405 for %s, and says what it answers", async (method) => {
    const answer = await api.app.request(filled(literal), { method, headers: { authorization: `Bearer ${acme.editor}` } });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, allowed(literal).join(", ")]);
  });

  // The console asks for a session before anything else.
  it.skipIf(literal.startsWith("/console/"))("says what it answers for OPTIONS, too", async () => {
    const answer = await api.app.request(filled(literal), { method: "OPTIONS" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([204, allowed(literal).join(", ")]);
  });

  it.each(allowed(literal).filter((method) => method !== "OPTIONS"))("is not taken for an id by %s", async (method) => {
    const headers = { authorization: `Bearer ${acme.editor}`, "content-type": "application/json" };
    const answer = await api.app.request(filled(literal), { method, headers, ...(method === "POST" && { body: "{}" }) });
    const text = await answer.text();
    expect([404, 405]).not.toContain(answer.status);
    expect(text).not.toContain('"pointer":"id"');
    expect(text).not.toContain('"pointer":"childId"');
  });
});

it("is there to be tested", () => {
  expect(pairs.map(({ literal }) => literal)).toEqual(
    expect.arrayContaining(["/v1/services/:id/storm-policies/backtest", "/v1/invoices/preview"]),
  );
});

it("answers for the path with parameters beside it as before", async () => {
  const answer = await api.call("GET", `/v1/services/${service}/storm-policies/7`, { token: acme.editor });
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "DELETE, OPTIONS, PATCH"]);
});

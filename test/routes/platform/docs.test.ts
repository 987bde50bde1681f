import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let html: string;
let headers: Headers;

beforeAll(async () => {
  api = await startApi();
  ({ text: html, headers } = await api.call("GET", "/docs", { token: null }));
});

describe("/", () => {
  it("leads to the console, and is no part of the description", async () => {
    for (const method of ["GET", "HEAD"]) {
      const answer = await api.call(method, "/", { token: null });
      expect([answer.status, answer.headers.get("location")]).toEqual([302, "/console"]);
    }
    const refused = await api.call("POST", "/", { token: null });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
    const { body } = await api.call("GET", "/openapi.json", { token: null });
    expect(Object.keys(body["paths"] as object)).not.toContain("/");
  });
});

describe("/docs", () => {
  it("tells every operation and schema of the document", async () => {
    const { body } = await api.call("GET", "/openapi.json", { token: null });
    const paths = body["paths"] as Record<string, Record<string, { summary: string }>>;
    for (const [path, item] of Object.entries(paths)) {
      for (const method of Object.keys(item)) expect(html).toContain(`<b class="method">${method.toUpperCase()}</b> <code>${path}</code>`);
    }
    for (const name of Object.keys((body["components"] as { schemas: object }).schemas)) {
      expect(html).toContain(`<details id="schema-${name.toLowerCase()}">`);
    }
  });

  it("has no broken link within, and none elsewhere", () => {
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...html.matchAll(/ href="([^"]+)"/g)].map(([, href = ""]) => href);
    expect(links.length).toBeGreaterThan(20);
    for (const href of links) expect(href === "/openapi.json" || ids.has(href.slice(1)), href).toBe(true);
    expect(html).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|style="|src=|https?:\/\/(?!\S*example\.com)/);
  });

  it("is allowed its own style and nothing else", async () => {
    expect(headers.get("content-type")).toMatch(/^text\/html; ?charset=UTF-8$/i);
    const policy = headers.get("content-security-policy") ?? "";
    const style = /<style>(.*?)<\/style>/s.exec(html)?.[1] ?? "";
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
    const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
    expect(policy.split("; ")).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  it("nests its elements", () => {
    const open: string[] = [];
    for (const [, close, name = "", rest = ""] of html.matchAll(/<(\/?)([a-z0-9]+)([^>]*)>/g)) {
      if (["meta", "br"].includes(name)) continue;
      if (close === "/") expect(open.pop()).toBe(name);
      else open.push(name);
      expect(rest).not.toContain("<");
    }
    expect(open).toEqual([]);
  });
});

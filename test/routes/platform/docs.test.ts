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
  it("tells every operation and schema of the document, under ids that stay", async () => {
    const { body } = await api.call("GET", "/openapi.json", { token: null });
    const paths = body["paths"] as Record<string, Record<string, { summary: string }>>;
    const anchor = (text: string) => text.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase();
    for (const [path, item] of Object.entries(paths)) {
      for (const method of Object.keys(item)) {
        const id = anchor(`${method} ${path}`);
        expect(html).toContain(
          `<section id="${id}" class="operation" data-kind="operation"><h3><a href="#${id}"><b class="method">${method.toUpperCase()}</b> ${path}</a>`,
        );
      }
    }
    for (const name of Object.keys((body["components"] as { schemas: object }).schemas)) {
      expect(html).toContain(`<section id="schema-${name.toLowerCase()}" data-kind="schema">`);
    }
    for (const id of [
      "get-v1-services-id-",
      "delete-v1-services-id-domains-childid-",
      "schema-service",
      "tag-storm-policies",
      "schemas",
      "errors",
    ]) {
      expect(html.split(` id="${id}"`), id).toHaveLength(2);
    }
  });

  it("has no id twice, no broken link within, and none elsewhere but to what a guide refers to", () => {
    const all = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    const ids = new Set(all);
    expect(all).toHaveLength(ids.size);
    const links = [...html.matchAll(/<a[^>]* href="([^"]+)"/g)].map(([, href = ""]) => href);
    expect(links.length).toBeGreaterThan(500);
    const others = links.filter((href) => !href.startsWith("#") || !ids.has(href.slice(1)));
    expect(new Set(others)).toEqual(new Set(["/docs", "/openapi.json", "/console"]));
  });

  it("runs and loads its own script and style, and nothing inline", () => {
    expect(html).not.toMatch(/<style|<img|<iframe|<svg|<script(?![^>]* src="\/docs\/assets\/docs-[0-9a-f]{16}\.js">)|\son\w+=| style="/);
    expect(html).not.toContain("{{origin}}");
    expect(headers.get("content-type")).toMatch(/^text\/html; ?charset=UTF-8$/i);
    expect((headers.get("content-security-policy") ?? "").split("; ")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  it("nests its elements", () => {
    const open: string[] = [];
    for (const [, close, name = "", rest = ""] of html.matchAll(/<(\/?)([a-z0-9]+)([^>]*)>/g)) {
      if (["meta", "br", "link", "input"].includes(name)) continue;
      if (close === "/") expect(open.pop()).toBe(name);
      else open.push(name);
      expect(rest).not.toContain("<");
    }
    expect(open).toEqual([]);
  });

  it("tells what refuses everywhere once, and of each operation only which", () => {
    expect(html).toContain("May also answer <code>400</code>, <code>401</code>");
    expect(html.split("No credential, or one that is not valid")).toHaveLength(2);
    expect(html.split("Makes a repetition safe for 24 h")).toHaveLength(1);
  });

  it("is sent once: afterwards it is as it was, also where its tag was weakened on the way", async () => {
    const etag = headers.get("etag") ?? "";
    expect([etag, headers.get("cache-control")]).toEqual([expect.stringMatching(/^"[0-9a-f]{32}"$/), "no-cache"]);
    for (const sent of [etag, `W/${etag}`, `"x", ${etag}`]) {
      const again = await api.call("GET", "/docs", { token: null, headers: { "if-none-match": sent } });
      expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
    }
    expect((await api.call("GET", "/docs", { token: null, headers: { "if-none-match": '"x"' } })).status).toBe(200);
  });

  it("is within 150 KiB as it is transferred", async () => {
    const sizes = [
      html,
      ...(await Promise.all(assetsOf(html).map(async (path) => (await api.call("GET", path, { token: null })).text))),
    ].map(
      async (text) => (await new Response(new Response(text).body?.pipeThrough(new CompressionStream("gzip"))).arrayBuffer()).byteLength,
    );
    expect((await Promise.all(sizes)).reduce((sum, size) => sum + size)).toBeLessThan(150 * 1_024);
  });
});

/** What the page loads. */
const assetsOf = (page: string): readonly string[] => [...page.matchAll(/"(\/docs\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);

describe("what /docs loads", () => {
  it("is there for good under its name, as what it is; the script is small", async () => {
    const [style = "", script = ""] = assetsOf(html);
    for (const [path, type] of [
      [style, "text/css; charset=utf-8"],
      [script, "text/javascript; charset=utf-8"],
    ] as const) {
      const answer = await api.call("GET", path, { token: null });
      expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
        200,
        type,
        "public, max-age=31536000, immutable",
      ]);
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(answer.text));
      const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      expect(path).toContain(`docs-${hex.slice(0, 16)}.`);
      expect(answer.text.length).toBeLessThan(path === script ? 4_096 : 10_240);
    }
  });

  it("is not kept under the name of another version, and nothing under any other", async () => {
    const other = await api.call("GET", "/docs/assets/docs-0000000000000000.js", { token: null });
    expect([other.status, other.headers.get("cache-control")]).toEqual([200, "no-cache"]);
    for (const name of ["docs-0.js", "docs-0000000000000000.map", "..%2Fdocs", "%00"]) {
      expect((await api.call("GET", `/docs/assets/${name}`, { token: null })).status, name).toBe(404);
    }
  });
});

describe("where /docs says that it is", () => {
  const commandAt = async (url: string) => {
    const text = await (await api.app.request(url)).text();
    return /<section id="get-v1-services" .*?<pre>(curl \S+)/s.exec(text)?.[1];
  };

  it("is where it was asked, and each address has a tag of its own", async () => {
    expect(await commandAt("http://127.0.0.1:8787/docs")).toBe("curl http://127.0.0.1:8787/v1/services");
    expect(await commandAt("https://api.example.com/docs")).toBe("curl https://api.example.com/v1/services");
    expect(await commandAt("http://[::1]:8787/docs")).toBe("curl http://[::1]:8787/v1/services");
    const tags = await Promise.all(
      ["a", "b"].map(async (host) => (await api.app.request(`https://${host}.example.com/docs`)).headers.get("etag")),
    );
    expect(new Set(tags).size).toBe(2);
  });

  it("is nothing that a shell would run", async () => {
    for (const host of [
      "a$(id).example.com",
      "a`id`.example.com",
      "a;id.example.com",
      "a&id.example.com",
      "a'b.example.com",
      "a*.example.com",
    ]) {
      expect([host, await commandAt(`http://${host}/docs`)]).toEqual([host, "curl https://tranche.example.com/v1/services"]);
    }
  });

  it("is by TLS where the deployment knows better than the proxy in front of it", async () => {
    const behind = await startApi({ SELF_URL: "https://tranche.example.org" });
    const textAt = async (url: string) => await (await behind.app.request(url)).text();
    expect(await textAt("http://tranche.example.org/docs")).toContain("curl https://tranche.example.org/v1/services ");
    expect(await textAt("http://127.0.0.1:9/docs")).toContain("curl http://127.0.0.1:9/v1/services ");
    expect(await textAt("http://a$(id)/docs")).toContain("curl https://tranche.example.org/v1/services ");
  });
});

describe("the search of /docs without JavaScript", () => {
  const ask = async (query: string) => await api.call("GET", `/docs?${query}`, { token: null });
  const hits = (text: string) =>
    [...(/<ul class="found">.*<\/ul>/s.exec(text)?.[0] ?? "").matchAll(/href="\/docs#([^"]+)"/g)].map(([, id]) => id);

  it("finds operations, paths, words and guides, and links to sections that there are", async () => {
    expect(hits((await ask("q=share+invoice")).text)[0]).toBe("share-an-invoice");
    expect(hits((await ask("q=/v1/services/{id}/readiness")).text)[0]).toBe("get-v1-services-id-readiness");
    expect(hits((await ask("q=post+channels")).text)).toEqual(expect.arrayContaining(["post-v1-channels"]));
    const { text, status, headers: sent } = await ask("q=webhook-signature");
    expect(hits(text)).toContain("webhooks");
    for (const id of hits(text)) expect(html).toContain(` id="${id}"`);
    expect([status, sent.get("content-security-policy"), sent.get("cache-control")]).toEqual([
      200,
      headers.get("content-security-policy"),
      "no-cache",
    ]);
    expect(text).not.toContain("<script");
  });

  it("says that nothing was found, and what to try", async () => {
    const { text } = await ask("q=no-such-thing-anywhere");
    expect(text).toContain("Nothing has all of “<bdi>no-such-thing-anywhere</bdi>”");
    expect(text).toContain("Try fewer words");
  });

  it("is the page itself for nothing", async () => {
    for (const query of ["q=", "q=++", "q", "", "other=1"]) expect((await ask(query)).text, query).toBe(html);
  });

  it.each([
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus='x",
    "</title><b>",
    "{{origin}}",
    "$&",
    "(a+)+$",
    "\u0000",
    "\u202Eabc",
    "é😀",
    "a".repeat(100),
  ])("takes %j for what it is: text", async (query) => {
    const { status, text } = await ask(`q=${encodeURIComponent(query)}`);
    expect(status).toBe(200);
    expect(text).not.toMatch(/<script|<img|<b>|onfocus='/);
    const open = [...text.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)].filter(
      ([, , name = ""]) => !["meta", "br", "link", "input"].includes(name),
    );
    expect(open.filter(([, close]) => close === "/")).toHaveLength(open.length / 2);
  });

  it("is not troubled by what is no UTF-8, or is there twice", async () => {
    for (const query of ["q=%F0%28", "q=%", "q=a&q=b", "q[]=1"]) expect((await ask(query)).status, query).toBe(200);
  });

  it("refuses what is too long, at the field, with what was typed kept as far as it may be", async () => {
    const { status, text, headers: sent } = await ask(`q=${"b".repeat(101)}`);
    expect([status, sent.get("content-type")]).toEqual([400, "text/html; charset=UTF-8"]);
    expect(text).toContain('aria-invalid="true" aria-describedby="q-wrong"');
    expect(text).toContain("must be at most 100 characters; it has 101");
    expect(text).toContain(`value="${"b".repeat(100)}"`);
    expect(hits(text)).toEqual([]);
  });
});

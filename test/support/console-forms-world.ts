import { createApp } from "../../src/app.ts";
import type { ChannelSecret, SendOutcome } from "../../src/adapters/ports/notify/channel.ts";
import type { TxtReading } from "../../src/adapters/ports/steering/resolver.ts";
import { startApi } from "./api.ts";
import { createScriptedAccess } from "./dns-access.ts";
import { createStrictDns } from "./strict-dns.ts";

/**
 * The application with doubles of what its forms reach: resolvers that see what a test publishes, a Route 53, and receivers of
 * messages that say what a test wants.
 */
export const startForms = async (overrides: Record<string, string> = {}) => {
  const api = await startApi({ DOMAIN_VERIFICATION: "on", ...overrides });
  // The database goes by its own clock, by which challenges expire.
  api.time.nowMs = Date.now();
  const published: Record<string, string[]> = {};
  const dns = { silent: false };
  const sent: ChannelSecret[] = [];
  const receiver: { says: SendOutcome } = { says: { status: "sent", detail: "HTTP 204" } };
  const resolver = {
    txt: async (name: string): Promise<readonly TxtReading[]> =>
      ["a.test", "b.test"].map((host) =>
        dns.silent ? { resolver: host, status: "silent" } : { resolver: host, status: "answered", texts: published[name] ?? [] },
      ),
  };
  const channels = {
    kinds: ["webhook", "slack", "pagerduty", "email"] as const,
    send: async (secret: ChannelSecret) => {
      sent.push(secret);
      return receiver.says;
    },
  };
  const dnsDirectory = createScriptedAccess(createStrictDns(api.clock));
  const app = createApp({ ...api.deps, resolver, channels, dnsDirectory });
  Object.assign(api.app, { request: app.request, fetch: app.fetch });

  const origin = "https://tranche.test";

  /** A browser at the console: a form says where it comes from. */
  const ask = async (path: string, cookie: string, form?: Record<string, string> | URLSearchParams) => {
    const headers = new Headers(form === undefined ? {} : { origin, "content-type": "application/x-www-form-urlencoded" });
    if (cookie !== "") headers.set("cookie", cookie);
    const response = await app.request(`${origin}${path}`, {
      method: form === undefined ? "GET" : "POST",
      headers,
      ...(form !== undefined && { body: new URLSearchParams(form).toString() }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      said: text
        .replaceAll(/<\/?bdi>/g, "")
        .replaceAll(/<[^>]+>/g, " ")
        .replaceAll(/\s+/g, " ")
        .replaceAll("&quot;", '"')
        .replaceAll("&#39;", "'"),
      to: response.headers.get("location"),
    };
  };

  const signIn = async (token: string): Promise<string> => {
    const { headers } = await ask("/console/sign-in", "", { token });
    return (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  };

  /** The mark by which the form of a page counts once. */
  const onceOf = (text: string): string => /name="once" value="([\w-]+)"/.exec(text)?.[1] ?? "";

  return { api, published, dns, sent, receiver, dnsDirectory, ask, signIn, onceOf };
};

export type Forms = Awaited<ReturnType<typeof startForms>>;

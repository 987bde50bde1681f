import type { AnswerReading, Lookup, Resolver, TxtReading } from "./ports/resolver.ts";

/** Numbers of the IANA registry "Resource Record (RR) TYPEs". */
const typeNumbers = { A: 1, CNAME: 5, TXT: 16, AAAA: 28 } as const;

type QueryType = keyof typeof typeNumbers;

const maxNameLength = 253;
const answerTimeoutMs = 5_000;

type DnsJson = { readonly Status?: unknown; readonly Answer?: unknown };
type DnsAnswer = { readonly type?: unknown; readonly data?: unknown };

/** `"a" "b"` as in a zone file is one text, `ab` (RFC 7208 §3.3); some resolvers leave the quotes out. */
export const txtValue = (data: string): string => {
  if (!data.startsWith('"')) return data;
  const strings = data.matchAll(/"((?:[^"\\]|\\.)*)"/gs);
  return [...strings].map(([, text = ""]) => text.replaceAll(/\\(.)/gs, "$1")).join("");
};

const dataOf = (body: DnsJson, wanted: QueryType): readonly string[] | null => {
  if (typeof body.Status !== "number") return null;
  const answers = Array.isArray(body.Answer) ? (body.Answer as readonly DnsAnswer[]) : [];
  return answers.flatMap(({ type, data }) => (type === typeNumbers[wanted] && typeof data === "string" ? [data] : []));
};

/**
 * DNS over HTTPS in the JSON form that public resolvers share. Any answer of the DNS counts as one, NXDOMAIN and SERVFAIL
 * with no texts; a resolver that can not be asked is silent.
 * @param endpoints whole URLs, such as `https://cloudflare-dns.com/dns-query`
 */
export const createResolver = (endpoints: readonly string[], send: typeof fetch): Resolver & Lookup => {
  const ask = async (endpoint: string, name: string, type: QueryType): Promise<AnswerReading> => {
    const url = new URL(endpoint);
    const resolver = url.host;
    // No query can be written for it, so no resolver has an answer.
    if (name.length > maxNameLength) return { resolver, status: "answered", answers: [] };
    url.searchParams.set("name", name);
    url.searchParams.set("type", type);
    try {
      const response = await send(url.href, {
        headers: { accept: "application/dns-json" },
        redirect: "manual",
        cache: "no-store",
        signal: AbortSignal.timeout(answerTimeoutMs),
      });
      const answers = response.status === 200 ? dataOf((await response.json()) as DnsJson, type) : null;
      return answers === null ? { resolver, status: "silent" } : { resolver, status: "answered", answers };
    } catch {
      return { resolver, status: "silent" };
    }
  };
  const askAll = async (name: string, type: QueryType): Promise<readonly AnswerReading[]> =>
    await Promise.all(endpoints.map((endpoint) => ask(endpoint, name, type)));
  return {
    txt: async (name) =>
      (await askAll(name, "TXT")).map((reading): TxtReading =>
        reading.status === "silent" ? reading : { resolver: reading.resolver, status: "answered", texts: reading.answers.map(txtValue) },
      ),
    lookup: askAll,
  };
};

/** A small client of the public API, as a customer's own tooling would write it. */
export type Api = {
  readonly get: <T>(path: string) => Promise<T>;
  /** The bytes of an answer as they came, and where the next page is. */
  readonly page: (path: string) => Promise<{ readonly bytes: Uint8Array; readonly next: string | null }>;
  readonly send: <T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body: unknown) => Promise<T>;
};

/**
 * @param headers sent with each request
 * @throws Error with status and problem detail on any answer that is not 2xx
 */
export const createApi = (baseUrl: string, token: string, headers: Readonly<Record<string, string>> = {}): Api => {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(baseUrl + path, {
      method,
      headers: { ...headers, authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return (text === "" ? null : JSON.parse(text)) as T;
  };
  const page: Api["page"] = async (path) => {
    const response = await fetch(baseUrl + path, { headers: { ...headers, authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`);
    const [, next = null] = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "") ?? [];
    return { bytes: new Uint8Array(await response.arrayBuffer()), next };
  };
  return { page, get: (path) => call("GET", path), send: (method, path, body) => call(method, path, body) };
};

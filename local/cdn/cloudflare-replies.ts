/** A string body goes out as HTML, anything else as JSON; `hang` never answers. */
export type Reply = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> } | "hang";

export type RestError = { readonly code: number; readonly message: string; readonly error_chain?: unknown };

export function restRefusal(status: number, error: RestError): Reply {
  return { status, body: { success: false, errors: [error], messages: [], result: null } };
}

export function graphqlRefusal(status: number, message: string, nowMs: number): Reply {
  const extensions = { timestamp: new Date(nowMs).toISOString() };
  return { status, body: { data: null, errors: [{ message, path: null, extensions }] } };
}

/** TLS from the first octet, never, or from `startTls` on. Certificates are verified against the name that was asked for. */
export type SecureTransport = "off" | "on" | "starttls";

export type Socket = {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
  /** Of a socket opened with `starttls`, once nobody holds its streams: the same connection over TLS. This socket is of no use then. */
  startTls(): Socket;
};

/** Opens a TCP connection at once, as `connect` of `cloudflare:sockets` does; that it cannot be opened shows in its streams. */
export type Connect = (
  address: { readonly hostname: string; readonly port: number },
  options?: { readonly secureTransport: SecureTransport },
) => Socket;

export type JsonLines = {
  readonly stream: ReadableStream<Uint8Array>;
  /** Writes one line; dropped where the client has disconnected. */
  write(line: object): void;
  close(): void;
};

/** A streamed body of one JSON text a line (ndjson). */
export const jsonLines = (): JsonLines => {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const stream = new ReadableStream<Uint8Array>({
    start: (started) => {
      controller = started;
    },
    cancel: () => {
      controller = null;
    },
  });
  return {
    stream,
    write: (line) => controller?.enqueue(encoder.encode(`${JSON.stringify(line)}\n`)),
    close: () => {
      controller?.close();
      controller = null;
    },
  };
};

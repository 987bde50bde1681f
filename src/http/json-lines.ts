export type JsonLines = {
  readonly stream: ReadableStream<Uint8Array>;
  /** One line; lost where nobody listens any more. */
  write(line: object): void;
  close(): void;
};

/** A body that grows by one JSON text a line (ndjson), readable from the first line on. */
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

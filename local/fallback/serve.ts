import { readFile } from "node:fs/promises";
import { EdgeRuntime } from "edge-runtime";
import { answer, build } from "../../src/deployment.ts";
import { openFolder } from "../../self-hosted/archive-folder.ts";
import type { Served } from "./http.ts";
import { listen } from "./http.ts";

/** The fallback in Vercel's emulator of its edge: an own realm with the edge's globals, and none of Node's. */
const onEdge = async (bundle: string): Promise<Served> => {
  const code = await readFile(bundle, "utf8");
  const background = new Set<Promise<unknown>>();
  const runtime = new EdgeRuntime({
    initialCode: code,
    extend: (context) =>
      Object.assign(context, {
        process: { env: { ...process.env } },
        // Where `@vercel/functions` looks for the platform.
        [Symbol.for("@vercel/request-context")]: { get: () => ({ waitUntil: (work: Promise<unknown>) => void background.add(work) }) },
      }),
  });
  return {
    dispatch: (url, init) => runtime.dispatchFetch(url, init),
    streams: runtime.context.ReadableStream,
  };
};

/** The fallback as it is, in this very Node; with an archive in a folder, which only Node has, built with a file system. */
const onNode = async (): Promise<Served> => {
  if (process.env["ARCHIVE_URL"]?.startsWith("file:") === true) {
    const built = build({ PROVIDER: "vercel", ...process.env }, { openFolder });
    return { dispatch: async (url, init) => await answer(built, new Request(url, init)), streams: ReadableStream };
  }
  const { default: handler } = await import("../../rollback-vercel/api/index.ts");
  return { dispatch: async (url, init) => await handler.fetch(new Request(url, init)), streams: ReadableStream };
};

const [runtime = "", port = "0", bundle = ""] = process.argv.slice(2);
const served = runtime === "edge" ? await onEdge(bundle) : await onNode();
process.stdout.write(`listening on ${await listen(served, Number(port))}\n`);
// The parent process holds the other end.
process.stdin
  .resume()
  .once("end", () => process.exit(0))
  .once("error", () => process.exit(0));

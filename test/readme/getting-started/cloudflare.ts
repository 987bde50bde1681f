import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Opened } from "../../../local/closers.ts";

type Binding = { readonly name: string; readonly type: string; readonly text?: string };

export type CloudflareApi = {
  readonly url: string;
  /** The texts, secret or not, of the Worker that was uploaded last; null: none was. */
  readonly uploaded: () => Readonly<Record<string, string>> | null;
  /** Cron expressions that were set last. */
  readonly crons: () => readonly string[];
};

const missing = {
  success: false,
  errors: [{ code: 10_007, message: "This Worker does not exist on your account." }],
  messages: [],
  result: null,
};

/** As much of Cloudflare's API as `wrangler deploy` needs for a Worker that was never there. */
export const startCloudflareApi = async (opened: Opened): Promise<CloudflareApi> => {
  let texts: Record<string, string> | null = null;
  let crons: readonly string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "" } = request;
      const body = Buffer.concat(chunks).toString("latin1");
      const send = (status: number, answer: unknown) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
      };
      if (method === "GET" && /\/workers\/(?:services|scripts)\/tranche/.test(url)) return send(404, missing);
      if (method === "PUT" && /\/scripts\/tranche(?:\?|$)/.test(url)) {
        // A part of a form: headers, an empty line, the text, and the next part's border.
        const begins = body.indexOf("\r\n\r\n", body.indexOf('name="metadata"')) + 4;
        const { bindings } = JSON.parse(body.slice(begins, body.indexOf("\r\n--", begins))) as { bindings: readonly Binding[] };
        texts = Object.fromEntries(bindings.flatMap(({ name, text }) => (text === undefined ? [] : [[name, text]])));
      }
      if (method === "PUT" && url.endsWith("/schedules")) crons = (JSON.parse(body) as { cron: string }[]).map(({ cron }) => cron);
      send(200, {
        success: true,
        errors: [],
        messages: [],
        result: { subdomain: "example", id: "tranche", startup_time_ms: 10, enabled: true },
      });
    });
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  opened({ close: () => new Promise((done) => (server.close(() => done()), server.closeAllConnections())) });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, uploaded: () => texts, crons: () => crons };
};

import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { expect, it } from "vitest";
import { startWorker } from "../../local/worker.ts";

it("leaves whoever has a Miniflare of its own in this process a workerd", async () => {
  const worker = await startWorker({ env: { DATABASE_URL: "postgresql://nobody:none@127.0.0.1:1/none", PROVIDER: "local" } });
  const script = 'export default { fetch: () => new Response("up") };';
  const other = new Miniflare(
    convertV4MiniflareOptions({ modules: true, script, host: "127.0.0.1", port: 0, compatibilityDate: "2026-11-01" }),
  );
  try {
    expect(await (await fetch(await other.ready)).text()).toBe("up");
    expect(await (await fetch(`${worker.url}/healthz`)).text()).toBe("ok");
  } finally {
    await Promise.all([other.dispose(), worker.close()]);
  }
});

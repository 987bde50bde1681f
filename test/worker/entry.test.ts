import { expect, it, vi } from "vitest";
import worker from "../../src/index.ts";
import { freshEnv } from "../support/worker-env.ts";

it("serves, with its parts built once per environment", async () => {
  const env = await freshEnv();
  for (let at = 0; at < 2; at += 1) {
    const response = await worker.fetch(new Request("https://tranche.test/readyz"), env);
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
  }
});

it("refuses to serve a configuration that does not hold, logs why once, and tells nobody else", async () => {
  const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const env = { PROVIDER: "local", DATABASE_URL: "postgresql://u:hunter2@h/d", PROBE_INTERVAL: "soon" };
  const ask = () => worker.fetch(new Request("https://tranche.test/healthz"), env);
  const [first] = [await ask(), await ask()];
  expect([first.status, first.headers.get("content-type")]).toEqual([503, "application/problem+json"]);
  expect(await first.text()).not.toMatch(/PROBE_INTERVAL|hunter2/);
  const refusals = print.mock.calls.filter(([line]) => String(line).includes("config_refused"));
  expect(refusals).toHaveLength(1);
  expect(String(refusals[0]?.[0])).toContain("PROBE_INTERVAL");
  expect(String(refusals[0]?.[0])).not.toContain("hunter2");
  print.mockRestore();
});

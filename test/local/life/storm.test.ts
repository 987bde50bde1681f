import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ControlPlane } from "../../../local/control-plane.ts";
import { startControlPlane } from "../../../local/control-plane.ts";
import { createApi } from "../../../local/drill/api.ts";
import type { Received } from "../../../local/notify-sink/received.ts";
import { sinkChannels } from "../../../local/notify-sink/received.ts";
import type { Stage } from "../../../local/start/stage.ts";
import { startStage } from "../../../local/start/stage.ts";
import { playStorm } from "../../../local/start/storm.ts";

const adminToken = "admin-token-for-the-storm-0123456789";

let stage: Stage;
const arrived: Received[] = [];
let plane: ControlPlane;
beforeAll(async () => {
  stage = await startStage({}, (message) => arrived.push(message));
  plane = await startControlPlane({
    env: {
      DOMAIN_VERIFICATION: "off",
      ALLOW_PRIVATE_TARGETS: "true",
      ADMIN_TOKEN: adminToken,
      SECRETS_KEY: randomBytes(32).toString("base64"),
      ...stage.env,
      PROBE_INTERVAL: "500ms",
    },
  });
});
afterAll(async () => {
  await plane.close();
  await stage.close();
});

it("plays a storm that is seen, steered and over, leaves it to be read, and can be played again", async () => {
  const { url, trigger } = plane.worker;
  const pace = { calmMs: 500, outageMs: 2_000, windowSeconds: 3, cooldownSeconds: 2 };
  void trigger("* * * * *").catch(() => undefined);
  const play = async (signal: AbortSignal, lines: string[]) =>
    await playStorm({ url, adminToken, say: (line) => lines.push(line), signal, stage, pace });

  const ending = new AbortController();
  const lines: string[] = [];
  const playing = play(ending.signal, lines);
  // Where it gives up, the poll need not wait for what will never be said.
  const failed = playing.then(() => "ended", String);
  const outcome = async () =>
    lines.some((line) => line.includes("the storm has ended")) ? "played" : await Promise.race([failed, Promise.resolve("under way")]);
  await expect.poll(outcome, { timeout: 120_000 }).not.toBe("under way");
  expect(await outcome()).toBe("played");
  expect(lines.join("\n")).toMatch(/calm: both answer[^]*storm \d+ is declared[^]*routing is shifted[^]*recovering[^]*the storm has ended/);
  const api = createApi(url, adminToken, { "x-customer-id": "1" });
  for (const title of ["cloudflare is failing: storm-demo", "cloudflare is well again: storm-demo"]) {
    for (const channel of sinkChannels) {
      await expect
        .poll(() => arrived.filter((one) => one.channel === channel && one.title === title && one.taken && one.wrong.length === 0), {
          timeout: 20_000,
          message: `${channel}: ${title}`,
        })
        .toHaveLength(1);
    }
  }
  const storms = async () => (await api.get<{ id: number; state: string }[]>("/v1/storms")).map(({ state }) => state);
  expect(await storms()).toEqual(["ended"]);
  // Every command that it prints answers.
  const paths = lines.flatMap((line) => /"http:\/\/[^/]+(\/v1[^"]+)"$/.exec(line)?.[1] ?? []);
  expect(paths).toHaveLength(4);
  for (const path of paths) await api.get(path);

  ending.abort();
  await playing;
  expect(await api.get("/v1/services")).toEqual([]);
  expect(await api.get("/v1/channels")).toEqual([]);
  expect(await storms()).toEqual(["ended"]);

  const again = new AbortController();
  const second: string[] = [];
  const replaying = play(again.signal, second);
  await expect.poll(() => second.some((line) => line.includes("of customer 1")), { timeout: 60_000 }).toBe(true);
  again.abort();
  await replaying;
  expect(await api.get("/v1/services")).toEqual([]);
});

it("says that nothing is switched where the tranche that runs has no DNS, and how the switch is seen", async () => {
  const bare = await startControlPlane({
    env: {
      DOMAIN_VERIFICATION: "off",
      ALLOW_PRIVATE_TARGETS: "true",
      ADMIN_TOKEN: adminToken,
      PROBE_INTERVAL: "500ms",
      PROBE_TIMEOUT: "1s",
    },
  });
  const ending = new AbortController();
  const lines: string[] = [];
  try {
    void bare.worker.trigger("* * * * *").catch(() => undefined);
    const pace = { calmMs: 500, outageMs: 2_000, windowSeconds: 3, cooldownSeconds: 2 };
    const playing = playStorm({ url: bare.worker.url, adminToken, say: (line) => lines.push(line), signal: ending.signal, pace });
    await expect.poll(() => lines.some((line) => line.includes("the primary is well again")), { timeout: 120_000 }).toBe(true);
    expect(lines.join("\n")).toMatch(
      /routing is held \(unprovisioned\)\n.*has no DNS[^\n]*nothing is switched here\n.*npm start -- --storm/,
    );
    ending.abort();
    await playing;
  } finally {
    await bare.close();
  }
});

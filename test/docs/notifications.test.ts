import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { webhookHeaders } from "../../src/adapters/channels/webhook.ts";
import { createChannels } from "../../src/adapters/channels/channels.ts";
import { concernsOperator, kindNames, notificationKinds } from "../../src/domain/notify/kinds.ts";
import { renderWebhook } from "../../src/domain/notify/render-webhook.ts";
import { failuresToOpen, maxAttempts, nextAttemptMs, pauseMs, updateDelayMs } from "../../src/domain/notify/retry.ts";
import { webhookSecret } from "../../src/domain/notify/webhook-secret.ts";
import { read } from "../readme/documents.ts";
import { budgetFor } from "../support/channel-budget.ts";
import { sampleMessage } from "../support/notify-samples.ts";

const page = await read("docs/notifications.md");
const flowing = page.replaceAll(/\s+/g, " ");
const blockOf = (language: string): string => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(page)?.[1] ?? "";

describe("docs/notifications.md", () => {
  it("has each kind with its effect, its severity, and whether the operator is told", () => {
    const rows = [...page.matchAll(/^\| `([a-z_.]+)` \| (opens|more|closes|event) \| (\w+) \| (.+) \|$/gm)].map(([, ...cells]) => cells);
    const effects = { open: "opens", more: "more", close: "closes", event: "event" } as const;
    expect(rows.map((cells) => cells.slice(0, 3))).toEqual(
      kindNames.map((kind) => [kind, effects[notificationKinds[kind].effect], notificationKinds[kind].severity]),
    );
    for (const [kind, , , who] of rows)
      expect([kind, who === "both"]).toEqual([kind, concernsOperator(kind as (typeof kindNames)[number])]);
  });

  it("says when what is tried again", () => {
    const inWords = (ms: number): string =>
      ms < 60_000 ? `${ms / 1_000} s` : ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
    const delays = Array.from({ length: maxAttempts - 1 }, (_, index) => inWords(nextAttemptMs(index + 1, 0, 0.5, null) ?? Number.NaN));
    expect(flowing).toContain(`after ${delays.slice(0, -1).join(", ")} and ${delays.at(-1)}, each give or take a fifth`);
    expect([nextAttemptMs(1, 0, 0, null), nextAttemptMs(1, 0, 1, null)]).toEqual([4_000, 6_000]);
    expect([nextAttemptMs(1, 0, 0.5, 86_400_000), flowing.includes("`Retry-After` is honoured where it is longer, up to 12 h")]).toEqual([
      12 * 3_600_000,
      true,
    ]);
  });

  it("says when updates come, and when a channel is paused", () => {
    const minutes = [0, 1, 2, 3, 4, 5].map((updates) => updateDelayMs(updates) / 60_000);
    expect([minutes, flowing.includes("the first after a minute, then 5, 15, 30 and 60 minutes apart")]).toEqual([
      [1, 5, 15, 30, 60, 60],
      true,
    ]);
    expect([
      failuresToOpen,
      pauseMs(5),
      pauseMs(100),
      flowing.includes("After five failures in a row it is `paused`: one attempt at a time, 30 s apart at first and 15 minutes at most"),
    ]).toEqual([5, 30_000, 900_000, true]);
  });

  it("shows a webhook's body with the fields that it has", () => {
    const shown = JSON.parse(blockOf("json")) as { data: Record<string, unknown> };
    const sent = renderWebhook(sampleMessage("storm.started"), "https://tranche.example.com");
    expect(Object.keys(shown).toSorted()).toEqual(Object.keys(sent).toSorted());
    expect(Object.keys(shown.data).toSorted()).toEqual(Object.keys(sent.data).toSorted());
  });
});

describe("the receiver of docs/notifications.md", () => {
  const [secret, other] = [webhookSecret(new Uint8Array(32).fill(1)), webhookSecret(new Uint8Array(32).fill(2))];
  const channels = createChannels({ fetch, connect: null, selfUrl: null, pagerdutyEndpoint: null, mail: null });
  let scratch = "";
  let url = "";
  let heard = "";
  let stop = async (): Promise<void> => undefined;

  const freePort = async (): Promise<number> => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port;
  };

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "tranche-receiver-"));
    await writeFile(join(scratch, "receiver.mjs"), blockOf("js"));
    const port = await freePort();
    const child = spawn(process.execPath, [join(scratch, "receiver.mjs")], {
      env: { SECRET: secret, PORT: String(port) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    stop = async () => {
      child.kill();
      await once(child, "exit");
    };
    url = `http://127.0.0.1:${port}/`;
    await vi.waitFor(async () => await fetch(url), { timeout: 10_000, interval: 50 });
  });
  afterAll(async () => {
    await stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const send = (secrets: readonly string[]) =>
    channels.send({ kind: "webhook", url, secrets }, sampleMessage("storm.started"), "msg_81", Date.now(), budgetFor(5_000));
  /** @returns the status */
  const post = async (atMs: number, signed: string, body = signed): Promise<number> =>
    (await fetch(url, { method: "POST", headers: await webhookHeaders([secret], "msg_81", atMs, signed), body })).status;

  it("has fifteen lines", () => {
    expect(blockOf("js").trimEnd().split("\n").length).toBeLessThanOrEqual(15);
  });

  it("takes what the real sender signs, with a new secret beside the old one too", async () => {
    expect(await send([secret])).toEqual({ status: "sent", detail: "HTTP 204" });
    expect(await send([other, secret])).toMatchObject({ status: "sent" });
    await expect.poll(() => heard).toBe("msg_81 cloudflare is failing: 1000 services\n".repeat(2));
  });

  it("refuses another secret, another body, and what is old", async () => {
    expect(await send([other])).toMatchObject({ status: "failed", detail: "HTTP 401" });
    expect(await post(Date.now(), "{}", "{ }")).toBe(401);
    expect([await post(Date.now() - 310_000, "{}"), await post(Date.now() + 310_000, "{}")]).toEqual([401, 401]);
    expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(401);
  });
});

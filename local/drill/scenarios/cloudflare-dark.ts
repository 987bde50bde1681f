import { firstFailureKnownAtMs, readPrimarySamples } from "../evidence.ts";
import { createApi } from "../api.ts";
import { scale, uncontrolledLimit } from "../duo.ts";
import { followMessages } from "../messages/steps.ts";
import type { DuoScenario } from "../stage.ts";
import { createVisitors } from "../visitors.ts";
import {
  actsAgain,
  billedOnce,
  bothAtWork,
  handedBack,
  measureDoubled,
  measureLost,
  seconds,
  storedByNowMs,
  stormDetectedAtMs,
} from "./two-providers.ts";

const quietMs = 3_000;

/** Cloudflare dies in calm, with the Worker on it and the customer's primary behind it. */
export const cloudflareDark: DuoScenario = {
  title: "Cloudflare goes dark, with the Worker on it and the primary behind it",
  play: async (stage) => {
    const { world, api, tell, until, always, measure, storms, switches, weights } = stage;
    const { cloudflare, cdns, watch, databaseUrl } = world;
    const messages = await followMessages(
      { world, api, line: stage.line, until, tell, measure },
      "a webhook, Slack, PagerDuty, and mail by an HTTP API: the fallback runs where there are no sockets, so none by SMTP",
    );
    await createApi(world.apiUrl, world.adminToken).send("POST", "/v1/operator/channels", {
      name: "operator",
      kind: "slack",
      url: world.sink.slackUrl,
      kinds: ["takeover"],
    });
    const calmSinceMs = await bothAtWork(stage);

    const darkAtMs = Date.now();
    await Promise.all([cdns.primary.setFault("hang"), cloudflare.kill()]);
    tell("Cloudflare is dark", true, "the primary answers nobody, the Worker's processes are killed, its edge is silent");
    const failedAtMs = await until("the witness sees it", 10_000, async () =>
      firstFailureKnownAtMs(await readPrimarySamples(databaseUrl, world.fallbackName), darkAtMs),
    );
    tell(
      "the witness sees it",
      true,
      `first probe timed out after ${seconds(failedAtMs - darkAtMs)}; the dead Worker still holds the lease`,
    );
    const takeover = await until(
      "takeover",
      30_000,
      async () => (await watch.takeovers()).find(({ to, atMs }) => to === world.fallbackName && atMs > darkAtMs) ?? null,
    );
    tell("takeover", takeover.lapsed, `${seconds(takeover.atMs - darkAtMs)} after; the lease had lapsed, epoch ${takeover.epoch}`);
    const storm = await until("storm declared", 30_000, async () => (await storms())[0] ?? null);
    const detectedAtMs = await stormDetectedAtMs(world);
    const shift = await until("weights 0/100 accepted", 30_000, () => switches().find(({ to }) => to === "0/100") ?? null);
    tell("weights 0/100 accepted by Route 53", true, `storm ${storm.id}, by the fallback`);
    await messages.started();
    const actingAtMs = await actsAgain(stage, world.fallbackName, darkAtMs);
    const visitors = createVisitors(world);
    const moved = await Promise.all(Array.from({ length: 20 }, () => visitors.visit()));
    tell(
      "visitors reach the backup",
      moved.every(({ cdn, served }) => cdn === "backup" && served),
      `${moved.length} of ${moved.length}`,
    );
    await until("an alert", 10_000, () => (world.logs.some((line) => line.includes(`"takeover"`)) ? true : null));
    const page = await until(
      "the operator is told",
      10_000,
      () => world.sink.messages.find(({ title }) => title.startsWith(`${world.fallbackName} has taken over`)) ?? null,
    );
    tell(
      "the takeover is an alert",
      true,
      `a warning in the log, a row in the chain of takeovers, and on the operator's Slack ${seconds(page.atMs - takeover.atMs)} later`,
    );

    await Promise.all([cdns.primary.setFault("healthy"), cloudflare.start()]);
    cloudflare.edge.setFault("healthy");
    const backAtMs = Date.now();
    tell("Cloudflare is back", true, "the primary answers; a new Worker waits for its cron");
    await until("weights 100/0 accepted", 60_000, () => (switches().at(-1)?.to === "100/0" ? true : null));
    tell("weights 100/0 accepted by Route 53", true, "after the cooldown, still by the fallback");
    await messages.ended();
    await actsAgain(stage, "cloudflare", await handedBack(stage, backAtMs, "its return"));
    await billedOnce(stage);
    await messages.judged();
    await messages.stop();
    await always("quiet afterwards", quietMs, () => weights() === "100/0" && switches().length === 2);

    const gapMs = watch.longestGapMs(calmSinceMs, darkAtMs);
    measure("dark -> lease in new hands", seconds(takeover.atMs - darkAtMs), "", true);
    measure(
      "dark -> first acting round of the fallback",
      seconds(actingAtMs - darkAtMs),
      uncontrolledLimit,
      actingAtMs - darkAtMs <= scale.uncontrolledAtMostMs,
    );
    measure("longest time without a controller", seconds(gapMs), uncontrolledLimit, gapMs <= scale.uncontrolledAtMostMs);
    measure("detection delay: first failed probe -> storm", seconds(detectedAtMs - failedAtMs), "", true);
    measure("switch delay: storm -> weights accepted", seconds(shift.atMs - detectedAtMs), "", true);
    measure("dark -> weights accepted", seconds(shift.atMs - darkAtMs), "", true);
    await measureLost(stage, [
      { provider: world.fallbackName, what: "the fallback, all along", fromMs: calmSinceMs, toMs: storedByNowMs() },
      { provider: "cloudflare", what: "the Worker, until it dies", fromMs: calmSinceMs, toMs: darkAtMs },
    ]);
    await measureDoubled(stage, { storms: 1, switches: 2, invoices: 1 });
  },
};

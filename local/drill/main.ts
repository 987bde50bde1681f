import { answerHelp } from "../help.ts";
import { onEnd } from "../lifetime.ts";
import { startDuo } from "./duo.ts";
import { onboard } from "./onboard.ts";
import { drillUsage, parseDrillOptions } from "./options.ts";
import { duoScenarios, scenarios } from "./scenarios.ts";
import type { Screen } from "./screen.ts";
import { createScreen, silentScreen, stoppable } from "./screen.ts";
import { playScenario } from "./stage.ts";
import type { Story } from "./story.ts";
import { tellStory } from "./story.ts";
import { startWorld, startWorldCron } from "./world.ts";

const startedAtMs = performance.now();
const elapsedMs = () => performance.now() - startedAtMs;

/** A running world, and the scenario to play in it. */
type Production = {
  readonly logs: readonly string[];
  readonly close: () => Promise<void>;
  readonly play: (screen: Screen) => Promise<Story>;
};
type Plan = { readonly what: string; readonly parts: string; readonly open: () => Promise<Production> };

const planOf = ({ fault, scenario, runtime }: ReturnType<typeof parseDrillOptions>): Plan => {
  const [single, duo] = scenario === null ? [undefined, undefined] : [scenarios[scenario], duoScenarios[scenario]];
  if (duo !== undefined) {
    return {
      what: `${duo.title} (${scenario};`,
      parts: `PostgreSQL, SQL over HTTP, Route 53, DNS, two CDNs; the Worker in workerd and the fallback ${runtime === "node" ? "self-hosted, in Node" : "in Vercel's edge emulator"}`,
      open: async () => {
        const world = await startDuo({ seesInside: duo.seesInside ?? false, runtime });
        return {
          ...world,
          play: async (screen) => ({ ...(await playScenario(world, duo.play, await onboard(world), screen, elapsedMs)), invoice: null }),
        };
      },
    };
  }
  return {
    what: single === undefined ? `a storm, end to end (${fault};` : `${single.title} (${scenario};`,
    parts:
      runtime === "node"
        ? "PostgreSQL, Route 53, DNS, two CDNs, analytics, tranche self-hosted in Node"
        : "PostgreSQL, SQL over HTTP, Route 53, DNS, two CDNs, analytics, Worker in workerd",
    open: async () => {
      const world = await startWorld(single?.env, single?.neighbourhood, runtime);
      const play = async (screen: Screen): Promise<Story> => {
        if (single === undefined) return await tellStory(world, fault, screen, elapsedMs);
        const cron = startWorldCron(world);
        try {
          return { ...(await playScenario(world, single.play, await onboard(world), screen, elapsedMs)), invoice: null };
        } finally {
          cron.stop();
        }
      };
      return { ...world, play };
    },
  };
};

/** A signal during start-up waits for its end: only then is it known what to close. */
const stopWith = (opening: Promise<Production>, silence: () => void): (() => boolean) => {
  let isStopping = false;
  onEnd((reason) => {
    isStopping = true;
    silence();
    process.stderr.write(`\ndrill: stopping (${reason})\n`);
    void opening
      .then(({ close }) => close())
      .catch(() => undefined)
      .finally(() => process.exit(130));
  });
  return () => isStopping;
};

const run = async (): Promise<boolean> => {
  answerHelp(drillUsage);
  const options = parseDrillOptions(process.argv.slice(2));
  const { screen, stop: silence } = stoppable(options.json ? silentScreen : createScreen(process.stdout, elapsedMs));
  const plan = planOf(options);
  screen.chapter(`tranche drill: ${plan.what} 1 s probes, 5 s window and cooldown, everything else real)`);
  screen.progress(`starting ${plan.parts}`);
  const opening = plan.open();
  const isStopping = stopWith(opening, silence);
  try {
    const production = await opening;
    screen.step({ name: "the world stands", ok: true, atMs: elapsedMs(), detail: plan.parts });
    const { steps, figures, invoice } = await production.play(screen);
    const ok = steps.every((step) => step.ok) && figures.every((figure) => figure.ok) && steps.length > 0;
    if (figures.length > 0) screen.chapter("Measured");
    if (figures.length > 0) screen.table(figures);
    screen.line("");
    screen.line(ok ? `Every step happened, in ${(elapsedMs() / 1_000).toFixed(0)} s.` : "The drill FAILED.");
    if (options.json && !isStopping()) {
      const staged = options.scenario === null ? { fault: options.fault } : { scenario: options.scenario };
      process.stdout.write(`${JSON.stringify({ ...staged, ok, elapsed_ms: Math.round(elapsedMs()), steps, figures, invoice }, null, 2)}\n`);
    }
    if (!ok && !options.json) {
      screen.line("Its last words:");
      for (const line of production.logs.slice(-15)) screen.line(`  ${line}`);
    }
    return ok;
  } finally {
    await opening.then(
      ({ close }) => close(),
      () => undefined,
    );
    // After a signal the exit code is that of the signal.
    if (isStopping()) process.exit(130);
  }
};

try {
  process.exit((await run()) ? 0 : 1);
} catch (error) {
  process.stderr.write(`drill: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

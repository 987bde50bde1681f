import { parseDrillOptions } from "./options.ts";
import { scenarios } from "./scenarios.ts";
import type { Screen } from "./screen.ts";
import { createScreen, silentScreen } from "./screen.ts";
import type { Scenario } from "./stage.ts";
import { playScenario } from "./stage.ts";
import type { Story } from "./story.ts";
import { keepTicking, onboard, tellStory } from "./story.ts";
import type { World } from "./world.ts";
import { startWorld } from "./world.ts";

const startedAtMs = performance.now();
const elapsedMs = () => performance.now() - startedAtMs;

const stage = async (world: World, scenario: Scenario, screen: Screen): Promise<Story> => {
  const rounds = keepTicking(world);
  try {
    return { ...(await playScenario(world, scenario, await onboard(world), screen, elapsedMs)), invoice: null };
  } finally {
    rounds.stop();
  }
};

const run = async (): Promise<boolean> => {
  const options = parseDrillOptions(process.argv.slice(2));
  const screen = options.json ? silentScreen : createScreen(process.stdout, elapsedMs);
  const scenario = options.scenario === null ? null : (scenarios[options.scenario] ?? null);
  const what = scenario === null ? `a storm, end to end (${options.fault};` : `${scenario.title} (${options.scenario};`;
  screen.chapter(`tranche drill: ${what} 1 s probes, 5 s window and cooldown, everything else real)`);
  screen.progress("starting PostgreSQL, Route 53, two CDNs and the Worker");
  const world = await startWorld(scenario?.env);
  let interrupted = false;
  process.once("SIGINT", () => {
    interrupted = true;
    void world.close().finally(() => process.exit(130));
  });
  try {
    screen.step({ name: "the world stands", ok: true, atMs: elapsedMs(), detail: "PostgreSQL, SQL over HTTP, Route 53, DNS, two CDNs, analytics, Worker in workerd" });
    const { steps, figures, invoice } = scenario === null
      ? await tellStory(world, options.fault, screen, elapsedMs)
      : await stage(world, scenario, screen);
    const ok = steps.every((step) => step.ok) && figures.every((figure) => figure.ok) && steps.length > 0;
    screen.chapter("Measured");
    screen.table(figures);
    screen.line("");
    screen.line(ok ? `Every step happened, in ${(elapsedMs() / 1_000).toFixed(0)} s.` : "The drill FAILED.");
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ ...(scenario === null ? { fault: options.fault } : { scenario: options.scenario }), ok, elapsed_ms: Math.round(elapsedMs()), steps, figures, invoice }, null, 2)}\n`);
    }
    if (!ok && !options.json) {
      screen.line("The Worker's last words:");
      for (const line of world.logs.slice(-15)) screen.line(`  ${line}`);
    }
    return ok && !interrupted;
  } finally {
    await world.close();
  }
};

try {
  process.exit((await run()) ? 0 : 1);
} catch (error) {
  process.stderr.write(`drill: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

import { site } from "../outside.ts";
import type { Scenario } from "../stage.ts";

const steps = [10, 50, 100] as const;
const stepSeconds = 3;

/** After the storm the traffic goes back by steps. */
export const ramp: Scenario = {
  title: "the way back goes by steps",
  play: async ({ world, api, serviceId, tell, measure, until, routing, switches }) => {
    await api.send("PATCH", `/v1/services/${serviceId}`, { failback_steps: [...steps], failback_step_seconds: stepSeconds });
    await until("calm", 20_000, async () => ((await routing()).domains[0]?.status === "found" ? true : null));
    tell("a failback by steps is ordered", true, `${steps.join(", ")} percent, ${stepSeconds} s each`);
    await world.cdns.primary.setFault({ kind: "5xx" });
    await until("shifted", 30_000, () => (switches().at(-1)?.to === "0/100" ? true : null));
    tell("shifted", true, "0/100");
    await world.cdns.primary.setFault({ kind: "healthy" });
    for (const percent of steps) {
      const to = `${percent}/${100 - percent}`;
      await until(`at ${to}`, 60_000, () => (switches().at(-1)?.to === to ? true : null));
      tell(`at ${to}`, true, `state ${(await routing()).state}`);
    }
    const way = switches()
      .map(({ to }) => to)
      .join(" ");
    measure("the weights", way, "0/100 10/90 50/50 100/0", way === "0/100 10/90 50/50 100/0");
    const back = switches().slice(1);
    const gaps = back.slice(1).map(({ atMs }, index) => (atMs - (back[index]?.atMs ?? 0)) / 1_000);
    // The job that looks runs once a minute, on the platform's cron.
    const seen = await until(
      "seen from outside",
      90_000,
      async () => (await routing()).changes.find(({ observed }) => observed !== null)?.observed ?? null,
    );
    const answers = seen.resolvers
      .filter(({ source }) => source === "authoritative")
      .map((server) => server.answers?.join(" ") ?? "silent");
    tell("seen from outside", true, seen.verdict);
    measure(
      "the zone's name servers answer",
      answers.join(", "),
      `${site.primary}, from two`,
      seen.verdict === "confirmed" && answers.length === 2 && answers.every((answer) => answer === site.primary),
    );
    measure(
      "time on each step",
      gaps.map((gap) => `${gap.toFixed(1)} s`).join(", "),
      `>= ${stepSeconds} s`,
      gaps.every((gap) => gap >= stepSeconds - 0.5),
    );
  },
};

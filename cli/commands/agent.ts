import { readFile } from "node:fs/promises";
import type { Command } from "../command.ts";
import { CommandError, exit, usageError } from "../exit.ts";
import type { Environment } from "../settings.ts";
import { deploymentUrl } from "../settings.ts";

const variable = "TRANCHE_PROBE_SECRET";

/** From a file, as systemd and containers hand secrets over, or from the environment; never from the command line, which others see. */
const secretOf = async (env: Environment, file: string | null): Promise<{ readonly secret: string; readonly source: string }> => {
  if (file !== null) {
    const secret = await readFile(file, "utf8").catch((error: unknown) => {
      throw usageError(`--secret-file ${file} can not be read: ${error instanceof Error ? error.message : "?"}`);
    });
    return { secret, source: "--secret-file" };
  }
  const secret = env[variable] ?? "";
  if (secret.trim() === "")
    throw new CommandError(
      exit.refused,
      `there is no secret: set ${variable}, or give --secret-file FILE; POST /v1/probe-agents shows one`,
    );
  return { secret, source: variable };
};

export const agent: Command = {
  name: "agent",
  summary: "probes from this machine what a deployment insures, and tells it: a vantage of its own",
  offline: true,
  flags: {
    probe: { says: "probes: there is nothing else yet that an agent does, and it is to be said" },
    url: { value: "URL", says: "the deployment, before TRANCHE_URL" },
    "secret-file": { value: "FILE", says: `where the agent's secret is, before ${variable}` },
    "allow-private-targets": { says: "connects to private addresses and by plain http as well: for a trial on one machine" },
    once: { says: "probes one slot, tells it, and ends" },
  },
  more: `
A process for another machine than the deployment's, best in another network. It asks every minute what there is to probe, probes each path in every
slot as tranche itself does, and sends what it saw, signed with a key of its own. It decides nothing. It runs until SIGTERM or SIGINT; what could not
be told within a minute is dropped, as nobody would look at it. docs/probe-agents.md says how to install it.`,
  run: async ({ on, text, io }) => {
    if (!on("probe")) throw usageError("--probe is required: tranche agent --probe");
    const { startAgent } = await import("../probe/start.ts");
    const named = text("url") ?? io.env["TRANCHE_URL"] ?? "";
    if (named === "") throw usageError("--url is required, or TRANCHE_URL: the deployment to probe for");
    const url = deploymentUrl(named, text("url") === null ? "TRANCHE_URL" : "--url");
    const { secret, source } = await secretOf(io.env, text("secret-file"));
    const stop = new AbortController();
    const end = (): void => stop.abort();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
    await startAgent({
      url,
      secret,
      source,
      stop: stop.signal,
      log: (line) => io.warn(`${new Date().toISOString()} ${line}`),
      allowPrivate: on("allow-private-targets"),
      once: on("once"),
    });
    return exit.ok;
  },
};

import type { Command } from "../command.ts";
import { CommandError, exit, usageError } from "../exit.ts";
import { fleetOf } from "../services.ts";
import { openSession } from "../session.ts";
import { deploymentUrl, removeStored, tokenOf, writeStored } from "../settings.ts";

export const login: Command = {
  name: "login",
  summary: "keeps the URL of a deployment and a token, once that has been tried",
  flags: { "no-check": { says: "keeps them untried" } },
  more: `
The token is asked for, or read from the first line of the input; TRANCHE_TOKEN counts before both. It is kept in
credentials.json below $XDG_CONFIG_HOME/tranche (~/.config/tranche), which nobody else may read, and never printed.`,
  run: async ({ io, text, on, answer }) => {
    const named = text("url") ?? (io.env["TRANCHE_URL"] || null);
    if (named === null) throw usageError("--url is required: the deployment, such as https://tranche.example.com");
    const url = deploymentUrl(named, text("url") === null ? "TRANCHE_URL" : "--url");
    const own = io.env["TRANCHE_TOKEN"]?.trim() ?? "";
    const token = own === "" ? tokenOf(await io.askSecret(`Token of ${url}: `), "the token") : tokenOf(own, "TRANCHE_TOKEN");
    if (!on("no-check")) await fleetOf(openSession(url, token, null));
    const file = await writeStored(io.env, { url, token }).catch((error: unknown) => {
      throw new CommandError(exit.wrong, `it can not be kept: ${error instanceof Error ? error.message : "?"}`, { cause: error });
    });
    answer({ url, file, checked: !on("no-check") }, [`signed in to ${url}; kept in ${file}`]);
    return exit.ok;
  },
};

export const logout: Command = {
  name: "logout",
  summary: "forgets what tranche login kept; the token itself stays valid",
  offline: true,
  run: async ({ io, answer }) => {
    const removed = await removeStored(io.env);
    answer({ removed }, [removed ? "signed out" : "nobody was signed in"]);
    return exit.ok;
  },
};

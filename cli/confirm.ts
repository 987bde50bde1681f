import type { Call, Flags } from "./command.ts";
import { CommandError, exit, usageError } from "./exit.ts";

export const yesFlag: Flags = { yes: { says: "does it without asking" } };

/**
 * Asks whether that is meant, unless `--yes` says so.
 * @param what happens, as a sentence
 * @throws CommandError where it is not, or nobody can be asked
 */
export const confirmed = async ({ io, on }: Call, what: string): Promise<void> => {
  if (on("yes")) return;
  const answer = await io.confirm(`${what} Go on? [y/N] `);
  if (answer === null) throw usageError(`${what} Without a terminal to ask at, --yes is required`);
  if (!answer) throw new CommandError(exit.wrong, "nothing was changed");
};

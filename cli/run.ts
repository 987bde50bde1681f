import type { Call, Command, Io } from "./command.ts";
import { flagsOf, helpOf, parseCall } from "./command.ts";
import { commands } from "./commands.ts";
import type { ExitCode } from "./exit.ts";
import { CommandError, exit, tell, usageError } from "./exit.ts";
import { chosen, openSession } from "./session.ts";
import { painter, plain } from "./text.ts";
import { version } from "../src/version.ts";

const overview = (): string => {
  const rows = commands.map(({ name, operands = "", summary }) => [`${name} ${operands}`.trim(), summary] as const);
  const wide = Math.max(...rows.map(([left]) => left.length));
  return `Usage: tranche COMMAND [flags]

${rows.map(([left, summary]) => `  ${left.padEnd(wide)}  ${summary}`).join("\n")}

Each has --help and --json. TRANCHE_URL and TRANCHE_TOKEN count before what tranche login keeps; NO_COLOR is honoured.
Exit codes: 0 well; 1 something is wrong; 2 called wrongly; 3 not signed in, or refused; 4 not reached.
`;
};

const wholeNumber = (name: string, text: string, min: number, max: number): number => {
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text) || value < min || value > max) throw usageError(`--${name} must be a whole number, ${min} to ${max}`);
  return value;
};

const callOf = (command: Command, args: readonly string[], io: Io): Call => {
  const { operands, given } = command.own === true ? { operands: [], given: new Map<string, string[]>() } : parseCall(command, args);
  const text = (flag: string): string | null => given.get(flag)?.[0] ?? null;
  const whole = (flag: string, min: number, max: number): number | null => {
    const found = text(flag);
    return found === null ? null : wholeNumber(flag, found, min, max);
  };
  const json = given.has("json");
  return {
    io,
    json,
    operands,
    args,
    text,
    whole,
    paint: painter(io.colours && !json),
    all: (flag) => given.get(flag) ?? [],
    on: (flag) => given.has(flag),
    required: (flag) => {
      const found = text(flag);
      if (found === null || found.trim() === "") throw usageError(`--${flag} is required: ${flagsOf(command)[flag]?.says ?? ""}`);
      return found;
    },
    session: async () => {
      const customerId = whole("customer", 1, 2_147_483_647);
      const { url, token } = await chosen(io.env, { url: text("url"), customerId }, io.warn);
      return openSession(url, token, customerId);
    },
    answer: (value, lines) => {
      if (json) io.say(JSON.stringify(value, null, 2));
      else for (const line of lines) io.say(line);
    },
  };
};

/** The command that the words begin with, of two words before one. */
const found = (args: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } => {
  const [first = "", second = ""] = args;
  const two = commands.find(({ name }) => name === `${first} ${second}`);
  if (two !== undefined) return { command: two, rest: args.slice(2) };
  const one = commands.find(({ name }) => name === first);
  if (one !== undefined) return { command: one, rest: args.slice(1) };
  const below = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (below.length > 0) throw usageError(`tranche ${first} is not whole: there is ${below.map((name) => `tranche ${name}`).join(", ")}`);
  throw usageError(`"${first}" is not a command: there is ${commands.map(({ name }) => name).join(", ")}`);
};

/** What is read of an answer is not there: another version answered, or something that is no tranche. */
const strangeAnswer = (error: TypeError): CommandError =>
  new CommandError(exit.unreachable, `the answer is none that tranche ${version} knows (${error.message})`, {
    cause: error,
    mend: "is the URL that of tranche, and of about this version? tranche doctor says more",
  });

/** Runs what a command line asks for. */
export const run = async (args: readonly string[], io: Io): Promise<ExitCode> => {
  const [first] = args;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    io.say(overview().trimEnd());
    return first === undefined ? exit.usage : exit.ok;
  }
  if (first === "--version") {
    io.say(version);
    return exit.ok;
  }
  let flags: readonly string[] = [];
  let asked = false;
  try {
    const { command, rest } = found(args);
    flags = Object.keys(flagsOf(command));
    if (rest.includes("--help") || rest.includes("-h")) {
      io.say(helpOf(command).trimEnd());
      return exit.ok;
    }
    asked = command.offline !== true;
    return await command.run(callOf(command, rest, io));
  } catch (error) {
    const told = tell(asked && error instanceof TypeError ? strangeAnswer(error) : error, flags);
    if (told === null) throw error;
    if (args.includes("--json")) io.warn(JSON.stringify({ error: told.json, exit: told.code }));
    else for (const [at, line] of told.lines.entries()) io.warn(at === 0 ? `tranche: ${plain(line)}` : plain(line));
    return told.code;
  }
};

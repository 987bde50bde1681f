import { parseArgs } from "node:util";
import type { ExitCode } from "./exit.ts";
import { usageError } from "./exit.ts";
import type { Session } from "./session.ts";
import type { Environment } from "./settings.ts";
import type { Paint } from "./text.ts";

/** `value` is what stands for it in the help; absent: the flag is there or not. */
export type Flag = { readonly value?: string; readonly says: string; readonly many?: true };

export type Flags = Readonly<Record<string, Flag>>;

/** Where a command reads and writes. */
export type Io = {
  readonly env: Environment;
  /** A line of the answer. */
  readonly say: (line: string) => void;
  /** A line beside the answer. */
  readonly warn: (line: string) => void;
  /** Shows a question and reads a line without showing it; without a terminal the first line of the input. */
  readonly askSecret: (question: string) => Promise<string>;
  /** Asks a question at the terminal; null: there is none. */
  readonly confirm: (question: string) => Promise<boolean | null>;
  readonly colours: boolean;
};

/** What a command was called with. */
export type Call = {
  readonly io: Io;
  readonly json: boolean;
  readonly paint: Paint;
  readonly operands: readonly string[];
  /** As they were given, behind the command's name. */
  readonly args: readonly string[];
  /** @returns null where it is not given */
  readonly text: (flag: string) => string | null;
  readonly all: (flag: string) => readonly string[];
  readonly on: (flag: string) => boolean;
  /** @throws CommandError naming the flag and the rule */
  readonly required: (flag: string) => string;
  readonly whole: (flag: string, min: number, max: number) => number | null;
  /** The deployment and the token to call it by. @throws CommandError where nobody is signed in */
  readonly session: () => Promise<Session>;
  /** Prints what machines read where that was asked for, else the lines. */
  readonly answer: (json: unknown, lines: readonly string[]) => void;
};

export type Command = {
  /** One or two words. */
  readonly name: string;
  readonly summary: string;
  /** As the help shows them, such as `SERVICE`. */
  readonly operands?: string;
  /** How many there may be; none: absent. */
  readonly count?: readonly [least: number, most: number];
  readonly flags?: Flags;
  /** Further lines of the help. */
  readonly more?: string;
  /** It asks no deployment: no `--url`, no `--customer`. */
  readonly offline?: true;
  /** It reads its arguments itself, `--help` excepted. */
  readonly own?: true;
  readonly run: (call: Call) => Promise<ExitCode>;
};

const everywhere: Flags = {
  json: { says: "prints the answer for machines" },
  help: { says: "prints this" },
};

const reaching: Flags = {
  url: { value: "URL", says: "the deployment, before TRANCHE_URL and that of tranche login" },
  customer: { value: "ID", says: "of admins: the customer to act for" },
};

export const flagsOf = (command: Command): Flags => ({
  ...command.flags,
  ...(command.offline === true ? {} : reaching),
  ...everywhere,
});

const listed = (flags: Flags): string[] => {
  const rows = Object.entries(flags).map(
    ([name, { value, says }]) => [`--${name}${value === undefined ? "" : ` ${value}`}`, says] as const,
  );
  const wide = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, says]) => `  ${left.padEnd(wide)}  ${says}`);
};

export const helpOf = (command: Command): string => {
  const { name, operands, summary, more } = command;
  const usage = ["Usage: tranche", name, ...(operands === undefined ? [] : [operands]), "[flags]"].join(" ");
  return [usage, "", summary, "", ...listed(flagsOf(command)), ...(more === undefined ? [] : ["", more.trim()]), ""].join("\n");
};

export type Parsed = { readonly operands: readonly string[]; readonly given: ReadonlyMap<string, readonly string[]> };

/** @throws CommandError naming the argument and the rule */
export const parseCall = (command: Command, args: readonly string[]): Parsed => {
  const flags = flagsOf(command);
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value }]) => [name, { type: value === undefined ? "boolean" : "string" } as const]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flags[token.name];
    if (flag === undefined || !token.rawName.startsWith("--"))
      throw usageError(
        `${token.rawName} is not a flag of tranche ${command.name}: there is ${Object.keys(flags)
          .map((name) => `--${name}`)
          .join(", ")}`,
      );
    if (flag.value === undefined && token.value !== undefined) throw usageError(`--${token.name} takes no value`);
    if (flag.value !== undefined && (token.value === undefined || (!token.inlineValue && token.value.startsWith("-"))))
      throw usageError(`--${token.name} needs a value: --${token.name} ${flag.value}`);
    const before = given.get(token.name) ?? [];
    if (before.length > 0 && flag.many !== true) throw usageError(`--${token.name} is given twice`);
    given.set(token.name, [...before, token.value ?? ""]);
  }
  const [least, most] = command.count ?? [0, 0];
  if (operands.length < least) throw usageError(`tranche ${command.name} needs ${command.operands ?? "nothing"}`);
  if (operands.length > most) throw usageError(`tranche ${command.name} does not take "${operands[most]}"`);
  return { operands, given };
};

import { ApiError } from "../src/client/client.ts";

/** What the command line exits with; docs/cli.md says the same. */
export const exit = { ok: 0, wrong: 1, usage: 2, refused: 3, unreachable: 4 } as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

/** An end on purpose: its message says what is wrong, by which flag or rule, and what would be right (`mend`, where that is told apart). */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: ExitCode;
  readonly what: string;
  readonly mend: string | null;

  constructor(code: ExitCode, what: string, options: ErrorOptions & { readonly mend?: string } = {}) {
    super(options.mend === undefined ? what : `${what}; ${options.mend}`, options);
    this.code = code;
    this.what = what;
    this.mend = options.mend ?? null;
  }
}

export const usageError = (message: string): CommandError => new CommandError(exit.usage, message);

/** An error as it is told: its lines, and for machines. */
export type Told = { readonly code: ExitCode; readonly lines: readonly string[]; readonly json: Readonly<Record<string, unknown>> };

const codeOf = (status: number): ExitCode => {
  if (status === 401 || status === 403) return exit.refused;
  if (status === 400 || status === 413 || status === 415) return exit.usage;
  return status === 429 || status >= 500 ? exit.unreachable : exit.wrong;
};

/** The flag that a field of the API comes from, where the command has it: `/threshold_avail` of `--threshold-avail`. */
const flagOf = (pointer: string, flags: readonly string[]): string => {
  if (pointer.toLowerCase() === "x-customer-id") return "--customer";
  const name = pointer.replace(/^\//, "").replaceAll("_", "-");
  return flags.includes(name) ? `--${name}` : pointer;
};

const toldApi = (error: ApiError, flags: readonly string[]): Told => {
  const { status, problem, retryAfterSeconds } = error;
  const code = codeOf(status);
  if (problem === null) return { code, lines: [`HTTP ${status}, and not an answer of tranche: is the URL right?`], json: { status } };
  const fields = (problem.errors ?? []).map(({ pointer, detail }) => `  ${flagOf(pointer, flags)}: ${detail}`);
  const lines = [
    `${status} ${problem.title}: ${problem.detail}`,
    ...fields,
    ...(retryAfterSeconds === null ? [] : [`  try again in ${retryAfterSeconds} s`]),
    ...(status === 401 ? ["  sign in with a token that is valid: tranche login --url URL"] : []),
    ...(problem.instance === undefined ? [] : [`  request ${problem.instance}`]),
  ];
  return { code, lines, json: { ...problem } };
};

/** @param flags those of the command, without dashes @returns null for a fault of the program itself */
export const tell = (error: unknown, flags: readonly string[]): Told | null => {
  if (error instanceof ApiError) return toldApi(error, flags);
  if (!(error instanceof CommandError)) return null;
  return { code: error.code, lines: error.message.split("\n"), json: { detail: error.message } };
};

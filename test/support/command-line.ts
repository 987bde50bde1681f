import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { run } from "../../cli/run.ts";

/** What a command printed, and with what it ended. */
export type Printed = { readonly code: number; readonly out: string; readonly err: string };

type Given = {
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed where something is asked for. */
  readonly input?: string;
  /** What is answered where something is to be confirmed; absent: there is no terminal. */
  readonly confirms?: boolean;
};

/** Runs `tranche ARGS` in this process. */
export const commandLine = async (args: readonly string[], { env = {}, input = "", confirms }: Given = {}): Promise<Printed> => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(args, {
    env,
    colours: false,
    say: (line) => void out.push(`${line}\n`),
    warn: (line) => void err.push(`${line}\n`),
    askSecret: async () => input,
    confirm: async () => confirms ?? null,
  });
  return { code, out: out.join(""), err: err.join("") };
};

/** Where `npx tranche` begins. */
const launcher = fileURLToPath(new URL("../../cli/tranche.js", import.meta.url));

/** Runs `tranche ARGS` as a process of its own, with nothing of this one's environment but the path. */
export const commandProcess = async (
  args: readonly string[],
  { env = {}, input = "", program = launcher, node = process.execPath }: Given & { readonly program?: string; readonly node?: string } = {},
): Promise<Printed> => {
  const child = spawn(node, [program, ...args], { env: { PATH: process.env["PATH"], ...env } });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? -1, out, err };
};

import { once } from "node:events";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { run } from "./run.ts";

/** Streams that nobody reads any more. */
const closed = new Set<NodeJS.WriteStream>();

const write = (stream: NodeJS.WriteStream, line: string): void => void (closed.has(stream) || stream.write(`${line}\n`));

/** A line that is not shown while it is typed. */
const askSecret = async (question: string): Promise<string> => {
  const shown = process.stdin.isTTY;
  if (shown) process.stderr.write(question);
  const nothing = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nothing, terminal: shown });
  try {
    const [line = ""] = (await Promise.race([once(lines, "line"), once(lines, "close").then(() => [""])])) as string[];
    return line.trim();
  } finally {
    lines.close();
    if (shown) process.stderr.write("\n");
  }
};

/** Where there is no terminal nobody is asked, and nothing of the input is read. */
const confirm = async (question: string): Promise<boolean | null> => {
  if (!process.stdin.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    lines.setPrompt(question);
    lines.prompt();
    const [line = ""] = (await Promise.race([once(lines, "line"), once(lines, "close").then(() => [""])])) as string[];
    return /^y(?:es)?$/i.test(line.trim());
  } finally {
    lines.close();
  }
};

const { env, stdout, stderr } = process;
const colours = stdout.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";

// `tranche doctor | head`: whoever reads has seen enough, which changes nothing of how it ends. An answer that can not be kept does.
stdout.on("error", (error: NodeJS.ErrnoException) => (error.code === "EPIPE" ? closed.add(stdout) : process.exit(1)));
stderr.on("error", () => closed.add(stderr));

process.exitCode = await run(process.argv.slice(2), {
  env,
  colours,
  askSecret,
  confirm,
  say: (line) => write(process.stdout, line),
  warn: (line) => write(process.stderr, line),
});
